"""The learned baseline of the score function: no bias, what it learns, and that it is saved."""

import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.categorical_sums import (
    LOGITS,
    expected_value_and_gradient,
    value_and_gradient,
)
from tests.support.mutations import assert_killed
from tests.support.small_models import BINARY, vae_with
from tfp_vae import distributions, objectives, posteriors, priors
from tfp_vae.objectives import elbo, learned_baseline
from tfp_vae.testing import assert_close

pytestmark = pytest.mark.usefixtures("float64")


def _with_baseline(size, steps=0):
    """Returns a score function with a baseline that has learned from the two rows."""
    objective = objectives.ELBO(
        kl_weight=0.7, sample_size=size, gradient_estimator="score_function", baseline="learned"
    ).for_model(3, "float64")
    q = distributions.OneHotCategorical(tf.constant(LOGITS))
    for _ in range(steps):
        value, _ = value_and_gradient(objectives.ELBO(kl_weight=0.7))
        terms = objectives.ObjectiveTerms(*[tf.constant(value)] * 4)
        objective.learn(q, terms, tf.constant([0, 0]), 0)
    return objective


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("joint", [False, True])
def test_a_learned_baseline_leaves_the_gradient_that_of_the_sum(size, joint):
    value, gradients = expected_value_and_gradient(_with_baseline(size, 2), size, False)
    if joint:
        made = objectives.ELBO(
            kl_weight=0.7, sample_size=size, gradient_estimator="score_function", baseline="learned"
        ).for_model(4, "float64")
        for weight in made.state.network:
            weight.assign(tf.ones_like(weight))
        value, gradients = expected_value_and_gradient(made, size, True)
    exact_value, exact = value_and_gradient(objectives.ELBO(kl_weight=0.7), joint)
    assert_close(value, exact_value, 1e-6, 1e-6)
    for one, another in zip(gradients, exact, strict=True):
        assert_close(one, another, 1e-5, 1e-5)


@pytest.mark.nightly
def test_a_learned_baseline_finds_the_objective_of_each_row():
    """The gradient of one draw then has the least variance of any baseline, nearly."""
    objective = _with_baseline(1, 400)
    exact, _ = value_and_gradient(objectives.ELBO(kl_weight=0.7))
    probs = tf.nn.softmax(LOGITS[:, 0])
    assert_close(objective.state(probs), exact, 0.05, 0.05)

    def second_moment(each):
        found = [
            value_and_gradient(each, draws=np.eye(3)[[[at, at]]])[1][0][0, 0] for at in range(3)
        ]
        return np.dot(probs[0], np.square(found).sum(axis=-1))

    plain = objectives.ELBO(kl_weight=0.7, gradient_estimator="score_function")
    assert second_moment(objective) < 0.5 * second_moment(plain)


def test_a_learned_baseline_is_trained_and_saved_with_its_model(tmp_path):
    vae = vae_with(
        posteriors.Categorical(2, 3),
        priors.Categorical(2, 3),
        objective=objectives.ELBO(gradient_estimator="score_function", baseline="learned"),
    )
    vae.compile("adam", jit_compile=False)
    vae.fit(BINARY.astype("float64"), epochs=2, batch_size=8, verbose=0)
    assert float(vae.objective.state.steps) == 6.0
    assert not any(
        each is weight for each in vae.trainable_weights for weight in vae.objective.state.weights
    )
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    assert loaded.objective.baseline == "learned"
    for one, other in zip(vae.objective.state.weights, loaded.objective.state.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_a_score_function_has_a_learned_baseline():
    with pytest.raises(
        ValueError, match=r'`baseline` must be "leave_one_out" unless .* got "learned"'
    ):
        objectives.ELBO(baseline="learned")
    with pytest.raises(ValueError, match="`baseline` must be"):
        objectives.ELBO(gradient_estimator="score_function", baseline="mean")


def test_a_baseline_that_knows_the_draw_fails_its_check():
    """Its gradient is biased."""

    def check():
        test_a_learned_baseline_leaves_the_gradient_that_of_the_sum(joint=False, size=1)

    own = elbo, "baseline_of", lambda posterior, baseline, values: 0.5 * values
    assert_killed([own], {"gradient": check})


def test_targets_that_vary_little_about_a_large_mean_have_their_variance():
    layer = learned_baseline.LearnedBaseline(2, "float32")
    rng = np.random.default_rng(0)
    probs, targets = np.full([200, 2], 0.5, "float32"), -3000.0 + 0.1 * rng.normal(size=200)
    layer.learn(tf.constant(probs), tf.constant(targets, "float32"))
    # After one step an average holds the share 1 - decay of it, which cancels here.
    mean, variance = (float(each) for each in (layer.target_mean, layer.target_variance))
    assert variance / mean == pytest.approx(np.var(targets) / np.mean(targets), rel=0.1)
