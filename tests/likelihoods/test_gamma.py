"""Mean and variation at which a gamma likelihood begins, for any order of magnitude."""

import numpy as np
import pytest
from scipy import stats

from tfp_vae import likelihoods

SHAPES = np.array([0.2, 1.0, 3.0, 50.0])
X = np.random.default_rng(0).gamma(SHAPES, size=[400, 4])


@pytest.mark.parametrize("magnitude", [1e-9, 1.0, 1e5])
def test_it_begins_at_the_fit_of_scipy(magnitude):
    layer = likelihoods.Gamma([4])
    layer.take_units()
    constants = layer.adapt(magnitude * X)
    distribution = layer.distribution(
        *(constants[name][None].astype("float32") for name in layer.parameter_names)
    )
    fits = np.array([stats.gamma.fit(column, floc=0.0) for column in X.T])
    np.testing.assert_allclose(distribution.mean()[0], magnitude * X.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(distribution.distribution.concentration[0], fits[:, 0], rtol=1e-3)


def test_without_data_the_unit_is_one():
    with_unit, plain = likelihoods.Gamma([4]), likelihoods.Gamma([4])
    with_unit.take_units()
    outputs = np.random.default_rng(1).normal(size=[2, 3, 4]).astype("float32")
    np.testing.assert_array_equal(
        with_unit.distribution(*outputs).log_prob(X[:3].astype("float32")),
        plain.distribution(*outputs).log_prob(X[:3].astype("float32")),
    )
