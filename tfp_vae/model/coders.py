"""Encoder, decoder and transition: a trunk network and a distribution layer."""

import abc
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, networks, shapes
from tfp_vae.likelihoods import Likelihood
from tfp_vae.model.layer_arguments import latents, outer_values
from tfp_vae.model.mean_network import MeanNetwork
from tfp_vae.posteriors import Posterior


class DistributionNetwork(keras.layers.Layer, abc.ABC):
    """A trunk followed by a distribution layer."""

    argument = "z"
    """The name of what it is called with, in errors."""

    def __init__(self, trunk: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trunk = checks.instance_of(
            trunk, keras.layers.Layer, "trunk", "networks.mlp([200, 200])"
        )
        self.linear_path: networks.LinearPath | None = None

    def take_linear_path(self, path: networks.LinearPath) -> None:
        """Takes a linear path beside the trunk, before the layer is built."""
        self.linear_path = path

    def get_build_config(self) -> None:
        """Returns None: a loaded layer is built by its model, which first gives it what it adds."""

    def mean_network(self) -> MeanNetwork:
        """Returns a layer from inputs to the mean of the distribution, for use in Keras models.

        Its weights are those of this one. Its inputs are tensors: prepared data, as of
        `vae.prepared(x)`, or latents.

        Example:
          >>> inputs = keras.Input([3])
          >>> features = keras.Model(inputs, vae.encoder.mean_network()(inputs))
          >>> bool(np.allclose(features(x), vae.encoder(x).mean()))
          True
        """
        return MeanNetwork(self)

    def __call__(self, values: Any, *args: Any, **kwargs: Any) -> Any:
        """Checks values from a caller, and returns the distribution of every row."""
        if isinstance(values, keras.KerasTensor):
            raise TypeError(
                f"`{self.argument}` must be an array of numbers, of which this "
                f"{type(self).__name__} returns a distribution; got a symbolic KerasTensor: in a "
                "Keras model, use its `mean_network()`, which returns the mean."
            )
        return self.of_tensors(self.checked(values), *args, **kwargs)

    def of_tensors(self, values: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the distribution of every row, without checks of the values."""
        return super().__call__(values, *args, **kwargs)

    @abc.abstractmethod
    def checked(self, values: Any) -> Any:
        """Returns `values` if they are valid or symbolic; raises otherwise."""

    def mean_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the mean of the distribution of every row.

        Args:
          distribution: What this layer returned, batch `[B]`.

        Example:
          >>> vae.encoder.mean_of(vae.encoder(x)).shape
          TensorShape([20, 2])
        """
        return distribution.mean()

    def build_on(self, sizes: tuple[int, ...], distribution_layer: Any, kind: str) -> None:
        """Builds the trunk for inputs `[B, *sizes]`, and the distribution layer on its features."""
        try:
            features = self.trunk(keras.KerasTensor((None, *sizes), dtype=self.compute_dtype))
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            raise ValueError(
                f"The {kind}'s trunk must take inputs of shape "
                f"{shapes.written('batch', *sizes)}; it failed on them: {error}"
            ) from error
        if not isinstance(features, keras.KerasTensor):
            raise TypeError(
                f"The {kind}'s trunk must return one tensor of features; got a "
                f"{type(features).__name__}."
            )
        if not distribution_layer.built:
            distribution_layer.build(features.shape)
        self.built = True


@keras.saving.register_keras_serializable(package="tfp_vae")
class Encoder(DistributionNetwork):
    """The encoder: from data to the posterior q(z|x).

    Args:
      trunk: A Keras layer or model, `[B, *event]` in, features `[B, F]` out.
      posterior: The distribution layer after the trunk, such as
        `posteriors.MultivariateNormalDiag`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      x: Data, `[B, *event]`; integers and booleans are cast.

    Returns:
      The posterior, a `tfd.Distribution`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If `trunk` is no Keras layer or `posterior` no posterior.
      ValueError: If the input has another shape or is non-finite; at the first use, if the trunk
        fails on it.

    Example:
      >>> encoder = tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2))
      >>> encoder(np.zeros([3, 4])).batch_shape
      TensorShape([3])
    """

    argument = "x"

    def __init__(self, trunk: keras.layers.Layer, posterior: Posterior, **kwargs: Any) -> None:
        super().__init__(trunk, **kwargs)
        self.posterior = checks.instance_of(
            posterior, Posterior, "posterior", "posteriors.MultivariateNormalDiag(latent_size=16)"
        )
        self.sizes_in: tuple[int, ...] | None = None
        self.input_encoding: keras.layers.Layer | None = None
        self.condition_width, self.sees_mask = 0, False

    def take_input_encoding(
        self, encoding: keras.layers.Layer, condition_width: int, sees_mask: bool
    ) -> None:
        """Takes the layer by which the trunk sees the data, before the layer is built.

        Args:
          encoding: The layer.
          condition_width: How many entries of the last axis are features of a condition.
          sees_mask: Whether the trunk also sees which values are observed, as further entries of
            the last axis.
        """
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

    def posterior_parameters(self, x: tf.Tensor, observed: Any = None) -> dict[str, tf.Tensor]:
        """Returns the parameters of every row's posterior, outside training, `[B, ...]` each."""
        features, added = self._features(x, observed, training=False)
        parameters: dict[str, tf.Tensor] = self.posterior.parameters(features, added=added)
        return parameters

    def _features(
        self, x: Any, observed: Any, training: bool | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor] | None]:
        """Returns the trunk's features, and what the linear path adds to the parameters."""
        if self.input_encoding is None:
            return self.trunk(tf.cast(x, self.compute_dtype), training=training), None
        encoded = self._encoded(x, observed, self.input_encoding)
        seen = tf.cast(networks.compressed_tails(encoded), self.compute_dtype)
        features = self.trunk(seen, training=training)
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
        width = self._data_width(sizes)
        data = self.input_encoding.compute_output_shape((None, *sizes[:-1], width))[1:]
        return (*data[:-1], data[-1] + self.condition_width + (width if self.sees_mask else 0))

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
        return tf.concat(parts, axis=-1) if len(parts) > 1 else parts[0]

    @property
    def encoded_data_width(self) -> int:
        """How many entries of the last axis that the trunk sees are encoded data."""
        assert self.sizes_in is not None
        masks = self._data_width(self.sizes_in) if self.sees_mask else 0
        return self.encoded_sizes(self.sizes_in)[-1] - self.condition_width - masks

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


@keras.saving.register_keras_serializable(package="tfp_vae")
class Decoder(DistributionNetwork):
    """The decoder: from latents to the likelihood p(x|z).

    Args:
      trunk: A Keras layer or model, latents `[B, latent_size]` in, features out: `[B, F]`, or for
        images `[B, height, width, C]`.
      likelihood: The distribution layer after the trunk, such as `likelihoods.Bernoulli`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      z: Latents, `[..., latent_size]` with any number of leading axes, such as `[S, B]`.

    Returns:
      The likelihood, a `tfd.Independent`, batch `[...]`, event `likelihood.event_shape`.

    Raises:
      TypeError: If `trunk` is no Keras layer or `likelihood` no likelihood.
      ValueError: If `z` has another latent size or is non-finite; at the first use, if the trunk's
        features cannot make the event.

    Example:
      >>> decoder = tfp_vae.Decoder(networks.mlp([8]), likelihoods.Bernoulli(event_shape=[4]))
      >>> decoder(np.zeros([5, 3, 2])).batch_shape
      TensorShape([5, 3])
    """

    def __init__(self, trunk: keras.layers.Layer, likelihood: Likelihood, **kwargs: Any) -> None:
        super().__init__(trunk, **kwargs)
        self.likelihood = checks.instance_of(
            likelihood, Likelihood, "likelihood", "likelihoods.Bernoulli(event_shape=[784])"
        )
        self.latent_size: int | None = None

    def checked(self, values: Any) -> Any:
        """Returns latents as an array of finite numbers, `[..., latent_size]`."""
        return latents(values, self.latent_size, self)

    def build(self, input_shape: Any) -> None:
        """Builds trunk and likelihood for latents `[..., latent_size]`."""
        latent_size = tuple(input_shape)[-1]
        if latent_size is None:
            raise ValueError(
                "`z` must have a known last axis, the latent size; got an unknown one."
            )
        self.latent_size = int(latent_size)
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: self.latent_size})
        if self.linear_path is not None:
            self.linear_path.build((None, self.latent_size))
        self.build_on((self.latent_size,), self.likelihood, "decoder")

    def call(self, z: Any, training: bool | None = None) -> tfd.Distribution:
        """Returns the likelihood of every row of latents: batch `[...]`, event `[*event]`."""
        z = tf.convert_to_tensor(z)
        flat, restore = shapes.flatten_leading(tf.cast(z, self.compute_dtype), event_rank=1)
        features = restore(self.trunk(flat, training=training))
        if self.linear_path is None:
            return self.likelihood(features)
        return self.likelihood(features, added=self.linear_path(z))

    def mean_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the mean of the likelihood of every row, or the most probable class codes.

        Args:
          distribution: What this layer returned, batch `[B]`.

        Example:
          >>> vae.decoder.mean_of(vae.decoder(np.zeros([5, 2]))).shape
          TensorShape([5, 3])
        """
        return self.likelihood.prediction(distribution)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of one draw per row of latents, `[..., *event]`."""
        return (*input_shape[:-1], *self.likelihood.event_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal decoder."""
        return {
            **super().get_config(),
            "trunk": keras.saving.serialize_keras_object(self.trunk),
            "likelihood": keras.saving.serialize_keras_object(self.likelihood),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Decoder":
        """Makes a decoder from the result of `get_config`."""
        return cls(**revived(config, ("trunk", "likelihood")))


@keras.saving.register_keras_serializable(package="tfp_vae")
class Transition(DistributionNetwork):
    """From the latents of one layer to the distribution of those of an adjacent layer.

    In a `HierarchicalVAE` it is q(z₂|z₁) on the way up and p(z₁|z₂) on the way down.

    Args:
      trunk: A Keras layer or model, latents `[B, L]` in, features `[B, F]` out.
      posterior: The distribution layer after the trunk, such as
        `posteriors.MultivariateNormalDiag`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      z: Latents, `[..., L]` with any number of leading axes, such as `[S, B]`.

    Returns:
      A `tfd.Distribution`, batch `[...]`, event `[posterior.latent_size]`.

    Raises:
      TypeError: If `trunk` is no Keras layer or `posterior` no posterior.
      ValueError: If the input has another shape or is non-finite; at the first use, if the trunk
        fails on it.

    Example:
      >>> transition = tfp_vae.Transition(networks.mlp([8]), posteriors.MultivariateNormalDiag(2))
      >>> transition(np.zeros([5, 3, 4])).batch_shape
      TensorShape([5, 3])
    """

    def __init__(self, trunk: keras.layers.Layer, posterior: Posterior, **kwargs: Any) -> None:
        super().__init__(trunk, **kwargs)
        self.posterior = checks.instance_of(
            posterior, Posterior, "posterior", "posteriors.MultivariateNormalDiag(latent_size=16)"
        )
        self.size_in: int | None = None

    def checked(self, values: Any) -> Any:
        """Returns latents as an array of finite numbers, `[..., L]`."""
        return latents(values, self.size_in, self)

    def build(self, input_shape: Any) -> None:
        """Builds trunk and posterior for latents `[..., L]`."""
        self.size_in = size = int(tuple(input_shape)[-1])
        self.input_spec = keras.layers.InputSpec(min_ndim=1, axes={-1: size})
        self.build_on((size,), self.posterior, "transition")

    def call(self, z: Any, training: bool | None = None) -> tfd.Distribution:
        """Returns the distribution of every row: batch `[...]`, event `[latent_size]`."""
        z = tf.cast(tf.convert_to_tensor(z), self.compute_dtype)
        flat, restore = shapes.flatten_leading(z, event_rank=1)
        return self.posterior(restore(self.trunk(flat, training=training)))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of one draw per row of latents, `[..., latent_size]`."""
        return (*input_shape[:-1], *self.posterior.event_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal transition."""
        return {
            **super().get_config(),
            "trunk": keras.saving.serialize_keras_object(self.trunk),
            "posterior": keras.saving.serialize_keras_object(self.posterior),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Transition":
        """Makes a transition from the result of `get_config`."""
        return cls(**revived(config, ("trunk", "posterior")))


def revived(config: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Returns a configuration with the named parts deserialized."""
    parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in names}
    return {**config, **parts}
