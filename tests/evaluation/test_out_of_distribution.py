"""Out-of-distribution scores, on a linear-Gaussian model whose log p(x) is known."""

import importlib

import matplotlib
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.support.mutations import assert_killed
from tfp_vae import evaluation, plotting
from tfp_vae.testing import LinearGaussian

# The function of the same name hides the module from an import.
module = importlib.import_module("tfp_vae.evaluation.out_of_distribution")

matplotlib.use("Agg")
pytestmark = pytest.mark.usefixtures("float64")

MODEL = LinearGaussian.drawn(5, event_size=30, latent_size=3)
KNOWN = MODEL.draws(400, seed=1)


def scored(x, reference=KNOWN):
    return evaluation.out_of_distribution(MODEL.vae(), x, reference)


def check_numbers():
    """The posterior is exact: the bound is log p(x), but for the draws of its likelihood."""
    x = MODEL.draws(30, seed=2) * 1.2
    result = evaluation.out_of_distribution(MODEL.vae(), x, KNOWN, sample_size=2000)
    exact, known = (MODEL.log_marginal_likelihood(each) for each in (x, KNOWN))
    # log p(x|z) has a variance below 3 over the draws: 2000 of them err by 0.04.
    np.testing.assert_allclose(result.elbo, exact, atol=0.25)
    np.testing.assert_allclose(result.reference_elbo, known, atol=0.25)
    mean = result.reference_elbo.mean()
    np.testing.assert_allclose(result.atypicality, np.abs(result.elbo - mean), rtol=1e-9)
    others = [np.delete(result.reference_elbo, place).mean() for place in range(len(known))]
    expected = np.abs(result.reference_elbo - others)
    np.testing.assert_allclose(result.reference_atypicality, expected, rtol=1e-6)
    for value, found in zip(result.atypicality, result.p_value, strict=True):
        assert found == (1 + np.sum(result.reference_atypicality >= value)) / 401


def check_areas_are_those_of_scikit_learn():
    result = scored(MODEL.draws(60, seed=3) * 1.15)
    truth = np.repeat([1, 0], [60, 400])
    for area, strange, known in (
        (result.area_by_elbo, -result.elbo, -result.reference_elbo),
        (result.area_by_atypicality, result.atypicality, result.reference_atypicality),
    ):
        assert area == pytest.approx(roc_auc_score(truth, np.concatenate([strange, known])))


def check_ties_count_as_half():
    assert module._area(np.array([1.0, 2.0]), np.array([1.0, 1.0, 3.0])) == pytest.approx(3 / 6)
    truth = [1, 1, 0, 0, 0]
    assert roc_auc_score(truth, [1.0, 2.0, 1.0, 1.0, 3.0]) == pytest.approx(3 / 6)


def check_likelihood_alone_misleads():
    """Rows too close to the mean are dense and strange: smooth images, after rich ones."""
    smooth = MODEL.offset + 0.3 * (MODEL.draws(100, seed=4) - MODEL.offset)
    result = scored(smooth)
    assert result.area_by_elbo < 0.02
    assert result.area_by_atypicality > 0.98
    assert np.median(result.p_value) < 0.01


def check_far_rows_are_strange_by_both():
    result = scored(MODEL.offset + 2.0 * (MODEL.draws(100, seed=6) - MODEL.offset))
    assert result.area_by_elbo > 0.98
    assert result.area_by_atypicality > 0.98


def check_rows_of_the_same_distribution_are_not_strange():
    result = scored(MODEL.draws(400, seed=7))
    for area in (result.area_by_elbo, result.area_by_atypicality):
        # Beyond 5 standard errors in 6e-7 of all seeds, were the seed not fixed.
        assert abs(area - 0.5) < 5.0 * module._area_standard_error(0.5, 400, 400)
    assert 0.02 < np.mean(result.p_value <= 0.05) < 0.1


def check_the_standard_error_is_the_spread_over_data_sets():
    rng = np.random.default_rng(0)
    areas = [module._area(rng.normal(1.0, size=40), rng.normal(size=80)) for _ in range(400)]
    error = module._area_standard_error(float(np.mean(areas)), 40, 80)
    # The relative standard error of a standard deviation of 400 draws is 0.035.
    assert np.std(areas) == pytest.approx(error, rel=0.15)


CHECKS = [
    check_numbers,
    check_areas_are_those_of_scikit_learn,
    check_ties_count_as_half,
    check_likelihood_alone_misleads,
    check_far_rows_are_strange_by_both,
    check_rows_of_the_same_distribution_are_not_strange,
    check_the_standard_error_is_the_spread_over_data_sets,
]


@pytest.mark.parametrize("check", CHECKS)
def test_out_of_distribution(check):
    check()


area_of = module._area

MUTATIONS = {
    "the area of the other side": (
        check_areas_are_those_of_scikit_learn,
        "_area",
        lambda strange, known: area_of(known, strange),
    ),
    "ties counted in full": (
        check_ties_count_as_half,
        "_area",
        lambda strange, known: float(np.mean(strange[:, None] >= known)),
    ),
    "the standard error of a proportion": (
        check_the_standard_error_is_the_spread_over_data_sets,
        "_area_standard_error",
        lambda area, strange, known: np.sqrt(area * (1 - area) / (strange * known)),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_a_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([(module, *change)], {check.__name__: check})


def test_the_table_shows_both_scores():
    result = scored(MODEL.draws(20, seed=8))
    text = str(result)
    for number in (result.area_by_elbo, result.area_by_atypicality, result.elbo.mean()):
        assert f"{number:.3f}" in text
    assert "nats" in text
    assert "±" in text
    assert str(scored(MODEL.draws(1, seed=8)))


def test_the_plot_names_both_scores():
    result = scored(MODEL.draws(20, seed=8))
    axes = plotting.out_of_distribution(result)
    assert f"{result.area_by_atypicality:.2f} by atypicality" in axes.get_title()
    named = {text.get_text() for text in axes.get_legend().get_texts()}
    assert named == {"reference", "rows", "reference mean"}
    assert plotting.out_of_distribution(result, ax=axes) is axes


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="`reference` must hold at least two rows"):
        scored(KNOWN, KNOWN[:1])
    with pytest.raises(ValueError, match=r"\[batch, 30\]"):
        scored(KNOWN[:, :3])
    with pytest.raises(ValueError, match="`sample_size`"):
        evaluation.out_of_distribution(MODEL.vae(), KNOWN, KNOWN, sample_size=0)
    with pytest.raises(TypeError, match="`vae`"):
        evaluation.out_of_distribution(None, KNOWN, KNOWN)
