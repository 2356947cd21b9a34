"""Trains as one of several processes, from a checkpoint if there is one.

A program that takes TF_CONFIG, a folder and a number of epochs, and says when an epoch is over.
"""

import sys
from pathlib import Path

import tensorflow as tf

# The strategy must be made before TensorFlow is used for anything else.
STRATEGY = tf.distribute.MultiWorkerMirroredStrategy()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from tests.support.replicated_model import ROWS, binary_vae  # noqa: E402
from tfp_vae import callbacks  # noqa: E402


class Say(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        sys.stdout.write(f"epoch {epoch}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
    with STRATEGY.scope():
        keras.utils.set_random_seed(1)
        vae = binary_vae()
        vae.compile(keras.optimizers.Adam(0.01))
        checkpoint = callbacks.Checkpoint(folder / "run.checkpoint", data=ROWS)
        vae.fit(ROWS, epochs=epochs, batch_size=9, verbose=0, callbacks=[checkpoint, Say()])
    index = STRATEGY.cluster_resolver.task_id
    np.savez(folder / f"{index}.npz", *vae.get_weights())
