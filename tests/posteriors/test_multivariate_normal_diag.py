"""The diagonal normal posterior, and the shape of the draws of all posteriors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.support.heads import head_outputs
from tfp_vae import distributions, posteriors
from tfp_vae.testing import strategies

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("activation", ["softplus", "exp"])
def test_posterior_has_the_moments_of_its_heads(activation):
    layer = posteriors.MultivariateNormalDiag(3, scale_floor=0.01, scale_activation=activation)
    features = np.random.default_rng(0).normal(size=[4, 5])
    posterior = layer(features)
    parameters = head_outputs(layer, features)
    positive = {"softplus": lambda values: np.logaddexp(0.0, values), "exp": np.exp}[activation](
        parameters["scale"]
    )
    np.testing.assert_allclose(posterior.mean(), parameters["loc"])
    np.testing.assert_allclose(posterior.stddev(), positive + 0.01)
    z = np.random.default_rng(1).normal(size=[4, 3])
    expected = stats.norm(parameters["loc"], positive + 0.01).logpdf(z).sum(axis=-1)
    np.testing.assert_allclose(posterior.log_prob(z), expected)


@given(strategies.latent_sizes(), st.data())
def test_posterior_draws_have_the_shape_asked_for(latent_size, data):
    posterior = data.draw(strategies.posteriors(latent_size))(np.zeros([4, 5]))
    for sample_shape in ([], 2, [2], [2, 3]):
        leading = [sample_shape] if isinstance(sample_shape, int) else sample_shape
        assert posterior.sample(sample_shape, seed=0).shape == [*leading, 4, latent_size]
    if not isinstance(posterior, distributions.LatentChain):
        assert posterior[1:3].batch_shape == [2]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"latent_size": 0}, ValueError),
        ({"latent_size": -2}, ValueError),
        ({"latent_size": 2.0}, TypeError),
        ({"latent_size": True}, TypeError),
        ({"scale_floor": -1.0}, ValueError),
        ({"scale_activation": "relu"}, ValueError),
    ],
)
def test_wrong_arguments_of_the_posterior_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        posteriors.MultivariateNormalDiag(**{"latent_size": 2, **arguments})
