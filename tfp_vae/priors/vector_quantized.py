"""The prior of the VQ-VAE, over codes."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior
from tfp_vae.priors.masked_convolution import MaskedConvolution

_MODELS = ("uniform", "independent", "markov_chain", "masked_convolution")


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class VectorQuantized(Prior):
    """Codes as their code vectors, for the posterior of the same name.

    ====================  ==============================================================
    `model`               p of the codes of a row
    ====================  ==============================================================
    "uniform"             equal for all; the KL of every row is P log K nats
    "independent"         learned probabilities of the codes at each position
    "markov_chain"        learned probabilities of each code given that of the position before
    "masked_convolution"  those of each code given the ones above and to the left, by a network
    ====================  ==============================================================

    A uniform prior is for training. Draws need one that knows which codes there are: of a trained
    model, `vae.refit_prior(priors.VectorQuantized(64, 4, "markov_chain"), x)` returns a copy with
    it. The code vectors are those of the model's posterior.

    Args:
      codes: The number K of code vectors, 2 or more.
      positions: The number P of codes of a row, or height and width of their grid, row by row.
      model: "uniform", "independent", "markov_chain", or with a grid "masked_convolution".
      filters: The channels of a masked convolution.
      layers: The number of masked convolutions after the first one, which has a kernel of 5 x 5;
        theirs are of 3 x 3.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If a number is not an int, or `model` no string.
      ValueError: If one is not positive, `codes` below 2, or `model` unknown or of a grid where
        there is none; when it is built, if it belongs to no model with a
        `posteriors.VectorQuantized`.

    Example:
      >>> vae = tfp_vae.VAE(
      ...     tfp_vae.Encoder(networks.mlp([8]), posteriors.VectorQuantized(16, 2, positions=3)),
      ...     tfp_vae.Decoder(networks.mlp([8]), likelihoods.Bernoulli([4])),
      ...     prior=priors.VectorQuantized(codes=16, positions=3),
      ... )
      >>> vae.prior().sample(5, seed=0).shape
      TensorShape([5, 6])
      >>> vae.elbo(np.ones([1, 4]), seed=0).kl_divergence.numpy().round(2)  # 3 log 16
      array([8.32], dtype=float32)

    Source: van den Oord et al. (2017), "Neural discrete representation learning", section 3.3, for
    a prior that is fitted after training; van den Oord, Kalchbrenner & Kavukcuoglu (2016), "Pixel
    recurrent neural networks", for the masked convolutions of the PixelCNN.
    """

    def __init__(
        self,
        codes: int,
        positions: int | Sequence[int] = 1,
        model: str = "uniform",
        filters: int = 64,
        layers: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.codes = checks.positive_int(codes, "codes")
        self.grid = distributions.code_grid(positions)
        self.positions = math.prod(self.grid)
        if self.codes < 2:
            raise ValueError(f"`codes` must be at least 2; got {self.codes}.")
        self.model = checks.one_of(model, _MODELS, "model")
        if self.model == "masked_convolution" and len(self.grid) != 2:
            raise ValueError(
                '`positions` must be height and width of a grid for "masked_convolution", such as '
                f"[4, 4]; got {self.positions}."
            )
        self.filters = checks.positive_int(filters, "filters")
        self.layers = checks.positive_int(layers, "layers")
        self.latent_space = supports.code_vectors(self.positions, self.codes)
        self._codebook: Callable[[], tf.Tensor] | None = None

    def take_codebook(self, codebook: Callable[[], tf.Tensor]) -> None:
        """Keeps the codebook as a function, so that its weights are tracked by the model alone."""
        self._codebook = codebook

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the logits, `[P, K]`, or of a chain `[K]` and `[P - 1, K, K]`, or the network."""
        self._check_codebook()
        if self.model == "independent":
            self.logits = self._weight("logits", [self.positions, self.codes])
        elif self.model == "markov_chain":
            self.initial_logits = self._weight("initial_logits", [self.codes])
            shape = [self.positions - 1, self.codes, self.codes]
            self.transition_logits = self._weight("transition_logits", shape)
        elif self.model == "masked_convolution":
            self.network = MaskedConvolution(
                self.grid, self.codes, self.filters, self.layers, self.variable_dtype
            )
        super().build(event_shape)

    def adapt_to_latents(self, z: npt.ArrayLike, seed: int = 0) -> None:
        """Sets the probabilities to the shares of the codes in latents, `[N, P * D]`.

        No probability is zero: half a code is added to every count, and to those of the codes that
        follow another one as many as there are codes, in the shares of their position. Masked
        convolutions begin at independent codes.
        """
        del seed
        vectors = np.asarray(z).reshape([len(np.asarray(z)), self.positions, -1])
        codebook = tf.convert_to_tensor(self._check_codebook()())
        codes = distributions.nearest_codes(tf.cast(vectors, codebook.dtype), codebook).numpy()
        shares = _shares(
            np.stack([np.bincount(each, minlength=self.codes) for each in codes.T]) + 0.5
        )
        if self.model == "independent":
            self.logits.assign(np.log(shares))
        elif self.model == "markov_chain":
            self.initial_logits.assign(np.log(shares[0]))
            pairs = codes[:, :-1] * self.codes + codes[:, 1:]
            counts = [np.bincount(each, minlength=self.codes**2) for each in pairs.T]
            added = self.codes * shares[1:, None]
            by_code = np.reshape(counts, [-1, self.codes, self.codes])
            self.transition_logits.assign(np.log(_shares(by_code + added)))
        elif self.model == "masked_convolution":
            self.network.last_kernel.assign(tf.zeros_like(self.network.last_kernel))
            self.network.last_bias.assign(np.log(shares).reshape([*self.grid, self.codes]))

    def distribution(self) -> distributions.CodeVectors:
        """Makes the prior: batch `[]`, event `[P * D]`."""
        return distributions.CodeVectors(self._one_hot(), self._check_codebook()())

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "codes": self.codes,
            "positions": self.positions if len(self.grid) == 1 else list(self.grid),
            "model": self.model,
            "filters": self.filters,
            "layers": self.layers,
        }

    def get_build_config(self) -> None:
        """Returns nothing: the model builds this layer after it has set the codebook."""

    def _one_hot(self) -> tfd.Distribution:
        if self.model == "markov_chain":
            return distributions.OneHotMarkovChain(
                tf.convert_to_tensor(self.initial_logits),
                tf.convert_to_tensor(self.transition_logits),
            )
        if self.model == "masked_convolution":
            return distributions.OneHotAutoregressive(
                self.network, self.positions, self.codes, self.variable_dtype
            )
        if self.model == "independent":
            return distributions.OneHotCategorical(tf.convert_to_tensor(self.logits))
        zeros = tf.zeros([self.positions, self.codes], self.variable_dtype)
        return distributions.OneHotCategorical(zeros)

    def _weight(self, name: str, shape: Sequence[int]) -> keras.Variable:
        return self.add_weight(name=name, shape=shape, initializer="zeros", autocast=False)

    def _check_codebook(self) -> Callable[[], tf.Tensor]:
        if self._codebook is None:
            raise ValueError(
                "A priors.VectorQuantized must belong to a model before it is used, since its "
                "code vectors are those of the posterior: pass it to tfp_vae.VAE(..., prior=...) "
                "with a posteriors.VectorQuantized."
            )
        return self._codebook


def _shares(counts: np.ndarray) -> np.ndarray:
    """Returns the shares along the last axis."""
    shares: np.ndarray = counts / counts.sum(axis=-1, keepdims=True)
    return shares
