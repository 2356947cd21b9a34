"""A normalizing flow: a distribution under a chain of bijectors."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util


class NormalizingFlow(tfd.TransformedDistribution):
    """A `tfd.TransformedDistribution` of several bijectors.

    It has a class of its own for its name in errors: TensorFlow Probability makes an object that is
    no instance of its public class.

    The tensor that was drawn is cached with its noise, so its log-probability needs no inverse, and
    the gradient of that goes through the noise; for a gradient at fixed values, take a copy, such
    as `tf.stop_gradient(z)`.

    Args:
      distribution: The base distribution, event `[L]`.
      steps: Bijectors, from the base distribution to the latents.
      parameters: The arguments of a subclass, by which TensorFlow Probability slices it.
    """

    def __init__(
        self,
        distribution: tfd.Distribution,
        steps: Sequence[tfb.Bijector],
        parameters: dict[str, Any] | None = None,
        name: str = "NormalizingFlow",
    ) -> None:
        parameters = dict(locals()) if parameters is None else parameters
        self.steps = list(steps)
        super().__init__(
            distribution, tfb.Chain(self.steps[::-1]), parameters=parameters, name=name
        )

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return {"distribution": tfp_util.BatchedComponentProperties()}
