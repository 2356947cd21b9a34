"""Comparison of models whose ELBOs differ by a known amount."""

import matplotlib
import numpy as np
import pytest

from tfp_vae import evaluation, plotting
from tfp_vae.evaluation import comparison as module
from tfp_vae.testing import LinearGaussian, normal_kl_divergence
from tfp_vae.testing.assertions import LIMIT

matplotlib.use("Agg")
pytestmark = pytest.mark.usefixtures("float64")

MODEL = LinearGaussian.drawn(3)
X = MODEL.draws(300)
FIRST, SECOND = {"loc_shift": 0.4}, {"loc_shift": 0.0}


def exact_gap(scale_factor=1.0, loc_shift=0.0):
    """KL(q‖exact posterior), by which the bound lies below log p(x): the same for every row."""
    stddev = np.sqrt(MODEL.posterior_variance())
    return normal_kl_divergence(loc_shift, scale_factor * stddev, 0.0, stddev).sum()


def check_difference_is_that_of_the_gaps():
    models = {"shifted": MODEL.vae(**FIRST), "exact": MODEL.vae(**SECOND)}
    result = evaluation.compare(models, X, sample_size=20)
    assert result.names == ("exact", "shifted")
    error = result.difference_standard_error[1]
    # One comparison: it fails by chance in 3.8e-8 of all seeds.
    assert abs(result.difference[1] + exact_gap(**FIRST)) < LIMIT * error
    # The rows are the same for both, so that most of their spread drops out.
    assert 0.0 < error < 0.3 * result.standard_error[1]
    assert result.differs.tolist() == [False, True]
    return result


def test_the_difference_is_that_of_the_gaps():
    assert "worse" in str(check_difference_is_that_of_the_gaps())


def test_an_unpaired_difference_fails_the_check(monkeypatch):
    elbo = module.VAE.elbo
    calls = []

    def of_other_rows(self, x, sample_size, seed):
        calls.append(1)
        return elbo(self, np.roll(x, 7 * len(calls), axis=0), sample_size, seed)

    monkeypatch.setattr(module.VAE, "elbo", of_other_rows)
    with pytest.raises(AssertionError):
        check_difference_is_that_of_the_gaps()


def test_a_difference_smaller_than_the_noise_is_not_called_one():
    models = {"one": MODEL.vae(0.3), "other": MODEL.vae(-0.3)}
    result = evaluation.compare(models, X[:50])
    assert not result.differs.any()
    assert "not significant" in str(result)
    assert "worse" not in str(result)


def test_wrong_arguments_are_named():
    vae = MODEL.vae()
    with pytest.raises(ValueError, match="two models"):
        evaluation.compare({"one": vae}, X)
    with pytest.raises(TypeError, match="`models`"):
        evaluation.compare([vae, vae], X)
    with pytest.raises(ValueError, match="two rows"):
        evaluation.compare({"a": vae, "b": vae}, X[:1])


def test_the_plot_takes_axes():
    result = evaluation.compare({"a": MODEL.vae(0.4), "b": MODEL.vae()}, X[:50])
    ax = plotting.compare(result)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a"]
    assert plotting.compare(result, ax=ax) is ax
    assert ax.get_ylim() == (1.5, -0.5), "the best is not at the top"
    matplotlib.pyplot.close(ax.figure)
