import numpy as np
import pytest

from tfp_vae import networks


def built_path():
    path = networks.LinearPath({"loc": (2, 3), "scale": (2, 3)}, linear=["loc"])
    path.build((None, 4))
    return path


def test_a_new_path_adds_zero():
    path = built_path()
    added = path(np.ones([5, 4], "float32"))
    assert added["loc"].shape == (5, 2, 3)
    assert added["scale"].shape == (2, 3)
    assert not np.any(added["loc"])
    assert path.is_untouched
    assert not path.is_adapted


def test_it_adds_constants_and_a_linear_function():
    rng = np.random.default_rng(0)
    kernel, loc = rng.normal(size=[4, 6]), rng.normal(size=[2, 3])
    path = built_path()
    path.assign({"loc": loc, "scale": 3.0}, {"loc": kernel})
    z = rng.normal(size=[7, 5, 4])
    added = path(z)
    np.testing.assert_allclose(
        added["loc"], loc + (z @ kernel).reshape(7, 5, 2, 3), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(added["scale"], np.full([2, 3], 3.0))
    assert path.is_adapted


def test_a_trained_path_is_not_untouched():
    path = built_path()
    path.kernels[0].assign(np.eye(4, 6))
    assert not path.is_untouched
    assert not path.is_adapted


def test_a_path_to_no_parameter_is_refused():
    with pytest.raises(ValueError, match="`parameter_shapes` must name at least one parameter"):
        networks.LinearPath({})
