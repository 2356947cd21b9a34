"""TFP's own tutorial: `tfp.layers` in a tf-keras model.

The tutorial gives the KL to the model through `KLDivergenceRegularizer`, whose loss a model of
these versions adds twice (`len(vae.losses)` is 2); the weight of one half undoes that. With the
tutorial's own weight of 1 the model trains on another loss, and this row could not count.
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
import tf_keras as tfk

from benchmarks.peers import architecture, protocol

tfkl = tfk.layers
tfpl = tfp.layers
tfd = tfp.distributions


class Clock(tfk.callbacks.Callback):
    """Reports the begin and end of epochs to a run."""

    def __init__(self, run: protocol.Run) -> None:
        super().__init__()
        self.run = run

    def on_epoch_begin(self, *_):
        self.run.epoch_begins()

    def on_epoch_end(self, _epoch, logs=None):
        self.run.epoch_ends(logs["loss"])


def train(run: protocol.Run) -> architecture.Weights:
    tfk.utils.set_random_seed(run.seed)
    event_size = run.x.shape[1]
    prior = tfd.Independent(
        tfd.Normal(loc=tf.zeros(architecture.LATENT_SIZE), scale=1),
        reinterpreted_batch_ndims=1,
    )
    encoder = tfk.Sequential(
        [
            tfkl.InputLayer(input_shape=[event_size]),
            tfkl.Dense(architecture.HIDDEN, activation="tanh"),
            tfkl.Dense(architecture.HIDDEN, activation="tanh"),
            tfkl.Dense(tfpl.IndependentNormal.params_size(architecture.LATENT_SIZE)),
            tfpl.IndependentNormal(
                architecture.LATENT_SIZE,
                activity_regularizer=tfpl.KLDivergenceRegularizer(prior, weight=0.5),
            ),
        ]
    )
    decoder = tfk.Sequential(
        [
            tfkl.InputLayer(input_shape=[architecture.LATENT_SIZE]),
            tfkl.Dense(architecture.HIDDEN, activation="tanh"),
            tfkl.Dense(architecture.HIDDEN, activation="tanh"),
            tfkl.Dense(tfpl.IndependentBernoulli.params_size(event_size)),
            tfpl.IndependentBernoulli(event_size, tfd.Bernoulli.logits),
        ]
    )
    vae = tfk.Model(inputs=encoder.inputs, outputs=decoder(encoder.outputs[0]))
    if len(vae.losses) != 2:
        raise RuntimeError("The KL is no longer added twice: its weight must be 1.")
    vae.compile(
        optimizer=tfk.optimizers.Adam(learning_rate=architecture.LEARNING_RATE),
        loss=lambda x, likelihood: -likelihood.log_prob(x),
    )
    dataset = (
        tf.data.Dataset.from_tensor_slices(run.x)
        .map(lambda row: (row, row), num_parallel_calls=tf.data.AUTOTUNE)
        .shuffle(10_000)
        .batch(run.batch_size)
        .prefetch(tf.data.AUTOTUNE)
    )
    vae.fit(dataset, epochs=run.epochs, callbacks=[Clock(run)])

    arrays = [variable.numpy() for variable in vae.trainable_variables]
    kernels = np.split(arrays[4], 2, axis=1)
    biases = np.split(arrays[5], 2)
    heads = [kernels[0], biases[0], kernels[1], biases[1]]
    return architecture.as_weights([*arrays[:4], *heads, *arrays[6:]])


if __name__ == "__main__":
    protocol.main(train, ["tensorflow-probability", "tf-keras", "tensorflow"])
