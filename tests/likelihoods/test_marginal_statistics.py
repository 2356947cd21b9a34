"""Statistics of columns with missing values, against NumPy's on the observed ones."""

import numpy as np
import pytest

from tfp_vae.likelihoods import marginal_statistics as statistics

X = np.random.default_rng(0).integers(0, 5, size=[31, 2, 3])
OBSERVED = np.random.default_rng(1).uniform(size=X.shape) < 0.5
OBSERVED[:, 0, 0] = False


@pytest.mark.parametrize(("ours", "numpy"), [("mean", np.nanmean), ("median", np.nanmedian)])
def test_they_are_those_of_the_observed_values(ours, numpy):
    own = getattr(statistics, ours)
    holes = np.where(OBSERVED, X, np.nan)
    holes[:, 0, 0] = 0.0
    np.testing.assert_allclose(own(np.where(OBSERVED, X, 99.0), OBSERVED), numpy(holes, axis=0))
    np.testing.assert_allclose(own(X, None), numpy(X, axis=0))


def test_class_counts_leave_out_missing_values():
    counts = statistics.class_counts(X, OBSERVED, 6)
    for level in range(6):
        np.testing.assert_array_equal(counts[..., level], ((level == X) & OBSERVED).sum(axis=0))
    assert statistics.class_counts(X, None, 6).sum() == X.size


def test_fewer_rows_of_many_values():
    x = np.arange(1000)[:, None] * np.ones(10)
    few, observed = statistics.thinned(x, x > 500.0, most_values=100, least_rows=5)
    assert few.shape == (10, 10)
    assert few[0, 0] == 0.0
    assert few[-1, 0] == 999.0
    np.testing.assert_array_equal(observed, few > 500.0)
    assert len(statistics.thinned(x, None, most_values=100, least_rows=50)[0]) == 50
    assert statistics.thinned(x, None)[0] is x


def test_bisection_and_golden_section_find_root_and_peak_of_every_column():
    wanted = np.array([-1.0, 0.3, 2.0])
    low, high = np.full(3, -3.0), np.full(3, 4.0)
    root = statistics.bisected(lambda x: (x - wanted) ** 3, low, high)
    np.testing.assert_allclose(root, wanted, atol=1e-9)
    peak = statistics.maximized(lambda x: -((x - wanted) ** 2), low, high, iterations=40)
    np.testing.assert_allclose(peak, wanted, atol=1e-6)
    np.testing.assert_allclose(statistics.bisected(lambda x: x + 9.0, low, high), low, atol=1e-9)
