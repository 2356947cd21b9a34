"""Exact KL divergences that TensorFlow Probability lacks or rounds, registered with it."""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions


@tfd.RegisterKL(tfd.MultivariateNormalLinearOperator, tfd.Independent)
def _multivariate_normal_from_independent_normals(
    q: tfd.Distribution, p: tfd.Independent, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of a multivariate normal q from a product of normals p.

    A product of L normals, `tfd.Independent(tfd.Normal)`, is the multivariate normal with a
    diagonal scale, so nothing is derived here: the divergence is TensorFlow Probability's between
    two multivariate normals, KL = (tr(P⁻¹ Q) + (p - q)ᵀ P⁻¹ (p - q) - L + log |P| - log |Q|) / 2,
    with means q, p and covariances Q, P.
    """
    return tfd.kl_divergence(q, _as_multivariate_normal(p), name=name)


@tfd.RegisterKL(tfd.Independent, tfd.MultivariateNormalLinearOperator)
def _independent_normals_from_multivariate_normal(
    q: tfd.Independent, p: tfd.Distribution, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of a product of normals q from a multivariate normal p.

    The product is a multivariate normal, as in `_multivariate_normal_from_independent_normals`.
    """
    return tfd.kl_divergence(_as_multivariate_normal(q), p, name=name)


@tfd.RegisterKL(distributions.PowerSpherical, tfd.SphericalUniform)
def _power_spherical_from_spherical_uniform(
    q: distributions.PowerSpherical, p: tfd.SphericalUniform, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of a power spherical q from the uniform distribution on the sphere.

    With L the dimension, b = (L - 1) / 2 and a = b + κ, the density is q(z) = (1 + μᵀz)^κ / N,
    where log N = (a + b) log 2 + b log π + log Γ(a) - log Γ(a + b). The cosine μᵀz is 2 h - 1 for h
    of Beta(a, b), so that E log(1 + μᵀz) = log 2 + E log h = log 2 + ψ(a) - ψ(a + b). The uniform
    density is one over the area A. Hence

        KL(q‖p) = κ (log 2 + ψ(a) - ψ(a + b)) - log N + log A,

    which does not depend on μ: De Cao & Aziz (2020), "The power spherical distribution", section
    2.4. TensorFlow Probability computes the same in the dtype of the distributions, and loses all
    digits of float32 where κ is large; this is computed in float64.
    """
    del p
    with tf.name_scope(name or "kl_power_spherical_uniform"):
        concentration = tf.cast(q.concentration, tf.float64)
        second = tf.constant(q.half_size, tf.float64)
        first = second + concentration
        log_height = math.log(2.0) + tf.math.digamma(first) - tf.math.digamma(first + second)
        entropy = q.log_normalization() - concentration * log_height
        log_area = distributions.log_sphere_area(q.event_shape[-1])
        return tf.cast(log_area - entropy, q.dtype)


@tfd.RegisterKL(distributions.VonMisesFisher, tfd.SphericalUniform)
def _von_mises_fisher_from_spherical_uniform(
    q: distributions.VonMisesFisher, p: tfd.SphericalUniform, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of a von Mises-Fisher q from the uniform distribution on the sphere.

    With log q(z) = κ μᵀz - log N and a uniform density of one over the area A, and the mean E μᵀz
    a ratio of Bessel functions,

        KL(q‖p) = κ E μᵀz - log N + log A = κ (E μᵀz - 1) - (log N - κ) + log A,

    which does not depend on μ: Davidson et al. (2018), "Hyperspherical variational auto-encoders".
    It is computed in float64, since the terms nearly cancel where κ is large.
    """
    del p
    with tf.name_scope(name or "kl_von_mises_fisher_uniform"):
        expected = q.concentration64 * (q.mean_cosine() - 1.0) - q.log_normalization_at_mode()
        return tf.cast(expected + distributions.log_sphere_area(q.event_shape[-1]), q.dtype)


@tfd.RegisterKL(distributions.Beta, distributions.Beta)
@tfd.RegisterKL(distributions.Gamma, distributions.Gamma)
def _computed_in_float64(
    q: distributions.Beta | distributions.Gamma,
    p: distributions.Beta | distributions.Gamma,
    name: str | None = None,
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of two beta or two gamma distributions.

    It is TensorFlow Probability's, which is exact. In float32 it would lose all digits where a
    concentration is large: log-gamma functions of thousands of nats nearly cancel.
    """
    return tf.cast(tfd.kl_divergence(q.in_float64(), p.in_float64(), name=name), q.dtype)


@tfd.RegisterKL(distributions.LogisticNormal, distributions.LogisticNormal)
def _logistic_normals(
    q: distributions.LogisticNormal, p: distributions.LogisticNormal, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of two logistic-normal distributions: that of their normals.

    With v = f(x) and a bijection f, both densities change by the same factor |det f'(x)|, which
    cancels in the ratio: E_q log q(v) / p(v) = E log q(x) / p(x).
    """
    return tfd.kl_divergence(q.normal, p.normal, name=name)


@tfd.RegisterKL(distributions.OneHotCategorical, distributions.OneHotCategorical)
def _one_hot_categoricals(
    q: distributions.OneHotCategorical,
    p: distributions.OneHotCategorical,
    name: str | None = None,
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of independent categorical variables: the sum over the variables."""
    return tf.reduce_sum(tfd.kl_divergence(q.variables, p.variables, name=name), axis=-1)


@tfd.RegisterKL(distributions.CategoricalJoint, distributions.CategoricalJoint)
def _categorical_joints(
    q: distributions.CategoricalJoint, p: distributions.CategoricalJoint, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of categorical latents c and continuous ones z given them.

    By the chain rule it is KL(q(c)‖p(c)) + Σ q(c) KL(q(z|c)‖p(z|c)); there is none if that of z is
    not known.
    """
    c = distributions.support_beside_rows(q.categorical)
    of_each = tfd.kl_divergence(
        q.continuous_fn(c), p.continuous_fn(p.categorical.support()[:, None]), name=name
    )
    probs = tf.exp(q.categorical.log_prob(c))
    return tfd.kl_divergence(q.categorical, p.categorical) + tf.reduce_sum(probs * of_each, axis=0)


@tfd.RegisterKL(distributions.LinearMarkovChain, distributions.LinearMarkovChain)
def _linear_markov_chains(
    q: distributions.LinearMarkovChain,
    p: distributions.LinearMarkovChain,
    name: str | None = None,
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of two chains of normal states.

    By the chain rule it is the sum over the steps of E KL(q(z_t|z')‖p(z_t|z')), in the mean over
    states z' of the step before, of mean m and covariance P under q. Both conditionals are normal
    with covariances that do not depend on z', and means A z' + b and F z' + c. Where p's covariance
    is R Rᵀ, the divergence depends on z' by |R⁻¹ (A - F) z' + …|² / 2 alone, whose mean is its
    value at m plus tr(R⁻¹ (A - F) P (A - F)ᵀ R⁻ᵀ) / 2. Chains of other steps are compared as
    multivariate normals.
    """
    if q.time_steps != p.time_steps:
        return tfd.kl_divergence(q.multivariate_normal(), p.multivariate_normal(), name=name)
    with tf.name_scope(name or "kl_linear_markov_chains"):
        mean = q.states(q.mean())
        following = p.conditionals(mean)
        at_mean = tfd.kl_divergence(q.conditionals(mean), following)
        covariance = q.marginal_covariances()[..., :-1, :, :]
        difference = (q.transition - p.transition)[..., 1:, :, :]
        scale = tf.linalg.LinearOperatorLowerTriangular(
            following.scale.to_dense()[..., 1:, :, :], is_non_singular=True
        )
        scaled = scale.solve(difference)
        spread = tf.reduce_sum(tf.matmul(scaled, covariance) * scaled, axis=[-3, -2, -1])
        return tf.reduce_sum(at_mean, axis=-1) + 0.5 * spread


@tfd.RegisterKL(distributions.LinearMarkovChain, tfd.MultivariateNormalLinearOperator)
def _linear_markov_chain_from_multivariate_normal(
    q: distributions.LinearMarkovChain, p: tfd.Distribution, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of a chain of normal states, which is a multivariate normal."""
    return tfd.kl_divergence(q.multivariate_normal(), p, name=name)


@tfd.RegisterKL(tfd.MultivariateNormalLinearOperator, distributions.LinearMarkovChain)
def _multivariate_normal_from_linear_markov_chain(
    q: tfd.Distribution, p: distributions.LinearMarkovChain, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats to a chain of normal states, which is a multivariate normal."""
    return tfd.kl_divergence(q, p.multivariate_normal(), name=name)


@tfd.RegisterKL(distributions.VectorQuantized, distributions.CodeVectors)
def _vector_quantized_from_code_vectors(
    q: distributions.VectorQuantized, p: distributions.CodeVectors, name: str | None = None
) -> tf.Tensor:
    """Returns KL(q‖p) in nats of codes known for certain: -log p of these.

    Of Σ q(c) (log q(c) - log p(c)) over all codes one term remains, in which q(c) = 1.
    """
    with tf.name_scope(name or "kl_vector_quantized_code_vectors"):
        return -p.log_prob_of_codes(q.codes)


def _as_multivariate_normal(product: tfd.Independent) -> tfd.MultivariateNormalDiag:
    normal = product.distribution
    if not isinstance(normal, tfd.Normal) or len(product.event_shape) != 1:
        raise NotImplementedError(
            "An exact KL with a multivariate normal is known only for tfd.Independent of "
            f"tfd.Normal with one event axis; got {product!r}."
        )
    shape = tf.concat([product.batch_shape_tensor(), product.event_shape_tensor()], 0)
    return tfd.MultivariateNormalDiag(
        tf.broadcast_to(normal.loc, shape), tf.broadcast_to(normal.scale, shape)
    )
