"""Trains with a checkpoint; a program that can kill itself while it writes one.

Takes the folder, and the number of the call that moves bytes to the disk at which it dies, or 0.
"""

import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np

import tfp_vae
from tfp_vae import callbacks

EPOCHS = 12


def die_at(call):
    calls = iter(range(1, call + 1))

    def counted(function):
        def dying(*arguments):
            if next(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments)

        return dying

    os.fsync, os.replace = counted(os.fsync), counted(os.replace)


if __name__ == "__main__":
    folder, call = Path(sys.argv[1]), int(sys.argv[2])
    if call:
        die_at(call)
    keras.utils.set_random_seed(3)
    x = np.random.default_rng(0).integers(0, 2, [53, 6])
    vae = tfp_vae.VAE.for_data(x, latent_size=2)
    vae.compile(run_eagerly=True)
    checkpoint = callbacks.Checkpoint(folder / "run.checkpoint", data=x)
    sys.stdout.write("training\n")
    sys.stdout.flush()
    history = vae.fit(x, epochs=EPOCHS, batch_size=20, verbose=0, callbacks=[checkpoint])
    sys.stdout.write("trained\n")
    sys.stdout.flush()
    assert history.epoch == list(range(EPOCHS))
    np.savez(folder / "weights.npz", *vae.get_weights(), **history.history)
