"""A model of 224 inputs, on which hand-written losses diverge, stays finite."""

import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors

WIDTHS = [256, 128, 64, 32, 16]


def _rows(count, seed):
    """Draws binary rows that four latent factors explain."""
    loadings = np.random.default_rng(0).normal(scale=2.0, size=[4, 224])
    rng = np.random.default_rng([1, seed])
    logits = rng.normal(size=[count, 4]) @ loadings
    return (rng.logistic(size=logits.shape) < logits).astype("float32")


@pytest.mark.nightly
def test_ten_epochs_stay_finite_and_improve_the_validation_elbo():
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp(WIDTHS), posteriors.MultivariateNormalDiag(latent_size=16)),
        tfp_vae.Decoder(networks.mlp(WIDTHS[::-1]), likelihoods.Bernoulli(event_shape=[224])),
    )
    # The networks, and the linear paths' matrices, constants and two scalars each.
    assert vae.count_params() == 203_744 + (16 * 224 + 224 + 2) + (224 * 16 + 2 * 16 + 2)
    vae.compile()
    train, held_out = _rows(3974, 0), _rows(994, 1)
    before = vae.evaluate(held_out, verbose=0, return_dict=True)["elbo"]
    history = vae.fit(train, epochs=10, validation_data=held_out, verbose=0).history
    for values in history.values():
        assert np.isfinite(values).all()
    assert min(history["kl_divergence"] + history["val_kl_divergence"]) >= 0.0
    assert (vae.elbo(held_out, seed=0).kl_divergence.numpy() >= 0.0).all()
    assert history["val_elbo"][-1] > history["val_elbo"][0] > before
