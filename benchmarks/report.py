"""The page of results: tables, ratios, and the shortfall from each goal."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import architectures_page
from benchmarks.defaults import page
from benchmarks.environments import OURS
from benchmarks.labelled_anomalies import page as labelled_anomalies_page
from benchmarks.speed_ratios import range_of, verdict
from benchmarks.table_peers import page as table_peers_page
from benchmarks.tables import page as tables_page

LOSS_TOLERANCE = 0.02
GOALS = {
    "NumPyro, jitted epoch": (1.0, None),
    "PyTorch, loop by hand": (2.0, 100),
    "Pyro, `SVI.step`": (2.5, 100),
    "pythae, `TrainingPipeline`": (2.5, 100),
    "Keras `fit`, loss by hand": (3.0, 100),
}
"""The goals of the ratio of our speed to a peer's, and their batch size; None is every one."""

HEADER = """# Benchmarks

`python -m benchmarks train`, and likewise `architectures`, `evaluate`, `overhead`, `startup`,
`scaling`, `impute`, `clusters`, `labels`, `counts`, `forecasts`, `views`, `xla`, `defaults`,
`tables`, `tables-peers` and `anomalies`, measure these results and write this page from
`benchmarks/measured`. Every peer runs in its own environment, with the versions of
`benchmarks/requirements/`, and follows its own documentation. `forecasts` needs statsmodels.
`defaults`, `tables`, `tables-peers` and `anomalies` need the packages of
`benchmarks/requirements/defaults.txt`; they measure what is not yet stored, or with `--again` all
of `--sets` and `--methods`. `tables --quick` takes some seconds a table. `architectures` leaves
out the rows of a framework that is not installed, and keeps those that are stored.

Unless a section names other networks, the model is the same for all: D-200-200, 50 latents,
200-200-D Bernoulli logits, tanh after every hidden layer, the posterior's scale a softplus,
float32, Glorot uniform kernels, Adam with a learning rate of 0.001, two threads. Runs of the peers
are interleaved. Only ratios carry over to another machine.
"""


def write(results: dict[str, dict[str, Any]], file: Path) -> None:
    """Writes the page and, in its folder, the plots."""
    from benchmarks import plots

    file.parent.mkdir(parents=True, exist_ok=True)
    pictures = plots.draw(results, file.parent)
    file.write_text(render(results, pictures))


def render(results: dict[str, dict[str, Any]], pictures: dict[str, str] | None = None) -> str:
    """Returns the page.

    Args:
      results: The results of each benchmark, by its name; missing ones are left out.
      pictures: The file name of a plot, by benchmark.
    """
    sections: dict[str, tuple[str, Callable[[dict[str, Any]], list[str]]]] = {
        "train": ("Training", _train),
        "architectures": ("Training of more networks", architectures_page.section),
        "evaluate": ("log p(x) by importance sampling", _evaluate),
        "overhead": ("Overhead of distribution objects", _overhead),
        "startup": ("Startup time", _startup),
        "scaling": ("Cost against size", _scaling),
        "impute": ("Imputation of missing values", _of_module("impute")),
        "clusters": ("Clusters without labels", _of_module("clusters")),
        "labels": ("Classes from few labels", _of_module("labels")),
        "views": ("Several views", _of_module("views")),
        "counts": ("Counts of cells", _of_module("counts")),
        "forecasts": ("Forecasts of real series", _of_module("forecasts")),
        "xla": ("Which networks XLA makes faster", _xla),
        "defaults": ("The default model on real data", page.section),
        "tables": ("Data frames of real data", tables_page.section),
        "tables-peers": ("Data frames beside other libraries", table_peers_page.section),
        "anomalies": ("Labelled anomalies", labelled_anomalies_page.section),
    }
    lines = [HEADER]
    for name, (title, section) in sections.items():
        if name in results:
            lines += [f"## {title}", "", *section(results[name]), ""]
            lines += [f"Measured on: {results[name]['machine']}.", ""]
            if pictures and name in pictures:
                lines += [f"![{title}]({pictures[name]})", ""]
    return "\n".join(lines).rstrip() + "\n"


