"""`python -m benchmarks WHAT`: measures, and writes the pages of results."""

import argparse
import functools
from pathlib import Path

from benchmarks import data, environments, report, reproductions, results
from benchmarks.defaults import page as defaults_page

PAGE = environments.ROOT / "docs" / "benchmarks.md"
REPRODUCTIONS_PAGE = environments.ROOT / "docs" / "reproductions.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what",
        choices=[
            "train",
            "architectures",
            "evaluate",
            "overhead",
            "startup",
            "scaling",
            "impute",
            "xla",
            "defaults",
            "tables",
            "tables-peers",
            "anomalies",
            "disentanglement",
            "clusters",
            "labels",
            "views",
            "counts",
            "forecasts",
            "report",
            "reproduce",
        ],
    )
    parser.add_argument(
        "name",
        nargs="?",
        choices=list(reproductions.settings()),
        help="the published figure to reproduce; without one, only the page is written",
    )
    parser.add_argument("--mnist", type=Path, default=data.MNIST, help="Keras's .npz file of MNIST")
    parser.add_argument(
        "--static-mnist",
        type=Path,
        default=data.STATIC_MNIST,
        help="Larochelle & Murray's binary MNIST, its bits packed by numpy.packbits",
    )
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(".benchmarks"),
        help="the folder of the peers' environments and of the trained models",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=results.MEASURED,
        help="the folder of measured results, from which the pages are written",
    )
    parser.add_argument("--output", type=Path, help="the page to write")
    parser.add_argument("--repeats", type=int, help="the number of measurements of each kind")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[20, 100, 500, 1000])
    parser.add_argument("--epochs", type=int, help="epochs of a training run")
    parser.add_argument("--steps", type=int, help="of forecasts: training steps, about")
    parser.add_argument(
        "--seeds", type=int, help="of disentanglement, clusters, labels, views, counts: how many"
    )
    parser.add_argument(
        "--rows",
        type=int,
        help="of disentanglement, clusters and views: only so many training rows",
    )
    parser.add_argument("--peers", nargs="+", help="only these scripts, such as numpyro_svi")
    parser.add_argument("--kinds", nargs="+", help="only these layers or networks, as Conv2D")
    parser.add_argument(
        "--sets",
        nargs="+",
        help="of defaults, forecasts, tables, tables-peers and anomalies: only these sets",
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        help="of defaults, labels, tables-peers, anomalies: only these methods; of views: "
        "these libraries",
    )
    parser.add_argument(
        "--labels", type=int, nargs="+", help="of labels: only these numbers of rows with a label"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="of defaults, tables, tables-peers, anomalies: measure again what is measured already",
    )
    parser.add_argument(
        "--quick", action="store_true", help="of tables: a few steps on a few rows, uncompiled"
    )
    parser.add_argument("--importance-samples", type=int, default=5000)
    arguments = parser.parse_args()
    environments.keep_to_few_cores()
    folder = arguments.results
    save = functools.partial(results.save, folder, arguments.what)

    if arguments.what == "reproduce":
        _reproduce(arguments)
        return
    if arguments.what == "disentanglement":
        from benchmarks import disentanglement

        disentanglement.measure(
            arguments.seeds or disentanglement.SEEDS,
            arguments.epochs or disentanglement.EPOCHS,
            arguments.rows,
            save,
        )
        return
    if arguments.what == "train":
        from benchmarks import train

        chosen = arguments.peers or [peer.module for peer in environments.PEERS]
        train.measure(
            [peer for peer in environments.PEERS if peer.module in chosen],
            arguments.batch_sizes,
            arguments.epochs or 5,
            arguments.repeats or 3,
            arguments.mnist,
            arguments.environments,
            results.load(folder).get("train", {}),
            save,
        )
    elif arguments.what == "architectures":
        from benchmarks import architectures

        known = results.load(folder).get("architectures", {})
        architectures.measure(arguments.repeats or 5, arguments.kinds, known, save)
    elif arguments.what == "evaluate":
        from benchmarks import evaluate

        evaluate.measure(
            arguments.importance_samples,
            arguments.repeats or 5,
            arguments.mnist,
            arguments.environments,
            save,
        )
    elif arguments.what == "overhead":
        from benchmarks import overhead

        overhead.measure(arguments.batch_sizes, arguments.repeats or 60, 0.3, arguments.mnist, save)
    elif arguments.what == "startup":
        from benchmarks import startup

        startup.measure(arguments.repeats or 7, save)
    elif arguments.what == "scaling":
        from benchmarks import scaling

        scaling.measure(arguments.repeats or 3, save)
    elif arguments.what == "impute":
        from benchmarks import impute

        impute.measure(list(range(arguments.repeats or 3)), save)
    elif arguments.what == "xla":
        from benchmarks import xla

        known = results.load(folder).get("xla", {})
        xla.measure(arguments.repeats or 5, arguments.kinds, known, save)
    elif arguments.what == "clusters":
        from benchmarks import clusters

        clusters.measure(
            arguments.mnist,
            arguments.seeds or clusters.SEEDS,
            arguments.epochs or clusters.EPOCHS,
            arguments.rows,
            save,
        )
    elif arguments.what == "labels":
        from benchmarks import labels

        labels.measure(
            arguments.mnist,
            arguments.methods,
            arguments.labels,
            arguments.seeds or labels.SEEDS,
            arguments.epochs or labels.EPOCHS,
            results.load(folder).get("labels", {}),
            save,
        )
    elif arguments.what == "views":
        from benchmarks import views

        with_peer = arguments.methods is None or "MultiVae" in arguments.methods
        views.measure(
            arguments.mnist,
            arguments.environments if with_peer else None,
            arguments.seeds or views.SEEDS,
            arguments.epochs or views.EPOCHS,
            arguments.rows,
            save,
        )
    elif arguments.what == "counts":
        from benchmarks import counts

        counts.measure(
            arguments.environments,
            arguments.seeds or counts.SEEDS,
            arguments.epochs or counts.EPOCHS,
            save,
        )
    elif arguments.what == "forecasts":
        from benchmarks import forecasts

        forecasts.measure(arguments.sets, arguments.steps or forecasts.STEPS, save)
    elif arguments.what == "defaults":
        from benchmarks.defaults import measurement

        measurement.measure(
            arguments.mnist,
            arguments.environments,
            folder / "defaults",
            arguments.sets,
            arguments.methods,
            arguments.again,
        )
    elif arguments.what == "tables":
        from benchmarks.tables import measurement, settings

        budget = settings.QUICK if arguments.quick else settings.THOROUGH
        measurement.measure(folder, arguments.sets, budget, arguments.again)
    elif arguments.what == "tables-peers":
        from benchmarks.table_peers import measurement as comparison

        comparison.measure(
            arguments.environments, folder, arguments.sets, arguments.methods, arguments.again
        )
    elif arguments.what == "anomalies":
        from benchmarks.labelled_anomalies import measurement as detection

        detection.measure(folder, arguments.sets, arguments.methods, arguments.again)
    page = arguments.output or PAGE
    report.write(results.load(folder) | defaults_page.load(folder / "defaults"), page)
    print(f"Wrote {page}")


def _reproduce(arguments: argparse.Namespace) -> None:
    folder = arguments.results / "reproductions"
    if arguments.name is not None:
        from benchmarks import reproduce

        kind = reproductions.settings()[arguments.name]["data"]
        images = reproduce.images(kind, arguments.mnist, arguments.static_mnist)
        save = functools.partial(results.save, folder, arguments.name)
        models = arguments.environments / "reproductions"
        reproduce.measure(arguments.name, images, models, save)
    page = arguments.output or REPRODUCTIONS_PAGE
    reproductions.write(results.load(folder), page)
    print(f"Wrote {page}")


if __name__ == "__main__":
    main()
