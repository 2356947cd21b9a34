"""The model and the data that the tests of Keras's behaviour share."""

import numpy as np

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors

BINARY = np.random.default_rng(0).integers(0, 2, size=[23, 4]).astype("float32")
REAL = np.random.default_rng(1).normal(size=[23, 4]).astype("float32")
LOGS = ["elbo", "kl_divergence", "log_likelihood", "loss"]


def small_vae(likelihood=None, encoder_trunk=None, decoder_trunk=None, latent_size=2, **options):
    """Makes a model of two latents for rows of four binary values, not compiled."""
    return tfp_vae.VAE(
        tfp_vae.Encoder(
            encoder_trunk or networks.mlp([5], activation="tanh"),
            posteriors.MultivariateNormalDiag(latent_size),
        ),
        tfp_vae.Decoder(
            decoder_trunk or networks.mlp([5], activation="tanh"),
            likelihood or likelihoods.Bernoulli([4]),
        ),
        **options,
    )


def compiled_vae(*args, **options):
    """Makes the same model compiled, without XLA, which is slow to start."""
    vae = small_vae(*args, **options)
    vae.compile(jit_compile=False)
    return vae


def eager_vae(*args, **options):
    """Makes the same model compiled to run eagerly, which for a few steps is the fastest."""
    vae = small_vae(*args, **options)
    vae.compile(run_eagerly=True)
    return vae


def vae_with(posterior, prior, likelihood=None, **options):
    """Makes a model for rows of four binary values of any posterior and prior, not compiled."""
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5], "tanh"), posterior),
        tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihood or likelihoods.Bernoulli([4])),
        prior=prior,
        **options,
    )
