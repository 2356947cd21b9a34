"""A distribution that goes through invertible steps."""

from collections.abc import Sequence
from typing import Any

from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util


class NormalizingFlow(tfd.TransformedDistribution):
    """A `tfd.TransformedDistribution` of several steps.

    It is a class of its own as TensorFlow Probability makes of such steps an object that is no
    instance of its public class, and so has a name in errors that says what it is.

    The very tensor that was drawn is remembered with its noise, so that its log-probability costs
    no inverse. A gradient with respect to it is that through the noise: for one at fixed values,
    take a copy, such as `tf.stop_gradient(z)`.

    Args:
      distribution: What the flow begins with, event `[L]`.
      steps: Bijectors, from that distribution to the latents.
      parameters: The arguments of a subclass, by which it is sliced.
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
    def _parameter_properties(cls, dtype: Any, num_classes: Any = None) -> dict[str, Any]:
        del dtype, num_classes
        return {"distribution": tfp_util.BatchedComponentProperties()}
