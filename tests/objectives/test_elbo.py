"""An objective is a function of distributions; here they are TensorFlow Probability's own."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import objectives


def _normal(*batch, dtype=np.float32):
    return tfd.MultivariateNormalDiag(np.zeros([*batch, 2], dtype), np.ones([*batch, 2], dtype))


def _terms(**changed):
    arguments = {
        "posterior": _normal(3),
        "prior": _normal(),
        "likelihood_fn": lambda z: tfd.MultivariateNormalDiag(z, tf.ones([2], z.dtype)),
        "seed": 0,
        **changed,
    }
    x = arguments.pop("x", np.ones([3, 2]))
    return objectives.ELBO(sample_size=4)(x, **arguments)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8", "bool"])
def test_data_of_any_dtype_meets_distributions_of_float32(dtype):
    terms = _terms(x=np.ones([3, 2], dtype))
    assert terms.elbo.dtype == tf.float32
    np.testing.assert_array_equal(terms.elbo, _terms().elbo)


def test_a_prior_for_every_row_is_taken():
    np.testing.assert_array_equal(_terms(prior=_normal(3)).elbo, _terms().elbo)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"posterior": np.zeros([3, 2])}, TypeError, "`posterior` must be a tfd.Distribution; got"),
        ({"prior": None}, TypeError, "`prior` must be a tfd.Distribution; got a NoneType"),
        ({"likelihood_fn": _normal(3)}, TypeError, "`likelihood_fn` must be a function"),
        ({"likelihood_fn": lambda z: z}, TypeError, "must return a tfd.Distribution; got a"),
        ({"posterior": _normal()}, ValueError, "`posterior` must have batch shape"),
        ({"posterior": _normal(4)}, ValueError, "`posterior` must have batch shape"),
        ({"prior": _normal(4)}, ValueError, "`prior` must have batch shape"),
        (
            {"prior": tfd.MultivariateNormalDiag(np.zeros([5], "f"))},
            ValueError,
            "`prior` must have the event shape of `posterior`",
        ),
        (
            {"likelihood_fn": lambda z: tfd.Normal(z, 1.0)},
            ValueError,
            "must return a distribution with the event shape of a row",
        ),
        (
            {"likelihood_fn": lambda z: tfd.MultivariateNormalDiag(z[0], tf.ones([2]))},
            ValueError,
            "must return a distribution with the batch shape",
        ),
        ({"x": np.ones([3, 4])}, ValueError, "event shape of a row of `x`"),
        ({"x": np.float32(1.0)}, ValueError, "`posterior` must have batch shape"),
        ({"seed": 0.5}, TypeError, "`seed` must be an int"),
        ({"seed": [1, 2, 3]}, ValueError, "`seed` must be an int"),
    ],
)
def test_parts_that_do_not_fit_are_named(changed, error, message):
    with pytest.raises(error, match=message):
        _terms(**changed)


def test_a_posterior_without_a_batch_cannot_broadcast_to_one_row():
    with pytest.raises(ValueError, match="`prior` must have batch shape"):
        _terms(x=np.ones([1, 2]), posterior=_normal(1), prior=_normal(5))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"kl_weight": -1.0}, ValueError),
        ({"kl_weight": np.nan}, ValueError),
        ({"kl_weight": "1"}, TypeError),
        ({"kl_weight": True}, TypeError),
        ({"free_bits": -0.1}, ValueError),
        ({"free_bits": None}, TypeError),
        ({"sample_size": 0}, ValueError),
        ({"sample_size": 1.5}, TypeError),
    ],
)
def test_wrong_arguments_of_elbo_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        objectives.ELBO(**arguments)
