"""The autoregressive likelihood, of class codes in sequences."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, distributions, networks, supports
from tfp_vae.error_text import described
from tfp_vae.likelihoods import marginal_statistics
from tfp_vae.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class AutoregressiveCategorical(Likelihood):
    """Class codes in a sequence, such as characters, each given those before it.

    p(x|z) is the product of p(x_t|x_1 to x_(t-1), z): the features of the decoder make a context,
    and a recurrent network, which belongs to this layer, sees it and the codes before each step.
    Such a network can model a sequence alone, and then ignores z: a part of the codes hidden in
    training (`word_dropout`) and `objectives.ELBO(free_bits=...)` work against that.

    Codes have no mean: `predict` and `sample(mean=True)` return `greedy` codes, each the most
    probable one after those before it. Rows of a model with `missing_values` may end early: the
    first codes of a row are scored, and what would follow is summed over, exactly. With `end`, a
    code that ends a row, rows that are drawn end by themselves; `datasets.padded` puts it there.

    Args:
      event_shape: The number of codes of a row, `[T]`.
      classes: The number of classes, at least 2, of codes 0 to classes - 1; `end` is one of them.
      recurrent_units: The width of the recurrent network, and of the context.
      word_dropout: The probability that the network does not see the code before a step in
        training, below 1; the ELBO that training logs is then below that of `vae.elbo`.
      end: The code after which all codes are `end`, with probability 1; None if there is none.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `distributions.AutoregressiveCategorical`, batch `[B]`, event `[T]`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or another argument of the wrong kind.
      ValueError: If `event_shape` is not `[T]`, there are fewer than two classes, `word_dropout` is
        outside [0, 1), or `end` is no class.

    Example:
      >>> likelihood = likelihoods.AutoregressiveCategorical([4], classes=3, recurrent_units=8)
      >>> likelihood(np.zeros([5, 8])).sample(seed=0).shape
      TensorShape([5, 4])

    Source: Bowman et al. (2016), "Generating sentences from a continuous space".
    """

    parameter_names = ("context",)
    advice = (
        "An AutoregressiveCategorical likelihood is for class codes 0 to classes - 1: number the "
        "classes first, and give `classes` as many as there can be."
    )

    def __init__(
        self,
        event_shape: Sequence[int],
        classes: int,
        recurrent_units: int = 64,
        word_dropout: float = 0.0,
        end: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, **kwargs)
        if len(self.event_shape) != 1:
            raise ValueError(
                f"`event_shape` must be [T], the number of codes; got {list(self.event_shape)}."
            )
        self.classes = checks.positive_int(classes, "classes")
        if self.classes < 2:
            raise ValueError(f"`classes` must be at least 2; got {self.classes}.")
        self.recurrent_units = checks.positive_int(recurrent_units, "recurrent_units")
        self.word_dropout = checks.finite_number(word_dropout, "word_dropout", minimum=0.0)
        if self.word_dropout >= 1.0:
            raise ValueError(f"`word_dropout` must be below 1; got {self.word_dropout:g}.")
        self.end = None if end is None else _class_code(end, self.classes)
        self.support = supports.whole_numbers_to(self.classes - 1)
        self.network = networks.NextCode(
            self.classes, self.recurrent_units, dtype=self.dtype_policy
        )

    @classmethod
    def for_values(cls, x: np.ndarray) -> Self:
        """Makes the likelihood with the number of classes that the largest code in `x` implies."""
        return cls(x.shape[1:], classes=max(int(x.max()) + 1, 2))

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the head of the context, and the network of the codes."""
        if not self.network.built:
            self.network.build((None, self.recurrent_units))
        super().build(features_shape)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of the context for one row, `[recurrent_units]`."""
        return {"context": (self.recurrent_units,)}

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the layer that makes one-hot vectors, along the last axis."""
        return networks.OneHot(self.classes, dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Sets the logits to the log-frequencies of the classes, with half a count added to each.

        They then depend neither on z nor on the codes before; no constant of the network is set.
        """
        del stddev
        seen = np.ones(x.shape, bool) if observed is None else np.array(observed)
        if self.end is not None:
            # After the first end code nothing is left to chance.
            seen &= np.cumsum((x == self.end) & seen, axis=1) - (x == self.end) < 1
        counts = marginal_statistics.class_counts(
            x.reshape(-1, 1), seen.reshape(-1, 1), self.classes
        )
        counts = counts.reshape(self.classes) + 0.5
        logits = self.network.logits
        logits.kernel.assign(np.zeros(logits.kernel.shape))
        logits.bias.assign(np.log(counts) - np.log(counts.sum()))
        return {}

    def distribution(self, context: tf.Tensor) -> distributions.AutoregressiveCategorical:
        """Makes the likelihood of a context, `[B, recurrent_units]`."""
        return distributions.AutoregressiveCategorical(
            context, self.network, self.event_shape[0], self.end
        )

    def in_training(
        self, distribution: distributions.AutoregressiveCategorical, seed: tf.Tensor
    ) -> distributions.AutoregressiveCategorical:
        """Returns the distribution of which the network does not see some of the codes before."""
        if not self.word_dropout:
            return distribution
        return distribution.with_dropout(self.word_dropout, seed)

    def of_observed(
        self, distribution: distributions.AutoregressiveCategorical, observed: tf.Tensor
    ) -> distributions.AutoregressiveCategorical:
        """Returns the distribution of the first codes of every row, those that are observed.

        Args:
          distribution: p(x|z), batch `[..., B]`, event `[T]`.
          observed: A boolean tensor, `[B, T]`.
        """
        return distribution.of_observed(observed)

    def given_observed(
        self,
        distribution: distributions.AutoregressiveCategorical,
        x: tf.Tensor,
        observed: tf.Tensor,
    ) -> distributions.AutoregressiveCategorical:
        """Returns the distribution of rows that begin with the observed codes of `x`.

        Args:
          distribution: p(x|z), batch `[..., B]`, event `[T]`.
          x: Rows, `[B, T]`.
          observed: A boolean tensor, `[B, T]`.
        """
        return distribution.given_observed(x, observed)

    def check_rows(
        self, x: np.ndarray, observed_in: Callable[[np.ndarray], np.ndarray] | None, name: str
    ) -> None:
        """Checks that no code follows a missing one, nor the end code."""
        x = np.asarray(x)
        seen = np.ones(x.shape, bool) if observed_in is None else observed_in(x)
        gap = seen[:, 1:] & ~seen[:, :-1]
        if gap.any():
            row, step = (int(axis[0]) for axis in np.nonzero(gap))
            raise ValueError(
                f"`{name}` must have missing codes only at the end of a row, since p(x|z) has "
                f"every code depend on those before it; got one at index {[row, step]}."
            )
        if self.end is None:
            return
        late = seen[:, 1:] & (x[:, 1:] != self.end) & (x[:, :-1] == self.end)
        if late.any():
            row, step = (int(axis[0]) for axis in np.nonzero(late))
            raise ValueError(
                f"`{name}` must have only the code `end`, {self.end}, after the first such code of "
                f"a row; got {x[row, step + 1]:g} at index {[row, step + 1]}."
            )

    def prediction(self, distribution: distributions.AutoregressiveCategorical) -> tf.Tensor:
        """Returns the most probable code of every step, given those before it, `[B, T]`."""
        return distribution.greedy()

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "classes": self.classes,
            "recurrent_units": self.recurrent_units,
            "word_dropout": self.word_dropout,
            "end": self.end,
        }


def _class_code(value: Any, classes: int) -> int:
    """Returns the end code, checked."""
    wanted = f"`end` must be a class, an int from 0 to {classes - 1}, or None"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{wanted}; got {described(value)}.")
    if not 0 <= value < classes:
        raise ValueError(f"{wanted}; got {described(value)}.")
    return int(value)
