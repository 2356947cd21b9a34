"""Latent usage, on models whose aggregate posterior is known."""

import importlib

import keras
import matplotlib
import numpy as np
import pytest

import tfp_vae
from tests.support import latent_usage_checks as checks
from tests.support.latent_usage_checks import MODEL
from tests.support.mutations import Replaced, assert_killed
from tfp_vae import evaluation, likelihoods, networks, plotting, posteriors

# The function of the same name hides the module from an import.
module = importlib.import_module("tfp_vae.evaluation.latent_usage")

matplotlib.use("Agg")
pytestmark = pytest.mark.usefixtures("float64")

CHECKS = [
    checks.check_numbers_of_every_latent,
    checks.check_information_of_few_rows,
    checks.check_information_of_a_population,
]


@pytest.mark.parametrize("check", CHECKS)
def test_usage_of_a_linear_gaussian_model(check):
    check()


densities = module._log_densities
kl_per_dimension = module.divergences.kl_divergence_per_dimension


class _Summed:
    @staticmethod
    def reduce(values, axis):
        return np.where(np.isfinite(values), values, 0.0).mean(axis=axis) + np.log(values.shape[1])


def _densities_of(change):
    return lambda factors, z, chosen: change(*densities(factors, z, chosen))


MUTATIONS = {
    "the size of the aggregate dropped": (
        checks.check_information_of_few_rows,
        "_log_densities",
        _densities_of(lambda own, every, others: (own, every + np.log(1500), others)),
    ),
    "the own row left out of the aggregate": (
        checks.check_information_of_a_population,
        "_log_densities",
        _densities_of(lambda own, every, others: (own, others, others)),
    ),
    "a mean over the latents": (
        checks.check_information_of_few_rows,
        "_log_densities",
        _densities_of(lambda own, every, others: (own / 2, every / 2, others / 2)),
    ),
    "a mean of logarithms": (
        checks.check_information_of_few_rows,
        "np",
        Replaced(np, logaddexp=_Summed),
    ),
    "the KL's arguments exchanged": (
        checks.check_numbers_of_every_latent,
        "divergences",
        Replaced(
            module.divergences,
            kl_divergence_per_dimension=lambda q, p: kl_per_dimension(p, q),
        ),
    ),
    "the spread of an estimate as its error": (
        checks.check_information_of_few_rows,
        "standard_error",
        lambda values: float(values.std(ddof=1)),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_a_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([(module, *change)], {check.__name__: check})


def test_a_collapsed_posterior_is_reported_with_remedies():
    vae = MODEL.vae()
    head = vae.encoder.posterior.heads["loc"]
    kernel, bias = head.get_weights()
    head.set_weights([np.zeros_like(kernel), np.zeros_like(bias)])
    usage = evaluation.latent_usage(vae, MODEL.draws(30))
    assert usage.collapsed
    assert usage.active_units == 0
    assert abs(usage.mutual_information) < 1e-9
    assert "LinearWarmUp" in usage.verdict
    assert "free_bits" in str(usage)


def test_latents_of_no_use_are_counted():
    vae = MODEL.vae()
    head = vae.encoder.posterior.heads["loc"]
    kernel, bias = head.get_weights()
    head.set_weights([kernel * [1.0, 0.0], bias])
    usage = evaluation.latent_usage(vae, MODEL.draws(30))
    assert not usage.collapsed
    assert usage.active.tolist() == [True, False]
    assert "1 of 2" in usage.verdict


def test_a_unit_is_active_above_a_variance_of_a_hundredth():
    usage = evaluation.latent_usage(MODEL.vae(), MODEL.draws(30))
    usage = usage._replace(variance_of_means=np.array([0.0099, 0.0101, 0.09]))
    assert usage.active_units == 2


def test_the_table_shows_every_number():
    usage = evaluation.latent_usage(MODEL.vae(), MODEL.draws(30))
    text = str(usage)
    for value in (*usage.kl_per_dimension, usage.mutual_information, usage.aggregate_kl):
        assert f"{value:.3f}" in text
    assert "nats" in text


def test_the_rows_drawn_from_are_a_random_choice_of_the_seed():
    vae, x = MODEL.vae(), MODEL.draws(30)
    first, again, other = (evaluation.latent_usage(vae, x, 10, seed=seed) for seed in (0, 0, 1))
    assert first.mutual_information == again.mutual_information
    assert first.mutual_information != other.mutual_information
    np.testing.assert_array_equal(first.kl_per_dimension, other.kl_per_dimension)


def test_wrong_arguments_are_named():
    vae, x = MODEL.vae(), MODEL.draws(30)
    with pytest.raises(ValueError, match="`draws`"):
        evaluation.latent_usage(vae, x, 0)
    with pytest.raises(ValueError, match="two rows"):
        evaluation.latent_usage(vae, x[:1])
    with pytest.raises(ValueError, match=r"\[batch, 4\]"):
        evaluation.latent_usage(vae, x[:, :2])
    with pytest.raises(TypeError, match="`vae`"):
        evaluation.latent_usage("vae", x)


def test_dependent_latents_are_refused():
    likelihood = likelihoods.Bernoulli([3])
    vae = tfp_vae.HierarchicalVAE.from_mlps(likelihood, latent_sizes=[2, 1], units=[[4], [4]])
    with pytest.raises(ValueError, match="independent given x"):
        evaluation.latent_usage(vae, np.ones([4, 3]))


def test_the_plot_shows_the_largest_first_and_takes_axes():
    usage = evaluation.latent_usage(MODEL.vae(), MODEL.draws(30))
    ax = plotting.kl_per_dimension(usage)
    heights = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(heights, np.sort(usage.kl_per_dimension)[::-1])
    assert ax.get_ylabel() == "nats per example"
    assert plotting.kl_per_dimension(usage, ax=ax) is ax
    matplotlib.pyplot.close(ax.figure)
    unknown = usage._replace(kl_per_dimension=np.full(2, np.nan))
    with pytest.raises(ValueError, match="factorise"):
        plotting.kl_per_dimension(unknown)


def test_a_float32_model_of_images_with_a_network():

    keras.config.set_dtype_policy("float32")
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.MultivariateNormalDiag(3)),
        tfp_vae.Decoder(networks.mlp([4]), likelihoods.Bernoulli([64])),
    )
    x = (np.random.default_rng(0).uniform(size=[40, 64]) < 0.3).astype(float)
    usage = evaluation.latent_usage(vae, x)
    assert usage.kl_per_dimension.shape == (3,)
    assert np.isfinite([usage.mutual_information, usage.aggregate_kl]).all()