def counts(loss_ratio: float) -> bool:
    """Returns whether a row trained the same model: its loss is within 2 % of ours."""
    return abs(loss_ratio - 1.0) <= LOSS_TOLERANCE


def _train(measured: dict[str, Any]) -> list[str]:
    lines = [
        f"{measured['data']}. {measured['epochs']} epochs per run; the speed is the median over "
        "all epochs but a run's first, with the range. In every turn all run one after another; "
        "the last columns are the median over the turns of the ratio of our speed to theirs in "
        "the same turn, with its range, and the same ratio of processor time, which is least "
        "affected by other processes. The loss is the negative ELBO of the held-out images in "
        "nats, computed from all weights by the same code, the mean over the turns, which have "
        "different seeds; a row whose loss differs from ours by more than 2 % does not count.",
        "",
        "| batch | | turns | images/s | range | loss | tfp_vae against it | range "
        "| processor time |",
        "|---:|---|---:|---:|---:|---:|---|---:|---:|",
    ]
    rows = measured["rows"]
    for row in rows:
        speed = row["images_per_second"]
        ratios = processor = ""
        if row["peer"] != OURS.title:
            ratios = range_of(row["ratio"], 2)
            processor = f"{row['processor_ratio']['median']:.2f}"
        lines.append(
            f"| {row['batch_size']} | {row['peer']} | {row['turns']} | {speed['median']:,.0f} | "
            f"{range_of(speed)} | {row['mean_held_out_loss']:.2f} | {_standing(row)} | "
            f"{ratios} | {processor} |"
        )
    versions = {name: number for row in rows for name, number in row["versions"].items()}
    named = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    return [*lines, "", f"Versions: {named}."]


def _standing(row: dict[str, Any]) -> str:
    if row["peer"] == OURS.title:
        return ""
    if not counts(row["loss_ratio"]):
        return f"does not count: the loss differs by {abs(row['loss_ratio'] - 1):.1%}"
    factor, batch_size = GOALS.get(row["peer"], (None, None))
    goal = factor if batch_size in (None, row["batch_size"]) else None
    return verdict(row["ratio"]["median"], goal)


def _evaluate(measured: dict[str, Any]) -> list[str]:
    speeds = measured["rows_per_second"]
    ours = speeds["tfp_vae"]["median"]
    estimates = measured["mean_estimates"]
    titles = {
        "tfp_vae": ("`evaluation.log_marginal_likelihood`", None),
        "products": ("the decoder's matrix products alone", 0.6),
        "pythae": ("pythae, `get_nll`", 10.0),
    }
    lines = [
        f"{measured['data']}. {measured['sample_size']:,} importance samples for every image. On "
        f"the same images and weights the estimates are {estimates['tfp_vae']:.2f} nats, and "
        f"{estimates['pythae']:.2f} by pythae. An implementation that computes the decoder's "
        "matrix products in float32 can be at most "
        f"{speeds['products']['median'] / speeds['pythae']['median']:.1f} times as fast as "
        "pythae.",
        "",
        "| | images/s | range | tfp_vae against it |",
        "|---|---:|---:|---|",
    ]
    for name, (title, goal) in titles.items():
        speed = speeds[name]
        standing = "" if name == "tfp_vae" else verdict(ours / speed["median"], goal)
        if name == "pythae" and not counts(estimates["pythae"] / estimates["tfp_vae"]):
            standing = "does not count: the estimates differ by more than 2 %"
        lines.append(f"| {title} | {speed['median']:,.1f} | {range_of(speed, 1)} | {standing} |")
    return lines


def _overhead(measured: dict[str, Any]) -> list[str]:
    lines = [
        f"{measured['data']}. One compiled loop, with distribution objects and with explicit "
        "formulas: the same noise, the same optimizer, timed in turn. The goal is a ratio of at "
        "most 1.03. Processor time is least affected by other processes. The last columns are a "
        "loop of the step's matrix products and nothing else, forward and backward, and its share "
        "of the step with objects.",
        "",
        "| batch | objects, ms/step | formulas, ms/step | ratio | range "
        "| processor time | | products, ms/step | share |",
        "|---:|---:|---:|---:|---:|---:|---|---:|---:|",
    ]
    for row in measured["rows"]:
        objects, formulas, products = (
            row["milliseconds"][name]["median"] for name in ("objects", "formulas", "products")
        )
        ratio = row["ratio"]
        standing = "met" if ratio["median"] <= 1.03 else f"missed by {ratio['median'] - 1.03:.1%}"
        lines.append(
            f"| {row['batch_size']} | {objects:.2f} | {formulas:.2f} | "
            f"{ratio['median']:.3f} | {range_of(ratio, 3)} | "
            f"{row['processor_ratio']['median']:.3f} | {standing} | "
            f"{products:.2f} | {products / objects:.0%} |"
        )
    return lines


