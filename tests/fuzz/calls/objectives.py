"""The calls of `tfp_vae.objectives`."""

import numpy as np

from tests.fuzz import fuzzed_models, normals
from tests.fuzz.call import Call
from tests.fuzz.part_checks import round_trip
from tfp_vae import objectives


def _gives_terms(objective, given):
    round_trip(objective, given)
    if getattr(objective, "sample_size", 1) > 10:
        return
    if getattr(objective, "importance_sample_size", 1) > 10:
        return
    if getattr(objective, "leapfrog_steps", 1) > 10:
        return
    batch = fuzzed_models.model("binary").distributions(fuzzed_models.BINARY)
    terms = objective(
        batch.x, posterior=batch.posterior, prior=batch.prior, likelihood_fn=batch.likelihood_fn,
        seed=0, step=3,
    )  # fmt: skip
    for values in terms:
        assert values.shape == (fuzzed_models.ROWS,)
    assert np.isfinite(terms.elbo).all()


def _objective_call(**given):
    return objectives.ELBO()(**given)


CALLS = {
    **{
        f"objectives.{name}": Call(
            getattr(objectives, name), lambda given=given: dict(given), _gives_terms
        )
        for name, given in {
            "ELBO": {}, "IWAE": {}, "BetaTCVAE": {"data_size": 6}, "InfoVAE": {"mmd_weight": 1.0},
            "HamiltonianELBO": {"leapfrog_steps": 1},
            "CIWAE": {}, "PIWAE": {}, "Renyi": {}, "CapacityELBO": {"capacity": 1.0},
            "ControlVAE": {"kl_target": 1.0}, "FactorVAE": {},
            "DIPVAE": {"off_diagonal_weight": 1.0, "diagonal_weight": 1.0},
        }.items()
    },
    "objectives.LinearWarmUp": Call(
        objectives.LinearWarmUp, lambda: {"steps": 10}, round_trip
    ),
    "objectives, called": Call(
        _objective_call,
        lambda: {
            "x": fuzzed_models.BINARY,
            "posterior": normals.posterior(rows=6), "prior": normals.prior(),
            "likelihood_fn": fuzzed_models.model("binary").decoder, "seed": 0,
        },
        of=lambda x, posterior, prior, likelihood_fn, seed: None,
    ),
}  # fmt: skip
