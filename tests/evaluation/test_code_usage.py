"""How many codes are in use."""

import numpy as np
import pytest
from scipy import stats

import tfp_vae
from tests.support.small_models import BINARY, small_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors, priors

X = np.tile(BINARY, [2, 1])


def model():
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([6]), posteriors.VectorQuantized(8, 2, positions=3)),
        tfp_vae.Decoder(networks.mlp([6]), likelihoods.Bernoulli([4])),
        prior=priors.VectorQuantized(8, positions=3),
    )


def test_usage_counts_the_codes_of_all_rows():
    vae = model()
    usage = evaluation.code_usage(vae, X, batch_size=7)
    codes = vae.posterior(X).codes.numpy()
    np.testing.assert_array_equal(
        usage.counts, [np.bincount(each, minlength=8) for each in codes.T]
    )
    assert usage.rows == len(X)
    assert usage.share == len(np.unique(codes)) / 8
    shares = np.bincount(codes.ravel(), minlength=8) / codes.size
    np.testing.assert_allclose(usage.perplexity, np.exp(stats.entropy(shares)))
    entropies = [stats.entropy(np.bincount(each, minlength=8)) for each in codes.T]
    np.testing.assert_allclose(usage.perplexity_per_position, np.exp(entropies))
    line = str(usage).splitlines()[1]
    assert line.split() == ["codes", "in", "use", str(len(np.unique(codes))), "of", "8"]


@pytest.mark.parametrize(("counts", "share", "perplexity"), [
    (np.array([[5, 0, 0, 0]]), 0.25, 1.0),
    (np.array([[1, 1, 0, 0], [0, 0, 1, 1]]), 1.0, 4.0),
])  # fmt: skip
def test_perplexity_is_one_for_a_single_code_and_k_for_equal_ones(counts, share, perplexity):
    usage = evaluation.CodeUsage(counts, 2)
    assert usage.share == share
    np.testing.assert_allclose(usage.perplexity, perplexity)


def test_a_model_without_codes_is_refused():
    with pytest.raises(ValueError, match="`vae` must have a posteriors"):
        evaluation.code_usage(small_vae(), BINARY)
    with pytest.raises(TypeError, match="`vae` must be a VAE"):
        evaluation.code_usage("vae", BINARY)
