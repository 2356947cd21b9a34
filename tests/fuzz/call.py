"""A public call, with right arguments, and a check of what it gives."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse
import tensorflow as tf
from hypothesis import strategies as st

from tests.fuzz import answers, hostile_arrays, hostile_values
from tests.fuzz.hostile_arrays import Rows
from tests.fuzz.hostile_values import Thing

ARRAYS = frozenset({"x", "X", "Z", "y", "z", "rows", "reference", "factors", "data", "condition",
                    "labels", "sample_weight", "validation_data", "training_data"})  # fmt: skip
"""The names of arguments that take arrays of rows, wherever they stand."""


OWN_FUNCTIONS = frozenset({"likelihood_fn", "statistic", "loss", "sampler", "print_fn", "features"})
"""The names of arguments that are functions of the caller's, whose errors are the caller's too."""


def row_count(x: Any) -> int:
    """Returns the number of rows of what was taken as data."""
    return int(x.shape[0]) if scipy.sparse.issparse(x) else len(np.asarray(x))


class Call:
    """A public call.

    Args:
      function: What is called, with keywords.
      valid: Called without arguments, returns right ones; those of `ARRAYS` as arrays.
      check: Called with the answer and the arguments that were passed; fails if it is wrong.
      of: Whose signature it has, if not that of `function`.
      not_fuzzed: Arguments that are left as they are.
      may_miss: The fields of an answer that may be no number.
      paths: The arguments that are paths: what is not there, or may not be written, is an OSError.
      scalars: Arguments that take no rows here, although others of their name do.
      tolerance: How near the answer must be to that for plain rows; None not to compare.
      propagates: Whether a tensor is taken as it is, so that NaN in it becomes NaN in the answer.
      keeps_dtype: Whether float32 stays float32, whose draws are others than those of float64.
      explains: Whether the message is our own, rather than that of a peer whose checks we pass.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        valid: Callable[[], dict[str, Any]],
        check: Callable[[Any, dict[str, Any]], None] | None = None,
        *,
        of: Callable[..., Any] | None = None,
        not_fuzzed: tuple[str, ...] = (),
        may_miss: tuple[str, ...] = (),
        paths: tuple[str, ...] = (),
        scalars: tuple[str, ...] = (),
        tolerance: float | None = 1e-4,
        explains: bool = True,
        propagates: bool = False,
        keeps_dtype: bool = False,
    ) -> None:
        self.function, self.valid, self.check = function, valid, check
        self.of = function if of is None else of
        self.not_fuzzed, self.may_miss, self.paths = not_fuzzed, set(may_miss), paths
        self.scalars, self.tolerance, self.explains = scalars, tolerance, explains
        self.propagates, self.keeps_dtype = propagates, keeps_dtype

    def arguments(self) -> list[str]:
        """Returns the names of all arguments that are fuzzed: those of the signature."""
        fixed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        named = [
            name
            for name, parameter in inspect.signature(self.of).parameters.items()
            if parameter.kind not in fixed and name != "self"
        ]
        given = [name for name in self.valid() if name not in named]
        return [name for name in [*named, *given] if name not in self.not_fuzzed]

    def cases(self) -> st.SearchStrategy:
        """Draws an argument and what is passed for it."""
        right = self._right_rows()

        def brought(name):
            if name in right:
                array = hostile_arrays.rows(right[name])
                other = hostile_values.values()
                return st.tuples(st.just(name), st.one_of(array, array, array, array, other))
            return st.tuples(st.just(name), hostile_values.values())

        # Arrays come in more ways than anything else.
        return st.sampled_from([*self.arguments(), *right, *right]).flatmap(brought)

    def every_case(self) -> Iterator[tuple[str, Any]]:
        """Yields every argument with every value that has a name, and every way to bring rows."""
        right = self._right_rows()
        for name in self.arguments():
            yield from ((name, value) for value in hostile_values.every_value())
            if name in right:
                yield from ((name, rows) for rows in hostile_arrays.every_departure(right[name]))

    def _right_rows(self) -> dict[str, Any]:
        """Returns right rows for every argument that takes rows."""
        valid = self.valid()
        taken = [name for name in self.arguments() if name in ARRAYS and name not in self.scalars]
        given = {name: valid.get(name) for name in taken}
        return {
            name: [[0.0, 1.0], [1.0, 0.0]] if rows is None else rows for name, rows in given.items()
        }

    def judge(self, name: str, brought: Any) -> str:
        """Calls with one argument changed, and fails unless it answers or explains.

        Returns:
          "answered" or "explained".
        """
        given = self.valid()
        value = brought.value if isinstance(brought, Rows) else brought
        given[name] = value.make() if isinstance(value, Thing) else value
        is_own = name in OWN_FUNCTIONS and callable(given[name])
        failures_of_caller = (Exception,) if is_own else ()
        try:
            answer = self.function(**given)
        except failures_of_caller:
            return "explained"
        except (ValueError, TypeError) as error:
            if self.explains and not answers.is_explained(error, _told_as(name)):
                raise AssertionError(
                    f"`{name}`={brought!r} is not explained by {type(error).__name__}: {error}"
                ) from error
            return "explained"
        except OSError as error:
            if name in self.paths and re.search(r"file|folder|model|match|directory|ermission|name",
                                                 str(error)):  # fmt: skip
                return "explained"
            raise
        if self.propagates and tf.is_tensor(given[name]) and not _is_finite(given[name]):
            return "answered"
        answers.check_finite(answer, self.may_miss)
        if self.check is not None:
            self.check(answer, given)
        if self.keeps_dtype and getattr(given[name], "dtype", None) == np.float32:
            return "answered"
        if isinstance(brought, Rows) and brought.plain is not None and self.tolerance is not None:
            plain = self.function(**{**self.valid(), name: brought.plain})
            answers.check_same(answer, plain, self.tolerance)
        return "answered"


def _is_finite(tensor: tf.Tensor) -> bool:
    values = np.asarray(tensor, np.float64)
    return bool((np.abs(values) < 1e18).all())


def _told_as(name: str) -> list[str]:
    """Returns the names of which one must stand in an error: also of what must go with it."""
    beside = {
        "x": ["condition", "y", "sample_weight", "validation_split", "factors", "labels"],
        "sample_size": ["condition"],
        "likelihood": ["x"],
        "event_shape": ["data"],
    }.get(name, [])
    return [name, name.rstrip("s"), *beside]
