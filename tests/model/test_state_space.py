"""State-space models against TFP's Kalman filter."""

import numpy as np
import pytest

from tests.support.linear_state_space import LinearStateSpace

SEEN = np.ones([6, 3], bool)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("seed", "steps", "size"), [(0, 1, 2), (1, 4, 1), (2, 6, 3)])
def test_at_the_exact_smoother_the_bound_is_the_kalman_filters_log_prob(seed, steps, size):
    model = LinearStateSpace.drawn(seed, size)
    x = model.tfp(steps).sample(4, seed=[0, seed]).numpy()
    expected = model.tfp(steps).log_prob(x).numpy()
    vae = model.vae(SEEN[:steps])
    assert vae.kl_declaration == "KL: exact"
    batch = vae.distributions(x)
    z = batch.posterior.sample(5, seed=[1, seed])
    np.testing.assert_allclose(batch.log_weights(z), np.tile(expected, [5, 1]), rtol=1e-9)
    # The mean of log p(x|z) is its value at the mean of q, less the spread of H z.
    gain, constant, covariance = model.smoother(SEEN[:steps])
    mean = x.reshape([4, -1]) @ gain.T + constant
    np.testing.assert_allclose(batch.posterior.mean(), mean, rtol=1e-9, atol=1e-9)
    loadings = np.kron(np.eye(steps), model.observation)
    spread = np.trace(loadings @ covariance @ loadings.T) / model.noise**2
    at_mean = batch.likelihood_fn(mean).log_prob(batch.x).numpy()
    kl_divergence = vae.elbo(x, seed=0).kl_divergence.numpy()
    np.testing.assert_allclose(at_mean - 0.5 * spread - kl_divergence, expected, rtol=1e-9)


@pytest.mark.usefixtures("float64")
def test_padding_changes_nothing():
    """Missing steps at the end, and one in the middle, against a filter that skips them."""
    model = LinearStateSpace.drawn(0)
    x = model.tfp(6).sample(4, seed=[0, 0]).numpy()
    gone = np.array([False, False, True, False, True, True])
    seen = SEEN & ~gone[:, None]
    vae = model.vae(seen, missing_values=np.nan)
    batch = vae.distributions(np.where(seen, x, np.nan))
    z = batch.posterior.sample(3, seed=[0, 1])
    filtered = model.tfp(6).log_prob(x, mask=np.tile(gone, [4, 1]))
    np.testing.assert_allclose(batch.log_weights(z), np.tile(filtered, [3, 1]), rtol=1e-9)
    short = model.tfp(4).log_prob(x[:, :4], mask=np.tile(gone[:4], [4, 1]))
    np.testing.assert_allclose(filtered, short, rtol=1e-9)
