"""Binds the arguments of a user's loss to the data, the decoder's and the encoder's outputs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np

from tfp_vae.audit.calls.argument_names import (
    BATCH_SIZE_NAMES,
    DECODER,
    DECODER_LOG_VARIANCE,
    ENCODED,
    KL_WEIGHT_NAMES,
    LATENT,
    MEAN,
    SECOND,
    X,
    role_of,
)
from tfp_vae.audit.calls.blackbox import parameters_of
from tfp_vae.audit.calls.layouts import HALVES, TUPLE, in_one_array, taken_apart
from tfp_vae.audit.probes.design import Point
from tfp_vae.audit.probes.likelihood_forms import decoder_log_variance
from tfp_vae.audit.probes.refusals import PRINTED, refuse
from tfp_vae.error_text import described

Array = np.ndarray

_ROLE_ORDER = (X, DECODER, MEAN, SECOND)


@dataclass(frozen=True)
class Binding:
    """Which argument of a loss is what.

    Attributes:
        parameters: (name, role) of the arguments that vary, in the loss's order.
        constants: The other arguments, by name.
        by_keyword: The names that must be given by keyword.
        by_name: Whether names decided, rather than positions.
        order: The names of all the loss's arguments, in its order.
        doubled_decoder: Whether the decoder's output is (mean, log-variance), `[..., 2D]`.
        latent_value: What stands for z in a loss that takes it and does not use it.
        implied_decoder_scale: Whether the loss itself adds `decoder_log_variance` to the mean.
        layout: Where mean and s stand in an argument that holds both encoder outputs.
        decoder_tuple: Whether the doubled decoder's output is a tuple rather than one array.
        guessed: Whether the one argument is taken for both encoder outputs for want of a name.
    """

    parameters: tuple[tuple[str, str], ...]
    constants: Mapping[str, Any] = field(default_factory=dict)
    by_keyword: frozenset[str] = frozenset()
    by_name: bool = False
    order: tuple[str, ...] = ()
    doubled_decoder: bool = False
    implied_decoder_scale: bool = False
    latent_value: float = 0.25
    layout: str = HALVES
    decoder_tuple: bool = False
    guessed: bool = False

    @property
    def has_decoder_scale(self) -> bool:
        """Whether the decoder gives a scale beside its mean."""
        is_given = self.doubled_decoder or DECODER_LOG_VARIANCE in self.roles
        return is_given or self.implied_decoder_scale

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the loss takes."""
        return frozenset(role for _, role in self.parameters)

    @property
    def encoder_output_count(self) -> int:
        """How many encoder outputs the loss takes: 0, 1 or 2."""
        if ENCODED in self.roles:
            return 2
        return (MEAN in self.roles) + (SECOND in self.roles)

    @property
    def has_event(self) -> bool:
        """Whether the loss takes the decoder's output."""
        return DECODER in self.roles

    def concatenated(self) -> "Binding":
        """This binding with the mean's argument read as both encoder outputs, `[B, 2Z]`."""
        parameters = tuple((n, ENCODED if r == MEAN else r) for n, r in self.parameters)
        return replace(self, parameters=parameters)

    def in_layout(self, layout: str) -> "Binding":
        """This binding with both encoder outputs in another layout."""
        return replace(self, layout=layout)

    def refuse_guess(self) -> NoReturn:
        """Refuses a loss of one argument that does not hold both encoder outputs.

        Raises:
            TypeError: Always.
        """
        refuse([name for name, _ in self.parameters], {}, (), ())

    def with_tuples(self) -> "list[Binding]":
        """This binding with arguments that hold two outputs given as tuples of them."""
        both = self.concatenated() if self.encoder_output_count == 1 else self
        encoder = [replace(both, layout=TUPLE)] if ENCODED in both.roles else []
        if not self.has_event:
            return encoder
        of_decoder = [
            replace(b, doubled_decoder=True, decoder_tuple=True) for b in (self, *encoder)
        ]
        return [*encoder, *of_decoder]

    def name_of(self, role: str) -> str | None:
        """The loss's own name for a role."""
        return next((name for name, r in self.parameters if r == role), None)

    def arguments(self, point: Point) -> tuple[Array, ...]:
        """The arrays of a point in the loss's order, without constants."""
        outputs = tuple(_shaped(output, point.latent_shape) for output in point.encoder_outputs)
        d = point.decoder_output
        values: dict[str, Callable[[], Array]] = {
            X: lambda: point.x,
            DECODER: lambda: (
                np.concatenate([d, decoder_log_variance(d)], axis=-1) if self.doubled_decoder else d
            ),
            DECODER_LOG_VARIANCE: lambda: decoder_log_variance(d),
            MEAN: lambda: outputs[0],
            SECOND: lambda: outputs[1],
            ENCODED: lambda: in_one_array(outputs, self.layout),
            LATENT: lambda: np.full(
                outputs[0].shape if outputs else (len(d), 1), self.latent_value
            ),
        }
        return tuple(values[role]() for _, role in self.parameters)

    def call(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function of the arrays that `arguments` gives."""
        names = [name for name, _ in self.parameters]
        packed = {ENCODED} if self.layout == TUPLE else set()
        packed |= {DECODER} if self.decoder_tuple else set()
        tuples = {name for name, role in self.parameters if role in packed}
        if not self.constants and not self.by_keyword and not tuples:
            return function

        def called(*arrays: Any) -> Any:
            given = dict(zip(names, arrays, strict=True))
            given |= {name: taken_apart(given[name]) for name in tuples}
            values = {**self.constants, **given}
            positional = [n for n in self.order if n in values and n not in self.by_keyword]
            keywords = {n: v for n, v in values.items() if n not in positional}
            return function(*(values[n] for n in positional), **keywords)

        return called

    def in_words(self) -> str:
        """Which argument was taken for what."""
        parts = [f"{name} = {self._printed(role)}" for name, role in self.parameters]
        parts += [f"{name} = {value!r}" for name, value in self.constants.items()]
        return ", ".join(parts)

    def _printed(self, role: str) -> str:
        if role == ENCODED and self.layout != HALVES:
            return f"both encoder outputs, {self.layout}"
        if role == DECODER and self.decoder_tuple:
            return "the decoder's mean and scale, a tuple"
        return PRINTED[role]


def _shaped(output: Array, latent_shape: tuple[int, ...]) -> Array:
    """An encoder output `[B, K]` with the latents' own axes."""
    return output.reshape(output.shape[0], *latent_shape) if latent_shape else output


def bind(
    loss: Callable[..., Any],
    arguments: Mapping[str, Any] | None,
    *,
    positional_count: int,
    expected_kl_weight: float,
    batch_size: int | None,
) -> Binding:
    """Binds a loss's arguments: as given, by their usual names, or by position.

    Args:
        loss: The loss.
        arguments: Role -> the argument's name, and name -> constant.
        positional_count: How many arguments a loss without named ones is called with.
        expected_kl_weight: The value of an argument named like a KL weight.
        batch_size: The value of an argument named like a batch size.

    Raises:
        TypeError: If the arguments cannot be told apart.
        ValueError: If `arguments` names an argument that the loss does not have.
    """
    renamed, constants = _split(arguments)
    parameters = parameters_of(loss)
    if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        fixed = [p for p in parameters or () if p.kind is not p.VAR_POSITIONAL]
        if len([p for p in fixed if p.default is p.empty and p.kind is not p.VAR_KEYWORD]) <= 2:
            pairs = tuple((role, role) for role in _ROLE_ORDER[:positional_count])
            return Binding(pairs, constants, frozenset(constants), order=_ROLE_ORDER)
    named = [p for p in parameters or () if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    names = [p.name for p in named]
    for name in (*renamed.values(), *constants):
        if name not in names and not any(p.kind is p.VAR_KEYWORD for p in parameters or ()):
            raise ValueError(
                f"`arguments` must name arguments of the loss ({', '.join(names)}); got {name!r}."
            )
    roles: dict[str, str] = {name: role for role, name in renamed.items()}
    open_names = []
    for parameter in named:
        name, required = parameter.name, parameter.default is parameter.empty
        if name in roles or name in constants:
            continue
        if name.lower() in KL_WEIGHT_NAMES and required:
            constants[name] = expected_kl_weight
        elif name.lower() in BATCH_SIZE_NAMES and required:
            constants[name] = batch_size if batch_size is not None else 2
        elif required or (role_of(name) not in (None, LATENT) and parameter.default is None):
            open_names.append(name)
    by_name = bool(roles)
    if len(open_names) == 1 and not roles and role_of(open_names[0]) in (None, X):
        both = ((open_names[0], ENCODED),)
        return Binding(both, constants, order=tuple(names), by_name=True, guessed=True)
    positional = _by_position(open_names) if not roles else None
    known = {name: role for name in open_names if (role := role_of(name)) is not None}
    if positional is not None and all(positional.get(n) == r for n, r in known.items()):
        roles = positional
    else:
        by_name = True
        roles |= _by_name(open_names, known, roles)
    keyword = {p.name for p in named if p.kind is p.KEYWORD_ONLY}
    return Binding(
        tuple((name, roles[name]) for name in names if name in roles),
        constants,
        frozenset(keyword) | frozenset(n for n in constants if n not in names),
        by_name,
        tuple(names),
    )


def _split(arguments: Mapping[str, Any] | None) -> tuple[dict[str, str], dict[str, Any]]:
    if arguments is not None and not isinstance(arguments, Mapping):
        raise TypeError(
            f"`arguments` must be a dict from names to values; got {described(arguments)}."
        )
    renamed, constants = {}, {}
    for name, value in (arguments or {}).items():
        if not isinstance(name, str):
            raise TypeError(
                f"`arguments` must be a dict from names to values; got the key {described(name)}."
            )
        if isinstance(value, str) and name in PRINTED:
            renamed[name] = value
        else:
            constants[name] = value
    return renamed, constants


def _by_position(names: Sequence[str]) -> dict[str, str] | None:
    """The roles by position, None if there are too few or too many arguments."""
    if not 2 <= len(names) <= 4:
        return None
    return dict(zip(names, _ROLE_ORDER, strict=False))


def _by_name(
    names: Sequence[str], known: dict[str, str], taken: Mapping[str, str]
) -> dict[str, str]:
    roles = dict(known)
    if "y" in names and "y" not in roles:
        # Beside x it is the decoder's output.
        used = {*roles.values(), *taken.values()}
        roles["y"] = DECODER if X in used else X
    unknown = [name for name in names if name not in roles]
    clashes = sorted(
        role for role in set(roles.values()) if [*roles.values(), *taken.values()].count(role) > 1
    )
    used = {*roles.values(), *taken.values()}
    missing = [role for role in _ROLE_ORDER if role not in used]
    if ENCODED in used:
        missing = [role for role in missing if role in (X, DECODER)]
    if len(unknown) == 1 and len(missing) == 1 and not clashes:
        roles[unknown[0]] = missing[0]
        unknown = []
    too_few = (X in used) != (DECODER in used) or (SECOND in used - {MEAN} and MEAN not in used)
    if clashes or unknown or (too_few and len({*roles.values()}) < 2):
        refuse(names, roles, unknown, clashes)
    if (X in roles.values()) != (DECODER in roles.values()) and not taken:
        refuse(names, roles, unknown, clashes)
    return roles
