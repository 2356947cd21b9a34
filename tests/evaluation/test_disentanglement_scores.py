"""Every disentanglement score on codes whose value is known, and its invariances."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfp_vae.evaluation.disentanglement_scores import dci, separated_attribute_predictability
from tfp_vae.evaluation.disentanglement_scores.beta_vae_score import (
    _rows_of_equal_value,
    beta_vae_score,
)
from tfp_vae.evaluation.disentanglement_scores.explicitness import explicitness
from tfp_vae.evaluation.disentanglement_scores.interventional_robustness import (
    interventional_robustness,
)
from tfp_vae.evaluation.disentanglement_scores.jackknife import jackknife_standard_error
from tfp_vae.evaluation.disentanglement_scores.modularity import modularity
from tfp_vae.evaluation.disentanglement_scores.mutual_information_gap import mutual_information_gap
from tfp_vae.evaluation.disentanglement_scores.stratified_halves import stratified_halves

sap = separated_attribute_predictability.separated_attribute_predictability
gap_of_the_two_best = separated_attribute_predictability.gap_of_the_two_best

DIAGONAL = 5.0 * np.eye(5)
TWO_OF_TEN = 1.0 - math.log(2.0) / math.log(10.0)
MATRICES = {
    "one factor for every code": (DIAGONAL, 1.0, 1.0, 1.0),
    "an empty code": (np.eye(3, 2), 1.0, 1.0, 2.0 / 3.0),
    "nothing": (np.zeros([10, 10]), 0.0, 0.0, 0.0),
    "two codes for every factor": (np.vstack([DIAGONAL, DIAGONAL]), 1.0, TWO_OF_TEN, 1.0),
    "factors without a code": (DIAGONAL[:2], 1.0, 1.0, 1.0),
    "two factors for every code": (
        np.hstack([DIAGONAL, DIAGONAL]),
        TWO_OF_TEN,
        1.0,
        1.0 - 1.0 / 9.0,
    ),
    "one factor, one empty code": (np.eye(2, 1), 1.0, 1.0, 0.5),
    "half as much of another": (
        np.array([[2.0, 1.0]]),
        1.0 - (2.0 * math.log(1.5) + math.log(3.0)) / (3.0 * math.log(2.0)),
        1.0,
        0.75,
    ),
}
"""Matrices of codes and factors with the disentanglement, completeness and modularity.

All but the last two, and their values, are those of disentanglement_lib (Locatello et al. 2019).
"""


def generator(seed=0):
    return np.random.default_rng(seed)


def drawn_factors(rows, counts, seed=0):
    """Independent factors, each with equally many rows of every value."""
    rng = generator(1000 + seed)
    return np.stack([rng.permutation(np.arange(rows) % count) for count in counts], axis=1)


def ten_factors(rows):
    """Ten factors of ten values, as of disentanglement_lib's dummy data."""
    return generator(7).integers(0, 10, [rows, 10])


def permuted_in_rows(codes):
    """Every latent shows a random factor, another one in every row."""
    return generator(8).permuted(codes, axis=1).astype(float)


@pytest.mark.parametrize("name", MATRICES)
def test_scores_of_a_matrix(name):
    matrix, disentanglement, completeness, modular = MATRICES[name]
    assert dci.disentanglement(matrix) == pytest.approx(disentanglement, abs=1e-12)
    assert dci.completeness(matrix) == pytest.approx(completeness, abs=1e-12)
    assert modularity(matrix) == pytest.approx(modular, abs=1e-12)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_neither_order_nor_scale_of_a_matrix_matters(latents, factors, seed):
    rng = generator(seed)
    matrix = rng.exponential(size=[latents, factors]) * (rng.random([latents, factors]) < 0.7)
    other = 3.0 * rng.permutation(rng.permutation(matrix, axis=0), axis=1)
    for score in (dci.disentanglement, dci.completeness, modularity):
        assert -1e-12 <= score(matrix) <= 1.0 + 1e-12
        assert score(other) == pytest.approx(score(matrix))
    assert dci.completeness(matrix) == dci.disentanglement(matrix.T)


def test_dci_of_codes():
    codes = ten_factors(700)
    exact = dci.dci(codes.astype(float), codes, generator())
    assert exact.disentanglement > 0.99
    assert exact.completeness > 0.99
    assert exact.informativeness == 1.0
    assert exact.informativeness_standard_error == 0.0
    np.testing.assert_allclose(exact.importance, np.eye(10), atol=0.01)
    mixed = dci.dci(permuted_in_rows(codes), codes, generator())
    assert mixed.disentanglement < 0.1
    assert mixed.completeness < 0.1
    # Ten values at random are right in a tenth, and the shown factor is the right one in a tenth.
    assert mixed.informativeness < 0.3
    twice = dci.dci(np.hstack([codes, codes]).astype(float), codes, generator())
    assert twice.disentanglement > 0.99
    assert abs(twice.completeness - (1.0 - math.log(2.0) / math.log(20.0))) < 0.02


