"""The encoder and the prior of several layers of latents."""

from collections.abc import Sequence
from typing import Any

import keras

from tfp_vae import checks
from tfp_vae.distributions import LatentChain
from tfp_vae.model.coders import Encoder, Transition
from tfp_vae.priors import Prior, StandardNormal, VampPrior


class ChainEncoder(Encoder):
    """From data to the posterior of all layers of latents, q(z₁|x) q(z₂|z₁) and so on.

    Args:
      first: From the data to q(z₁|x).
      upward: From every layer of latents to the one above.
    """

    def __init__(self, first: Encoder, upward: Sequence[Transition], **kwargs: Any) -> None:
        super().__init__(first.trunk, first.posterior, **kwargs)
        self.first_name = first.name
        self.upward = list(upward)
        coders = (first, *upward)
        self.sizes = [int(coder.posterior.event_shape[0]) for coder in coders]

    def build(self, input_shape: Any) -> None:
        """Builds the way from `[batch, *event]` up."""
        super().build(input_shape)
        for transition, size in zip(self.upward, self.sizes, strict=False):
            if not transition.built:
                transition.build((None, size))

    def call(self, x: Any, training: bool | None = None) -> LatentChain:
        """Makes the posterior of every row: batch `[B]`, event `[sum of sizes]`."""
        return LatentChain(
            super().call(x, training), [_in_mode(up, training) for up in self.upward], self.sizes
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of one draw for every row, `[batch, sum of sizes]`."""
        return (input_shape[0], sum(self.sizes))


class ChainPrior(Prior):
    """The prior of all layers of latents, of two p(z₂) p(z₁|z₂).

    Args:
      downward: To every layer of latents from the one above, from the data up.
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
                "`prior` must be one that is made without the encoder above several layers of "
                "latents, as the topmost layer's posterior is given latents and no rows of data; "
                "got a VampPrior."
            )

    def build(self, event_shape: Any) -> None:
        """Builds the way down from the topmost latents to z₁."""
        super().build(event_shape)
        sizes = [int(down.posterior.event_shape[0]) for down in self.downward]
        (total,) = tuple(event_shape)
        self.sizes = [*sizes, total - sum(sizes)]
        for transition, above in zip(self.downward, self.sizes[1:], strict=True):
            if not transition.built:
                transition.build((None, above))
        if not self.top.built:
            self.top.build((self.sizes[-1],))

    def distribution(self) -> LatentChain:
        """Makes the prior: batch `[]`, event `[sum of sizes]`, the layer next to the data first."""
        return LatentChain(
            self.top.distribution(),
            [down.of_tensors for down in self.downward[::-1]],
            self.sizes[::-1],
            reverse=True,
        )


def _in_mode(transition: keras.layers.Layer, training: bool | None) -> Any:
    return lambda z: transition.of_tensors(z, training=training)
