"""Warnings of a validation that ends in NaN."""

import keras
import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_a_validation_that_is_nan_is_reported(run_eagerly):
    rows = np.full([8, 3], 2.0**31)
    vae = tfp_vae.VAE(
        encoder=tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
        decoder=tfp_vae.Decoder(networks.mlp([8]), likelihoods.Poisson([3])),
        adaptive=False,
    )
    vae.compile(keras.optimizers.SGD(1.0), run_eagerly=run_eagerly)
    with pytest.warns(
        RuntimeWarning, match=r"`val_elbo` was NaN in 1 of 1 validations \(first: 1\)"
    ):
        history = vae.fit(rows, validation_data=rows, batch_size=8, verbose=0)
    assert np.isnan(history.history["val_elbo"]).all()
