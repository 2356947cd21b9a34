"""The categorical likelihood, of class codes."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks, supports
from tfp_vae.likelihoods import marginal_statistics
from tfp_vae.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Categorical(Likelihood):
    """Independent classes, coded as 0 to classes - 1; the network emits a logit for every class.

    The data are the codes themselves, not one-hot vectors: the event shape has no axis of classes,
    and its logits have one more at the end, `[*event_shape, classes]`. The negative log-likelihood
    is the sparse categorical cross-entropy, in nats, summed over the event.

    Codes have no mean: where other likelihoods return the mean of p(x|z), in `predict`,
    `sample(mean=True)`, the exported `decode` and the plots, this one returns the most probable
    code. `reconstruct(x)` returns the distribution, with all its probabilities.

    Args:
      event_shape: The shape of one row of codes, such as `[4]`.
      classes: The number of classes, at least 2, the same for every value of the event. Columns
        with other numbers of classes go into a `Product`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.Categorical`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or `classes` not an int.
      ValueError: If a size is not positive, or there are fewer than two classes.

    Example:
      >>> likelihood = likelihoods.Categorical(event_shape=[4], classes=3)(np.zeros([5, 8]))
      >>> round(float(likelihood.log_prob(np.array([0, 1, 2, 2]))[0]), 3)
      -4.394
    """

    parameter_names = ("logits",)
    mean_name = "logits"
    advice = (
        "A Categorical likelihood is for class codes 0 to classes - 1: number the classes first "
        "(np.unique(x, return_inverse=True)), and give `classes` as many as there can be."
    )

    def __init__(self, event_shape: Sequence[int], classes: int, **kwargs: Any) -> None:
        super().__init__(event_shape, **kwargs)
        self.classes = checks.positive_int(classes, "classes")
        if self.classes < 2:
            raise ValueError(f"`classes` must be at least 2; got {self.classes}.")
        self.support = supports.whole_numbers_to(self.classes - 1)

    @classmethod
    def for_values(cls, x: np.ndarray) -> Self:
        """Makes the likelihood with the number of classes that the largest code in `x` implies."""
        return cls(x.shape[1:], classes=max(int(x.max()) + 1, 2))

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of the logits for one row, `[*event_shape, classes]`."""
        return {"logits": (*self.event_shape, self.classes)}

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the layer that makes one-hot vectors, along the last axis."""
        return networks.OneHot(self.classes, dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the log-frequencies of the classes, with half a count added to each."""
        del stddev
        counts = marginal_statistics.class_counts(x, observed, self.classes) + 0.5
        return {"logits": np.log(counts) - np.log(counts.sum(axis=-1, keepdims=True))}

    def distribution(self, logits: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `logits`, `[B, *event_shape, classes]`."""
        return self.independent(distributions.Categorical(logits, dtype=logits.dtype))

    def prediction(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the most probable code of every value, `[B, *event_shape]`."""
        return distribution.mode()

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "classes": self.classes}
