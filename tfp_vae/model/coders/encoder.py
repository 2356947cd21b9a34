"""The encoder: from data to q(z|x)."""

import inspect
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, networks, shapes
from tfp_vae.model.coders.distribution_network import DistributionNetwork, revived
from tfp_vae.model.layer_arguments import outer_values
from tfp_vae.posteriors import Posterior


@keras.saving.register_keras_serializable(package="tfp_vae")
class Encoder(DistributionNetwork):
    """The encoder: from data to the posterior q(z|x).

    Args:
      trunk: A Keras layer or model, `[B, *event]` in, features `[B, F]` out. One whose call has an
        argument `observed`, such as `networks.recurrent`, takes sequences: steps `[B, T, C]`, and a
        boolean tensor `[B, *event]`, false where a value is missing, or None if none is.
      posterior: The distribution layer after the trunk, such as
        `posteriors.MultivariateNormalDiag`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      x: Data, `[B, *event]`; integers and booleans are cast.

    Returns:
      The posterior, a `tfd.Distribution`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If `trunk` is no Keras layer or `posterior` no posterior.
      ValueError: If `trunk` is a Keras model around a network of sequences, which could not tell it
        where rows end; if the input has another shape or is non-finite; at the first use, if the
        trunk fails on it.

    Example:
      >>> encoder = tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2))
      >>> encoder(np.zeros([3, 4])).batch_shape
      TensorShape([3])
    """

    argument = "x"

    def __init__(self, trunk: keras.layers.Layer, posterior: Posterior, **kwargs: Any) -> None:
        super().__init__(trunk, **kwargs)
        _check_sees_ends(trunk)
        self.posterior = checks.instance_of(
            posterior, Posterior, "posterior", "posteriors.MultivariateNormalDiag(latent_size=16)"
        )
        self.sizes_in: tuple[int, ...] | None = None
        self.input_encoding: keras.layers.Layer | None = None
        self.condition_width, self.sees_mask = 0, False
        self.takes_steps = "observed" in inspect.signature(trunk.call).parameters

    def take_input_encoding(
        self, encoding: keras.layers.Layer, condition_width: int, sees_mask: bool
    ) -> None:
        """Takes the layer by which the trunk sees the data, before the layer is built.

        Args:
          encoding: The layer.
          condition_width: How many entries of the last axis are features of a condition.
          sees_mask: Whether the trunk also sees which values are observed, as further entries of
            the last axis.

        Raises:
          ValueError: If the trunk takes steps, and the data has columns of different kinds.
        """
        if self.takes_steps and isinstance(encoding, networks.ColumnEncodings):
            raise ValueError(
                "The encoder's trunk must take columns of different kinds, as likelihoods.Product "
                f"has them; got a {type(self.trunk).__name__}, whose steps are of one kind."
            )
        self.input_encoding = encoding
        self.condition_width, self.sees_mask = condition_width, sees_mask

    def checked(self, values: Any) -> Any:
        """Returns data as an array of finite numbers, `[B, *event]`."""
        return outer_values(values, "x", self.sizes_in, self.variable_dtype)

    def build(self, input_shape: Any) -> None:
        """Builds trunk and posterior for inputs `[batch, *event]`."""
        self.sizes_in = sizes = tuple(input_shape)[1:]
        self.input_spec = keras.layers.InputSpec(shape=(None, *sizes))
        encoded = self.encoded_sizes(sizes)
        if self.input_encoding is not None and not self.input_encoding.built:
            self.input_encoding.build((None, *sizes[:-1], self._data_width(sizes)))
        if self.linear_path is not None:
            self.linear_path.build((None, shapes.size_of(encoded)))
        self.build_on(encoded, self.posterior, "encoder")

    def call(self, x: Any, observed: Any = None, training: bool | None = None) -> tfd.Distribution:
        """Returns the posterior of every row: batch `[B]`, event `[latent_size]`.

        Args:
          x: Data, `[B, *event]`, with the features of a condition on the last axis.
          observed: A boolean tensor `[B, *event]`, false where a value is missing; None if none is.
          training: Whether the trunk runs as in training.
        """
        features, added = self._features(x, observed, training)
        return self.posterior(features) if added is None else self.posterior(features, added=added)

    def features(self, x: tf.Tensor, observed: Any = None) -> tf.Tensor:
        """Returns the trunk's features of every row, outside training, `[B, F]`.

        Args:
          x: Prepared data, `[B, *event]`, with the features of a condition on the last axis.
          observed: As of `call`.

        Example:
          >>> vae.encoder.features(tf.constant(x, "float32")).shape.rank
          2
        """
        return self._features(x, observed, training=False)[0]

    def posterior_parameters(self, x: tf.Tensor, observed: Any = None) -> dict[str, tf.Tensor]:
        """Returns the parameters of every row's posterior, outside training, `[B, ...]` each."""
        features, added = self._features(x, observed, training=False)
        parameters: dict[str, tf.Tensor] = self.posterior.parameters(features, added=added)
        return parameters

    def _features(
        self, x: Any, observed: Any, training: bool | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor] | None]:
        """Returns the trunk's features, and what the linear path adds to the parameters."""
        more = {"observed": observed} if self.takes_steps else {}
        if self.input_encoding is None:
            encoded = tf.cast(x, self.variable_dtype)
            seen = tf.cast(x, self.compute_dtype)
        else:
            encoded = self._encoded(x, observed, self.input_encoding)
            seen = tf.cast(networks.compressed_tails(encoded), self.compute_dtype)
        features = self.trunk(seen, training=training, **more)
        if self.linear_path is None:
            return features, None
        size = shapes.size_of(encoded.shape[1:])
        return features, self.linear_path(tf.reshape(encoded, [-1, size]))

    def mean_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the mean of the posterior of every row, or the most probable categories.

        Args:
          distribution: What this layer returned, batch `[B]`.

        Example:
          >>> vae.encoder.mean_of(vae.encoder(x)).shape
          TensorShape([20, 2])
        """
        return self.posterior.point(distribution)

    def encoded_sizes(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Returns the shape of a row as the trunk sees it, for a row of shape `sizes`."""
        if self.input_encoding is None:
            return sizes
        data, masks = self._encoded_data_sizes(sizes)
        return (*data[:-1], data[-1] + self.condition_width + masks)

    def _encoded_data_sizes(self, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
        """Returns the shape of an encoded row, and how many entries of its last axis are masks."""
        assert self.input_encoding is not None
        width = self._data_width(sizes)
        data = tuple(self.input_encoding.compute_output_shape((None, *sizes[:-1], width))[1:])
        if self.takes_steps and len(sizes) == 1:
            # The values of a row are its steps.
            data, width = (width, data[0] // width), 1
        return data, width if self.sees_mask else 0

    def _encoded(self, x: Any, observed: Any, encoding: keras.layers.Layer) -> tf.Tensor:
        """Returns data as the trunk sees it, then the features of a condition and the mask."""
        x = tf.cast(x, self.variable_dtype)
        width = self._data_width(x.shape)
        data = x[..., :width]
        parts = [encoding(data, observed)]
        if self.condition_width:
            parts.append(x[..., width:])
        if self.sees_mask:
            seen = tf.ones_like(data) if observed is None else tf.cast(observed, data.dtype)
            parts.append(seen)
        if self.takes_steps and x.shape.rank == 2:
            parts = [tf.reshape(parts[0], [-1, width, parts[0].shape[-1] // width]), *parts[1:]]
            if self.condition_width:
                parts[1] = tf.repeat(parts[1][:, None], width, axis=1)
            if self.sees_mask:
                parts[-1] = parts[-1][..., None]
        return tf.concat(parts, axis=-1) if len(parts) > 1 else parts[0]

    @property
    def encoded_data_width(self) -> int:
        """How many entries of the last axis that the trunk sees are encoded data."""
        assert self.sizes_in is not None
        if self.input_encoding is None:
            return self._data_width(self.sizes_in)
        return self._encoded_data_sizes(self.sizes_in)[0][-1]

    def _data_width(self, sizes: Any) -> int:
        """Returns how many entries of the last axis are data, not features of a condition."""
        return int(sizes[-1]) - self.condition_width

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of one draw per row, `[batch, latent_size]`."""
        return (input_shape[0], *self.posterior.event_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal encoder."""
        return {
            **super().get_config(),
            "trunk": keras.saving.serialize_keras_object(self.trunk),
            "posterior": keras.saving.serialize_keras_object(self.posterior),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Encoder":
        """Makes an encoder from the result of `get_config`."""
        return cls(**revived(config, ("trunk", "posterior")))


def _check_sees_ends(trunk: keras.layers.Layer) -> None:
    """Checks that a network of sequences inside the trunk is told where rows end."""
    inside = [layer for layer in getattr(trunk, "layers", []) if layer is not trunk]
    if any(isinstance(layer, networks.SequenceEncoder) for layer in inside):
        raise ValueError(
            "`trunk` must not be a Keras model around a network of sequences, which could not tell "
            f"it where rows end; got a {type(trunk).__name__}: put the layers in a "
            "networks.SequenceEncoder([...])."
        )