def test_informativeness_is_a_share_of_the_other_half_with_its_binomial_error():
    codes = drawn_factors(400, [2])
    noisy = codes + generator(1).normal(size=[400, 2])
    found = dci.dci(noisy, codes, generator())
    accuracy = found.informativeness
    assert 0.6 < accuracy < 0.9
    assert found.informativeness_standard_error == pytest.approx(
        math.sqrt(accuracy * (1.0 - accuracy) / 200.0)
    )
    # Of two such factors with their own rows each, the error is smaller.
    both = dci.dci(noisy, np.hstack([codes, codes[::-1]]), generator())
    assert both.informativeness_standard_error < 0.9 * found.informativeness_standard_error


def test_a_code_without_information_is_not_important():
    codes = drawn_factors(1000, [4, 3])
    found = dci.dci(np.hstack([codes, generator().normal(size=[1000, 2])]), codes, generator())
    assert found.importance[2:].max() < 0.01


def test_modularity_of_codes():
    codes = ten_factors(20_000)
    for latents, lowest, highest in (
        (codes.astype(float), 0.99, 1.0),
        (np.hstack([codes, codes]).astype(float), 0.99, 1.0),
        (permuted_in_rows(codes), 0.0, 0.2),
    ):
        information = mutual_information_gap(latents, codes, generator()).information
        assert lowest <= modularity(information) <= highest


def test_the_gap_of_squared_correlations():
    """The values of disentanglement_lib: at least 0.9, and 0 for codes that are there twice."""
    codes = ten_factors(3000)
    squared = np.corrcoef(codes.T) ** 2
    assert 0.9 < gap_of_the_two_best(squared).mean() <= 1.0
    assert gap_of_the_two_best(np.vstack([squared, squared])).mean() == 0.0
    assert gap_of_the_two_best(np.zeros([10, 10])).mean() == 0.0


def test_predictability_against_an_inactive_latent_is_the_accuracy():
    codes = drawn_factors(600, [3])
    inactive = 0.05 * generator().normal(size=[600, 1])
    exact = np.hstack([inactive, codes[:, [0]]])
    assert sap(exact, codes, generator()) == pytest.approx((1.0, 0.0))
    assert sap(np.hstack([codes, codes]).astype(float), codes, generator()) == (0.0, 0.0)
    # A latent that tells the middle value by two thresholds may set one: right for one value, and
    # for half of the rows of the other.
    middle = (codes == 1).astype(int)
    score, error = sap(exact, middle, generator())
    assert score == pytest.approx(0.75, abs=0.02)
    assert error == pytest.approx(math.sqrt(0.25 / 200) / 2.0, rel=0.01)


def test_predictability_is_of_balanced_accuracies():
    rare = np.zeros([1000, 1], int)
    rare[:100] = 1
    noise = generator().normal(size=[1000, 1])
    # Not 0.1, the gap to always predicting the common value. The standard error is 0.04.
    assert sap(np.hstack([noise, rare]), rare, generator())[0] == pytest.approx(0.5, abs=0.2)
    assert sap(np.hstack([0.0 * noise, rare]), rare, generator())[0] == pytest.approx(1.0)
    # Of two normals 1 apart a threshold in the middle tells 0.69 of either.
    shifted = np.hstack([0.0 * noise, noise + rare])
    assert sap(shifted, rare, generator())[0] == pytest.approx(0.69, abs=0.08)


def test_the_error_of_predictability_is_the_spread_over_data_sets():
    found = []
    for seed in range(12):
        codes = drawn_factors(400, [3, 2, 2, 2], seed)
        latents = codes + 0.5 * generator(100 + seed).normal(size=codes.shape)
        found.append(sap(latents, codes, generator(seed)))
    scores, errors = np.transpose(found)
    # The ratio of the two has a standard deviation of about 0.25 for 12 data sets.
    assert 0.4 < np.std(scores, ddof=1) / np.mean(errors) < 2.0


def test_explicitness_is_of_linear_classifiers():
    codes = drawn_factors(600, [2, 2])
    assert explicitness(codes.astype(float), codes, generator()) == 1.0
    assert explicitness(codes @ [[1.0, 1.0], [1.0, -1.0]], codes, generator()) == 1.0
    # No line separates the middle of three values: half of the others lie on either side of it.
    of_three = drawn_factors(600, [3])
    assert explicitness(of_three.astype(float), of_three, generator()) == pytest.approx(5.0 / 6.0)
    blind = explicitness(generator(3).normal(size=[600, 2]), codes, generator())
    # Of 300 rows; beyond 5 errors in 6e-7 of all seeds, were the seed not fixed.
    assert abs(blind - 0.5) < 5.0 * math.sqrt(1.0 / (12.0 * 75.0))


