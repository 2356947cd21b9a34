"""The library's default model and training: the one place to change when they change."""

import time

import keras

import tfp_vae
from benchmarks.defaults.real_data import Split
from tfp_vae import callbacks

EPOCHS, PATIENCE, MOST_SECONDS = 1000, 20, 60.0


class TimeLimit(keras.callbacks.Callback):
    """Stops training at the end of the epoch in which the time is used up."""

    def on_train_begin(self, *_):
        self.begun = time.perf_counter()

    def on_epoch_end(self, *_):
        if time.perf_counter() - self.begun > MOST_SECONDS:
            self.model.stop_training = True


def train(data: Split, latent_size: int) -> tfp_vae.VAE:
    """Returns the default model, trained as by default on the training and validation rows."""
    vae = tfp_vae.VAE.for_data(data.x_train, latent_size=latent_size)
    return fit(vae, data, "adam")


def fit(vae: tfp_vae.VAE, data: Split, optimizer: keras.optimizers.Optimizer | str) -> tfp_vae.VAE:
    """Trains until the validation ELBO no longer rises, or the time is used up."""
    vae.compile(optimizer)
    vae.fit(
        data.x_train,
        validation_data=data.x_valid,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[
            callbacks.EarlyStopping(patience=PATIENCE),
            keras.callbacks.ReduceLROnPlateau(patience=PATIENCE // 3),
            TimeLimit(),
        ],
    )
    return vae
