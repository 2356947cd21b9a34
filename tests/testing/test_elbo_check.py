"""`check_elbo` passes right models, and names what is wrong with wrong ones."""

import keras
import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors, priors
from tfp_vae.testing import LinearGaussian, check_elbo, elbo_check, properties
from tfp_vae.testing.properties import PROPERTIES

X = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]])


def model(posterior=None, likelihood=None, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posterior or posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihood or likelihoods.Bernoulli([3])),
        **options,
    )


def test_a_right_model_passes_and_its_report_names_every_property():
    report = check_elbo(model(), X)
    assert report.ok
    assert report.named("passed") == tuple(each.__name__ for each in PROPERTIES)
    assert str(report).endswith(f"0 failed, {len(report.results)} passed, 0 skipped")


def test_what_does_not_apply_is_skipped_with_the_reason(monkeypatch):
    some = (properties.rows_do_not_depend_on_one_another, properties.terms_are_finite)
    monkeypatch.setattr(elbo_check, "PROPERTIES", some)
    report = check_elbo(model(), X[:1])
    assert report.ok
    assert str(report).splitlines() == [
        "SKIPPED rows_do_not_depend_on_one_another: x has one row",
        "PASSED  terms_are_finite",
        "0 failed, 1 passed, 1 skipped",
    ]


def test_a_failure_is_reported_with_what_passed(monkeypatch):
    def raises(subject):
        raise TypeError("not so")

    monkeypatch.setattr(elbo_check, "PROPERTIES", (properties.terms_are_finite, raises))
    with pytest.raises(AssertionError) as failure:
        check_elbo(model(), X)
    assert str(failure.value).splitlines() == [
        "The ELBO must have these properties:",
        "PASSED  terms_are_finite",
        "FAILED  raises: TypeError: not so",
        "1 failed, 1 passed, 0 skipped",
    ]


@pytest.mark.parametrize(
    ("make", "x", "inapplicable"),
    [
        (lambda: LinearGaussian.drawn().vae(), LinearGaussian.drawn().draws(3), {"data_outside"}),
        (
            lambda: model(
                posteriors.PowerSpherical(2),
                likelihoods.Poisson([3]),
                prior=priors.SphericalUniform(),
            ),
            X,
            {"kl_divergence_of_equal", "kl_divergence_is_the_sum", "free_bits"},
        ),
        (
            lambda: model(posteriors.VonMisesFisher(4), prior=priors.SphericalUniform()),
            X,
            {"kl_divergence_of_equal", "kl_divergence_is_the_sum", "free_bits"},
        ),
        (
            lambda: model(posteriors.HyperbolicNormal(2)),
            X,
            {"kl_divergence_is_not", "kl_divergence_of_equal", "kl_divergence_is_the_sum"}
            | {"exact_and_sampled", "evaluate_is_the_mean", "free_bits"},
        ),
        (lambda: model(posteriors.Beta(2), prior=priors.Beta(0.5, 2.0)), X, {}),
        (lambda: model(posteriors.Gamma(2), prior=priors.Gamma(0.5, 2.0)), X, {}),
        (
            lambda: model(posteriors.LogisticNormal(3), prior=priors.LogisticNormal(3, 0.5)),
            X,
            {"kl_divergence_is_the_sum", "free_bits"},
        ),
        (
            lambda: model(
                posteriors.VectorQuantized(5, 2, positions=2),
                prior=priors.VectorQuantized(5, 2, "markov_chain"),
            ),
            X,
            {"kl_divergence_of_equal", "kl_divergence_is_the_sum", "free_bits"},
        ),
        (
            lambda: model(
                posteriors.VectorQuantized(5, 2, codebook="moving_average"),
                prior=priors.VectorQuantized(5),
            ),
            X,
            {"kl_divergence_of_equal", "kl_divergence_is_the_sum", "free_bits"},
        ),
    ],
    ids=[
        "linear-Gaussian",
        "spherical",
        "von Mises-Fisher",
        "hyperbolic",
        "beta",
        "gamma",
        "logistic-normal",
        "codes",
        "codes of moving averages",
    ],
)
@pytest.mark.nightly
def test_other_right_models_pass(make, x, inapplicable):
    report = check_elbo(make(), x)
    skipped = report.named("skipped")
    assert len(skipped) == len(inapplicable)
    assert all(name.startswith(tuple(inapplicable)) for name in skipped)


@pytest.mark.nightly
def test_a_model_with_a_condition():
    vae = model(condition=keras.layers.CategoryEncoding(2, output_mode="one_hot"))
    report = check_elbo(vae, X, condition=np.array([0, 1, 1, 0]))
    assert report.named("skipped") == ("evaluate_is_the_mean_over_examples",)


def test_data_that_the_model_does_not_take_is_an_error_and_no_failure():
    with pytest.raises(ValueError, match="`x` must hold only values that are 0 or 1"):
        check_elbo(model(), X + 0.5)
    with pytest.raises(TypeError, match="`vae` must be a VAE, such as"):
        check_elbo(networks.mlp([3]), X)
