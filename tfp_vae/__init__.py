"""Variational autoencoders made of distribution objects, on TensorFlow Probability and Keras 3."""

from tfp_vae import _dependencies  # noqa: F401, I001 - before whatever imports them
import importlib
from typing import Any

from tfp_vae import (
    datasets,
    divergences,
    evaluation,
    likelihoods,
    networks,
    objectives,
    posteriors,
    priors,
    callbacks,
)
from tfp_vae._version import __version__
from tfp_vae.audit import AuditReport, Finding, audit, audit_model, audit_tensors
from tfp_vae.model import (
    VAE,
    Decoder,
    Encoder,
    HierarchicalVAE,
    StateSpaceVAE,
    MultimodalVAE,
    Transition,
    VariationalRNN,
    load,
    take_schema_class,
)

__all__ = [
    "VAE",
    "AuditReport",
    "Decoder",
    "Encoder",
    "Finding",
    "HierarchicalVAE",
    "StateSpaceVAE",
    "MultimodalVAE",
    "Transition",
    "VariationalRNN",
    "__version__",
    "audit",
    "audit_model",
    "audit_tensors",
    "callbacks",
    "datasets",
    "divergences",
    "evaluation",
    "likelihoods",
    "load",
    "networks",
    "objectives",
    "plotting",
    "posteriors",
    "priors",
    "sklearn",
    "tables",
    "testing",
]

_NEEDS_AN_EXTRA = frozenset({"plotting", "sklearn", "tables", "testing"})


def __getattr__(name: str) -> Any:
    """Imports what needs an extra only when it is asked for."""
    if name in _NEEDS_AN_EXTRA:
        return importlib.import_module(f"tfp_vae.{name}")
    raise AttributeError(f"module 'tfp_vae' has no attribute {name!r}")


# A model knows no frames; what their columns are is found out where pandas is.
take_schema_class(lambda: importlib.import_module("tfp_vae.tables").Schema)
