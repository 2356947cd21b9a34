"""The settings of the reproductions, and the page of their results."""

import tomllib
from pathlib import Path
from typing import Any

SETTINGS = Path(__file__).with_name("reproductions.toml")
PICTURE = "reproductions.png"
MARKS = (88.0, 87.5, 87.0, 86.76)
"""Levels in nats; the page has the minutes to reach them, for a VAE on dynamic MNIST."""

HEADER = """# Reproductions

Published test log-likelihoods of MNIST and those of this library: -log p(x) in nats per image,
lower is better, on all 10,000 test images, with the standard error over the images. The networks,
the data and the number of importance samples are those of the source, except that the scales
between two layers of latents are a softplus here and an exponential there; the schedule is ours.

`python -m benchmarks reproduce NAME` trains one of them with the settings and the seed in
`benchmarks/reproductions.toml`, and writes this page from `benchmarks/measured/reproductions`.

Dynamic MNIST draws every training pixel at every use, with its grey value as the probability, and
the test images once; static MNIST is the binary one of Larochelle & Murray (2011), trained on its
50,000 training images. Training never uses the test images.
"""


def settings() -> dict[str, dict[str, Any]]:
    """Returns the settings of each reproduction, by its name."""
    return tomllib.loads(SETTINGS.read_text())


def stages(setting: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the settings of the stages of a training, one after another; most have one."""
    return [setting | stage for stage in setting.get("stages", [{}])]


def write(measured: dict[str, dict[str, Any]], page: Path) -> None:
    """Writes the page and, in its folder, the curves."""
    from benchmarks import plots

    page.parent.mkdir(parents=True, exist_ok=True)
    ordered = {name: measured[name] for name in settings() if name in measured}
    if ordered:
        figure = plots.reproductions(ordered)
        figure.savefig(page.parent / PICTURE, dpi=120, metadata={"Software": None})
    page.write_text(render(ordered))


def render(measured: dict[str, dict[str, Any]]) -> str:
    """Returns the page.

    Args:
      measured: The results of each reproduction, by its name; missing ones are left out.
    """
    lines = [
        HEADER,
        "| `NAME` | model | published | ours | standard error | | minutes to train |",
        "|---|---|---:|---:|---:|---|---:|",
    ]
    lines += [_row(name, each) for name, each in measured.items()]
    lines += ["", "The published figures:", ""]
    lines += [
        f"- `{name}`: {each['setting']['source']}, "
        f"{each['setting']['test_importance_sample_size']:,} importance samples."
        for name, each in measured.items()
    ]
    rerun = [each["setting"] for each in measured.values() if "source_here" in each["setting"]]
    for setting in rerun:
        lines += ["", f"{setting['title']}: {setting['source_here_note']}."]
    for name, each in measured.items():
        lines += ["", f"## {each['setting']['title']} (`{name}`)", "", *_section(each)]
    if measured:
        lines += ["", "## Nats against minutes", "", f"![Nats against minutes]({PICTURE})"]
    return "\n".join(lines).rstrip() + "\n"


def verdict(measured: dict[str, Any]) -> str:
    """Compares a figure with the published one."""
    if "final" not in measured:
        return "not finished"
    over = measured["final"]["negative_log_likelihood"] - measured["setting"]["published"]
    if over <= 0.0:
        return f"reached, {-over:.2f} better"
    here = measured["setting"].get("source_here")
    return f"missed by {over:.2f}" + ("" if here is None else f"; the source, run here: {here:.2f}")


def _row(name: str, measured: dict[str, Any]) -> str:
    setting = measured["setting"]
    final = measured.get("final")
    ours, error, minutes = "", "", ""
    if final is not None:
        ours = f"{final['negative_log_likelihood']:.2f}"
        error = f"{final['standard_error']:.2f}"
        minutes = f"{final['minutes']:.0f}"
    return (
        f"| `{name}` | {setting['title']}, {setting['data']} | {setting['published']:.2f} | "
        f"{ours} | {error} | {verdict(measured)} | {minutes} |"
    )


def _section(measured: dict[str, Any]) -> list[str]:
    setting = measured["setting"]
    draws = measured["curve_importance_sample_size"]
    training = "; then ".join(_stage(stage) for stage in stages(setting))
    lines = [
        f"{training}. Adam, cosine decay of every learning rate, seed {setting['seed']}. During "
        f"training all test images were scored with {draws} importance samples, not timed.",
        "",
        "| epoch | minutes | -log p(x) | standard error | ELBO in training |",
        "|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {point['epoch']} | {point['minutes']:.1f} | {point['negative_log_likelihood']:.2f} | "
        f"{point['standard_error']:.2f} | {point['training_elbo']:.2f} |"
        for point in measured["curve"]
    ]
    if setting["data"] == "dynamic" and setting["objective"] == "ELBO":
        lines += ["", f"Minutes to {_marks(measured['curve'])}."]
    if "final" in measured:
        final = measured["final"]
        lines += [
            "",
            f"In the end {final['negative_log_likelihood']:.2f} ± {final['standard_error']:.2f} by "
            f"{setting['test_importance_sample_size']:,} importance samples (median effective "
            f"sample size {final['median_effective_sample_size']:.0f}), after "
            f"{final['minutes']:.1f} minutes of training, {final['processor_minutes']:.1f} of "
            f"processor time; scoring took {final['minutes_to_score']:.1f} minutes.",
        ]
    versions = ", ".join(f"{name} {number}" for name, number in measured["versions"].items())
    return [*lines, "", f"Measured on: {measured['machine']}; {versions}."]


def _stage(stage: dict[str, Any]) -> str:
    first, last = stage["learning_rates"]
    of = f" of the {stage['objective']}"
    if stage["objective"] == "IWAE":
        of += f" with k = {stage['importance_sample_size']}"
    if "gradient_estimator" in stage:
        of += f" by the {stage['gradient_estimator'].replace('_', ' ')} gradient"
    warmed = stage.get("kl_warm_up_epochs")
    warm_up = f", the KL's weight rising to 1 over the first {warmed}" if warmed else ""
    batches = f"in batches of {stage['batch_size']}"
    return f"{stage['epochs']} epochs{of} {batches} at rates from {first:g} to {last:g}{warm_up}"


def _marks(curve: list[dict[str, float]]) -> str:
    """Says when the curve was first at or below each mark, at the points where it was looked at."""
    said = []
    for mark in MARKS:
        reached = [p["minutes"] for p in curve if p["negative_log_likelihood"] <= mark]
        said.append(f"{mark:g}: {f'{min(reached):.1f}' if reached else 'not reached'}")
    return ", ".join(said)
