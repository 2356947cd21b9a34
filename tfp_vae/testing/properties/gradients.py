"""Gradients: every weight has one, and its estimators agree in the mean."""

import numpy as np
import tensorflow as tf

from tfp_vae import objectives
from tfp_vae.model import VAE
from tfp_vae.testing.assertions import assert_mean
from tfp_vae.testing.properties.subject import DRAWS, Subject, expect, needs_no_noise_of_data


def every_weight_has_a_finite_gradient(subject: Subject) -> None:
    """No trainable weight has no gradient, or one that is NaN or infinite."""
    variables = subject.vae.trainable_variables
    expect(variables, "the model has no trainable weight")
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(subject.objective_terms(training=True).objective)
    expect(np.isfinite(loss), f"the loss is {loss}")
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        expect(gradient is not None, f"{variable.path} has none")
        finite = np.isfinite(tf.convert_to_tensor(gradient)).all()
        expect(finite, f"that of {variable.path} is not finite")


def gradient_estimators_agree(subject: Subject) -> None:
    """Sticking the landing leaves the bound as it is, and every gradient in the mean.

    The gradients of many draws for the first row are compared, along one random direction of the
    weights of the encoder, of the decoder, and of all others.
    """
    needs_no_noise_of_data(subject)
    places = np.zeros(DRAWS, int)
    standard, sticking = (objectives.ELBO(gradient_estimator=name) for name in _ESTIMATORS)
    one, another = (subject.objective_on(each, places, seed=18) for each in (standard, sticking))
    subject.expect_close(another.objective, one.objective, "the objective")
    for name, variables in _groups(subject.vae).items():
        one_derivative, other_derivative = (
            _derivatives(subject, objective, places, variables, seed)
            for objective, seed in ((standard, 19), (sticking, 20))
        )
        try:
            assert_mean(one_derivative - other_derivative, 0.0, rounding=subject.rounding)
        except AssertionError as failure:
            raise AssertionError(f"for {name}, {failure}") from None


_ESTIMATORS = ("standard", "sticking_the_landing")


def _groups(vae: VAE) -> dict[str, list[tf.Variable]]:
    groups: dict[str, list[tf.Variable]] = {
        "the encoder": [],
        "the decoder": [],
        "the other weights": [],
    }
    owners = {
        id(variable): name
        for name, part in (("the encoder", vae.encoder), ("the decoder", vae.decoder))
        for variable in part.trainable_variables
    }
    for variable in vae.trainable_variables:
        groups[owners.get(id(variable), "the other weights")].append(variable)
    return {name: variables for name, variables in groups.items() if variables}


def _derivatives(
    subject: Subject,
    objective: objectives.Objective,
    places: np.ndarray,
    variables: list[tf.Variable],
    seed: int,
) -> np.ndarray:
    """Returns the derivative of the objective of every row along a random direction, `[N]`.

    The gradient of Σ u_n f_n is linear in u, so that its own gradient by u has them all.
    """
    rng = np.random.default_rng(0)
    u = tf.ones(len(places), subject.vae.data_dtype)
    with tf.GradientTape(watch_accessed_variables=False) as outer:
        outer.watch(u)
        with tf.GradientTape() as inner:
            total = tf.reduce_sum(u * subject.objective_on(objective, places, seed).objective)
        # Weights that a cost of the posterior trains alone have none.
        found = inner.gradient(total, variables)
        gradients = [gradient for gradient in found if gradient is not None]
        along = tf.add_n(
            [
                tf.reduce_sum(gradient * tf.cast(rng.normal(size=gradient.shape), gradient.dtype))
                for gradient in map(tf.convert_to_tensor, gradients)
            ]
        )
    derivatives: np.ndarray = outer.gradient(along, u, unconnected_gradients="zero").numpy()
    return derivatives
