"""KL divergences between multivariate normals and products of normals, which TFP lacks.

A product of L normals, `tfd.Independent(tfd.Normal)`, is the multivariate normal with a diagonal
scale, so nothing is derived here: the divergence is TensorFlow Probability's between two
multivariate normals, KL = (tr(P⁻¹ Q) + (p - q)ᵀ P⁻¹ (p - q) - L + log |P| - log |Q|) / 2, with
means q, p and covariances Q, P.
"""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd


@tfd.RegisterKL(tfd.MultivariateNormalLinearOperator, tfd.Independent)
def _multivariate_from_product(q: Any, p: Any, name: str | None = None) -> tf.Tensor:
    return tfd.kl_divergence(q, _as_multivariate(p), name=name)


@tfd.RegisterKL(tfd.Independent, tfd.MultivariateNormalLinearOperator)
def _product_from_multivariate(q: Any, p: Any, name: str | None = None) -> tf.Tensor:
    return tfd.kl_divergence(_as_multivariate(q), p, name=name)


def _as_multivariate(product: tfd.Independent) -> tfd.MultivariateNormalDiag:
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
