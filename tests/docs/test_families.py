"""The table of posteriors and priors says what the code does."""

from pathlib import Path

import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors, priors
from tfp_vae.testing.strategies.posterior import POSTERIORS
from tfp_vae.testing.strategies.prior import PRIORS

PAGE = (Path(__file__).parents[2] / "docs" / "families.md").read_text()
ARGUMENTS = {
    "MixtureOfGaussians": (2,),
    "VampPrior": (2,),
    "RelaxedOneHotCategorical": (1, 2),
    "Categorical": (2,),
    "LogisticNormal": (2,),
    "VectorQuantized": (2, 1),
    "DeepMarkovChain": (2,),
    "GaussianProcess": (2,),
    "LinearMarkovChain": (2,),
    "SpatialNormal": ([1, 1, 2],),
}


def _made(module, name, default=()):
    if name == "CategoricalJoint":
        parts = [module.Categorical(2)]
        if module is posteriors:
            parts.append(posteriors.MultivariateNormalDiag(1))
        return module.CategoricalJoint(*parts)
    if name == "LinearMarkovChain" and module is posteriors:
        return posteriors.LinearMarkovChain(2, 1)
    return getattr(module, name)(*ARGUMENTS.get(name, default))


def _cells():
    """Returns (posterior, prior, what the page says) of every cell of the table."""
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("|") and not line.startswith("|--")
    ]
    (_, *columns), *body = rows
    return [
        (row[0], name, said) for row in body for name, said in zip(columns, row[1:], strict=True)
    ]


def test_the_table_has_every_posterior_and_every_prior():
    cells = _cells()
    assert {cell[0] for cell in cells} == {kind.__name__ for kind in POSTERIORS}
    # The others need a condition.
    of_z = set(PRIORS) - {priors.ConditionalNormal}
    assert {cell[1] for cell in cells} == {kind.__name__ for kind in of_z}


@pytest.mark.parametrize(("posterior", "prior", "said"), _cells())
def test_a_cell_of_the_table_is_true(posterior, prior, said):
    def make():
        return tfp_vae.VAE(
            tfp_vae.Encoder(networks.mlp([2]), _made(posteriors, posterior, (2,))),
            tfp_vae.Decoder(networks.mlp([2]), likelihoods.Bernoulli([3])),
            prior=_made(priors, prior),
        )

    goes = getattr(priors, prior) in POSTERIORS[getattr(posteriors, posterior)].priors
    assert goes == (said != "refused")
    if goes:
        assert f"KL: {said}" in make().kl_declaration
    else:
        with pytest.raises(ValueError, match="`prior` must be a distribution over the latents of"):
            make()
