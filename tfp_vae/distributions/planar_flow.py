"""The planar flow: a diagonal normal under steps that stretch space along a direction."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae.distributions import flow_bijectors
from tfp_vae.distributions.amortized_flow import AmortizedFlow, batched

_NEWTON_STEPS = 24


class PlanarFlow(AmortizedFlow):
    """The planar flow of Rezende & Mohamed (2015), "Variational inference with normalizing flows".

    Every step is `Planar`. Draws and densities take a few operations for each step; densities of
    values that were not drawn solve one equation of one unknown for each.

    Mean and variance have no closed form: they are Monte Carlo estimates from 256 antithetic draws
    with a fixed seed, equal at every call.

    Args:
      distribution: The base distribution, a normal, batch `[B]`, event `[L]`.
      shift: u of every step, any numbers, `[B, T, L]`.
      direction: w of every step, any numbers, `[B, T, L]`.
      offset: b of every step, any numbers, `[B, T]`.

    Example:
      >>> base = tfp_vae.distributions.MultivariateNormalDiag(np.zeros([5, 2]), np.ones([5, 2]))
      >>> q = tfp_vae.distributions.PlanarFlow(
      ...     base, np.ones([5, 3, 2]), np.ones([5, 3, 2]), np.zeros([5, 3]))
      >>> q.log_prob(q.sample(4, seed=0)).shape
      TensorShape([4, 5])
    """

    def __init__(
        self,
        distribution: tfd.Distribution,
        shift: tf.Tensor,
        direction: tf.Tensor,
        offset: tf.Tensor,
        name: str = "PlanarFlow",
    ) -> None:
        parameters = dict(locals())
        self.shift = tf.convert_to_tensor(shift, distribution.dtype)
        self.direction = tf.convert_to_tensor(direction, distribution.dtype)
        self.offset = tf.convert_to_tensor(offset, distribution.dtype)
        steps = [
            Planar(self.shift[..., step, :], self.direction[..., step, :], self.offset[..., step])
            for step in range(self.offset.shape[-1])
        ]
        super().__init__(distribution, steps, parameters=parameters, name=name)

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return batched(shift=2, direction=2, offset=1)


class Planar(tfb.Bijector):
    """The bijector y = x + v tanh(wᵀx + b), which moves x along v.

    It stretches space by 1 + wᵀv (1 - tanh²), so it is invertible if wᵀv ≥ -1 (Rezende & Mohamed
    2015, appendix A). To meet this for any u, they add a multiple of w / wᵀw to it. Here u is
    shortened instead,

        v = u / (1 + softplus(-wᵀu)),   so   1 + wᵀv = (1 + softplus(wᵀu)) / (1 + softplus(-wᵀu)).

    Every v with wᵀv > -1 comes from some u, the formula is smooth where w is zero too, and for
    u = 0 the bijector is the identity.

    The inverse finds c = wᵀx + b from wᵀy + b = c + wᵀv tanh c by Newton's method, from a side on
    which it converges monotonically. The last two steps are differentiated, which makes first and
    second derivatives exact.

    Args:
      shift: u, `[..., L]`.
      direction: w, `[..., L]`.
      offset: b, `[...]`.
    """

    def __init__(
        self, shift: tf.Tensor, direction: tf.Tensor, offset: tf.Tensor, name: str = "planar"
    ) -> None:
        parameters = dict(locals())
        self.direction, self.offset = direction, offset
        along = _dot(direction, shift)
        self.shift = shift / (1.0 + tf.math.softplus(-along))[..., None]
        self.largest_stretch = flow_bijectors.positive(along)
        super().__init__(forward_min_event_ndims=1, parameters=parameters, name=name)

    @classmethod
    def _parameter_properties(cls, dtype: tf.DType) -> dict[str, Any]:
        del dtype
        return {
            "shift": tfp_util.ParameterProperties(event_ndims=1),
            "direction": tfp_util.ParameterProperties(event_ndims=1),
            "offset": tfp_util.ParameterProperties(event_ndims=0),
        }

    def _forward(self, x: tf.Tensor) -> tf.Tensor:
        return x + self.shift * tf.math.tanh(self._place(x))[..., None]

    def _inverse(self, y: tf.Tensor) -> tf.Tensor:
        place = _place_before(self._place(y), self.largest_stretch)
        return y - self.shift * tf.math.tanh(place)[..., None]

    def _forward_log_det_jacobian(self, x: tf.Tensor) -> tf.Tensor:
        return tf.math.log(_stretch(self._place(x), self.largest_stretch))

    def _place(self, x: tf.Tensor) -> tf.Tensor:
        return _dot(self.direction, x) + self.offset


def _dot(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(a * b, axis=-1)


def _stretch(place: tf.Tensor, largest: tf.Tensor) -> tf.Tensor:
    """Returns the derivative of c + (largest - 1) tanh c at c = place, without a difference."""
    square = tf.math.tanh(place) ** 2
    return square + (1.0 - square) * largest


def _newton_step(place: tf.Tensor, moved: tf.Tensor, largest: tf.Tensor) -> tf.Tensor:
    error = place + (largest - 1.0) * tf.math.tanh(place) - moved
    return place - error / _stretch(place, largest)


def _place_before(moved: tf.Tensor, largest: tf.Tensor) -> tf.Tensor:
    """Solves c + (largest - 1) tanh c = moved for c.

    The left side is odd, and for positive c concave if `largest` is above 1 and else convex. Its
    slope lies between 1 and `largest`, and it is within `largest - 1` of c: so c is on the same
    side of both `moved / largest` and `moved - (largest - 1)`, on which the tangents of Newton's
    method do not pass it.
    """
    size, fixed = tf.stop_gradient(tf.abs(moved)), tf.stop_gradient(largest)
    bounds = size / fixed, size - (fixed - 1.0)
    start = tf.where(fixed > 1.0, tf.maximum(*bounds), tf.minimum(*bounds))
    (found,) = tf.while_loop(
        lambda _: True,
        lambda place: (_newton_step(place, size, fixed),),
        (start,),
        maximum_iterations=_NEWTON_STEPS,
    )
    place = tf.stop_gradient(tf.sign(moved) * found)
    for _ in range(2):
        place = _newton_step(place, moved, largest)
    return place
