"""Reads a hand-written VAE loss back as a formula, and names its mistakes."""

from tfp_vae.audit.auditing import audit
from tfp_vae.audit.calls.loading import load_callable, load_object
from tfp_vae.audit.findings import Finding
from tfp_vae.audit.model_audit import audit_model
from tfp_vae.audit.models.training_steps import step_parts
from tfp_vae.audit.reports.report import AuditReport
from tfp_vae.audit.symbolic import audit_tensors

__all__ = [
    "AuditReport",
    "Finding",
    "audit",
    "audit_model",
    "audit_tensors",
    "load_callable",
    "load_object",
    "step_parts",
]
