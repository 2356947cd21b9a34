"""The encoder and the prior of several layers of latents."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks
from tfp_vae.distributions import LatentChain
from tfp_vae.model.coders import Encoder, Transition
from tfp_vae.priors import Prior, StandardNormal, VampPrior


class ChainEncoder(Encoder):
    """The encoder of all layers of latents, q(z₁|x) q(z₂|z₁) ....

    Args:
      first: The encoder of q(z₁|x).
      upward: The transition from every layer of latents to the one above, from the data up.
    """

    def __init__(self, first: Encoder, upward: Sequence[Transition], **kwargs: Any) -> None:
        super().__init__(first.trunk, first.posterior, **kwargs)
        self.first_name = first.name
        self.upward = list(upward)
        coders = (first, *upward)
        self.sizes = [int(coder.posterior.event_shape[0]) for coder in coders]

    def build(self, input_shape: Any) -> None:
        """Builds all layers for inputs `[batch, *event]`."""
        super().build(input_shape)
        for transition, size in zip(self.upward, self.sizes, strict=False):
            if not transition.built:
                transition.build((None, size))

    def call(self, x: Any, observed: Any = None, training: bool | None = None) -> LatentChain:
        """Returns the posterior of every row: batch `[B]`, event `[sum of sizes]`."""
        return LatentChain(
            super().call(x, observed, training),
            [_in_mode(up, training) for up in self.upward],
            self.sizes,
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of one draw per row, `[batch, sum of sizes]`."""
        return (input_shape[0], sum(self.sizes))


class ChainPrior(Prior):
    """The prior of all layers of latents, for two layers p(z₂) p(z₁|z₂).

    Args:
      downward: The transition to every layer of latents from the one above, from the data up.
      top: The prior of the topmost layer; by default the standard normal.
    """

    def __init__(
        self, downward: Sequence[Transition], top: Prior | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.downward = list(downward)
        self.top = StandardNormal() if top is None else top
        checks.instance_of(self.top, Prior, "prior", "priors.StandardNormal()")
        if isinstance(self.top, VampPrior):
            raise ValueError(
                "`prior` must be one without the encoder for several layers of latents, since the "
                "topmost layer's posterior takes latents, not data; got a VampPrior."
            )

    @property
    def conditional(self) -> bool:
        """Whether the prior of the topmost layer depends on a condition."""
        return self.top.conditional

    def take_features(self, width: int) -> None:
        """Passes the number of features of a condition to the topmost layer."""
        self.top.take_features(width)

    def build(self, event_shape: Any) -> None:
        """Builds all layers, from the topmost latents down to z₁."""
        super().build(event_shape)
        sizes = [int(down.posterior.event_shape[0]) for down in self.downward]
        (total,) = tuple(event_shape)
        self.sizes = [*sizes, total - sum(sizes)]
        for transition, above in zip(self.downward, self.sizes[1:], strict=True):
            if not transition.built:
                transition.build((None, above))
        if not self.top.built:
            self.top.build((self.sizes[-1],))

    def distribution(self, features: tf.Tensor | None = None) -> LatentChain:
        """Returns the prior: batch `[]`, or `[B]` of features `[B, C]`, event `[sum of sizes]`.

        The latents of z₁ come first.
        """
        top: Any = self.top
        return LatentChain(
            top.distribution(features) if self.conditional else top.distribution(),
            [down.of_tensors for down in self.downward[::-1]],
            self.sizes[::-1],
            reverse=True,
        )


def _in_mode(transition: keras.layers.Layer, training: bool | None) -> Any:
    return lambda z: transition.of_tensors(z, training=training)
