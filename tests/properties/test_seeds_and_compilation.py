import numpy as np
import pytest
from hypothesis import given, settings

from tests.support import exact_checks
from tfp_vae.testing import properties, strategies
from tfp_vae.testing.properties import Subject


@given(strategies.vaes_with_data(), strategies.seeds())
def test_same_seed_same_value_and_another_seed_another(vae_and_x, seed):
    properties.the_same_seed_gives_the_same_draw(Subject(*vae_and_x), seed)


@settings(max_examples=4)
@given(strategies.vaes_with_data(max_rows=3), strategies.seeds())
def test_eager_equals_graph_equals_xla(vae_and_x, seed):
    properties.graph_and_xla_agree_with_eager(Subject(*vae_and_x), seed)


@pytest.mark.parametrize("seed", [-1, 2**64 - 1])
def test_a_seed_is_64_bits(seed):
    vae = exact_checks.LINEAR_GAUSSIAN.vae()
    x = exact_checks.LINEAR_GAUSSIAN.draws(2)
    np.testing.assert_array_equal(vae.elbo(x, seed=seed).elbo, vae.elbo(x, seed=[-1, -1]).elbo)
