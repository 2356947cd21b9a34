"""A Markov chain of latent layers: each depends on the one drawn before it."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds

TransitionFn = Callable[[tf.Tensor], tfd.Distribution]
"""From draws `[..., L]` of one layer to the distribution of the next, batch `[...]`."""


class LatentChain(tfd.Distribution):
    """The joint distribution of layers of latents; a draw is their concatenation.

    The density is the product first(a) transition(b|a) …, so `log_prob` is exact. No KL between two
    chains is registered: objectives estimate it by Monte Carlo.

    Args:
      first: The distribution of the layer that is drawn first, batch `[B]` or `[]`.
      transitions: From the draws of one layer to the distribution of the next, in that order.
      sizes: The number of latents of each layer, in the order in which they are drawn.
      reverse: Whether the layer that is drawn last comes first in the event. A generative chain,
        drawn from the top down, then has the same event as an inference chain, drawn bottom up.
    """

    def __init__(
        self,
        first: tfd.Distribution,
        transitions: Sequence[TransitionFn],
        sizes: Sequence[int],
        reverse: bool = False,
        name: str = "LatentChain",
    ) -> None:
        parameters = dict(locals())
        self.first, self.transitions = first, tuple(transitions)
        self.sizes, self.reverse = tuple(sizes), reverse
        super().__init__(
            dtype=first.dtype,
            reparameterization_type=first.reparameterization_type,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    def layers(self, z: tf.Tensor) -> list[tf.Tensor]:
        """Returns the layers of draws `[..., L]`, in the order in which they are drawn."""
        parts: list[tf.Tensor] = tf.split(
            z, self.sizes[::-1] if self.reverse else self.sizes, axis=-1
        )
        return parts[::-1] if self.reverse else parts

    def joined(self, layers: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns layers, in the order in which they are drawn, as draws `[..., L]`."""
        return tf.concat(layers[::-1] if self.reverse else layers, axis=-1)

    def conditionals(self, z: tf.Tensor) -> list[tfd.Distribution]:
        """Returns the distribution of every layer given those drawn before it.

        Args:
          z: Draws, `[..., L]`, of which all layers but the last drawn are used.

        Returns:
          A distribution for each layer, in the order in which they are drawn.
        """
        given = zip(self.transitions, self.layers(z), strict=False)
        return [self.first, *(transition(layer) for transition, layer in given)]

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([sum(self.sizes)])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([sum(self.sizes)])

    def _batch_shape(self) -> tf.TensorShape:
        return self.first.batch_shape

    def _batch_shape_tensor(self, **parameters: Any) -> tf.Tensor:
        del parameters
        return self.first.batch_shape_tensor()

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        first_seed, *others = seeds.split(seeds.as_seed(seed), len(self.sizes))
        layers = [self.first.sample(n, seed=first_seed)]
        for transition, own_seed in zip(self.transitions, others, strict=True):
            layers.append(transition(layers[-1]).sample(seed=own_seed))
        return self.joined(layers)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        first, *others = zip(self.conditionals(value), self.layers(value), strict=True)
        log_prob = first[0].log_prob(first[1])
        for conditional, layer in others:
            log_prob = log_prob + conditional.log_prob(layer)
        return log_prob
