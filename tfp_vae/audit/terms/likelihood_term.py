"""Reads the likelihood term of a loss."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfp_vae.audit.probes.design import Point
from tfp_vae.audit.probes.fitting import TOLERANCE, AffineFit, fit_affine
from tfp_vae.audit.probes.likelihood_forms import (
    CROSS_ENTROPY,
    CROSS_ENTROPY_OF_LOGITS,
    DECLARED_FORMS,
    LEARNED_SCALES,
    OPTIMAL_SCALES,
    OTHER_FORMS,
    SQUARED_ERROR,
    LikelihoodForm,
    guarded_forms,
)
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.measured import Measured, Z


@dataclass(frozen=True)
class LikelihoodTerm:
    """The likelihood term as it was read.

    Attributes:
        declared: The negative log-likelihood that was declared.
        form: The known form that the term has, None if it is missing or unknown.
        fit: How `form` fits, None if there is none.
        missing: Whether the loss depends neither on the data nor on the decoder's output.
        absent: Whether the function does not even take them: it is the KL alone.
        class_weights: The weights of x and of 1 - x in a cross-entropy, if they differ.
        in_unit_interval: Whether the form only fits for decoder outputs in (0, 1).
        finite_beyond: Whether the loss is finite for decoder outputs outside (0, 1).
        resolved: Whether the term is larger than the noise.
    """

    declared: LikelihoodForm
    form: LikelihoodForm | None = None
    fit: AffineFit | None = None
    missing: bool = False
    absent: bool = False
    class_weights: tuple[float, float] | None = None
    in_unit_interval: bool = False
    finite_beyond: bool = True
    resolved: bool = True

    @property
    def as_declared(self) -> bool:
        """Whether the term is a multiple of the declared likelihood's, or meant as it."""
        if self.form is None:
            return False
        return self.form is self.declared or self.form.stands_for == self.declared.name

    @property
    def unreadable(self) -> bool:
        """Whether there is a term that is no known log-likelihood."""
        is_there = self.resolved and not self.missing and not self.absent
        return is_there and self.form is None


def _stacked(points: Sequence[Point]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([p.x for p in points]), np.stack([p.decoder_output for p in points])


def fit_form(form: LikelihoodForm, points: Sequence[Point], measured: Measured) -> AffineFit:
    """Fits one form of likelihood to measured values."""
    return fit_affine(form.negative_log_likelihood(*_stacked(points)), measured)


def read_likelihood(probe: LossProbe) -> LikelihoodTerm:
    """Reads the likelihood term by varying data and decoder output alone."""
    design = probe.design
    learned = probe.binding.has_decoder_scale
    declared = DECLARED_FORMS[design.likelihood, design.decoder_output]
    if not probe.binding.has_event:
        return LikelihoodTerm(declared, absent=True)
    points = design.likelihood_points()
    bounded = design.decoder_output != "logits" and design.likelihood != "normal"
    measured = probe.measure(points) if bounded else probe.measure_where_defined(points)
    if measured.finite and measured.constant:
        return LikelihoodTerm(declared, missing=not probe.random, resolved=not probe.random)
    if learned:
        fits = [(form, fit_form(form, points, measured)) for form in LEARNED_SCALES]
        for learned_form, fit in fits:
            if fit.fits:
                return LikelihoodTerm(learned_form, learned_form, fit, resolved=_is_resolved(fit))
    # A scale that the decoder gives may be left unused.
    fit = fit_form(declared, points, measured)
    if fit.fits:
        return LikelihoodTerm(declared, declared, fit, resolved=_is_resolved(fit))
    variants = guarded_forms(declared)
    if declared is SQUARED_ERROR:
        variants = OPTIMAL_SCALES
    form, other = _best((*variants, *OTHER_FORMS), points, measured)
    if form is not None:
        return LikelihoodTerm(declared, form, other, resolved=_is_resolved(other))
    weighted = _class_weighted(declared, points, measured)
    if weighted is not None:
        return weighted
    if bounded:
        return LikelihoodTerm(declared)
    unit_points = replace(design, in_unit_interval=True).likelihood_points()
    form, other = _best(OTHER_FORMS, unit_points, probe.measure(unit_points))
    # A squared error of clipped data or outputs is one where neither is clipped.
    if form is None or (form is declared and declared is not SQUARED_ERROR):
        return LikelihoodTerm(declared)
    return LikelihoodTerm(
        declared, form, other, in_unit_interval=True, finite_beyond=measured.finite
    )


def _is_resolved(fit: AffineFit | None) -> bool:
    return fit is not None and Z * fit.weight_error <= 0.25 * abs(fit.weight)


def _best(
    forms: Sequence[LikelihoodForm], points: Sequence[Point], measured: Measured
) -> tuple[LikelihoodForm | None, AffineFit | None]:
    fits = [(form, fit_form(form, points, measured)) for form in forms]
    fitting = [(form, fit) for form, fit in fits if fit.fits]
    if not fitting:
        return None, None
    # Forms that agree where they were measured are told apart by their order.
    least = min(fit.misfit for _, fit in fitting)
    return next((form, fit) for form, fit in fitting if fit.misfit <= least + 1e-9)


def _class_weighted(
    declared: LikelihoodForm, points: Sequence[Point], measured: Measured
) -> LikelihoodTerm | None:
    """Reads a cross-entropy whose two halves have weights of their own."""
    if declared not in (CROSS_ENTROPY, CROSS_ENTROPY_OF_LOGITS) or not measured.finite:
        return None
    x, d = _stacked(points)
    ones, zeros = np.ones_like(x), np.zeros_like(x)

    def half(of: np.ndarray, values: np.ndarray) -> np.ndarray:
        # -log p of a data value, where the data have it.
        each = -np.asarray(declared.log_prob(values, d)) * of
        return np.asarray(each.reshape(*x.shape[:2], -1).sum(-1).mean(-1))

    columns = np.stack([half(x, ones), half(1.0 - x, zeros), np.ones(len(x))], 1)
    coefficients, *_ = np.linalg.lstsq(columns, measured.values, rcond=None)
    residuals = np.abs(columns @ coefficients - measured.values) - measured.slack
    of_one, of_zero, constant = map(float, coefficients)
    if np.max(residuals) > TOLERANCE * measured.spread or of_one * of_zero <= 0.0:
        return None
    form = LikelihoodForm(
        f"{declared.name}, x weighted by {of_one / of_zero:.5g}",
        declared.formula.replace("Σ ", f"Σ weighted {of_one / of_zero:.5g} : 1, "),
        declared.log_prob,
        stands_for=declared.name,
        remark="class-weight",
        of_batch=lambda a, b: _weighted(declared, a, b, of_one / of_zero),
    )
    fit = AffineFit(of_zero, 0.0, constant, 0.0, 0.0)
    return LikelihoodTerm(declared, form, fit, class_weights=(of_one, of_zero))


def _weighted(declared: LikelihoodForm, x: np.ndarray, d: np.ndarray, weight: float) -> np.ndarray:
    each = -np.asarray(declared.log_prob(x, d)) * np.where(x > 0.5, weight, 1.0)
    return np.asarray(each.reshape(*x.shape[:2], -1).sum(-1).mean(-1))
