"""The encoder of a ladder: evidence from the data up, then latents from the top down."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.distributions import LatentChain
from tfp_vae.model.coders import Encoder, Transition


class LadderEncoder(Encoder):
    """The encoder of all layers of latents, q(z_L|x) q(z_{L-1}|z_L, x) ... q(z₁|z₂, x).

    The networks pass features upward, without draws, and at every layer give a normal distribution,
    the evidence of the data. The topmost layer's posterior is its evidence; of every other layer it
    is the normalised product of its evidence and its prior p(z_l|z_{l+1}).

    Args:
      first: The encoder of the evidence for z₁ from the data.
      upward: The encoders of the evidence for every further layer, from the features of the trunk
        below, from the data up.
      downward: The transitions of p(z_l|z_{l+1}), which belong to the prior.

    Source: Sønderby et al. (2016), "Ladder variational autoencoders".
    """

    def __init__(
        self,
        first: Encoder,
        upward: Sequence[Encoder],
        downward: Sequence[Transition],
        **kwargs: Any,
    ) -> None:
        super().__init__(first.trunk, first.posterior, **kwargs)
        self.first_name = first.name
        self.upward = list(upward)
        self.sizes = [int(coder.posterior.event_shape[0]) for coder in (first, *upward)]
        # In a function, so that Keras tracks the transitions in the prior alone.
        self._downward: Callable[[], list[Transition]] = lambda: list(downward)

    def build(self, input_shape: Any) -> None:
        """Builds all layers for inputs `[batch, *event]`."""
        super().build(input_shape)
        assert self.sizes_in is not None
        features = _symbolic(self.trunk, self.encoded_sizes(self.sizes_in), self.compute_dtype)
        for encoder in self.upward:
            sizes = tuple(features.shape)[1:]
            if not encoder.built:
                encoder.build((None, *sizes))
            features = _symbolic(encoder.trunk, sizes, encoder.compute_dtype)
        for transition, size in zip(self._downward(), self.sizes[1:], strict=True):
            if not transition.built:
                transition.build((None, size))

    def call(self, x: Any, observed: Any = None, training: bool | None = None) -> LatentChain:
        """Returns the posterior of every row: batch `[B]`, event `[sum of sizes]`."""
        features, added = self._features(x, observed, training)
        evidence = [self.posterior(features, added=added)]
        for encoder in self.upward:
            features = encoder.trunk(tf.cast(features, encoder.compute_dtype), training=training)
            evidence.append(encoder.posterior(features))
        return LatentChain(
            evidence[-1],
            [
                _weighted(transition, of_layer)
                for transition, of_layer in zip(self._downward(), evidence[:-1], strict=True)
            ][::-1],
            self.sizes[::-1],
            reverse=True,
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of one draw per row, `[batch, sum of sizes]`."""
        return (input_shape[0], sum(self.sizes))


def _weighted(
    transition: Transition, evidence: tfd.Distribution
) -> Callable[[tf.Tensor], tfd.Distribution]:
    """Returns the posterior of a layer as a function of the draws of the layer above."""
    return lambda z: distributions.precision_weighted(transition.of_tensors(z), evidence)


def _symbolic(trunk: keras.layers.Layer, sizes: tuple[int, ...], dtype: str) -> keras.KerasTensor:
    return trunk(keras.KerasTensor((None, *sizes), dtype=dtype))
