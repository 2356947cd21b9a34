"""The calls of `tfp_vae.posteriors`."""

import numpy as np

from tests.fuzz.call import Call
from tests.fuzz.part_checks import FEATURES, MOST_ELEMENTS, has_own_function, round_trip
from tfp_vae import posteriors


def _draws(posterior, given):
    round_trip(posterior, given)
    sizes = [posterior.event_shape[0], *getattr(posterior, "units", [])]
    sizes += [getattr(posterior, "rank", 1), getattr(posterior, "context_size", 1)]
    sizes += [getattr(posterior, "steps", 1), getattr(posterior, "codes", 1)]
    sizes += [getattr(posterior, "state_size", 1)]
    if np.prod([float(size) for size in sizes]) > MOST_ELEMENTS or has_own_function(given):
        return
    made = posterior(FEATURES)
    z = made.sample(seed=[0, 1])
    assert z.shape == (2, *posterior.event_shape)
    assert np.isfinite(z).all()
    assert np.isfinite(made.log_prob(z)).all()


CALLS = {
    "posteriors.CategoricalJoint": Call(
        posteriors.CategoricalJoint,
        lambda: {
            "categorical": posteriors.Categorical(3),
            "continuous": posteriors.MultivariateNormalDiag(2),
            "trunk": None,
        },
        _draws,
    ),
    **{
        f"posteriors.{name}": Call(
            getattr(posteriors, name), lambda given=given: dict(given), _draws
        )
        for name, given in {
            "MultivariateNormalDiag": {"latent_size": 2},
            "MultivariateNormalDiagPlusLowRank": {"latent_size": 2},
            "MultivariateNormalTriL": {"latent_size": 2},
            "PlanarFlow": {"latent_size": 2, "steps": 2},
            "PowerSpherical": {"latent_size": 3},
            "SpatialNormal": {"latent_shape": [1, 2, 1]},
            "RadialFlow": {"latent_size": 2, "steps": 2},
            "VonMisesFisher": {"latent_size": 3},
            "HyperbolicNormal": {"latent_size": 2},
            "Beta": {"latent_size": 2},
            "Gamma": {"latent_size": 2},
            "LinearMarkovChain": {"time_steps": 3, "state_size": 2},
            "LogisticNormal": {"categories": 3},
            "InverseAutoregressiveFlow": {
                "latent_size": 2, "steps": 1, "units": [4], "context_size": 3,
            },
            "RelaxedOneHotCategorical": {"latent_variables": 2, "categories": 3},
            "Categorical": {"categories": 3, "latent_variables": 2},
            "VectorQuantized": {
                "codes": 3, "code_size": 2, "positions": 2, "decay": 0.9, "restart_below": 0.1,
            },
        }.items()
    },
}  # fmt: skip
