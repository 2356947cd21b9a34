"""Rate and distortion, on linear-Gaussian models where both are known."""

import itertools

import matplotlib
import numpy as np
import pytest

from tfp_vae import evaluation, plotting
from tfp_vae.testing import LinearGaussian, normal_kl_divergence

matplotlib.use("Agg")
pytestmark = pytest.mark.usefixtures("float64")

MODEL = LinearGaussian.drawn(3)
X = MODEL.draws(60)
OFF = (0.0, 1.0), (0.3, 0.8), (0.0, 3.0)
MODELS = {str(off): MODEL.vae(*off) for off in OFF}


def test_both_are_exact_within_the_error_of_the_draws():
    points = evaluation.rate_distortion(MODELS, X, sample_size=2000, batch_size=25)
    assert sorted(points.names) == sorted(MODELS)
    assert (np.diff(points.rate) > 0).all()
    for off in OFF:
        place = points.names.index(str(off))
        mean, stddev = MODEL.posterior_moments(X, *off)
        rate = normal_kl_divergence(mean, stddev).sum(axis=1)
        distortion = -MODEL.log_likelihood(X, mean, stddev)
        assert points.rate[place] == pytest.approx(rate.mean())
        assert points.rate_standard_error[place] == pytest.approx(rate.std(ddof=1) / np.sqrt(60))
        # Of 120,000 draws of a term with a standard deviation below 20.
        assert points.distortion[place] == pytest.approx(distortion.mean(), abs=0.3)
        assert points.elbo[place] == -(points.rate[place] + points.distortion[place])


def test_the_bound_and_its_error_are_those_of_the_other_functions():
    points = evaluation.rate_distortion(MODELS, X, seed=4)
    for name, vae in MODELS.items():
        place = points.names.index(name)
        summary = evaluation.elbo(vae, X, seed=4)
        assert points.elbo[place] == pytest.approx(summary.elbo)
        assert points.elbo_standard_error[place] == pytest.approx(summary.standard_error)
        assert points.distortion[place] == pytest.approx(-summary.log_likelihood)


def test_one_model_needs_no_name():
    vae = MODEL.vae()
    point = evaluation.rate_distortion(vae, X)
    assert point.names == ("model",)
    assert point.elbo[0] == evaluation.rate_distortion({"other": vae}, X).elbo[0]


def test_the_table_and_the_plot_show_every_model():
    points = evaluation.rate_distortion(MODELS, X)
    text = str(points)
    axes = plotting.rate_distortion(points)
    written = [each.get_text() for each in axes.texts]
    for name, rate in zip(points.names, points.rate, strict=True):
        assert name in text
        assert f"{rate:.3f}" in text
        assert name in written
    for line in axes.lines:
        if line.get_linestyle() == ":":
            x, y = line.get_data()
            assert x[0] + y[0] == pytest.approx(x[1] + y[1])
    (low, high) = axes.get_xlim()
    assert low < points.rate.min() < points.rate.max() < high
    assert plotting.rate_distortion(points, ax=axes) is axes


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="`models`"):
        evaluation.rate_distortion([MODEL.vae()], X)
    with pytest.raises(ValueError, match="at least one model"):
        evaluation.rate_distortion({}, X)
    with pytest.raises(ValueError, match="two rows"):
        evaluation.rate_distortion(MODELS, X[:1])
    with pytest.raises(ValueError, match="`sample_size`"):
        evaluation.rate_distortion(MODELS, X, sample_size=0)


def test_names_of_models_that_lie_together_can_be_read():
    zero = np.zeros(5)
    rate, distortion = np.array([0.002, 0.063, 5.0, 5.0, 17.0]), np.array([24.1, 23.9, 14, 14, 9.6])
    names = ("weight 30", "weight 4", "weight 1", "the same again", "weight 0.1")
    points = evaluation.RateDistortion(names, rate, zero, distortion, zero, zero)
    axes = plotting.rate_distortion(points)
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert {text.get_text() for text in axes.texts} == set(names)
    for one, another in itertools.combinations(boxes, 2):
        assert not one.overlaps(another)
