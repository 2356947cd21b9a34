"""Variational autoencoders as scikit-learn estimators."""

import importlib
from typing import TYPE_CHECKING, Any

from tfp_vae.sklearn.vae_transformer import VAETransformer

if TYPE_CHECKING:
    from tfp_vae.sklearn.table_vae import TableVAE

__all__ = ["TableVAE", "VAETransformer"]


def __getattr__(name: str) -> Any:
    """Imports the estimator of data frames, which needs pandas, when it is asked for."""
    if name == "TableVAE":
        return importlib.import_module("tfp_vae.sklearn.table_vae").TableVAE
    raise AttributeError(f"module 'tfp_vae.sklearn' has no attribute {name!r}")
