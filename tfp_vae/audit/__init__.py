"""Reads a hand-written VAE loss back as a formula, and names its mistakes."""

from tfp_vae.audit.auditing import audit
from tfp_vae.audit.findings import Finding
from tfp_vae.audit.loading import load_callable
from tfp_vae.audit.report import AuditReport

__all__ = ["AuditReport", "Finding", "audit", "load_callable"]
