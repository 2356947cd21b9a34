import numpy as np
import pytest

from benchmarks.defaults import measures
from tfp_vae import likelihoods


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0, 1, 5], 1.0),
        ([10, 200, 3000], 1.0),
        ([5.1, 3.5, -0.2], 0.1),
        ([0.25, 1.5, 100.0], 0.01),
        (np.float32([0, 17, 255]) / np.float32(255), 1.0 / 255.0),
        ([0.00001, 0.5], None),
        ([np.pi, 1.0], None),
    ],
)
def test_the_step_is_the_largest_of_which_all_are_multiples(values, step):
    assert measures.step_of(np.array(values)) == step


def test_a_table_has_a_step_for_each_column_and_pictures_have_one():
    table = np.array([[1.0, 0.1, np.pi], [2.0, 0.4, np.e]])
    np.testing.assert_array_equal(measures.steps(table), [1.0, 0.1, np.nan])
    np.testing.assert_allclose(measures.log_steps(table), [0.0, np.log(0.1), 0.0])
    pictures = np.array([[[0.0, 0.1], [1.0, 2.0]]])
    np.testing.assert_array_equal(measures.steps(pictures), np.full(4, 0.1))


def test_a_product_gives_some_columns_probabilities():
    product = likelihoods.Product(
        [
            ([0, 2], likelihoods.Normal([2])),
            ([1], likelihoods.Bernoulli([1])),
            ([3], likelihoods.Poisson([1])),
        ]
    )
    discrete = measures.discrete_columns(product)
    np.testing.assert_array_equal(discrete, [False, True, False, True])
    np.testing.assert_array_equal(measures.class_columns(product), [False, True, False, False])
    assert measures.name_of(discrete) == "density of 2 columns, probability of 2"
    bits = likelihoods.Bernoulli([2, 2])
    assert measures.name_of(measures.discrete_columns(bits)) == "probability"
    assert measures.name_of(measures.discrete_columns(likelihoods.Normal([3]))) == "density"
