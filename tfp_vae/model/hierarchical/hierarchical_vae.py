"""Variational autoencoders with several layers of latents."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import networks, posteriors
from tfp_vae.distributions import LatentChain
from tfp_vae.likelihoods import Likelihood
from tfp_vae.model.coders import Decoder, Encoder, Transition
from tfp_vae.model.hierarchical.ladder import LadderEncoder
from tfp_vae.model.hierarchical.latent_chain import ChainEncoder, ChainPrior
from tfp_vae.model.hierarchical.layer_checks import (
    check_normals,
    checked_layers,
    checked_widths,
    is_ladder,
)
from tfp_vae.model.vae import VAE
from tfp_vae.objectives import Objective
from tfp_vae.posteriors import Posterior
from tfp_vae.priors import Prior


@keras.saving.register_keras_serializable(package="tfp_vae")
class HierarchicalVAE(VAE):
    """A variational autoencoder with several layers of latents.

    For two layers the posterior is q(z₁|x) q(z₂|z₁) and the model p(z₂) p(z₁|z₂) p(x|z₁). The
    latents of all layers are concatenated, z₁ first: `prior()` and `posterior(x)` are their joint
    distributions, so that every objective and every estimate of a `VAE` applies. The KL of two such
    chains has no closed form; it is estimated without bias from the draws of the ELBO. A
    reconstruction is p(x|z₁) at the mean of q(z₁|x).

    With an `Encoder` for every layer the model is a ladder: the trunks pass features upward without
    draws, and the posterior is drawn from the top down, q(z₂|x) q(z₁|z₂, x). The distribution that
    the encoder of a layer gives is the evidence of the data for it; q(z₁|z₂, x) is the normalised
    product of that and of the prior of the layer, p(z₁|z₂), so that their precisions add up. A
    layer without evidence then is its prior, and costs nothing. Given the layers above, the KL of a
    layer is exact.

    Args:
      encoders: An `Encoder` for q(z₁|x), then a `Transition` for q(z₂|z₁), and so on, from the data
        up. For a ladder, an `Encoder` of every layer, each of which but the first takes the
        features of the trunk below.
      decoders: A `Decoder` for p(x|z₁), then a `Transition` for p(z₁|z₂), and so on, also from the
        data up; as many as encoders.
      prior: The prior of the topmost layer; by default the standard normal.
      objective: What training maximises; by default the evidence lower bound (ELBO).
      preprocess: As of `VAE`.
      missing_values: As of `VAE`.
      condition: As of `VAE`; q(z₁|x, y) and p(x|z₁, y) see it.
      **kwargs: The usual arguments of a Keras model.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If the parts do not fit, as of `VAE`, or a layer of latents has different sizes on
        the way up and on the way down.

    Example:
      >>> vae = tfp_vae.HierarchicalVAE.from_mlps(
      ...     likelihoods.Bernoulli([6]), latent_sizes=[3, 2], units=[[8], [4]])
      >>> vae.elbo(np.ones([5, 6]), seed=0).elbo.shape, vae.prior().event_shape
      (TensorShape([5]), TensorShape([5]))
      >>> vae.latent_sizes, vae.latent_size
      ([3, 2], 5)

    Source: Burda et al. (2015), "Importance weighted autoencoders", section 2 and appendix; of the
    ladder, Sønderby et al. (2016), "Ladder variational autoencoders".
    """

    def __init__(
        self,
        encoders: Sequence[Any],
        decoders: Sequence[Any],
        prior: Prior | None = None,
        objective: Objective | None = None,
        preprocess: keras.layers.Layer | None = None,
        missing_values: float | None = None,
        condition: keras.layers.Layer | None = None,
        **kwargs: Any,
    ) -> None:
        above = Encoder if is_ladder(encoders) else Transition
        first, *upward = checked_layers(encoders, Encoder, above, "encoders")
        decoder, *downward = checked_layers(decoders, Decoder, Transition, "decoders")
        if len(upward) != len(downward):
            raise ValueError(
                "`decoders` must be as many as `encoders`, one for each layer of latents; got "
                f"{len(downward) + 1} and {len(upward) + 1}."
            )
        sizes = [coder.posterior.event_shape[0] for coder in (first, *upward)]
        for index, (transition, size) in enumerate(zip(downward, sizes, strict=False), start=1):
            found = transition.posterior.event_shape[0]
            if found != size:
                raise ValueError(
                    f"`decoders[{index}]` must give the {size} latents of layer {index} that "
                    f"`encoders[{index - 1}]` infers; got {found}."
                )
        if above is Encoder:
            check_normals((first, *upward), "encoders")
            check_normals((decoder, *downward), "decoders")
            encoder: Encoder = LadderEncoder(first, upward, downward)
        else:
            encoder = ChainEncoder(first, upward)
        super().__init__(
            encoder,
            decoder,
            ChainPrior(downward, prior),
            objective,
            preprocess,
            missing_values,
            condition,
            **kwargs,
        )

    @classmethod
    def from_mlps(
        cls,
        likelihood: Likelihood,
        latent_sizes: Sequence[int] = (100, 50),
        units: Sequence[Sequence[int]] = ((200, 200), (100, 100)),
        activation: Any = "tanh",
        **kwargs: Any,
    ) -> "HierarchicalVAE":
        """Makes a model of dense layers and normal latents, with the same widths up and down.

        The defaults are the network with two stochastic layers of Burda et al. (2015): the data,
        200-200, 100 latents, 100-100, 50 latents, and back.

        Args:
          likelihood: p(x|z₁).
          latent_sizes: The number of latents of each layer, from the data up.
          units: The widths of the dense layers before each layer of latents, from the data up.
          activation: A Keras activation, the same after every hidden layer.
          **kwargs: Further arguments of `HierarchicalVAE`.

        Returns:
          The model.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If there are not as many `units` as `latent_sizes`.
        """
        sizes, widths = checked_widths(latent_sizes, units)
        ways_up = [networks.mlp(of_layer, activation) for of_layer in widths]
        ways_down = [networks.mlp(of_layer[::-1], activation) for of_layer in widths]
        up = [posteriors.MultivariateNormalDiag(size) for size in sizes]
        down = [posteriors.MultivariateNormalDiag(size) for size in sizes[:-1]]
        return cls(
            [Encoder(ways_up[0], up[0]), *map(Transition, ways_up[1:], up[1:])],
            [Decoder(ways_down[0], likelihood), *map(Transition, ways_down[1:], down)],
            **kwargs,
        )

    @classmethod
    def ladder_from_mlps(
        cls,
        likelihood: Likelihood,
        latent_sizes: Sequence[int] = (64, 32, 16, 8, 4),
        units: Sequence[Sequence[int]] = ((512,) * 2, (256,) * 2, (128,) * 2, (64,) * 2, (32,) * 2),
        activation: Any = "leaky_relu",
        **kwargs: Any,
    ) -> "HierarchicalVAE":
        """Makes a ladder of dense layers, with the same widths up and down.

        The defaults are the sizes of the five layers of Sønderby et al. (2016), without their batch
        normalisation.

        Args:
          likelihood: p(x|z₁).
          latent_sizes: The number of latents of each layer, from the data up.
          units: The widths of the dense layers before each layer of latents, from the data up.
          activation: A Keras activation, the same after every hidden layer.
          **kwargs: Further arguments of `HierarchicalVAE`.

        Returns:
          The model.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If there are not as many `units` as `latent_sizes`.

        Example:
          >>> ladder = tfp_vae.HierarchicalVAE.ladder_from_mlps(
          ...     likelihoods.Bernoulli([6]), latent_sizes=[3, 2], units=[[8], [4]])
          >>> ladder.kl_declaration
          'KL: exact for each layer given those above, Monte Carlo estimate over their draws'
        """
        sizes, widths = checked_widths(latent_sizes, units)
        ways_down = [networks.mlp(of_layer[::-1], activation) for of_layer in widths]
        return cls(
            [
                Encoder(networks.mlp(of_layer, activation), posteriors.MultivariateNormalDiag(size))
                for of_layer, size in zip(widths, sizes, strict=True)
            ],
            [
                Decoder(ways_down[0], likelihood),
                *(
                    Transition(way, posteriors.MultivariateNormalDiag(size))
                    for way, size in zip(ways_down[1:], sizes[:-1], strict=True)
                ),
            ],
            **kwargs,
        )

    @property
    def latent_sizes(self) -> list[int]:
        """The number of latents of each layer, from the data up."""
        return list(self.encoder.sizes)

    @property
    def latent_size(self) -> int:
        """The total number of latents."""
        return sum(self.latent_sizes)

    @property
    def distribution_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that return distributions over latents, by their names in errors."""
        coders = {"encoders": self.encoder.upward, "decoders": self.prior_layer.downward}
        above = {
            f"{name}[{index}]": transition.posterior
            for name, transitions in coders.items()
            for index, transition in enumerate(transitions, start=1)
        }
        return {
            "encoders[0]": self.encoder.posterior,
            "prior": self.prior_layer.top,
            **above,
        }

    @property
    def latent_pairs(self) -> list[tuple[Posterior, Prior | Posterior]]:
        """The layers that return q and p of the same latents, in pairs, from the data up."""
        inferring = [self.encoder.posterior, *(up.posterior for up in self.encoder.upward)]
        generating = [*(down.posterior for down in self.prior_layer.downward), self.prior_layer.top]
        return list(zip(inferring, generating, strict=True))

    def decoder_latents(self, z: tf.Tensor) -> tf.Tensor:
        """Returns z₁ of the latents `[..., latent_size]`."""
        return z[..., : self.latent_sizes[0]]

    def reconstructing_latents(self, posterior: tfd.Distribution) -> tf.Tensor:
        """Returns the mean of the layer drawn first, of the next one at that, and so on, joined."""
        return posterior.joined(mean_layers(posterior))

    def _parts_config(self) -> dict[str, Any]:
        encoder = self.encoder
        first = Encoder(encoder.trunk, encoder.posterior, name=encoder.first_name)
        return {
            "encoders": [first, *encoder.upward],
            "decoders": [self.decoder, *self.prior_layer.downward],
            "prior": self.prior_layer.top,
        }


def mean_layers(chain: LatentChain) -> list[tf.Tensor]:
    """Returns the mean of the first layer, and of every other layer given the one before."""
    layers = [chain.first.mean()]
    for transition in chain.transitions:
        layers.append(transition(layers[-1]).mean())
    return layers
