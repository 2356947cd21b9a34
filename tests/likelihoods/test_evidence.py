import numpy as np
import pytest
from scipy import stats

from tfp_vae import factor_analysis, likelihoods
from tfp_vae.likelihoods.evidence import grid_steps, held_out_scores

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("x", "step"),
    [
        ([[0.0], [3.0], [-7.0]], 1.0),
        ([[0.5], [3.0], [-7.0]], 0.5),
        ([[0.1], [0.3], [-0.7]], 0.1),
        ([[1 / 255], [17 / 255], [0.2]], 1 / 255),
        ([[0.125], [0.001], [3.0]], 1e-3),
        ([[np.pi], [np.e], [3.0]], np.nan),
    ],
)
def test_the_step_of_a_grid_is_the_largest_that_fits(x, step):
    np.testing.assert_allclose(grid_steps(np.array(x)), [step])


def test_independent_normal_rows_score_near_their_entropy():
    x = RNG.normal(size=[3000, 2]) * [1.0, 50.0]
    scores = held_out_scores(likelihoods.Normal([2], scale="per_value"), x)
    expected = -(2 * stats.norm.entropy() + np.log(50.0))
    # 500 rows: the standard error of the mean is 0.05 nats; the linear fit costs less than 0.1.
    assert scores.mean() == pytest.approx(expected, abs=0.3)


def test_on_a_grid_a_density_counts_as_the_probability_of_a_cell():
    x = RNG.normal(100.0, 5.0, size=[2000, 2]).round()
    density = held_out_scores(likelihoods.Normal([2], scale="per_value"), x)
    # A constant column would have any density; its cell has at most the probability 1.
    x[:, 1] = 7.0
    constant = held_out_scores(likelihoods.Normal([2], scale="per_value"), x)
    assert (constant <= 0.0).all()
    assert density.mean() == pytest.approx(-2 * (stats.norm.entropy() + np.log(5.0)), abs=0.3)
    # The fit moves the constant column a little, which costs it some of the probability.
    assert constant.mean() > density.mean() + 2.0


def test_a_probability_and_a_density_of_the_same_counts_compare():
    x = RNG.poisson(100.0, size=[2000, 2])
    counts = held_out_scores(likelihoods.Poisson([2]), x)
    real = held_out_scores(likelihoods.Normal([2], scale="per_value"), x)
    assert counts.mean() == pytest.approx(real.mean(), abs=0.2)


def test_a_fit_that_overfits_counts_at_its_best_stage():
    """Noise of 400 columns has -568 nats; after all steps it is 62 below the start."""
    x = np.random.default_rng(0).normal(size=[45, 400])
    scores = held_out_scores(likelihoods.Normal([400], scale="learned"), x)
    assert scores.mean() > -610.0


@pytest.mark.parametrize("scale", ["shared", "per_value"])
def test_of_few_wide_rows_a_normal_counts_as_factor_analysis(scale):
    """60 rows of 600 columns with three factors: training alone is 8 to 77 nats below."""
    rng = np.random.default_rng(0)
    x = 3.0 + rng.normal(size=[60, 3]) @ rng.normal(size=[3, 600]) + rng.normal(size=[60, 600])
    scores = held_out_scores(likelihoods.Normal([600], scale=scale), x)
    order = np.random.default_rng(0).permutation(60)
    held_out, train = x[order[:20]], x[order[20:]]
    groups = np.zeros(600, int) if scale == "shared" else None
    exact = factor_analysis.fit(train, 8, groups=groups).log_prob(held_out)
    # Four draws of eight latents: the noise of a mean over 20 rows is far below a nat.
    assert scores.mean() == pytest.approx(exact.mean(), abs=2.0)
