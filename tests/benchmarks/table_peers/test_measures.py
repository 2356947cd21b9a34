import numpy as np
import pandas as pd
import pytest

from benchmarks.table_peers import measures


def frame(**columns):
    return pd.DataFrame(columns)


def test_the_distance_of_numbers_is_that_of_kolmogorov_and_smirnov():
    data = frame(x=[1.0, 2.0, 3.0, 4.0])
    assert measures.marginals(data, data) == 0.0
    # At 2 one distribution function is 1/2 and the other 0; at 3 they are 3/4 and 1/2.
    assert measures.marginals(data, frame(x=[3.0, 3.0, 5.0, 5.0])) == pytest.approx(0.5)
    assert measures.marginals(data, frame(x=[9, 10])) == 1.0
    assert measures.marginals(data, frame(x=[1, 2, 3, 4] * 5)) == 0.0


def test_the_distance_of_words_is_the_total_variation():
    data = frame(w=["a", "a", "b", "c"])
    # Shares 1/2, 1/4, 1/4 and 1/4, 3/4, 0.
    assert measures.marginals(data, frame(w=["a", "b", "b", "b"])) == pytest.approx(0.5)
    assert measures.total_variation(data["w"], frame(w=["d", "d"])["w"]) == 1.0
    assert measures.total_variation(data["w"], data["w"].iloc[::-1]) == 0.0


def test_the_distance_of_a_table_is_the_mean_over_its_columns():
    data = frame(x=[1.0, 2.0, 3.0, 4.0], w=["a", "a", "b", "c"])
    draws = frame(x=[3.0, 3.0, 5.0, 5.0], w=list("aabc"))
    assert measures.marginals(data, draws) == pytest.approx(0.25)


def test_numbers_depend_by_their_ranks():
    x = np.arange(5.0)
    data = frame(x=x, y=np.exp(x))
    assert measures.dependence(data, frame(x=x, y=x**3)) == pytest.approx(0.0, abs=1e-12)
    assert measures.dependence(data, frame(x=x, y=-x)) == pytest.approx(2.0)
    # The ranks 1, 2, 3 and 2, 1, 3 have a correlation of 1/2.
    assert measures.dependence(data, frame(x=[1, 2, 3], y=[2, 1, 3])) == pytest.approx(0.5)
    assert measures.dependence(data, frame(x=x, y=0.0 * x)) == pytest.approx(1.0)


def test_words_depend_by_the_correlations_of_their_indicators():
    data = frame(v=["a", "a", "b", "b"], w=["c", "c", "d", "d"])
    assert measures.dependence(data, data) == pytest.approx(0.0, abs=1e-12)
    independent = frame(v=["a", "a", "b", "b"], w=["c", "d", "c", "d"])
    assert measures.dependence(data, independent) == pytest.approx(1.0)
    opposite = frame(v=["a", "a", "b", "b"], w=["d", "d", "c", "c"])
    assert measures.dependence(data, opposite) == pytest.approx(2.0)
    # A word that one side lacks has a correlation of 0 there: two of six differ by a half.
    more = frame(v=["a", "b"], w=["c", "d"])
    assert measures.dependence(more, frame(v=["a", "b"], w=["c", "c"])) == pytest.approx(1.0)


def test_a_number_and_a_word_depend_too_and_pairs_are_averaged():
    data = frame(x=[1, 1, 2, 2], w=["a", "a", "b", "b"], y=[1, 2, 1, 2])
    draws = frame(x=[1, 1, 2, 2], w=["a", "b", "a", "b"], y=[1, 2, 1, 2])
    # x and w lose a dependence of 1, w and y win one, and x and y stay independent.
    assert measures.dependence(data, draws) == pytest.approx(2.0 / 3.0)


def regression_rows(seed, slope, rows=400):
    random = np.random.default_rng(seed)
    x, w = random.normal(size=rows), random.choice(["a", "b"], rows)
    return frame(x=x, w=w, y=slope * x + np.where(w == "a", 3.0, -3.0))


def test_a_regressor_of_good_draws_is_better_than_the_mean_and_one_of_bad_draws_worse():
    train, data = regression_rows(0, 2.0), regression_rows(1, 2.0)
    good = measures.regression_error(train, data, regression_rows(2, 2.0))
    bad = measures.regression_error(train, data, regression_rows(2, -2.0))
    assert good < 0.1
    assert bad > 1.0


def test_a_regressor_that_knows_the_mean_alone_has_an_error_of_one():
    train = frame(x=np.arange(20.0), n=[0, 1] * 10)
    constant = train.assign(x=train["x"].mean())
    assert measures.regression_error(train, train, constant) == pytest.approx(1.0)


def test_targets_are_the_first_numbers_with_more_than_ten_values():
    numbers = {f"x{at}": np.arange(20) for at in range(7)}
    table = frame(few=[*range(10)] * 2, w=["a", "b"] * 10, more=[*range(11), *[0] * 9], **numbers)
    assert measures.targets(table) == ["more", "x0", "x1", "x2", "x3"]


TRAIN = frame(x=[0.0, 2.0, 4.0], w=["a", "a", "b"])
TRUTH = frame(x=[1.0, 3.0], w=["b", "a"])
ALL = pd.DataFrame(True, index=TRUTH.index, columns=TRUTH.columns)


def test_the_simplest_imputation_has_an_error_of_one_and_the_truth_none():
    simple = frame(x=[2.0, 2.0], w=["a", "a"])
    assert measures.imputation_error(TRAIN, TRUTH, simple, ALL) == 1.0
    assert measures.imputation_error(TRAIN, TRUTH, TRUTH, ALL) == 0.0
    # The squared errors 0 and 4 beside 1 and 1, and no wrong word beside one.
    mixed = frame(x=[1.0, 5.0], w=["b", "a"])
    assert measures.imputation_error(TRAIN, TRUTH, mixed, ALL) == pytest.approx(1.0)


def test_only_hidden_cells_count_and_only_columns_in_which_the_simplest_errs():
    hidden = ALL.assign(x=[True, False], w=[False, True])
    wrong = frame(x=[1.5, 99.0], w=["c", "b"])
    assert measures.imputation_error(TRAIN, TRUTH, wrong, hidden) == pytest.approx(0.25)


def test_the_area_under_the_curve_counts_pairs():
    anomalous = np.array([False, False, True, True])
    assert measures.area_under_curve(np.array([1.0, 2.0, 3.0, 4.0]), anomalous) == 1.0
    assert measures.area_under_curve(np.array([4.0, 3.0, 2.0, 1.0]), anomalous) == 0.0
    # Of the four pairs three are right, and of a tie a half.
    assert measures.area_under_curve(np.array([1.0, 3.0, 2.0, 4.0]), anomalous) == 0.75
    assert measures.area_under_curve(np.array([1.0, 3.0, 3.0, 4.0]), anomalous) == 0.875
