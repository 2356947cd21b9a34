"""Where in a training step that was not taken a number arises that is not finite.

The model is as it was before the step, so that the same batch gives the same numbers once more,
this time one operation after another.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import divergences, seeds, shares
from tfp_vae.distributions import ProductOfColumns
from tfp_vae.model.guarded_steps import changed_by_scoring, largest_usable

_ADVICE = (
    'Try a smaller learning rate, or go on without such steps by compile(on_nonfinite="skip").'
)


class Place(NamedTuple):
    """Where a number that is not finite arises.

    Attributes:
      what: What it is, in words.
      row: The row within the batch, or None if it is none of a row.
      where: Which latent or which value of the row, in words; empty if that is not known.
    """

    what: str
    row: int | None = None
    where: str = ""


def non_finite_step(
    model: Any, batch: Any, number: int, rows: np.ndarray | None
) -> FloatingPointError:
    """Returns the error of a step that was not taken.

    Args:
      model: The model.
      batch: What the batch holds.
      number: Its number in the epoch.
      rows: The numbers of its rows in the user's array, or None if they are not known.
    """
    changing = changed_by_scoring(model)
    before = [tf.identity(tf.convert_to_tensor(variable)) for variable in changing]
    try:
        place = _place(model, batch)
    finally:
        for variable, value in zip(changing, before, strict=True):
            variable.assign(value)
    of_row = ""
    if place.row is not None and rows is not None:
        of_row = f" for row {rows[place.row]} of `x`"
    elif place.row is not None:
        of_row = f" for row {place.row} of the batch"
    return FloatingPointError(
        f"`fit` must meet a finite loss and gradients with finite squares; got {place.what}{of_row}"
        f"{place.where}, in batch {number} of the epoch, and the weights are those before it. "
        f"{_ADVICE}"
    )


class _Recorder:
    """An objective that keeps what it is computed from."""

    def __init__(self, objective: Any) -> None:
        self._objective = objective
        self.posterior: Any = None
        self.prior: Any = None
        self.likelihood: Any = None
        self.x: Any = None
        self.z: Any = None

    def __call__(
        self, x: tf.Tensor, *, posterior: Any, prior: Any, likelihood_fn: Any, **options: Any
    ) -> Any:
        self.x, self.posterior, self.prior = x, posterior, prior

        def recorded(z: tf.Tensor) -> tfd.Distribution:
            self.z, self.likelihood = z, likelihood_fn(z)
            return self.likelihood

        return self._objective(
            x, posterior=posterior, prior=prior, likelihood_fn=recorded, **options
        )


def _place(model: Any, batch: Any) -> Place:
    for variable in model.weights:
        array = np.asarray(variable)
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            return Place(f"a weight {variable.path!r} that held {_first(array):g} before the step")
    x, condition, weights = model.unpacked(batch)
    found = _Recorder(model.objective)
    with tf.GradientTape(persistent=True) as tape:
        terms = _terms(model, found, x, condition)
        loss = model.loss_of(terms, weights)
        sums = {
            "log-likelihood": tf.reduce_sum(terms.log_likelihood),
            "KL divergence": tf.reduce_sum(terms.kl_divergence),
        }
    return (
        _in_terms(found, terms)
        or _in_loss(loss)
        or _in_gradients(tape, found, sums)
        or _in_weights(model, x, condition, tape.gradient(loss, model.trainable_variables))
        or Place(
            "a loss or a gradient that is not finite, as it was compiled, and finite when computed "
            "once more step by step"
        )
    )


def _terms(model: Any, objective: Any, x: Any, condition: Any) -> Any:
    step = tf.convert_to_tensor(model.optimizer.iterations)
    seed = seeds.fold_in(model.noise_key(), step)
    return model.terms_of(objective, x, seed, step, True, condition)


def _in_terms(found: _Recorder, terms: Any) -> Place | None:
    """Looks at the terms of every row: first at the KL, on whose latents the likelihood depends."""
    for name, values in (
        ("KL divergence", terms.kl_divergence),
        ("log-likelihood", terms.log_likelihood),
        ("objective", terms.objective),
    ):
        wrong = ~np.isfinite(values)
        if wrong.any():
            row = int(wrong.argmax())
            where = ""
            if name == "KL divergence":
                where = _latent_of(found, row)
            elif name == "log-likelihood":
                where = _value_of(found, row)
            return Place(f"a {name} of {float(values[row]):g}", row, where)
    return None


def _in_loss(loss: tf.Tensor) -> Place | None:
    if np.isfinite(loss):
        return None
    return Place(f"a loss of {float(loss):g} from terms that are finite for every row")


def _in_gradients(tape: tf.GradientTape, found: _Recorder, sums: dict[str, Any]) -> Place | None:
    """Looks at the gradients by what belongs to one row: parameters of distributions, and draws."""
    sources = (
        (list(_parameters(found.likelihood)), 1, _at_value(found)),
        (list(_parameters(found.posterior)), 0, _at_latent),
        ([found.z], 1, _at_latent),
    )
    for tensors, row_axis, named in sources:
        for name, total in sums.items():
            for gradient in tape.gradient(total, tensors):
                if gradient is None or not _is_by_row(gradient, row_axis, len(found.x)):
                    continue
                array = np.moveaxis(np.asarray(gradient), row_axis, 0)
                wrong = np.argwhere(_unusable(array))
                if len(wrong):
                    row, *index = (int(each) for each in wrong[0])
                    value = array[tuple(wrong[0])]
                    what = f"a gradient of the {name} of {value:g}"
                    return Place(what, row, named(index[row_axis:]))
    return None


def _in_weights(model: Any, x: Any, condition: Any, gradients: list[Any]) -> Place | None:
    """Looks for the one row whose terms have a gradient by a weight that is not finite."""
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        if gradient is None or not _unusable(gradient).any():
            continue
        value = np.asarray(getattr(gradient, "values", gradient))[_unusable(gradient)].flat[0]
        where = f", by the weight {variable.path!r}"
        for name in ("log_likelihood", "kl_divergence"):
            row = _row_with_wrong_gradient(model, x, condition, name, variable)
            if row is not None:
                named = name.replace("_l", "-l").replace("kl_d", "KL d")
                return Place(f"a gradient of the {named} of {value:g}", row, where)
        return Place(f"a gradient of {value:g} as the sum over the rows{where}")
    return None


def _row_with_wrong_gradient(
    model: Any, x: Any, condition: Any, term: str, variable: Any
) -> int | None:
    """Halves the rows until one is left; the noise of a row depends on its place in the batch."""

    def is_wrong(rows: slice) -> bool:
        y = None if condition is None else condition[rows]
        with (
            tf.GradientTape() as tape,
            shares.taking(shares.Share(tf.constant(rows.start), tf.constant(len(x)))),
        ):
            terms = _terms(model, model.objective, x[rows], y)
            total = tf.reduce_sum(getattr(terms, term))
        gradient = tape.gradient(total, variable)
        return (
            gradient is not None
            and not np.isfinite(np.asarray(getattr(gradient, "values", gradient))).all()
        )

    low, high = 0, len(x)
    if not is_wrong(slice(low, high)):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if is_wrong(slice(low, middle)):
            high = middle
        elif is_wrong(slice(middle, high)):
            low = middle
        else:
            return None
    return low


def _latent_of(found: _Recorder, row: int) -> str:
    """Names the latent whose KL, parameters or draws are not finite in a row."""
    per_latent = divergences.kl_divergence_per_dimension(found.posterior, found.prior)
    candidates = [] if per_latent is None else [per_latent]
    candidates += [each for each in _parameters(found.posterior) if len(each) == len(found.x)]
    for array in (*(each[row] for each in candidates), *found.z[:, row]):
        wrong = np.argwhere(~np.isfinite(array))
        if wrong.size:
            return _at_latent(wrong[0])
    return ""


def _value_of(found: _Recorder, row: int) -> str:
    """Names the value of a row whose log-likelihood or parameters are not finite."""
    by_value = _log_prob_by_value(found.likelihood, found.x)
    candidates = [] if by_value is None else [by_value]
    candidates += [
        each for each in _parameters(found.likelihood) if _is_by_row(each, 1, len(found.x))
    ]
    for tensor in candidates:
        for array in tensor[:, row]:
            wrong = np.argwhere(~np.isfinite(array))
            if len(wrong):
                return _at_value(found)(wrong[0])
    if by_value is None:
        return ""
    # Every value is finite, and their sum is not.
    largest = np.abs(by_value[:, row]).max(axis=0)
    return _at_value(found)(np.unravel_index(largest.argmax(), largest.shape))


def _log_prob_by_value(likelihood: Any, x: tf.Tensor) -> tf.Tensor | None:
    """Returns log p of every value by itself, `[S, B, *event]`, where values are independent."""
    if isinstance(likelihood, ProductOfColumns):
        parts = [
            _log_prob_by_value(part, tf.gather(x, columns, axis=-1))
            for part, columns in zip(likelihood.parts, likelihood.columns, strict=True)
        ]
        return None if any(part is None for part in parts) else likelihood.rows_of(parts)
    if isinstance(likelihood, tfd.Independent) and likelihood.distribution.event_shape.rank == 0:
        return likelihood.distribution.log_prob(tf.cast(x, likelihood.dtype))
    return None


def _parameters(distribution: Any) -> Iterator[tf.Tensor]:
    """Yields the floating tensors that a distribution, and those it is made of, were given."""
    for value in distribution.parameters.values():
        several = value if isinstance(value, (list, tuple)) else [value]
        for each in several:
            if isinstance(each, tfd.Distribution):
                yield from _parameters(each)
            elif tf.is_tensor(each) and each.dtype.is_floating and each.shape.rank:
                yield each


def _is_by_row(tensor: tf.Tensor, row_axis: int, rows: int) -> bool:
    return tensor.shape.rank > row_axis and tensor.shape[row_axis] == rows


def _at_latent(index: Any) -> str:
    return f" at latent {int(index[0])}" if len(index) else ""


def _at_value(found: _Recorder) -> Any:
    def named(index: Any) -> str:
        rank = len(found.x.shape) - 1
        return f" at index {[int(each) for each in index[:rank]]} of the event"

    return named


def _unusable(gradient: Any) -> np.ndarray:
    """Tells of every number of a gradient whether an optimizer could not take it."""
    values = tf.convert_to_tensor(getattr(gradient, "values", gradient))
    return ~(np.abs(values) <= largest_usable(values.dtype))


def _first(array: np.ndarray) -> float:
    return float(array[~np.isfinite(array)].flat[0])
