"""Keras alone: the VAE of its own documentation, a `train_step` with a hand-written loss."""

import keras
import tensorflow as tf
from keras import layers, ops

from benchmarks.peers import architecture, protocol


class Clock(keras.callbacks.Callback):
    """Reports the begin and end of epochs to a run."""

    def __init__(self, run: protocol.Run) -> None:
        super().__init__()
        self.run = run

    def on_epoch_begin(self, *_):
        self.run.epoch_begins()

    def on_epoch_end(self, _epoch, logs=None):
        self.run.epoch_ends(logs["loss"])


class Sampling(layers.Layer):
    """Uses (loc, scale) to sample z."""

    def __init__(self, seed, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        loc, scale = inputs
        epsilon = keras.random.normal(shape=ops.shape(loc), seed=self.seed_generator)
        return loc + scale * epsilon


class VAE(keras.Model):
    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.total_loss_tracker = keras.metrics.Mean(name="loss")
        self.reconstruction_loss_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_loss_tracker = keras.metrics.Mean(name="kl_loss")

    @property
    def metrics(self):
        return [
            self.total_loss_tracker,
            self.reconstruction_loss_tracker,
            self.kl_loss_tracker,
        ]

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loc, scale, z = self.encoder(data)
            logits = self.decoder(z)
            cross_entropy = ops.binary_crossentropy(data, logits, from_logits=True)
            reconstruction_loss = ops.mean(ops.sum(cross_entropy, axis=1))
            kl_loss = 0.5 * (ops.square(loc) + ops.square(scale) - 1 - 2 * ops.log(scale))
            kl_loss = ops.mean(ops.sum(kl_loss, axis=1))
            total_loss = reconstruction_loss + kl_loss
        grads = tape.gradient(total_loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights, strict=True))
        self.total_loss_tracker.update_state(total_loss)
        self.reconstruction_loss_tracker.update_state(reconstruction_loss)
        self.kl_loss_tracker.update_state(kl_loss)
        return {
            "loss": self.total_loss_tracker.result(),
            "reconstruction_loss": self.reconstruction_loss_tracker.result(),
            "kl_loss": self.kl_loss_tracker.result(),
        }


def train(run: protocol.Run) -> architecture.Weights:
    keras.utils.set_random_seed(run.seed)
    event_size = run.x.shape[1]

    encoder_inputs = keras.Input(shape=(event_size,))
    x = layers.Dense(architecture.HIDDEN, activation="tanh")(encoder_inputs)
    x = layers.Dense(architecture.HIDDEN, activation="tanh")(x)
    loc = layers.Dense(architecture.LATENT_SIZE, name="loc")(x)
    scale = layers.Dense(architecture.LATENT_SIZE, activation="softplus", name="scale")(x)
    z = Sampling(run.seed)([loc, scale])
    encoder = keras.Model(encoder_inputs, [loc, scale, z], name="encoder")

    latent_inputs = keras.Input(shape=(architecture.LATENT_SIZE,))
    x = layers.Dense(architecture.HIDDEN, activation="tanh")(latent_inputs)
    x = layers.Dense(architecture.HIDDEN, activation="tanh")(x)
    decoder_outputs = layers.Dense(event_size)(x)
    decoder = keras.Model(latent_inputs, decoder_outputs, name="decoder")

    vae = VAE(encoder, decoder)
    vae.compile(optimizer=keras.optimizers.Adam(architecture.LEARNING_RATE))
    vae.fit(run.x, epochs=run.epochs, batch_size=run.batch_size, callbacks=[Clock(run)])
    return architecture.as_weights([variable.numpy() for variable in vae.trainable_variables])


if __name__ == "__main__":
    protocol.main(train, ["keras", "tensorflow"])
