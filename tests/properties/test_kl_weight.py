import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tests.support import exact_checks
from tfp_vae import objectives, posteriors, priors
from tfp_vae.testing import assert_close, diagonal_normal, properties, strategies, without_exact_kl
from tfp_vae.testing.properties import Subject

pytestmark = pytest.mark.usefixtures("float64")


@given(strategies.vaes_with_data())
def test_objective_is_affine_in_kl_weight_and_1_is_the_elbo(vae_and_x):
    properties.objective_is_affine_in_the_kl_weight(Subject(*vae_and_x))


@given(
    strategies.vaes_with_data(
        posterior_kinds=[posteriors.MultivariateNormalDiag], prior_kinds=[priors.StandardNormal]
    ),
    st.floats(0.01, 3.0),
)
def test_free_bits_are_the_least_that_a_latent_counts(vae_and_x, free_bits):
    exact_checks.check_free_bits(*vae_and_x, free_bits)


@given(st.integers(1, 50), st.floats(0.0, 1.0), st.floats(0.0, 4.0), st.integers(0, 100))
def test_linear_warm_up_is_a_line_and_then_stays(steps, start, end, step):
    expected = np.interp(step, [0, steps], [start, end])
    actual = objectives.LinearWarmUp(steps, start, end)(tf.constant(step))
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


def _terms(objective, step=None):
    q = diagonal_normal(np.full([3, 2], 0.5), np.full([3, 2], 0.7))
    return objective(
        np.zeros([3, 2]),
        posterior=q,
        prior=diagonal_normal(np.zeros(2), np.ones(2)),
        likelihood_fn=lambda z: diagonal_normal(z, np.ones(2)),
        seed=0,
        step=step,
    )


@pytest.mark.parametrize(
    "schedule",
    [objectives.LinearWarmUp(10), keras.optimizers.schedules.PolynomialDecay(0.0, 10, 1.0)],
)
def test_a_schedule_gives_the_weight_of_its_step(schedule):
    terms = _terms(objectives.ELBO(kl_weight=schedule), step=4)
    expected = terms.log_likelihood - 0.4 * terms.kl_divergence
    # A schedule computes in float32.
    assert_close(terms.objective, expected, 1e-6)


def test_a_schedule_needs_a_step():
    with pytest.raises(ValueError, match=r"`kl_weight` follows a schedule: .* `step`"):
        _terms(objectives.ELBO(kl_weight=objectives.LinearWarmUp(10)))


def test_free_bits_need_factors():
    q = diagonal_normal(np.zeros([3, 2]), np.ones([3, 2]))
    with pytest.raises(ValueError, match="`free_bits` must be 0 unless"):
        objectives.ELBO(free_bits=0.5)(
            np.zeros([3, 2]),
            posterior=q,
            prior=without_exact_kl(diagonal_normal(np.zeros(2), np.ones(2))),
            likelihood_fn=lambda z: diagonal_normal(z, np.ones(2)),
            seed=0,
        )
