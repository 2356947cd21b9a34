"""What a sampler's reading says beside the KL's."""

from tfp_vae.audit.findings import Finding
from tfp_vae.audit.reports.corrected_code import sampler_line
from tfp_vae.audit.samplers.sampler import SamplerReading
from tfp_vae.audit.terms.kl_model import KLModel
from tfp_vae.audit.terms.kl_term import KLTerm


def sampler_findings(
    kl: KLTerm, sampler: SamplerReading, kept: KLModel | None, framework: str
) -> list[Finding]:
    """Names a scale that is not the KL's, and noise that is not standard normal times it.

    Args:
        kl: The KL.
        sampler: The sampler.
        kept: The KL that a correction keeps.
        framework: The framework to write the lines of code in.
    """
    findings = []
    readings = kl.possible_readings
    faults = list(sampler.faults)
    agrees = any(sampler.draws_with(r) for r in readings)
    spread_fault = None if agrees else sampler.spread_fault
    # A multiple of a known scale is the scale, if the KL has it too.
    if spread_fault is not None and any(
        sampler.draws_with(r, factor=sampler.factor) for r in readings
    ):
        agrees = True
        faults.remove(spread_fault)
    if sampler.reading is not None and readings and not agrees:
        kl_name = " or ".join(str(r) for r in readings)
        spreads = ", ".join(f"{sd:.3g} at s = {s:g}" for s, sd in sampler.spreads[::3])
        findings.append(
            Finding.of(
                "scale-mismatch",
                f"the KL is written for {kl_name}, but the draws' spread is {spreads}, which is "
                f"{sampler.reading}.",
                f"draw with the KL's scale, {sampler_line(readings[0], framework)}, or write "
                f"the KL for {sampler.reading}: {sampler.reading.formula}.",
            )
        )
    if faults:
        line = sampler_line(kept.reading if kept is not None else None, framework)
        findings.append(
            Finding.of(
                "sampler-noise",
                "; ".join(faults) + ".",
                f"{line}, with noise of the encoder outputs' full shape, drawn anew at every call.",
            )
        )
    return findings
