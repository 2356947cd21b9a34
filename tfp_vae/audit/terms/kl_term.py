"""Reads the KL term of a loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tfp_vae.audit.probes.design import Point, stacked_encoder_outputs
from tfp_vae.audit.probes.fitting import AffineFit, fit_affine, fit_atoms
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.measured import Measured, Z
from tfp_vae.audit.scales.readings import READINGS, UNIT_SCALE, VARIANCE, Reading
from tfp_vae.audit.terms.kl_model import STANDARD, KLModel
from tfp_vae.audit.terms.kl_structure import read_structure
from tfp_vae.audit.terms.row_coupling import couples_rows

Array = np.ndarray

_GROWING = ("μ²", "s²", "eˢ", "e²ˢ", "softplus(s)²")


@dataclass(frozen=True)
class KLTerm:
    """The KL term as it was read.

    Attributes:
        model: The KL that it is, None if it is no KL.
        fit: How that KL fits, None if it is no KL.
        missing: Whether the loss does not depend on the encoder's outputs.
        atoms: The coefficients of the functions that it is a sum of, if it is no KL.
        swapped: The reading under which it would be a KL with the encoder's outputs swapped.
        unused: The encoder outputs that it does not depend on: "μ", "s".
        both_signs: Whether the loss is finite for negative second outputs too.
        finite: Whether the loss is finite for ordinary encoder outputs.
        resolved: Whether the term is larger than the noise.
        coupled: Whether it couples the rows of a batch, so that it is no function of each row's
            mean and scale, and cannot be read.
    """

    model: KLModel | None = None
    fit: AffineFit | None = None
    missing: bool = False
    atoms: Mapping[str, float] = field(default_factory=dict)
    swapped: Reading | None = None
    unused: tuple[str, ...] = ()
    both_signs: bool = True
    finite: bool = True
    resolved: bool = True
    coupled: bool = False

    @property
    def reading(self) -> Reading | None:
        """How the KL reads the second encoder output, None if it is no KL."""
        return self.model.reading if self.model is not None else None

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


def read_kl(
    probe: LossProbe,
    of_sampler: Reading | None = None,
    prior: tuple[float, float] = STANDARD,
    is_plausible: Callable[["KLTerm"], bool] = lambda _: True,
) -> KLTerm:
    """Reads the KL divergence by varying the encoder's outputs alone.

    Args:
        probe: The loss.
        of_sampler: The scale that the sampler draws with, as it was measured.
        prior: The mean and the variance of the declared prior.
        is_plausible: Whether a KL with another scale, prior or floor may be what is meant.
    """
    if probe.design.encoder_output_count == 0:
        return KLTerm(missing=True)
    positive = probe.design.encoder_points(positive=True)
    above = probe.measure(positive)
    if not above.finite:
        return KLTerm(finite=False, both_signs=False)
    if above.constant:
        return KLTerm(missing=not probe.random, resolved=not probe.random)
    if probe.random and couples_rows(probe):
        # Within its noise it might look like a KL.
        return KLTerm(both_signs=False, coupled=True)
    if probe.design.encoder_output_count == 1:
        model = KLModel(UNIT_SCALE, prior)
        fit = fit_affine(model(stacked_encoder_outputs(positive)), above)
        if fit.fits:
            return _with_model(model, fit, True)
        structure = None if probe.random else read_structure(probe, (UNIT_SCALE,), both_signs=True)
        if structure is not None:
            return _with_model(*structure, True)
        return _unless_coupled(probe, _read_atoms(positive, above))
    signed = probe.design.encoder_points(positive=False)
    # Fits to noise are compared where all readings have a value, so that the rest is not measured.
    around = None if probe.random else probe.measure_where_defined(signed)
    both_signs = probe.is_finite_at(signed) if around is None else around.finite
    candidates = []
    readings = (
        *READINGS,
        *([of_sampler] if of_sampler is not None and of_sampler not in READINGS else []),
    )
    for reading, declared in ((r, p) for p in dict.fromkeys((prior, STANDARD)) for r in readings):
        points, measured = positive, above
        if around is not None and not reading.positive_only:
            points, measured = signed, around
        if not measured.finite:
            continue
        model = KLModel(reading, declared)
        fit = fit_affine(model(stacked_encoder_outputs(points)), measured)
        if fit.fits:
            candidates.append((model, fit))
    if candidates:
        # Without noise one reading fits; with noise, the others must be clearly less likely.
        model, fit = min(candidates, key=lambda pair: (pair[1].misfit, pair[1].chi_square))
        if not probe.random:
            model, fit = candidates[0]
        term = _with_model(model, fit, both_signs)
        rivals = [
            f for m, f in candidates if m is not model and f.chi_square < fit.chi_square + Z**2
        ]
        return replace(term, resolved=not rivals) if probe.random else term
    if not probe.random:
        structure = read_structure(
            probe, readings, both_signs=both_signs, declared_variance=prior[1]
        )
        if structure is not None:
            term = _with_model(*structure, both_signs)
            if is_plausible(term):
                return term
    if around is None and both_signs:
        around = probe.measure(signed)
    return _unless_coupled(probe, _no_kl(probe, positive, above, signed, around))


def _unless_coupled(probe: LossProbe, term: KLTerm) -> KLTerm:
    """The term, which is said to be unreadable if it couples rows and so is no sum of atoms."""
    return term if term.atoms or not couples_rows(probe) else replace(term, coupled=True)


def _no_kl(
    probe: LossProbe,
    positive: Sequence[Point],
    above: Measured,
    signed: Sequence[Point],
    around: Measured | None,
) -> KLTerm:
    both_signs = around is not None and around.finite
    unused = () if probe.random else _unused(probe, positive)
    if around is not None and both_signs:
        term = _read_atoms(signed, around)
        if term.atoms:
            return replace(term, unused=unused)
    return replace(_read_atoms(positive, above), both_signs=both_signs, unused=unused)


def _unused(probe: LossProbe, points: Sequence[Point]) -> tuple[str, ...]:
    """The encoder outputs that can change without changing the loss."""
    first, *others = points[:4]
    names = []
    for index, name in enumerate(("μ", "s")):
        moved = [first]
        for other in others:
            outputs = list(first.encoder_outputs)
            outputs[index] = other.encoder_outputs[index]
            moved.append(replace(first, encoder_outputs=tuple(outputs)))
        if probe.measure(moved).constant:
            names.append(name)
    return tuple(names)


def _with_model(model: KLModel, fit: AffineFit, both_signs: bool) -> KLTerm:
    resolved = Z * fit.weight_error <= 0.25 * abs(fit.weight)
    return KLTerm(model=model, fit=fit, both_signs=both_signs, resolved=resolved)


def _read_atoms(points: Sequence[Point], measured: Measured) -> KLTerm:
    encoder_outputs = stacked_encoder_outputs(points)
    loc = encoder_outputs[0]
    positive = bool(np.all(encoder_outputs[-1] > 0))
    square = {"μ²": (loc**2).sum(-1).mean(-1)}
    first = {"μ": loc.sum(-1).mean(-1)}
    absolute = {"|μ|": np.abs(loc).sum(-1).mean(-1)}
    in_s = atoms_of(encoder_outputs, positive=positive)
    of_mean = {"e^μ": np.exp(loc), "e^2μ": np.exp(2.0 * loc)}
    in_s |= {name: values.sum(-1).mean(-1) for name, values in of_mean.items()}
    in_s |= first
    atoms = fit_atoms([square, {}, absolute, first, {**square, **first}], in_s, measured)
    swapped = None
    if len(encoder_outputs) == 2:
        for reading in READINGS:
            kl = KLModel(reading)(encoder_outputs[::-1])
            if fit_affine(kl, measured).fits:
                swapped = reading
    return KLTerm(atoms=atoms or {}, swapped=swapped)
