import pytest

from tests.support import exact_checks
from tfp_vae.testing import LinearGaussian

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_evaluate_is_the_mean_over_examples_with_a_ragged_last_batch(run_eagerly):
    exact_checks.check_evaluate_is_the_mean_over_examples(LinearGaussian.drawn(3), run_eagerly)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_training_loss_is_the_negative_mean_of_the_objective(run_eagerly):
    exact_checks.check_training_loss_is_the_negative_mean_of_the_objective(
        LinearGaussian.drawn(3), run_eagerly
    )
