"""With a known mistake in a flow, a property of flows must fail.

That each of them holds of the code as it is, the tests of the flows say.
"""

import numpy as np
import pytest
import tensorflow as tf

from tests.support import flow_properties
from tests.support.mutations import Replaced, assert_killed
from tfp_vae import distributions, posteriors, priors
from tfp_vae.distributions import flow_bijectors, planar_flow, radial_flow
from tfp_vae.networks import MADE, made, masked_dense

pytestmark = pytest.mark.usefixtures("float64")

CHECKS = {
    "autoregressive": lambda: flow_properties.check_autoregressive("right_to_left", 3, [4, 5], 2),
    **{
        f"{name} of {kind.__name__}": lambda check=check, kind=kind: check(kind)
        for kind in flow_properties.FORWARD
        for name, check in (
            ("density", flow_properties.check_density_is_that_of_the_change_of_variables),
            ("draws", flow_properties.check_draws_are_noise_taken_through_the_steps),
        )
    },
    "paper": lambda: flow_properties.check_draws_and_densities_are_those_of_the_paper(3),
    "moments": flow_properties.check_moments_are_those_of_the_density,
    **{
        f"steps of {kind.__name__}": lambda kind=kind: (
            flow_properties.check_steps_are_those_of_the_paper(kind, 3, 2)
        )
        for kind in flow_properties.STEPS
    },
}


class _Rule:
    """A comparison of degrees that stands in for `np.less_equal`."""

    def __init__(self, sees):
        self.outer = lambda given, own: sees(np.array(given)[:, None], np.array(own)[None])


gated = flow_bijectors.gated_inverse_autoregressive
masked_autoregressive = flow_bijectors.masked_autoregressive
affine_coupling = flow_bijectors.affine_coupling
spline_coupling = flow_bijectors.spline_coupling
bijectors = priors.MaskedAutoregressiveFlow.bijectors
normal = distributions.MultivariateNormalDiag


def _widths_and_heights_exchanged(parameters, bins):
    widths, heights, slopes = tf.split(parameters, [bins, bins, bins - 1], axis=-1)
    return tf.concat([heights, widths, slopes], axis=-1)


def _math(**replaced):
    return flow_bijectors, "tf", Replaced(tf, math=Replaced(tf.math, **replaced))


def _mask(sees):
    return masked_dense, "np", Replaced(np, less_equal=_Rule(sees))


MUTATIONS = {
    "a unit sees its own input": (
        "autoregressive",
        *_mask(lambda given, own: given <= own + 1),
    ),
    "a unit sees the later inputs": (
        "autoregressive",
        *_mask(lambda given, own: given >= own),
    ),
    "a unit sees too few inputs": (
        "autoregressive",
        *_mask(lambda given, own: given < own),
    ),
    "the same order in every step": (
        "autoregressive",
        MADE,
        "_places",
        lambda self, size: np.arange(size),
    ),
    "hidden units without an order": (
        "autoregressive",
        made,
        "np",
        Replaced(np, arange=lambda size: np.zeros(size, int) + size - 1),
    ),
    "a scale that is not bounded": (
        "density of MaskedAutoregressiveFlow",
        flow_bijectors,
        "bounded",
        lambda log_scale: log_scale,
    ),
    "the steps in the wrong order": (
        "density of MaskedAutoregressiveFlow",
        priors.MaskedAutoregressiveFlow,
        "bijectors",
        lambda self: bijectors(self)[::-1],
    ),
    "a coupling's shift and scale exchanged": (
        "density of RealNVP",
        distributions,
        "affine_coupling",
        lambda network, masked: affine_coupling(lambda x: network(x)[..., ::-1], masked),
    ),
    "an autoregressive shift and scale exchanged": (
        "density of MaskedAutoregressiveFlow",
        distributions,
        "masked_autoregressive",
        lambda network: masked_autoregressive(lambda x: network(x)[..., ::-1]),
    ),
    "a spline's widths and heights exchanged": (
        "density of NeuralSplineFlow",
        distributions,
        "spline_coupling",
        lambda network, masked, bins, limit: spline_coupling(
            lambda x: _widths_and_heights_exchanged(network(x), bins), masked, bins, limit
        ),
    ),
    "a spline whose slopes are not bounded": (
        "density of NeuralSplineFlow",
        flow_bijectors,
        "LARGEST_LOG_SLOPE",
        100.0,
    ),
    "a spline that does not end at its limit": (
        "draws of NeuralSplineFlow",
        distributions,
        "spline_coupling",
        lambda network, masked, bins, limit: spline_coupling(network, masked, bins, 0.9 * limit),
    ),
    "the gate without its bias": (
        "paper",
        flow_bijectors,
        "gated_inverse_autoregressive",
        lambda network, gate_bias: gated(network, 0.0 * gate_bias),
    ),
    "the gate the other way round": (
        "paper",
        *_math(softplus=lambda x: tf.math.softplus(-x)),
    ),
    "the mean not weighted with what the gate leaves": (
        "paper",
        *_math(exp=tf.ones_like),
    ),
    "the first scale read as a variance": (
        "paper",
        posteriors.InverseAutoregressiveFlow,
        "distribution",
        lambda self, loc, scale, context: distributions.InverseAutoregressiveFlow(
            normal(loc, tf.sqrt(tf.math.softplus(scale) + self.scale_floor)),
            context,
            self.networks,
            self.gate_bias,
        ),
    ),
    "the mean of the flow the flow of the mean": (
        "moments",
        distributions.InverseAutoregressiveFlow,
        "_mean",
        lambda self: self.bijector.forward(self.distribution.mean()),
    ),
    "a planar step that stretches as much everywhere": (
        "steps of PlanarFlow",
        planar_flow,
        "_stretch",
        lambda place, largest: largest + tf.zeros_like(place),
    ),
    "Newton's method stopped too early": (
        "steps of PlanarFlow",
        planar_flow,
        "_NEWTON_STEPS",
        0,
    ),
    "a planar shift without its constraint": (
        "steps of PlanarFlow",
        planar_flow,
        "tf",
        Replaced(tf, math=Replaced(tf.math, softplus=tf.zeros_like)),
    ),
    "a radial step that stretches alike along and across": (
        "steps of RadialFlow",
        radial_flow.Radial,
        "_forward_log_det_jacobian",
        lambda self, x: x.shape[-1] * tf.math.log(self._factor(radial_flow._norm(x - self.center))),
    ),
    "the wrong root of the radial inverse": (
        "steps of RadialFlow",
        radial_flow.Radial,
        "_distance_before",
        lambda self, moved: moved / (self._factor(moved)),
    ),
    "the variance that of the normal before the flow": (
        "moments",
        distributions.InverseAutoregressiveFlow,
        "_variance",
        lambda self: self.distribution.variance(),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_a_flow_fails_a_property(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
