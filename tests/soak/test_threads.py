"""Two fits in two threads end in the weights that each reaches alone."""

import threading

import keras
import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors

X = np.random.default_rng(0).integers(0, 2, [70, 6]).astype("float32")
EPOCHS = 4


def made(seed, activation, **options):
    keras.utils.set_random_seed(seed)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([5], activation, dropout=0.2), posteriors.MultivariateNormalDiag(2)
        ),
        tfp_vae.Decoder(networks.mlp([5], activation), likelihoods.Bernoulli([6])),
    )
    vae.compile(**options)
    return vae


class Meeting(keras.callbacks.Callback):
    """Tells when a fit has drawn its seed, and begins every epoch when all have come so far."""

    def __init__(self, barrier):
        super().__init__()
        self.began, self.barrier = threading.Event(), barrier

    def on_train_begin(self, logs=None):
        self.began.set()

    def on_epoch_begin(self, epoch, logs=None):
        self.barrier.wait()


def fitted(vaes, together):
    """Fits models, each after the global seed was set anew, and returns their weights."""
    barrier = threading.Barrier(len(vaes) if together else 1)
    failures = []

    def fit(vae, meeting):
        try:
            vae.fit(X, epochs=EPOCHS, batch_size=20, verbose=0, callbacks=[meeting])
        except BaseException as error:
            failures.append(error)
            meeting.began.set()
            barrier.abort()

    threads = []
    for number, vae in enumerate(vaes):
        keras.utils.set_random_seed(100 + number)
        meeting = Meeting(barrier)
        threads.append(threading.Thread(target=fit, args=(vae, meeting)))
        threads[-1].start()
        meeting.began.wait()
        if not together:
            threads[-1].join()
    for thread in threads:
        thread.join()
    assert failures == []
    return [vae.get_weights() for vae in vaes]


@pytest.mark.parametrize(
    "options",
    [
        {"run_eagerly": True},
        {"jit_compile": False},
        pytest.param({"jit_compile": True}, marks=pytest.mark.nightly),
    ],
)
def test_two_fits_in_two_threads_do_not_disturb_each_other(options):
    def models():
        return [made(0, "tanh", **options), made(1, "relu", **options)]

    alone, together = fitted(models(), False), fitted(models(), True)
    assert any((one != other).any() for one, other in zip(*alone, strict=True))
    for weights, same in zip(alone, together, strict=True):
        for one, other in zip(weights, same, strict=True):
            np.testing.assert_array_equal(one, other)
