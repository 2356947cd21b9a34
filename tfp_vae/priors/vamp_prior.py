"""The variational mixture of posteriors as a prior."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class VampPrior(Prior):
    """The mixture of the encoder's posteriors at learned pseudo-inputs.

    Tomczak & Welling (2018), "VAE with a VampPrior", equation 9: p(z) = (1/K) Σ q(z|u_k). The
    pseudo-inputs u_k have the shape of a row of data, as it leaves the preprocess layer, and go
    through nothing but the encoder, which runs as it does outside training. After every step they
    are brought back into the likelihood's range of data, or that of the rows they began as.

    No exact KL to it is known; it is estimated from the posterior's draws, as `vae.summary()` says.

    Args:
      pseudo_inputs: How many there are.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `pseudo_inputs` is no int.
      ValueError: If `pseudo_inputs` is not positive.

    Example:
      >>> prior = priors.VampPrior(pseudo_inputs=5)
      >>> vae = tfp_vae.VAE(
      ...     encoder=tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
      ...     decoder=tfp_vae.Decoder(networks.mlp([8]), likelihoods.Bernoulli([4])),
      ...     prior=prior,
      ... )
      >>> prior.initialize_from(np.random.default_rng(0).integers(0, 2, [100, 4]))
      >>> vae.prior().sample(3, seed=0).shape
      TensorShape([3, 2])
    """

    latent_space = None

    def __init__(self, pseudo_inputs: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pseudo_inputs = checks.positive_int(pseudo_inputs, "pseudo_inputs")
        self._encode: Callable[[tf.Tensor], tfd.Distribution] | None = None

    def take_encoder(
        self,
        encode: Callable[[tf.Tensor], tfd.Distribution],
        row_shape: tuple[int, ...],
        support: supports.Support | supports.Columns,
    ) -> None:
        """Takes note of the encoder, which stays the model's own."""
        self._encode = encode
        self._row_shape = tuple(row_shape)
        self._support = support

    def build(self, event_shape: Any) -> None:
        """Makes the pseudo-inputs, `[pseudo_inputs, *row]`, and the range that they stay in."""
        self._check_encoder()
        lower, upper = self._support.lower, self._support.upper
        self.lower, self.upper = (
            self.add_weight(
                name=name,
                shape=np.shape(bound),
                initializer=keras.initializers.Constant(bound),
                trainable=False,
                autocast=False,
            )
            for name, bound in (("lower", lower), ("upper", upper))
        )
        bounded = np.ndim(lower) == 0 and bool(np.isfinite(lower) and np.isfinite(upper))
        self.rows = self.add_weight(
            name="rows",
            shape=[self.pseudo_inputs, *self._row_shape],
            initializer=keras.initializers.RandomUniform(lower, upper)
            if bounded
            else keras.initializers.RandomNormal(stddev=1.0),
            constraint=self._within_range,
            autocast=False,
        )
        self.rows.assign(self._within_range(self.rows))
        super().build(event_shape)

    def initialize_from(self, x: Any, seed: int = 0) -> None:
        """Sets the pseudo-inputs to rows of data, picked at random, and their range to the data's.

        Args:
          x: Data as the encoder sees it, `[N, *row]`: after a preprocess layer, `vae.prepared(x)`.
          seed: An int; equal seeds pick equal rows.

        Raises:
          TypeError: If `x` holds no real numbers.
          ValueError: If there is no encoder yet, or `x` has another shape, fewer rows than there
            are pseudo-inputs, or values that no row of data may have.
        """
        self._check_encoder()
        values = checks.observations(x, self._row_shape, self._support)
        if len(values) < self.pseudo_inputs:
            raise ValueError(
                f"`x` must hold at least as many rows as there are pseudo-inputs, "
                f"{self.pseudo_inputs}; got {len(values)}."
            )
        picked = np.random.default_rng(seed).choice(len(values), self.pseudo_inputs, replace=False)
        self.rows.assign(values[picked].astype(self.variable_dtype))
        over = tuple(range(values.ndim - self.lower.shape.rank))
        self.lower.assign(values.min(axis=over))
        self.upper.assign(values.max(axis=over))

    def distribution(self) -> distributions.MixtureSameFamily:
        """Makes the prior: batch `[]`, event `[latent_size]`."""
        encode = self._check_encoder()
        logits = tf.zeros([self.pseudo_inputs], self.variable_dtype)
        return distributions.MixtureSameFamily(
            tfd.Categorical(logits=logits), encode(tf.convert_to_tensor(self.rows))
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "pseudo_inputs": self.pseudo_inputs}

    def get_build_config(self) -> None:
        """Returns nothing: the model builds this layer once it has given it the encoder."""

    def _check_encoder(self) -> Callable[[tf.Tensor], tfd.Distribution]:
        if self._encode is None:
            raise ValueError(
                "A VampPrior must belong to a model before it is used, as it is made of the "
                "model's encoder: pass it to tfp_vae.VAE(..., prior=...)."
            )
        return self._encode

    def _within_range(self, rows: Any) -> tf.Tensor:
        lower, upper = tf.convert_to_tensor(self.lower), tf.convert_to_tensor(self.upper)
        return tf.clip_by_value(tf.convert_to_tensor(rows), lower, upper)
