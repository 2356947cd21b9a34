"""Variational autoencoders as scikit-learn estimators."""

import importlib
from typing import TYPE_CHECKING, Any

try:
    from tfp_vae.sklearn.vae_transformer import VAETransformer
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    raise ModuleNotFoundError(
        '`tfp_vae.sklearn` needs scikit-learn: pip install "tfp-vae[sklearn]".', name="sklearn"
    ) from error

if TYPE_CHECKING:
    from tfp_vae.sklearn.table_vae import TableVAE

__all__ = ["TableVAE", "VAETransformer"]


def __getattr__(name: str) -> Any:
    """Imports the estimator of data frames, which needs pandas, when it is asked for."""
    if name == "TableVAE":
        return importlib.import_module("tfp_vae.sklearn.table_vae").TableVAE
    raise AttributeError(f"module 'tfp_vae.sklearn' has no attribute {name!r}")
