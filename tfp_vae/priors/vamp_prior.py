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
    are brought back into the likelihood's range of data, or into that of the data they began as.

    At first they are random; the first `fit` on an array or a `tf.data.Dataset` sets them to rows
    of its data, unless `initialize_from` has: call that before a `fit` on a generator.

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

    def check_conditional(self) -> None:
        """Refuses: the posteriors of pseudo-inputs would need a condition beside them.

        Raises:
          ValueError: Always.
        """
        raise ValueError(
            "`prior` must not be a VampPrior in a model with a condition: its pseudo-inputs are "
            "rows of data, and the encoder would need a condition beside each of them."
        )

    def build(self, event_shape: Any) -> None:
        """Makes the pseudo-inputs, `[pseudo_inputs, *row]`, and the range that they stay in."""
        self._check_encoder()
        lower, upper = self._support.bounds(self._row_shape)
        self.lower, self.upper = (
            self.add_weight(
                name=name,
                shape=self._row_shape,
                initializer=_constant(bound),
                trainable=False,
                autocast=False,
            )
            for name, bound in (("lower", lower), ("upper", upper))
        )
        self.rows = self.add_weight(
            name="rows",
            shape=[self.pseudo_inputs, *self._row_shape],
            initializer=self._random_rows,
            constraint=self._within_range,
            autocast=False,
        )
        self.seen = self.add_weight(
            name="seen", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        super().build(event_shape)

    @property
    def rows_wanted(self) -> int:
        """As many rows of data as there are pseudo-inputs, until it has been given any."""
        return 0 if int(self.seen) else self.pseudo_inputs

    def adapt(self, x: Any) -> None:
        """Sets the pseudo-inputs to rows of `x`, or the first of them where there are fewer."""
        self._take(checks.observations(x, self._row_shape, self._support), seed=0)

    def initialize_from(self, x: Any, seed: int = 0) -> None:
        """Sets the pseudo-inputs to rows of data, picked at random.

        Where the likelihood has no bounds, those of the data's last axis (of a table, its columns)
        are taken.

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
        self._take(values, seed)

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

    def _take(self, values: np.ndarray, seed: int) -> None:
        picked = np.random.default_rng(seed).permutation(len(values))[: self.pseudo_inputs]
        rows = self.rows.numpy()
        rows[: len(picked)] = values[picked]
        lower, upper = self._support.bounds(self._row_shape)
        seen = tuple(range(values.ndim - 1))
        self.lower.assign(np.where(np.isfinite(lower), lower, values.min(axis=seen)))
        self.upper.assign(np.where(np.isfinite(upper), upper, values.max(axis=seen)))
        self.rows.assign(self._within_range(rows))
        self.seen.assign(1)

    def _check_encoder(self) -> Callable[[tf.Tensor], tfd.Distribution]:
        if self._encode is None:
            raise ValueError(
                "A VampPrior must belong to a model before it is used, as it is made of the "
                "model's encoder: pass it to tfp_vae.VAE(..., prior=...)."
            )
        return self._encode

    def _random_rows(self, shape: Any, dtype: Any) -> tf.Tensor:
        """Returns rows uniform between two bounds, and else normal on the right side of one."""
        uniform = keras.initializers.RandomUniform(0.0, 1.0)(shape, dtype)
        normal = keras.initializers.RandomNormal(stddev=1.0)(shape, dtype)
        lower, upper = (tf.convert_to_tensor(bound) for bound in (self.lower, self.upper))
        bounded = tf.math.is_finite(lower) & tf.math.is_finite(upper)
        width = tf.where(bounded, upper - lower, tf.ones_like(lower))
        return tf.where(bounded, lower + width * uniform, self._within_range(normal))

    def _within_range(self, rows: Any) -> tf.Tensor:
        lower, upper = tf.convert_to_tensor(self.lower), tf.convert_to_tensor(self.upper)
        return tf.clip_by_value(tf.convert_to_tensor(rows), lower, upper)


def _constant(values: np.ndarray) -> Callable[..., tf.Tensor]:
    return lambda shape, dtype: tf.broadcast_to(tf.cast(values, dtype), shape)
