"""log p of a view given another, beside that of a linear-Gaussian model."""

import numpy as np
import pytest
from scipy import stats

import tfp_vae
from tests.support.linear_gaussian_views import linear_gaussian_views, views_vae
from tfp_vae import evaluation, likelihoods
from tfp_vae.testing import assert_close

pytestmark = pytest.mark.usefixtures("float64")

MODEL = linear_gaussian_views()
X = MODEL.draws(6)


def exact(x):
    found = []
    for row in x:
        mean, covariance = MODEL.missing_moments(np.where(np.arange(7) < 4, row, np.nan))
        found.append(stats.multivariate_normal(mean, covariance).logpdf(row[4:]))
    return np.array(found)


def test_with_the_exact_posterior_one_draw_is_exact():
    vae = views_vae(MODEL)
    found = evaluation.log_conditional_likelihood(vae, vae.split(X), "a", 1)
    assert_close(found.estimate, exact(X), 1e-8, 1e-8)
    only_a = np.where(np.arange(7) < 4, X, np.nan)
    assert_close(found.given.estimate, MODEL.log_marginal_likelihood(only_a), 1e-8, 1e-8)
    assert_close(found.joint.estimate, MODEL.log_marginal_likelihood(X), 1e-8, 1e-8)
    assert "log p, given" in str(found)


def test_with_another_posterior_it_is_right_within_its_standard_error():
    """Six scores beyond 5: by chance in 3.4e-6 of all seeds, were the seed not fixed."""
    vae = views_vae(MODEL, "mixture_of_products")
    found = evaluation.log_conditional_likelihood(vae, vae.split(X), ["a"], 2000, seed=1)
    scores = (found.estimate - exact(X)) / found.standard_error
    assert np.abs(scores).max() < 5.0
    assert (found.standard_error > 0.0).all()
    assert found.mean == found.estimate.mean()
    assert found.mean_standard_error > 0.0


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("c", ValueError, "`given` must be one of 'a'"),
        (["a", "b"], ValueError, "`given` must be some of the views, a, b, but not all; got a, b"),
        ([], ValueError, "`given` must be some of the views, a, b, but not all; got none"),
        (3, TypeError, "`given` must be the name of a view, or a list of names"),
    ],
)
def test_views_that_are_given_wrongly_are_named(given, error, message):
    vae = views_vae(MODEL)
    with pytest.raises(error, match=message):
        evaluation.log_conditional_likelihood(vae, vae.split(X), given)


def test_it_is_of_models_with_views_that_may_be_missing():
    with pytest.raises(TypeError, match="`vae` must be a MultimodalVAE"):
        evaluation.log_conditional_likelihood(tfp_vae.VAE.for_data(X, 2, verbose=0), {}, "a")
    vae = tfp_vae.MultimodalVAE.from_mlps(
        {"a": likelihoods.Normal([4]), "b": likelihoods.Normal([3])},
        latent_size=2,
        units=[2],
        missing_values=None,
    )
    with pytest.raises(ValueError, match="`vae` must be a model with `missing_values`"):
        evaluation.log_conditional_likelihood(vae, vae.split(X), "a")
