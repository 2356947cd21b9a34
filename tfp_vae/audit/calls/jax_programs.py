"""Runs a pure function of JAX as one program for each shape of its inputs.

An audit calls a loss at a handful of shapes that it never had. Called as it stands, JAX compiles
every operation of it anew at each of them, which takes longer than all else of the audit.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

# What a compiler spends on a program that is called for seconds or less is lost.
_QUICKLY = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
}
_COMPILED: dict[tuple[str, Any], Callable[..., Any]] = {}
_REMEMBERED = 64
_DEPTH, _MOST = 4, 2000


def as_program(function: Callable[..., Any], written: Any) -> Callable[..., Any]:
    """The function, which runs as compiled programs where it is a pure function of JAX.

    It is one if two traces of it are alike and change nothing that it can reach. Any other is
    called as it stands: one that draws with a key of its own, that counts, or that looks at its
    inputs' values.

    Args:
        function: The function of arrays.
        written: The user's function or object behind it.
    """
    if "jax" not in sys.modules or not _refers_to_jax(written):
        return function
    return _Programs(function, written)


class _Programs:
    def __init__(self, function: Callable[..., Any], written: Any):
        self._function = function
        self._written = written
        self._is_pure: bool | None = None
        self._programs: dict[Any, Callable[..., Any]] = {}

    def __call__(self, *inputs: Any) -> Any:
        jax = sys.modules["jax"]
        if self._is_pure is False or not all(isinstance(a, np.ndarray | jax.Array) for a in inputs):
            return self._function(*inputs)
        shapes = tuple((a.shape, str(a.dtype)) for a in inputs)
        if shapes not in self._programs:
            program = self._compiled(jax, inputs)
            if program is None:
                return self._function(*inputs)
            self._programs[shapes] = program
        return self._programs[shapes](*inputs)

    def step_by_step(self, *inputs: Any) -> Any:
        """Calls the function as it stands.

        A compiler may add the constants of `1.0 - p + 1e-8` first, and their sum is 1 in float32.
        """
        return self._function(*inputs)

    def _compiled(self, jax: Any, inputs: Sequence[Any]) -> Callable[..., Any] | None:
        """The program for inputs of these shapes, None if the function is to be called itself."""
        held = _Held(self._written) if self._is_pure is None else None
        try:
            # Each of a new object, since JAX remembers the trace of a function.
            traced = jax.jit(partial(self._function)).trace(*inputs)
            if held is not None:
                again = jax.make_jaxpr(partial(self._function))(*inputs)
                self._is_pure = not held.has_changed() and _are_alike(traced.jaxpr, again)
            return _program_of(traced) if self._is_pure else None
        except Exception:
            # It looks at values, or is written for arrays of NumPy: called itself, it runs or says
            # why not.
            self._is_pure = bool(self._is_pure)
            return None
        finally:
            if held is not None:
                held.put_back()


def _program_of(traced: Any) -> Callable[..., Any]:
    """The compiled program of a trace; one that is alike is not compiled again."""
    lowered = traced.lower()
    # What a function closes over is no part of the text.
    text = lowered.as_text() if not traced.jaxpr.consts else None
    if text is None or (text, lowered.out_tree) not in _COMPILED:
        program = _compiled_quickly(lowered)
        if text is None:
            return program
        while len(_COMPILED) >= _REMEMBERED:
            del _COMPILED[next(iter(_COMPILED))]
        _COMPILED[text, lowered.out_tree] = program
    return _COMPILED[text, lowered.out_tree]


def _compiled_quickly(lowered: Any) -> Callable[..., Any]:
    program: Callable[..., Any]
    try:
        program = lowered.compile(compiler_options=_QUICKLY)
    except Exception:
        # The compiler of another version or device knows other options.
        program = lowered.compile()
    return program


def _are_alike(first: Any, second: Any) -> bool:
    """Whether two traces are of one function, which calls nothing outside of JAX when it runs."""
    text = str(first)
    return (
        text == str(second)
        and "callback" not in text
        and len(first.consts) == len(second.consts)
        and all(map(np.array_equal, first.consts, second.consts))
    )


def _refers_to_jax(written: Any) -> bool:
    """Whether the module in which a function was written has JAX in it."""
    function = _function_of(written)
    names = getattr(function, "__globals__", {})
    cells = (_content(cell) for cell in getattr(function, "__closure__", None) or ())
    return any(_is_of_jax(value) for value in (*names.values(), *cells))


def _function_of(written: Any) -> Any:
    """The function that was written, or that of the object's class which a call runs."""
    function = inspect.unwrap(written) if callable(written) else written
    function = getattr(function, "__func__", function)
    if isinstance(function, FunctionType):
        return function
    return vars(type(function)).get("__call__")


def _is_of_jax(value: Any) -> bool:
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0] == "jax"
    return isinstance(value, FunctionType) and str(value.__module__).startswith("jax.")


class _Held:
    """What a function can reach and change, as it was: a tracer left there would outlive its trace.

    Args:
        written: The function or object.
    """

    def __init__(self, written: Any):
        self._kept: list[tuple[Any, Any]] = []
        seen: set[int] = set()
        waiting = [(0, owner) for owner in _owners(written)]
        while waiting and len(seen) < _MOST:
            depth, value = waiting.pop(0)
            container = (
                value if isinstance(value, dict | list) else getattr(value, "__dict__", None)
            )
            is_plain = isinstance(value, type | ModuleType)
            if is_plain or not isinstance(container, dict | list) or id(container) in seen:
                continue
            seen.add(id(container))
            self._kept.append((container, container.copy()))
            if depth < _DEPTH:
                inner = container.values() if isinstance(container, dict) else container
                waiting += [(depth + 1, part) for part in list(inner)]

    def has_changed(self) -> bool:
        """Whether anything is not what it was."""
        return any(not _same(now, before) for now, before in self._kept)

    def put_back(self) -> None:
        """Puts everything back that is not what it was."""
        for now, before in self._kept:
            if _same(now, before):
                continue
            now.clear()
            if isinstance(now, dict):
                now.update(before)
            else:
                now.extend(before)


def _owners(written: Any) -> Iterator[Any]:
    """What holds the state that a function may change: its object, its module, its closure."""
    whole = inspect.unwrap(written) if callable(written) else written
    yield getattr(whole, "__self__", whole)
    function = _function_of(written)
    if not isinstance(function, FunctionType):
        return
    for cell in function.__closure__ or ():
        content = _content(cell)
        yield content
        if isinstance(content, FunctionType):
            yield from (_content(inner) for inner in content.__closure__ or ())
    names = function.__globals__
    yield from (names[name] for name in _names_in(function.__code__) if name in names)


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _same(now: Any, before: Any) -> bool:
    if len(now) != len(before):
        return False
    if isinstance(now, dict):
        return all(name in before and before[name] is value for name, value in now.items())
    return all(a is b for a, b in zip(now, before, strict=True))
