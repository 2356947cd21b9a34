"""Training steps of TensorFlow beside their encoder and decoder, as notebooks have them."""

import keras
import tensorflow as tf
from keras import layers

D, K = 12, 3


class Encoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(8, activation="relu")
        self.mu = layers.Dense(K)
        self.logvar = layers.Dense(K)

    def call(self, x):
        h = self.hidden(x)
        return self.mu(h), self.logvar(h)


encoder = Encoder()
decoder = keras.Sequential(
    [layers.Dense(8, activation="relu"), layers.Dense(D, activation="sigmoid")]
)
optimizer = keras.optimizers.Adam()


@tf.function
def train_step(x):
    with tf.GradientTape() as tape:
        mu, logvar = encoder(x)
        z = mu + tf.exp(0.5 * logvar) * tf.random.normal(tf.shape(mu))
        x_hat = decoder(z)
        reconstruction = tf.reduce_mean(keras.losses.binary_crossentropy(x, x_hat))
        kl = -0.5 * tf.reduce_mean(1 + logvar - mu**2 - tf.exp(logvar))
        loss = reconstruction + kl
    weights = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    return loss


def step_of_a_function():
    """A step that closes over its parts."""
    inference, generator = Encoder(), keras.Sequential([layers.Dense(D)])

    def step(images):
        with tf.GradientTape() as tape:
            mu, logvar = inference(images)
            z = mu + tf.exp(logvar) * tf.random.normal(tf.shape(mu))
            logits = generator(z)
            cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=logits)
            kl = -0.5 * tf.reduce_sum(1 + logvar - mu**2 - tf.exp(logvar), axis=-1)
            loss = tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=-1) + kl)
        return tape.gradient(loss, generator.trainable_variables)

    return step


class WithCritic(keras.Model):
    """A model whose latents are also to please a critic."""

    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = keras.Sequential([layers.Dense(D)])
        self.critic = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(1)])

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mu, logvar = self.encoder(x)
            z = mu + tf.exp(0.5 * logvar) * tf.random.normal(tf.shape(mu))
            error = tf.reduce_sum((x - self.decoder(z)) ** 2, axis=-1)
            kl = -0.5 * tf.reduce_mean(1 + logvar - mu**2 - tf.exp(logvar))
            loss = tf.reduce_mean(error) + kl - tf.reduce_mean(tf.math.log_sigmoid(self.critic(z)))
        return {"loss": tape.gradient(loss, self.trainable_variables)}
