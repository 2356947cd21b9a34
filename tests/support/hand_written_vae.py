"""A hand-written Keras model of rows of six numbers, as its author's file would hold it."""

import keras
import tensorflow as tf


class HandWrittenVAE(keras.Model):
    def __init__(self, kl_weight=1.0):
        super().__init__()
        self.kl_weight = kl_weight
        self.encoder = keras.layers.Dense(4)
        self.decoder = keras.layers.Dense(6)

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, s = tf.split(self.encoder(x), 2, axis=-1)
            d = self.decoder(mean + tf.exp(s / 2) * tf.random.normal(tf.shape(mean)))
            kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(s) - s - 1, -1)
            loss = tf.reduce_mean(tf.reduce_sum((x - d) ** 2, -1) + self.kl_weight * kl)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}
