"""The plots of the pages: training speed by batch size, cost against size, reproductions."""

from pathlib import Path
from typing import Any


def draw(results: dict[str, dict[str, Any]], folder: Path) -> dict[str, str]:
    """Draws the available results, and returns the file names by benchmark."""
    drawn = {}
    for name, plot in (("train", _train), ("scaling", _scaling)):
        if name in results:
            file = f"benchmarks_{name}.png"
            figure = plot(results[name])
            figure.savefig(folder / file, dpi=120, metadata={"Software": None})
            drawn[name] = file
    return drawn


def reproductions(measured: dict[str, dict[str, Any]]) -> Any:
    """Draws nats against minutes of every reproduction, with the published figures as lines."""
    figure, (axes,) = _figure(1)
    figure.set_size_inches(8.5, 5.0)
    for index, (name, each) in enumerate(measured.items()):
        points = each["curve"]
        minutes = [point["minutes"] for point in points]
        nats = [point["negative_log_likelihood"] for point in points]
        colour = f"C{index}"
        axes.plot(minutes, nats, marker="o", markersize=3, label=name, color=colour)
        axes.axhline(each["setting"]["published"], color=colour, linestyle=":", linewidth=1)
    axes.set(
        xscale="log", xlabel="minutes of training", ylabel="-log p(x) of the test images, nats"
    )
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small", title="dotted: published")
    return figure


def _figure(columns: int) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * columns, 4.2), layout="constrained")
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def _train(measured: dict[str, Any]) -> Any:
    figure, (axes,) = _figure(1)
    figure.set_size_inches(7.5, 4.5)
    for peer in dict.fromkeys(row["peer"] for row in measured["rows"]):
        rows = sorted(
            (row for row in measured["rows"] if row["peer"] == peer),
            key=lambda row: row["batch_size"],
        )
        speeds = [row["images_per_second"] for row in rows]
        middle = [speed["median"] for speed in speeds]
        below = [speed["median"] - speed["lowest"] for speed in speeds]
        above = [speed["highest"] - speed["median"] for speed in speeds]
        sizes = [row["batch_size"] for row in rows]
        axes.errorbar(
            sizes,
            middle,
            yerr=[below, above],
            marker="o",
            capsize=3,
            label=peer.replace("`", ""),
            linewidth=2.5 if peer.startswith("tfp_vae") else 1.2,
        )
    axes.set(xscale="log", yscale="log", xlabel="batch size", ylabel="images/s in training")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize="small")
    return figure


def _scaling(measured: dict[str, Any]) -> Any:
    figure, (times, memory) = _figure(2)
    for what, size in dict.fromkeys((row["what"], row["size"]) for row in measured["rows"]):
        rows = [row for row in measured["rows"] if (row["what"], row["size"]) == (what, size)]
        factors = [row["value"] / rows[0]["value"] for row in rows]
        label = f"{what.replace('_', ' ')}: {size.replace('-', ' ')}"
        for axes, key in ((times, "seconds"), (memory, "megabytes")):
            axes.plot(factors, [row[key]["median"] for row in rows], marker="o", label=label)
    times.set(xscale="log", yscale="log", xlabel="size, times the smallest", ylabel="seconds")
    memory.set(
        xscale="log", xlabel="size, times the smallest", ylabel="peak memory, MB", ylim=(0, None)
    )
    for axes in (times, memory):
        axes.grid(alpha=0.3)
    memory.legend(fontsize="x-small")
    return figure