def _xla(measured: dict[str, Any]) -> list[str]:
    lines = [
        "Rows/s of an epoch of `fit` with `jit_compile=True` and `False`, on an array and on a "
        "`tf.data.Dataset`, 1,000 rows of 28 x 28 values in batches of 100, after an epoch that "
        "compiles; the median and the range over epochs in turn. The network has two dense layers, "
        'of which one, or its neighbour, is the layer named. The default, `jit_compile="auto"`, '
        "chooses by the layers; on a GPU, which was not at hand, it is XLA. Rows with a ratio of "
        "processor time, over all threads, were measured while other work ran on the machine, "
        "which affects that ratio least.",
        "",
        "| layer | data | with XLA | range | without | range | with / without | range | "
        "processor time | default |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for row in measured["rows"]:
        xla, plain, ratio = row["with_xla"], row["without_xla"], row["ratio"]
        # Of earlier measurements it is not known.
        processor = f"{row['processor_ratio']:.2f}" if "processor_ratio" in row else ""
        lines.append(
            f"| {row['kind']} | {row['source']} | {xla['median']:,.0f} | {range_of(xla)} | "
            f"{plain['median']:,.0f} | {range_of(plain)} | {ratio['median']:.2f} | "
            f"{range_of(ratio, 2)} | {processor} | "
            f"{'XLA' if row['xla_by_default'] else 'without'} |"
        )
    return lines


def _startup(measured: dict[str, Any]) -> list[str]:
    seconds = measured["seconds"]
    named = {
        "import TensorFlow and TFP": (seconds["TensorFlow and TFP"], None),
        "import tfp_vae": (seconds["tfp_vae"], None),
        "added by tfp_vae to the import": (measured["added_by_import"], 0.3),
        "the first step of `fit`: tracing and compiling": (seconds["first step"], 5.0),
    }
    lines = ["| | seconds | range | goal |", "|---|---:|---:|---|"]
    for name, (values, most) in named.items():
        standing = ""
        if most is not None:
            over = values["median"] - most
            standing = f"at most {most:g}: " + ("met" if over <= 0 else f"missed by {over:.2f} s")
        lines.append(f"| {name} | {values['median']:.2f} | {range_of(values, 2)} | {standing} |")
    return lines


def _scaling(measured: dict[str, Any]) -> list[str]:
    def listed(sizes: dict[str, int]) -> str:
        return ", ".join(f"{name.replace('-', ' ')} {value:,}" for name, value in sizes.items())

    lines = [
        f"One epoch of training at batch 100, from {listed(measured['base'])}, and the evaluation "
        f"of log p(x) from {listed(measured['importance'])}; one size varies at a time. Memory is "
        "the process's peak, TensorFlow included.",
        "",
        "| benchmark | size | value | seconds | range | peak MB |",
        "|---|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row['what']} | {row['size'].replace('-', ' ')} | {row['value']:,} | "
        f"{row['seconds']['median']:.2f} | {range_of(row['seconds'], 2)} | "
        f"{row['megabytes']['median']:,.0f} |"
        for row in measured["rows"]
    ]
    if all(row["what"] == "training" for row in measured["rows"]):
        lines += ["", "Importance samples: this version has no such evaluation."]
    return lines


def _of_module(name: str) -> Callable[[dict[str, Any]], list[str]]:
    """Returns a section that the module of the benchmark writes, imported where it is needed."""

    def section(measured: dict[str, Any]) -> list[str]:
        return list(importlib.import_module(f"benchmarks.{name}").lines(measured))

    return section
