"""The library's default model and training: the one place to change when they change."""

import math

import keras

import tfp_vae
from benchmarks.defaults.real_data import Split
from tfp_vae import callbacks

MOST_STEPS, MOST_EPOCHS = 40_000, 5000
BATCH_SIZE = 32
"""That of `fit`, by default."""


def train(data: Split, latent_size: int) -> tfp_vae.VAE:
    """Returns the default model, trained as by default on the training and validation rows."""
    vae = tfp_vae.VAE.for_data(data.x_train, latent_size=latent_size, verbose=0)
    return fit(vae, data, "adam")


def fit(vae: tfp_vae.VAE, data: Split, optimizer: keras.optimizers.Optimizer | str) -> tfp_vae.VAE:
    """Trains until the validation ELBO has converged, or the steps are used up."""
    steps = math.ceil(len(data.x_train) / BATCH_SIZE)
    vae.compile(optimizer)
    vae.fit(
        data.x_train,
        validation_data=data.x_valid,
        epochs=min(MOST_EPOCHS, max(MOST_STEPS // steps, 1)),
        verbose=0,
        callbacks=[callbacks.Convergence()],
    )
    return vae
