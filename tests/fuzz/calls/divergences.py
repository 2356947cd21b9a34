"""The calls of `tfp_vae.divergences`."""

import numpy as np
import tensorflow as tf

from tests.fuzz import normals
from tests.fuzz.call import Call
from tfp_vae import divergences

_DRAWS = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(4, 3, 2)


def _pair(**more):
    return lambda: {"posterior": normals.posterior(), "prior": normals.prior(), **more}


CALLS = {
    **{
        f"divergences.{name}": Call(getattr(divergences, name), _pair(**more), propagates=True)
        for name, more in {
            "exact_kl_divergence": {}, "kl_divergence_per_dimension": {}, "declaration": {},
            "is_summed_over_layers": {},
            "sampled_kl_divergence": {"z": _DRAWS}, "kl_divergence_per_layer": {"z": _DRAWS},
            "decomposed_kl_divergence": {"z": _DRAWS, "data_size": 3},
        }.items()
    },
    "divergences.latent_factors": Call(
        divergences.latent_factors, lambda: {"distribution": normals.posterior()}
    ),
    "divergences.squared_maximum_mean_discrepancy": Call(
        divergences.squared_maximum_mean_discrepancy,
        lambda: {"z": _DRAWS, "prior": normals.prior(), "seed": tf.constant([0, 1])},
        propagates=True,
    ),
    "divergences.active_units": Call(
        divergences.active_units, lambda: {"means": np.array([[0.0, 1.0], [0.5, -1.0]])}
    ),
}  # fmt: skip
