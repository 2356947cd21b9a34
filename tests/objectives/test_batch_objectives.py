"""What an objective declares of the rows of a batch is so."""

import pytest

import objective_properties
import strategies
from oracles import LinearGaussian
from tfp_vae import objectives

pytestmark = pytest.mark.usefixtures("float64")

OBJECTIVES = {
    objectives.BetaTCVAE: objectives.BetaTCVAE(10, 3.0),
    objectives.ELBO: objectives.ELBO(free_bits=0.2),
    objectives.InfoVAE: objectives.InfoVAE(20.0),
    objectives.IWAE: objectives.IWAE(3),
}


def test_every_objective_is_asked():
    assert OBJECTIVES.keys() == strategies.OBJECTIVES.keys()


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_rows_depend_on_one_another_only_where_it_is_declared(kind):
    objective_properties.check_declaration_of_independent_rows(
        OBJECTIVES[kind], LinearGaussian.drawn(1)
    )
