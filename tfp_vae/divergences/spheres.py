"""The KL divergence of the power spherical from the uniform distribution on the sphere.

With L the dimension, b = (L - 1) / 2 and a = b + κ, the density is q(z) = (1 + μᵀz)^κ / N, where
log N = (a + b) log 2 + b log π + log Γ(a) - log Γ(a + b). The cosine μᵀz is 2 h - 1 for h of
Beta(a, b), so that E log(1 + μᵀz) = log 2 + E log h = log 2 + ψ(a) - ψ(a + b). The uniform density
is one over the area A. Hence

    KL(q‖p) = κ (log 2 + ψ(a) - ψ(a + b)) - log N + log A,

in which nothing depends on μ: De Cao & Aziz (2020), "The power spherical distribution", section
2.4. TensorFlow Probability has the same in the dtype of the distributions, and loses all digits of
float32 where κ is large; this is computed in float64.
"""

import math
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.distributions.spherical_uniform import log_area


@tfd.RegisterKL(distributions.PowerSpherical, tfd.SphericalUniform)
def _power_spherical_from_uniform(q: Any, p: Any, name: str | None = None) -> tf.Tensor:
    del p
    with tf.name_scope(name or "kl_power_spherical_uniform"):
        concentration = tf.cast(q.concentration, tf.float64)
        second = tf.constant(q.half_size, tf.float64)
        first = second + concentration
        log_height = math.log(2.0) + tf.math.digamma(first) - tf.math.digamma(first + second)
        entropy = q.log_normalization() - concentration * log_height
        return tf.cast(log_area(q.event_shape[-1]) - entropy, q.dtype)
