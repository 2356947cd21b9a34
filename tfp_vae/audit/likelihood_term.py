"""Reads the likelihood term of a loss."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfp_vae.audit.fitting import AffineFit, fit_affine
from tfp_vae.audit.loss_probe import LossProbe, Measured, Z
from tfp_vae.audit.probe_design import Point
from tfp_vae.audit.references import DECLARED_FORMS, OTHER_FORMS, LikelihoodForm


@dataclass(frozen=True)
class LikelihoodTerm:
    """The likelihood term as it was read.

    Attributes:
        declared: The negative log-likelihood that was declared.
        form: The known form that the term has, None if it is missing or unknown.
        fit: How `form` fits, None if there is none.
        missing: Whether the loss depends neither on the data nor on the decoder's output.
        in_unit_interval: Whether the form only fits for decoder outputs in (0, 1).
        finite_beyond: Whether the loss is finite for decoder outputs outside (0, 1).
        resolved: Whether the term is larger than the noise.
    """

    declared: LikelihoodForm
    form: LikelihoodForm | None = None
    fit: AffineFit | None = None
    missing: bool = False
    in_unit_interval: bool = False
    finite_beyond: bool = True
    resolved: bool = True

    @property
    def as_declared(self) -> bool:
        """Whether the term is a multiple of the declared negative log-likelihood."""
        return self.form is self.declared


def _stacked(points: Sequence[Point]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([p.x for p in points]), np.stack([p.decoder_output for p in points])


def fit_form(form: LikelihoodForm, points: Sequence[Point], measured: Measured) -> AffineFit:
    """Fits one form of likelihood to measured values."""
    return fit_affine(form.negative_log_likelihood(*_stacked(points)), measured)


def read_likelihood(probe: LossProbe) -> LikelihoodTerm:
    """Reads the likelihood term by varying data and decoder output alone."""
    design = probe.design
    declared = DECLARED_FORMS[design.likelihood, design.decoder_output]
    points = design.likelihood_points()
    measured = probe.measure(points)
    if measured.finite and measured.constant:
        return LikelihoodTerm(declared, missing=not probe.random, resolved=not probe.random)
    fit = fit_form(declared, points, measured)
    if fit.fits:
        return LikelihoodTerm(declared, declared, fit, resolved=_is_resolved(fit))
    form, other = _best(points, measured)
    if form is not None:
        return LikelihoodTerm(declared, form, other, resolved=_is_resolved(other))
    bounded = design.decoder_output != "logits" and design.likelihood != "normal"
    if bounded:
        return LikelihoodTerm(declared)
    unit_points = replace(design, in_unit_interval=True).likelihood_points()
    form, other = _best(unit_points, probe.measure(unit_points))
    if form is None or form is declared:
        return LikelihoodTerm(declared)
    return LikelihoodTerm(
        declared, form, other, in_unit_interval=True, finite_beyond=measured.finite
    )


def _is_resolved(fit: AffineFit | None) -> bool:
    return fit is not None and Z * fit.weight_error <= 0.25 * abs(fit.weight)


def _best(
    points: Sequence[Point], measured: Measured
) -> tuple[LikelihoodForm | None, AffineFit | None]:
    fits = [(form, fit_form(form, points, measured)) for form in OTHER_FORMS]
    fitting = [(form, fit) for form, fit in fits if fit.fits]
    if not fitting:
        return None, None
    return min(fitting, key=lambda pair: pair[1].misfit)
