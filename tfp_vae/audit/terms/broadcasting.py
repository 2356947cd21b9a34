"""Names a loss whose terms meet in shapes that do not belong together."""

from dataclasses import replace

from tfp_vae.audit.findings import Finding
from tfp_vae.audit.probes.loss_probe import LossProbe, accepts


def broadcast_findings(probe: LossProbe) -> list[Finding]:
    """Names a loss whose terms meet in shapes that do not belong together.

    It returns `[B, B]`, or accepts one row, and as many as an axis of the event, and no others.
    """
    if probe.outer:
        return [
            Finding.of(
                "broadcast",
                "the loss returns shape [B, B]: a [B, 1] and a [B] array were added and broadcast.",
                "sum over the last axis without keepdims, so that each term has shape [B].",
            )
        ]
    if probe.design.batch_size != 1:
        return []
    axes = {n for n in probe.design.event_shape if n > 2}
    sizes = [
        n
        for n in sorted(axes)
        if accepts(probe.box, probe.binding, replace(probe.design, batch_size=n))
    ]
    if not sizes:
        return []
    others = " or ".join(map(str, sizes))
    return [
        Finding.of(
            "broadcast",
            f"the loss accepts batches of 1, or of {others} as an axis of the event has, and no "
            "other: a term [B] is added to one that still has axes of the event, and its rows go "
            "to the wrong entries.",
            "sum each term over its own axes to one value per example, shape [B], before the two "
            "are added.",
        )
    ]
