"""Rows depend on one another only in objectives that declare it."""

import pytest

from tfp_vae import objectives
from tfp_vae.testing import LinearGaussian, objective_properties
from tfp_vae.testing.strategies.objective import OBJECTIVES

pytestmark = pytest.mark.usefixtures("float64")

ASKED = {
    objectives.BetaTCVAE: objectives.BetaTCVAE(10, 3.0),
    objectives.CIWAE: objectives.CIWAE(0.5, 3),
    objectives.CapacityELBO: objectives.CapacityELBO(1.0),
    objectives.ControlVAE: objectives.ControlVAE(1.0),
    objectives.DIPVAE: objectives.DIPVAE(5.0, 5.0),
    objectives.ELBO: objectives.ELBO(free_bits=0.2),
    objectives.FactorVAE: objectives.FactorVAE(3.0, units=[4]),
    objectives.HamiltonianELBO: objectives.HamiltonianELBO(2, 0.1),
    objectives.InfoVAE: objectives.InfoVAE(20.0),
    objectives.IWAE: objectives.IWAE(3, sample_size=2),
    objectives.PIWAE: objectives.PIWAE(6, 2),
    objectives.Renyi: objectives.Renyi(0.5, 3),
}


def test_every_objective_is_asked():
    assert ASKED.keys() == OBJECTIVES.keys()


@pytest.mark.parametrize("kind", ASKED)
def test_rows_depend_on_one_another_only_where_it_is_declared(kind):
    objective_properties.rows_are_independent_as_declared(ASKED[kind], LinearGaussian.drawn(1))
