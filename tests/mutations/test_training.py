"""With a known mistake in the training step or in its log, the check of it must fail."""

import pytest
import tensorflow as tf

from tests.support import exact_checks
from tests.support.exact_checks import LINEAR_GAUSSIAN
from tests.support.mutations import assert_killed
from tfp_vae.model import inputs
from tfp_vae.training import metrics, state

pytestmark = pytest.mark.usefixtures("float64")

CHECKS = {
    "preprocess": lambda: exact_checks.check_preprocess_is_applied_once(LINEAR_GAUSSIAN),
    "evaluate": lambda: exact_checks.check_evaluate_is_the_mean_over_examples(
        LINEAR_GAUSSIAN, run_eagerly=True
    ),
    "training": lambda: exact_checks.check_training_loss_is_the_negative_mean_of_the_objective(
        LINEAR_GAUSSIAN, run_eagerly=True
    ),
}


def _unweighted_log(self, loss, terms, values, step):
    self.loss.update_state(loss)
    for name, metric in self.terms.items():
        metric.update_state(tf.reduce_mean(getattr(terms, name)))


MUTATIONS = {
    "preprocess skipped": (
        "preprocess",
        inputs.InputPipeline,
        "_preprocessed",
        lambda self, x, seed: tf.cast(x, self.dtype),
    ),
    "the log a mean of the batches' means": (
        "evaluate",
        metrics.TrainingLog,
        "update",
        _unweighted_log,
    ),
    "the loss a sum over the batch": (
        "training",
        state.TrainingState,
        "loss_of",
        lambda self, terms, weights: -tf.reduce_sum(terms.objective),
    ),
    "the loss not weighted": (
        "training",
        state.TrainingState,
        "loss_of",
        lambda self, terms, weights: -tf.reduce_mean(terms.elbo),
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes_on_the_code_as_it_is(name):
    CHECKS[name]()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_a_property(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
