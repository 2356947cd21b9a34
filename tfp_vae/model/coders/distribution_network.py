"""What encoders, decoders and transitions have in common: a network before a distribution."""

import abc
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, networks, shapes
from tfp_vae.model.mean_network import MeanNetwork


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


def revived(config: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Returns a configuration with the named parts deserialized."""
    parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in names}
    return {**config, **parts}
