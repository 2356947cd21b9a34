"""Metrics of a caller's own: numbers for every row of a batch, of which the log has the mean."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from tfp_vae import shapes
from tfp_vae.error_text import described
from tfp_vae.objectives import ObjectiveTerms
from tfp_vae.training.metrics import TERMS

RowMetric: TypeAlias = Callable[[Any, ObjectiveTerms], tf.Tensor]
"""A function of a batch's distributions and terms that returns a number for each row, `[B]`."""

_TAKEN = {"loss", *TERMS, "skipped_steps"}
_EXAMPLE = "such as {'width': lambda batch, terms: batch.posterior.entropy()}"


def named_metrics(metrics: Any, scheduled: Sequence[str]) -> dict[str, RowMetric]:
    """Returns metrics by their names in the log.

    Args:
      metrics: Functions by name, a list of functions with names of their own, or None.
      scheduled: The names of scheduled weights, which the log has already.

    Raises:
      TypeError: If they are no functions.
      ValueError: If a name is taken, or a function has none.
    """
    if metrics is None:
        return {}
    if isinstance(metrics, Mapping):
        named = list(metrics.items())
    elif isinstance(metrics, Sequence) and not isinstance(metrics, str):
        named = [(getattr(metric, "__name__", None), metric) for metric in metrics]
    else:
        raise TypeError(
            f"`metrics` must be functions by name, {_EXAMPLE}, or a list of them; got "
            f"{described(metrics)}."
        )
    for name, metric in named:
        if not callable(metric):
            raise TypeError(
                f"`metrics` must be functions of a batch's distributions and terms, {_EXAMPLE}; "
                f"got {described(metric)}."
            )
        if not isinstance(name, str) or name == "<lambda>":
            raise ValueError(
                f"`metrics` must have names, as in a dict, {_EXAMPLE}; got a function without one."
            )
        if name in _TAKEN or name in scheduled or name.startswith("val_"):
            raise ValueError(
                f"`metrics` must have names that the log does not have yet; got {name!r}."
            )
    if len({name for name, _ in named}) < len(named):
        raise ValueError("`metrics` must have different names; got one of them twice.")
    return dict(named)


def row_metric_values(
    metrics: Mapping[str, RowMetric], batch: Any, terms: ObjectiveTerms
) -> dict[str, tf.Tensor]:
    """Returns the values of metrics for every row of a batch, `[B]` each, by name.

    Args:
      metrics: The metrics.
      batch: The distributions of the batch.
      terms: The terms of the objective, `[B]` each, in nats.

    Raises:
      ValueError: If a metric returns something else than a number for each row.
    """
    return {name: _of_rows(name, metric(batch, terms), terms) for name, metric in metrics.items()}


def _of_rows(name: str, value: Any, terms: ObjectiveTerms) -> tf.Tensor:
    try:
        numbers = tf.cast(tf.convert_to_tensor(value), terms.elbo.dtype)
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"The metric {name!r} must return a number for every row, [batch]; got "
            f"{described(value)}."
        ) from error
    if numbers.shape.rank != 1 or not numbers.shape.is_compatible_with(terms.elbo.shape):
        sizes = [] if numbers.shape.rank is None else numbers.shape.as_list()
        raise ValueError(
            f"The metric {name!r} must return a number for every row, [batch]; got shape "
            f"{shapes.written(*sizes)}."
        )
    return numbers
