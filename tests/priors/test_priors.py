"""Priors beyond the standard normal, and how the model holds them."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats
from tensorflow_probability import distributions as tfd

import tfp_vae
from tests.support.mutations import assert_killed
from tests.support.small_models import BINARY, vae_with
from tfp_vae import likelihoods, networks, objectives, posteriors, priors
from tfp_vae.testing import assert_mean

COUNT = 4000
KEY = tf.constant([3, 4])


def _built(prior, size=2, seed=0):
    """Returns a prior with random weights."""
    prior.build([size])
    rng = np.random.default_rng(seed)
    prior.set_weights([rng.normal(size=weight.shape) for weight in prior.weights])
    return prior


def _scale(prior):
    return np.logaddexp(0.0, prior.raw_scale.numpy()) + prior.scale_floor


@pytest.mark.usefixtures("float64")
def test_a_normal_prior_has_the_moments_of_its_weights():
    prior = _built(priors.Normal(scale_floor=0.01))
    z = np.random.default_rng(1).normal(size=[5, 2])
    expected = stats.norm(prior.loc.numpy(), _scale(prior)).logpdf(z).sum(axis=-1)
    np.testing.assert_allclose(prior.distribution().log_prob(z), expected)
    draws = prior.distribution().sample(COUNT, seed=KEY)
    assert_mean(draws, prior.loc.numpy())


@pytest.mark.usefixtures("float64")
def test_a_mixture_has_the_density_and_the_moments_of_its_weights():
    """Eight means: fails by chance once in 3 million runs."""
    prior = _built(priors.MixtureOfGaussians(3))
    weights, loc, scale = special.softmax(prior.logits.numpy()), prior.loc.numpy(), _scale(prior)
    z = np.random.default_rng(1).normal(size=[5, 2])
    each = stats.norm(loc, scale).logpdf(z[:, None]).sum(axis=-1)
    mixture = prior.distribution()
    expected = special.logsumexp(each, axis=1, b=weights)
    np.testing.assert_allclose(mixture.log_prob(z), expected)
    draws = mixture.sample([COUNT, 2], seed=KEY).numpy()
    assert draws.shape == (COUNT, 2, 2)
    assert_mean(draws.reshape([-1, 2]), weights @ loc)
    second = weights @ (loc**2 + scale**2)
    assert_mean(draws**2, [second, second])
    assert_mean(draws[:, 0] * draws[:, 1], (weights @ loc) ** 2)


@pytest.mark.usefixtures("float64")
def test_learned_priors_begin_as_said():
    normal, mixture = priors.Normal(), priors.MixtureOfGaussians(4)
    for prior in (normal, mixture):
        prior.build([3])
        np.testing.assert_allclose(_scale(prior), 1.0)
    assert (normal.loc.numpy() == 0.0).all()
    assert len(np.unique(mixture.loc.numpy())) == 12


def test_layers_of_a_hierarchy_over_other_sets_are_refused():
    with pytest.raises(ValueError, match="compares two densities on the same set; got"):
        tfp_vae.HierarchicalVAE.from_mlps(
            likelihoods.Bernoulli([4]), [3, 2], [[4], [4]], prior=priors.SphericalUniform()
        )


def test_a_hierarchy_of_spheres_and_a_mixture_above_normals():
    up = [posteriors.PowerSpherical(3), posteriors.MultivariateNormalTriL(2)]
    vae = tfp_vae.HierarchicalVAE(
        [
            tfp_vae.Encoder(networks.mlp([4]), up[0]),
            tfp_vae.Transition(networks.mlp([4]), up[1]),
        ],
        [
            tfp_vae.Decoder(networks.mlp([4]), likelihoods.Bernoulli([4])),
            tfp_vae.Transition(networks.mlp([4]), posteriors.PowerSpherical(3)),
        ],
        prior=priors.MixtureOfGaussians(2),
    )
    assert np.isfinite(vae.elbo(BINARY, seed=0).elbo).all()
    assert vae.sample(3, seed=0).shape == [3, 4]
    lines = []
    vae.summary(print_fn=lambda text, **kwargs: lines.append(text))
    assert "Monte Carlo" in lines[-1]


def test_a_discrepancy_from_a_prior_whose_draws_have_no_gradient_is_refused():
    with pytest.raises(ValueError, match="`prior` must be reparameterized"):
        vae_with(
            posteriors.MultivariateNormalDiag(2),
            priors.MixtureOfGaussians(2),
            objective=objectives.InfoVAE(mmd_weight=1.0),
        )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: priors.VampPrior(0), ValueError, "`pseudo_inputs` must be a positive int"),
        (lambda: priors.VampPrior([1]), TypeError, "`pseudo_inputs` must be a positive int"),
        (lambda: priors.MixtureOfGaussians(1.0), TypeError, "`components` must be"),
        (lambda: priors.Normal(scale_floor=1.0), ValueError, "`scale_floor` must be below 1"),
        (lambda: priors.Normal(scale_floor=-1.0), ValueError, "`scale_floor` must be"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("posterior", "prior"),
    [
        (lambda: posteriors.PowerSpherical(2), priors.StandardNormal),
        (lambda: posteriors.PowerSpherical(2), priors.Normal),
        (lambda: posteriors.PowerSpherical(2), lambda: priors.MixtureOfGaussians(2)),
        (lambda: posteriors.MultivariateNormalDiag(2), priors.SphericalUniform),
        (lambda: posteriors.MultivariateNormalTriL(2), priors.SphericalUniform),
    ],
)
def test_distributions_over_other_sets_are_refused(posterior, prior):
    with pytest.raises(ValueError, match="compares two densities on the same set; got"):
        vae_with(posterior(), prior())


@pytest.mark.parametrize(
    ("prior", "declared"),
    [
        (priors.StandardNormal, "KL: exact"),
        (
            lambda: priors.MixtureOfGaussians(2),
            "KL: Monte Carlo estimate, log q(z) - log p(z) at the draws",
        ),
    ],
)
def test_the_summary_says_whether_the_kl_is_exact_and_the_objective_is_left_alone(
    prior, declared, capsys
):
    for objective in (
        objectives.ELBO(),
        objectives.ELBO(kl_weight=objectives.LinearWarmUp(5)),
        objectives.IWAE(),
    ):
        plain = repr(objective)
        assert "KL:" not in plain
        vae = vae_with(posteriors.MultivariateNormalDiag(2), prior(), objective=objective)
        assert repr(vae.objective) == plain
    lines = []
    vae.summary(print_fn=lambda text, **kwargs: lines.append(text))
    assert lines[-1].strip() == declared
    vae.summary()
    assert capsys.readouterr().out.rstrip().endswith(declared)


CHECKS = {
    "mixture": test_a_mixture_has_the_density_and_the_moments_of_its_weights,
}

MUTATIONS = {
    "all draws of the first component": (
        "mixture",
        tf,
        "searchsorted",
        lambda ordered, values: tf.zeros(tf.shape(values), tf.int32),
    ),
    "the weights of the mixture forgotten": (
        "mixture",
        tfd.Categorical,
        "_logits_parameter_no_checks",
        lambda self: tf.zeros_like(self._logits),
    ),
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
