"""The chain posterior: what its heads mean, and its limits."""

import numpy as np
import pytest

from tests.support.heads import head_outputs
from tests.support.small_models import BINARY, vae_with
from tfp_vae import posteriors, priors


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("shape", [[3, 4, 6], [3, 6]], ids=["one head for all steps", "each"])
def test_the_heads_are_means_bounded_matrices_and_factors(shape):
    layer = posteriors.LinearMarkovChain(4, 2, scale_floor=0.01, transition_bound=0.7)
    features = 3.0 * np.random.default_rng(0).normal(size=shape)
    q = layer(features)
    if len(shape) == 2:
        outputs = head_outputs(layer, features)
    else:
        outputs = {
            name: (features @ head.get_weights()[0] + head.get_weights()[1]).reshape(
                [3, *layer.parameter_shapes()[name]]
            )
            for name, head in layer.heads.items()
        }
    np.testing.assert_allclose(q.mean(), outputs["loc"].reshape([3, 8]), rtol=1e-9, atol=1e-9)
    raw = outputs["transition"]
    magnitude = np.abs(raw).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(q.transition, raw / (1.0 + magnitude / 0.7))
    assert (np.abs(q.transition).sum(axis=-1) < 0.7).all()
    factor = np.tril(outputs["scale_tril"], -1)
    diagonal = np.diagonal(outputs["scale_tril"], axis1=-2, axis2=-1)
    factor += (np.logaddexp(0.0, diagonal) + 0.01)[..., None] * np.eye(2)
    np.testing.assert_allclose(q.scale_tril, factor)


@pytest.mark.parametrize("size", [-1e15, 1e15])
def test_extreme_features_give_finite_densities(size):
    layer = posteriors.LinearMarkovChain(50, 2)
    q = layer(np.full([1, 50, 3], size, "float32"))
    assert np.isfinite(q.mean()).all()
    assert np.isfinite(q.transition).all()
    assert np.isfinite(q.log_prob(q.mean())).all()


def test_a_vamp_prior_is_a_mixture_of_chains():
    vae = vae_with(posteriors.LinearMarkovChain(3, 1), priors.VampPrior(2))
    assert np.isfinite(vae.elbo(BINARY, seed=0).elbo).all()
    assert vae.sample(3, seed=0).shape == [3, 4]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: posteriors.LinearMarkovChain(0, 1), ValueError, "`time_steps` must be"),
        (lambda: posteriors.LinearMarkovChain(2, 1.5), TypeError, "`state_size` must be"),
        (
            lambda: posteriors.LinearMarkovChain(2, 1, transition_bound=0.0),
            ValueError,
            "`transition_bound` must be",
        ),
        (lambda: posteriors.LinearMarkovChain(2, 1, -1.0), ValueError, "`scale_floor` must be"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