def test_explicitness_needs_rows_of_a_value_in_the_other_half():
    once = np.zeros([60, 1], int)
    once[0] = 1
    latents = generator().normal(size=[60, 2])
    assert math.isnan(explicitness(latents, once, generator()))
    both = np.hstack([once, np.arange(60)[:, None] % 2])
    assert explicitness(both.astype(float), both, generator()) == 1.0


def test_robustness_of_a_sum_of_two_factors():
    codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    both = codes @ [[1.0], [2.0]]
    # At most 1.5 from its mean; 0.5 with the second factor fixed.
    assert interventional_robustness(both, codes) == pytest.approx(2.0 / 3.0)
    # The weights are the largest deviations, 1.5 and 0.5.
    also = np.hstack([both, codes[:, :1]])
    assert interventional_robustness(also, codes) == pytest.approx(0.75 * 2.0 / 3.0 + 0.25)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e8 / 3.0])
def test_latents_that_are_constant_score_nothing(value):
    codes = ten_factors(300)
    constant = np.full([300, 2], value)
    assert interventional_robustness(constant, codes) == 0.0
    assert sap(constant, codes, generator()) == (0.0, 0.0)
    assert explicitness(constant, codes, generator()) == pytest.approx(0.5)
    assert beta_vae_score(constant, codes, 100, generator()) < 0.3
    forests = dci.dci(constant, codes[:, :2], generator())
    assert forests.disentanglement == forests.completeness == 0.0


def test_robustness_of_codes():
    codes = ten_factors(2000)
    assert interventional_robustness(codes.astype(float), codes) == pytest.approx(1.0)
    assert interventional_robustness(permuted_in_rows(codes), codes) < 0.1


def test_one_far_row_does_not_decide_robustness():
    codes = drawn_factors(1000, [2])
    latents = codes + 0.0
    latents[0] = 1.0 - 100.0 * (codes[0] == 0)
    assert interventional_robustness(latents, codes) > 0.9


@given(st.permutations(range(3)), st.lists(st.sampled_from([-1.0, 1.0]), min_size=3, max_size=3))
def test_names_and_signs_of_latents_do_not_matter(order, signs):
    codes = drawn_factors(120, [4, 3, 2])
    latents = codes + 0.3 * generator(2).normal(size=codes.shape)
    other = (latents * signs)[:, order]
    assert interventional_robustness(2.0 * other, codes) == pytest.approx(
        interventional_robustness(latents, codes)
    )
    for score in (lambda z: explicitness(z, codes, generator()),
                  lambda z: sap(z, codes, generator())[0]):  # fmt: skip
        assert score(other) == pytest.approx(score(latents))


def test_the_beta_vae_score_of_codes():
    codes = ten_factors(2000)
    exact = beta_vae_score(codes.astype(float), codes, 800, generator())
    assert exact > 0.99
    assert beta_vae_score(1e-6 * codes, codes, 800, generator()) == exact
    blind = beta_vae_score(generator().normal(size=[2000, 3]), codes, 800, generator())
    # Chance, a tenth of 800 votes: beyond 5 errors in 6e-7 of all seeds, were the seed not fixed.
    assert abs(blind - 0.1) < 5.0 * math.sqrt(0.09 / 800)


def test_the_beta_vae_score_of_few_votes_or_one_factor():
    codes = ten_factors(60)
    assert beta_vae_score(codes.astype(float), codes[:, :1], 20, generator()) == 1.0
    assert beta_vae_score(codes.astype(float), codes, 1, generator()) in (0.0, 1.0)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=30), st.integers(0, 2**32 - 1))
def test_pairs_are_equal_in_the_factor(values, seed):
    column = np.unique(values, return_inverse=True)[1]
    rows = np.repeat(np.arange(len(column)), 300)
    found = _rows_of_equal_value(column, rows, generator(seed))
    np.testing.assert_array_equal(column[found], column[rows])
    # Every row of the value comes: one is missed in 300 draws of 30 with probability 4e-5.
    assert set(found) == set(range(len(column)))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_halves_have_equally_many_rows_of_every_value(values, seed):
    column = np.unique(values, return_inverse=True)[1]
    train, test = stratified_halves(column, generator(seed))
    assert sorted([*train, *test]) == list(range(len(column)))
    counts = np.bincount(column)
    np.testing.assert_array_equal(np.bincount(column[train]), (counts + 1) // 2)
    np.testing.assert_array_equal(np.bincount(column[test], minlength=len(counts)), counts // 2)


def test_halves_are_random():
    column = np.zeros(40, int)
    one, other = (stratified_halves(column, generator(seed)).train for seed in (0, 1))
    assert sorted(one) != sorted(other)
    assert sorted(one) != list(range(0, 40, 2))


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = generator().normal(size=9)
    without = [np.delete(values, place).mean() for place in range(9)]
    assert jackknife_standard_error(without) == pytest.approx(values.std(ddof=1) / 3.0)
