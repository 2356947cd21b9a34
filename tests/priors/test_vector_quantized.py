"""Priors of codes: uniform, independent and a Markov chain, fitted after training."""

import numpy as np
import pytest

import tfp_vae
from tests.support.small_models import BINARY
from tfp_vae import likelihoods, networks, posteriors, priors
from tfp_vae.model import load

CODES, POSITIONS = 4, 3
X = np.tile(BINARY, [5, 1])


def model(**options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([6]), posteriors.VectorQuantized(CODES, 2, POSITIONS)),
        tfp_vae.Decoder(networks.mlp([6]), likelihoods.Bernoulli([BINARY.shape[1]])),
        prior=priors.VectorQuantized(CODES, POSITIONS, **options),
    )


def shares(counts):
    return counts / counts.sum(axis=-1, keepdims=True)


def counted(codes):
    """Returns the smoothed shares of codes at each position, and of those that follow another."""
    eye = np.eye(CODES)[codes]
    single = shares(eye.sum(axis=0) + 0.5)
    pairs = np.einsum("npi,npj->pij", eye[:, :-1], eye[:, 1:])
    return single, shares(pairs + CODES * single[1:, None])


@pytest.mark.parametrize("of", ["independent", "markov_chain"])
def test_latents_set_the_shares_of_their_codes(of):
    vae = model(model=of)
    vae.prior_layer.adapt_to_latents(vae.encode(X, verbose=0))
    single, transition = counted(vae.posterior(X).codes.numpy())
    one_hot = vae.prior().one_hot
    if of == "independent":
        np.testing.assert_allclose(one_hot.mean(), single.ravel(), rtol=1e-5)
    else:
        np.testing.assert_allclose(np.exp(one_hot.initial_logits), single[0], rtol=1e-5)
        np.testing.assert_allclose(np.exp(one_hot.transition_logits), transition, rtol=1e-5)


@pytest.mark.parametrize("of", ["independent", "markov_chain"])
def test_a_refitted_prior_knows_the_codes(of):
    """Its transitions are the shares of all rows, up to the held-out ones and the steps of Adam."""
    vae = model()
    z, codes = vae.encode(X, verbose=0), vae.posterior(X).codes.numpy()
    refitted = vae.refit_prior(priors.VectorQuantized(CODES, POSITIONS, of), X, seed=0, epochs=2)
    before, after = (each.prior().log_prob(z).numpy() for each in (vae, refitted))
    np.testing.assert_allclose(before, -POSITIONS * np.log(CODES), rtol=1e-6)
    assert after.mean() > before.mean() + 0.5
    np.testing.assert_allclose(refitted.elbo(X, seed=0).kl_divergence, -after, rtol=1e-5)
    np.testing.assert_array_equal(refitted.encode(X, verbose=0), z)
    single, transition = counted(codes)
    best = np.log(single[np.arange(POSITIONS), codes]).sum(axis=-1)
    if of == "markov_chain":
        steps = np.log(transition[np.arange(POSITIONS - 1), codes[:, :-1], codes[:, 1:]]).sum(
            axis=-1
        )
        best = np.log(single[0, codes[:, 0]]) + steps
    np.testing.assert_allclose(after.mean(), best.mean(), atol=0.1)


def test_draws_are_code_vectors():
    vae = model(model="markov_chain")
    z = vae.prior().sample(50, seed=0).numpy().reshape([-1, 2])
    codebook = vae.encoder.posterior.current_codebook().numpy()
    assert (z[:, None] == codebook).all(axis=-1).any(axis=-1).all()
    assert vae.sample(3, seed=0).shape == (3, BINARY.shape[1])


@pytest.mark.nightly
@pytest.mark.parametrize("of", ["uniform", "independent", "markov_chain"])
def test_a_file_keeps_codes_and_prior(of, tmp_path):
    vae = model(model=of)
    vae.compile("adam", jit_compile=False)
    vae.fit(X, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = load(tmp_path / "vae.keras")
    for one, other in zip(vae.elbo(X, seed=0), loaded.elbo(X, seed=0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    np.testing.assert_array_equal(vae.sample(3, seed=1), loaded.sample(3, seed=1))


def test_a_prior_needs_the_codebook_of_a_posterior():
    with pytest.raises(ValueError, match="must belong to a model before it is used"):
        priors.VectorQuantized(4).build([2])
    with pytest.raises(ValueError, match="`prior` must be a distribution over the latents of"):
        tfp_vae.VAE(
            tfp_vae.Encoder(networks.mlp([3]), posteriors.VectorQuantized(5, 2)),
            tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4])),
            prior=priors.VectorQuantized(4),
        )


def test_a_hierarchy_of_codes_is_refused():
    with pytest.raises(ValueError, match="`encoders` must not have a posteriors"):
        tfp_vae.HierarchicalVAE(
            [
                tfp_vae.Encoder(networks.mlp([3]), posteriors.MultivariateNormalDiag(2)),
                tfp_vae.Transition(networks.mlp([3]), posteriors.VectorQuantized(4, 2)),
            ],
            [
                tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4])),
                tfp_vae.Transition(networks.mlp([3]), posteriors.MultivariateNormalDiag(2)),
            ],
            prior=priors.VectorQuantized(4),
        )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1,), ValueError, "`codes` must be at least 2; got 1"),
        ((4, 0), ValueError, "`positions` must be"),
        ((4, 1, "chain"), ValueError, "`model` must be"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        priors.VectorQuantized(*arguments)
