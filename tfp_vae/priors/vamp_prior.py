"""The VampPrior: a variational mixture of posteriors."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class VampPrior(Prior):
    """The mixture of the encoder's posteriors at learned pseudo-inputs.

    Tomczak & Welling (2018), "VAE with a VampPrior", equation 9: p(z) = (1/K) Σ q(z|u_k). The
    pseudo-inputs u_k have the shape of a preprocessed row of data, and are inputs of the encoder
    outside training. After every step they are clipped to the support of the likelihood, or to the
    range of the data that initialised them.

    In a model with a condition the encoder sees features of one beside each pseudo-input, which are
    learned too; p(z) itself does not depend on y.

    They are random at first; the first `fit` on an array or a `tf.data.Dataset` sets them to rows
    of its data, unless `initialize_from` has: call that before a `fit` on a generator.

    The KL to it has no closed form: it is estimated from draws, as `vae.summary()` says.

    Args:
      pseudo_inputs: The number of pseudo-inputs.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `pseudo_inputs` is not an int.
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
        self._encode: Callable[..., tfd.Distribution] | None = None
        self._features_width = 0

    def take_encoder(
        self,
        encode: Callable[..., tfd.Distribution],
        row_shape: tuple[int, ...],
        support: supports.Support | supports.Columns,
    ) -> None:
        """Keeps the encoder as a function, so that its weights are tracked by the model alone."""
        self._encode = encode
        self._row_shape = tuple(row_shape)
        self._support = support

    def take_features(self, width: int) -> None:
        """Keeps how many features of a condition the encoder sees beside a row."""
        self._features_width = width

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the pseudo-inputs, `[pseudo_inputs, *row]`, and their range."""
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
            constraint=_Clipped(self._within_range),
            autocast=False,
        )
        self.features = None
        if self._features_width:
            self.features = self.add_weight(
                name="features",
                shape=[self.pseudo_inputs, self._features_width],
                initializer=keras.initializers.RandomUniform(0.0, 1.0),
                autocast=False,
            )
        self.seen = self.add_weight(
            name="seen", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        super().build(event_shape)

    @property
    def rows_wanted(self) -> int:
        """The number of pseudo-inputs, or 0 once they have been set to data."""
        return 0 if int(self.seen) else self.pseudo_inputs

    def adapt(self, x: npt.ArrayLike) -> None:
        """Sets the pseudo-inputs to rows of `x`, or only the first ones if it has fewer rows."""
        self._take(checks.observations(x, self._row_shape, self._support), seed=0)

    def initialize_from(self, x: npt.ArrayLike, seed: int = 0) -> None:
        """Sets the pseudo-inputs to rows of data, picked at random.

        If the likelihood has no bounds, the pseudo-inputs keep to the range of the data, along its
        last axis (of a table, its columns).

        Args:
          x: Rows of the encoder's input, `[N, *row]`: with a preprocess layer, `vae.prepared(x)`.
          seed: An int; equal seeds pick equal rows.

        Raises:
          TypeError: If `x` holds no real numbers.
          ValueError: If there is no encoder yet, or `x` has another shape, fewer rows than there
            are pseudo-inputs, or values outside the support.
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
        inputs = [tf.convert_to_tensor(self.rows)]
        if self.features is not None:
            inputs.append(tf.convert_to_tensor(self.features))
        return distributions.MixtureSameFamily(tfd.Categorical(logits=logits), encode(*inputs))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "pseudo_inputs": self.pseudo_inputs}

    def get_build_config(self) -> None:
        """Returns nothing: the model builds this layer after it has set the encoder."""

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

    def _check_encoder(self) -> Callable[..., tfd.Distribution]:
        if self._encode is None:
            raise ValueError(
                "A VampPrior must belong to a model before it is used, since its components are "
                "posteriors of the model: pass it to tfp_vae.VAE(..., prior=...)."
            )
        return self._encode

    def _random_rows(self, shape: Sequence[int], dtype: str) -> tf.Tensor:
        """Returns rows that are uniform between two bounds, and else normal, mirrored at a bound.

        Not clipped: at the smallest positive number a logarithm's gradient overflows.
        """
        uniform = keras.initializers.RandomUniform(0.0, 1.0)(shape, dtype)
        normal = keras.initializers.RandomNormal(stddev=1.0)(shape, dtype)
        lower, upper = (tf.convert_to_tensor(bound) for bound in (self.lower, self.upper))
        above, below = tf.math.is_finite(lower), tf.math.is_finite(upper)
        width = tf.where(above & below, upper - lower, tf.ones_like(lower))
        rows = tf.where(above, lower + tf.abs(normal), normal)
        rows = tf.where(below & ~above, upper - tf.abs(normal), rows)
        return tf.where(above & below, lower + width * uniform, rows)

    def _within_range(self, rows: np.ndarray | tf.Tensor) -> tf.Tensor:
        lower, upper = tf.convert_to_tensor(self.lower), tf.convert_to_tensor(self.upper)
        return tf.clip_by_value(tf.convert_to_tensor(rows), lower, upper)


class _Clipped(keras.constraints.Constraint):
    """Clips a variable; Keras before 3.15 takes no function for a constraint."""

    def __init__(self, clip: Callable[[tf.Tensor], tf.Tensor]) -> None:
        self._clip = clip

    def __call__(self, w: tf.Tensor) -> tf.Tensor:
        return self._clip(w)


def _constant(values: np.ndarray) -> Callable[..., tf.Tensor]:
    return lambda shape, dtype: tf.broadcast_to(tf.cast(values, dtype), shape)
