"""Tests for your own models, their parts and hand-written losses.

`check_elbo`, `assert_loss_is_negative_elbo`, `properties` and the assertions need this library
alone; the models with exact log p(x) and `flows` need SciPy, and `strategies` needs Hypothesis:
`pip install "tfp-vae[testing]"` installs both.
"""

import importlib
from typing import Any

from tfp_vae.testing.assertions import assert_close, assert_mean, assert_mean_at_most
from tfp_vae.testing.configs import assert_config_is_a_fixed_point
from tfp_vae.testing.elbo_check import check_elbo
from tfp_vae.testing.elbo_report import ELBOReport, PropertyResult
from tfp_vae.testing.losses import assert_loss_is_negative_elbo
from tfp_vae.testing.normals import (
    conditional_normal,
    diagonal_normal,
    normal_kl_divergence,
    normal_squared_maximum_mean_discrepancy,
    same_noise_normal,
    without_exact_kl,
)
from tfp_vae.testing.numerical import finite_differences, numerical_log_density, plane_grid
from tfp_vae.testing.rows import repeated, with_holes, with_random_weights

__all__ = [
    "AggregatePosterior",
    "ELBOReport",
    "Enumerable",
    "LinearGaussian",
    "PropertyResult",
    "assert_close",
    "assert_config_is_a_fixed_point",
    "assert_loss_is_negative_elbo",
    "assert_mean",
    "assert_mean_at_most",
    "check_elbo",
    "conditional_normal",
    "diagonal_normal",
    "finite_differences",
    "normal_kl_divergence",
    "normal_squared_maximum_mean_discrepancy",
    "numerical_log_density",
    "plane_grid",
    "repeated",
    "same_noise_normal",
    "with_holes",
    "with_random_weights",
    "without_exact_kl",
]

_NEEDS_THE_EXTRA = {
    "AggregatePosterior": "tfp_vae.testing.aggregate_posterior",
    "Enumerable": "tfp_vae.testing.enumerable",
    "LinearGaussian": "tfp_vae.testing.linear_gaussian",
    "flows": "tfp_vae.testing.flows",
    "strategies": "tfp_vae.testing.strategies",
}


def __getattr__(name: str) -> Any:
    """Imports the names that need the extra `testing` at their first use."""
    if name not in _NEEDS_THE_EXTRA:
        raise AttributeError(f"module 'tfp_vae.testing' has no attribute {name!r}")
    try:
        module = importlib.import_module(_NEEDS_THE_EXTRA[name])
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"`tfp_vae.testing.{name}` needs the extra `testing`: "
            f'pip install "tfp-vae[testing]"; {missing}.'
        ) from missing
    return module if name in {"flows", "strategies"} else getattr(module, name)
