"""A network that estimates the total correlation of latents by telling draws apart."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfp_vae import shapes, stateless_random


class DensityRatio(keras.layers.Layer):
    """Estimates log q(z) / Π q(zⱼ), the log-ratio of latents to independent ones.

    A network is trained to tell draws of q(z) from draws whose latents are permuted over the rows,
    each by itself; the logit of the best one is the log-ratio (Sugiyama, Suzuki & Kanamori 2012,
    "Density ratio estimation in machine learning"). The last layer begins at zero, and so does the
    estimate. The weights have an optimizer of their own, and are not trainable for the model.

    Args:
      latent_size: The number of latents.
      units: The width of each hidden layer.
      learning_rate: The learning rate of the network's optimizer, Adam.
      dtype: The dtype of the weights.
    """

    def __init__(
        self, latent_size: int, units: Sequence[int], learning_rate: float, dtype: str
    ) -> None:
        super().__init__(name="density_ratio", dtype=dtype)
        hidden = [
            layer
            for width in units
            for layer in (
                keras.layers.Dense(width, kernel_initializer="he_normal", dtype=dtype),
                keras.layers.LeakyReLU(0.2, dtype=dtype),
            )
        ]
        last = keras.layers.Dense(1, kernel_initializer="zeros", dtype=dtype)
        self.network = keras.Sequential([*hidden, last])
        self.network.build((None, latent_size))
        self.network.trainable = False
        optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.9)
        optimizer.build(self.network.weights)
        # Keras tracks and saves the variables of a list, and nothing of an optimizer.
        self.optimizer_variables = list(optimizer.variables)
        self._optimizer = optimizer
        self.built = True

    def call(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the log-ratio of latents `[..., L]`, in nats, `[...]`."""
        flat, restored = shapes.flatten_leading(z, 1)
        return restored(self.network(flat)[:, 0])

    def learn(self, z: tf.Tensor, seed: tf.Tensor) -> None:
        """Takes a step towards telling draws `[B, L]` from those with permuted latents."""
        independent = with_permuted_latents(z, seed)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            weights = [weight.value for weight in self.network.weights]
            tape.watch(weights)
            losses = tf.nn.softplus(-self(z)) + tf.nn.softplus(self(independent))
            loss = tf.reduce_mean(losses)
        self._optimizer.apply(tape.gradient(loss, weights), self.network.weights)


def with_permuted_latents(z: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns `z`, `[B, L]`, with every latent permuted over the rows, each by itself."""
    order = tf.argsort(stateless_random.uniform(tf.shape(z), seed, z.dtype), axis=0)
    columns = tf.gather(tf.transpose(z), tf.transpose(order), batch_dims=1)
    return tf.transpose(columns)
