"""Reads the KL term of a loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tfp_vae.audit.fitting import AffineFit, fit_affine, fit_atoms
from tfp_vae.audit.loss_probe import LossProbe, Measured, Z
from tfp_vae.audit.probe_design import Point
from tfp_vae.audit.references import READINGS, UNIT_SCALE, VARIANCE, Reading

Array = np.ndarray

_GROWING = ("μ²", "s²", "eˢ", "e²ˢ", "softplus(s)²")


@dataclass(frozen=True)
class KLTerm:
    """The KL term as it was read.

    Attributes:
        reading: How the KL reads the second encoder output, None if it is no KL.
        fit: How that KL fits, None if it is no KL.
        missing: Whether the loss does not depend on the encoder's outputs.
        atoms: The coefficients of the functions that it is a sum of, if it is no KL.
        swapped: The reading under which it would be a KL with the encoder's outputs swapped.
        both_signs: Whether the loss is finite for negative second outputs too.
        finite: Whether the loss is finite for ordinary encoder outputs.
        resolved: Whether the term is larger than the noise.
    """

    reading: Reading | None = None
    fit: AffineFit | None = None
    missing: bool = False
    atoms: Mapping[str, float] = field(default_factory=dict)
    swapped: Reading | None = None
    both_signs: bool = True
    finite: bool = True
    resolved: bool = True

    @property
    def possible_readings(self) -> tuple[Reading, ...]:
        """The readings of the second output under which the KL has the term's atoms."""
        if self.reading is not None:
            return (self.reading,)
        in_s = {name for name in self.atoms if "μ" not in name and name != "1"}
        return tuple(r for r in READINGS if in_s and in_s <= r.atoms)

    @property
    def sign(self) -> int:
        """-1 if the term falls where a KL divergence grows, 1 if it grows, else 0."""
        if self.fit is not None:
            return int(np.sign(self.fit.weight))
        growing = self._growing
        if growing and all(c < 0 for c in growing):
            return -1
        return 1 if growing and all(c > 0 for c in growing) else 0

    @property
    def _growing(self) -> list[float]:
        """The coefficients of the terms that grow as the posterior leaves the prior."""
        growing = [self.atoms[name] for name in _GROWING if name in self.atoms]
        if self.possible_readings == (VARIANCE,) and "s" in self.atoms:
            growing.append(self.atoms["s"])
        return growing

    @property
    def rough_magnitude(self) -> float | None:
        """A guess at the weight of a term that is no KL, good enough to tell a sum from a mean."""
        others = [c for name, c in self.atoms.items() if name != "1"]
        return 2.0 * min(map(abs, self._growing or others), default=0.0) or None

    @property
    def magnitude(self) -> float | None:
        """The weight of the KL, None if the term is no KL."""
        return abs(self.fit.weight) if self.fit is not None else None


def _stacked(points: Sequence[Point]) -> tuple[Array, ...]:
    return tuple(
        np.stack([p.encoder_outputs[i] for p in points])
        for i in range(len(points[0].encoder_outputs))
    )


def atoms_of(encoder_outputs: tuple[Array, ...], *, positive: bool) -> dict[str, Array]:
    """The batch means of the functions of s in a KL, of `[points, B, K]` arrays."""
    if len(encoder_outputs) < 2:
        return {}
    s = encoder_outputs[1]
    softplus = np.logaddexp(0.0, s)
    terms = {
        "s": s,
        "s²": s**2,
        "log s²": np.log(s**2),
        "eˢ": np.exp(s),
        "e²ˢ": np.exp(2.0 * s),
        "e⁻ˢ": np.exp(-s),
        "softplus(s)²": softplus**2,
        "log softplus(s)²": 2.0 * np.log(softplus),
        "softplus(s)": softplus,
    }
    if not positive:
        terms["|s|"] = np.abs(s)
    return {name: term.sum(-1).mean(-1) for name, term in terms.items()}


def read_kl(probe: LossProbe) -> KLTerm:
    """Reads the KL divergence by varying the encoder's outputs alone."""
    if probe.design.encoder_output_count == 0:
        return KLTerm(missing=True)
    positive = probe.design.encoder_points(positive=True)
    above = probe.measure(positive)
    if not above.finite:
        return KLTerm(finite=False, both_signs=False)
    if above.constant:
        return KLTerm(missing=not probe.random, resolved=not probe.random)
    if probe.design.encoder_output_count == 1:
        fit = fit_affine(UNIT_SCALE.kl_divergence(_stacked(positive)), above)
        return _with_reading(UNIT_SCALE, fit, True) if fit.fits else _read_atoms(positive, above)
    signed = probe.design.encoder_points(positive=False)
    around = probe.measure(signed)
    candidates = []
    for reading in READINGS:
        points, measured = (positive, above) if reading.positive_only else (signed, around)
        if not measured.finite:
            continue
        fit = fit_affine(reading.kl_divergence(_stacked(points)), measured)
        if fit.fits:
            candidates.append((reading, fit))
    if candidates:
        # Without noise one reading fits; with noise, the others must be clearly less likely.
        reading, fit = min(candidates, key=lambda pair: (pair[1].misfit, pair[1].chi_square))
        term = _with_reading(reading, fit, around.finite)
        rivals = [
            f for r, f in candidates if r is not reading and f.chi_square < fit.chi_square + Z**2
        ]
        return replace(term, resolved=not rivals) if probe.random else term
    if around.finite:
        term = _read_atoms(signed, around)
        if term.atoms:
            return term
    return replace(_read_atoms(positive, above), both_signs=around.finite)


def _with_reading(reading: Reading, fit: AffineFit, both_signs: bool) -> KLTerm:
    resolved = Z * fit.weight_error <= 0.25 * abs(fit.weight)
    return KLTerm(reading=reading, fit=fit, both_signs=both_signs, resolved=resolved)


def _read_atoms(points: Sequence[Point], measured: Measured) -> KLTerm:
    encoder_outputs = _stacked(points)
    loc = encoder_outputs[0]
    positive = bool(np.all(encoder_outputs[-1] > 0))
    square = {"μ²": (loc**2).sum(-1).mean(-1)}
    first = {"μ": loc.sum(-1).mean(-1)}
    absolute = {"|μ|": np.abs(loc).sum(-1).mean(-1)}
    in_s = atoms_of(encoder_outputs, positive=positive)
    atoms = fit_atoms([square, {}, absolute, first, {**square, **first}], in_s, measured)
    swapped = None
    if len(encoder_outputs) == 2:
        for reading in READINGS:
            kl = reading.kl_divergence(encoder_outputs[::-1])
            if fit_affine(kl, measured).fits:
                swapped = reading
    return KLTerm(atoms=atoms or {}, swapped=swapped)
