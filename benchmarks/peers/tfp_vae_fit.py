"""This library: `vae.fit` with its defaults, the progress bar and the callbacks on."""

import keras

import tfp_vae
from benchmarks.peers import architecture, protocol
from tfp_vae import likelihoods, networks, posteriors


class Clock(keras.callbacks.Callback):
    """Reports the begin and end of epochs to a run."""

    def __init__(self, run: protocol.Run) -> None:
        super().__init__()
        self.run = run

    def on_epoch_begin(self, *_):
        self.run.epoch_begins()

    def on_epoch_end(self, _epoch, logs=None):
        self.run.epoch_ends(logs["loss"])


def model(
    event_size: int,
    hidden: int = architecture.HIDDEN,
    latent_size: int = architecture.LATENT_SIZE,
) -> tfp_vae.VAE:
    """Makes the model of `architecture`, without what `adapt` would add to it."""
    return tfp_vae.VAE(
        encoder=tfp_vae.Encoder(
            networks.mlp([hidden, hidden], activation="tanh"),
            posteriors.MultivariateNormalDiag(latent_size),
        ),
        decoder=tfp_vae.Decoder(
            networks.mlp([hidden, hidden], activation="tanh"),
            likelihoods.Bernoulli([event_size]),
        ),
        adaptive=False,
    )


def train(run: protocol.Run) -> architecture.Weights:
    keras.utils.set_random_seed(run.seed)
    vae = model(run.x.shape[1])
    vae.compile("adam")
    vae.fit(run.x, batch_size=run.batch_size, epochs=run.epochs, callbacks=[Clock(run)])
    return architecture.as_weights([variable.numpy() for variable in vae.trainable_variables])


if __name__ == "__main__":
    protocol.main(train, ["keras", "tensorflow", "tensorflow-probability"])
