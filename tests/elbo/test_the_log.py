import pytest

import properties
from oracles import LinearGaussian

pytestmark = pytest.mark.usefixtures("float64")


def test_evaluate_is_the_mean_over_examples_with_a_ragged_last_batch():
    properties.check_evaluate_is_the_mean_over_examples(LinearGaussian.drawn(3))


def test_training_loss_is_the_negative_mean_of_the_objective():
    properties.check_training_loss_is_the_negative_mean_of_the_objective(LinearGaussian.drawn(3))
