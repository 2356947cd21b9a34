import pytest

from benchmarks import plots, report, speed_ratios, train
from benchmarks.environments import OURS

NUMPYRO = "NumPyro, jitted epoch"
TORCH = "PyTorch, loop by hand"


def constant(value):
    return {"median": value, "lowest": value, "highest": value}


def run(speed, loss=100.0):
    return {
        "images_per_second": [0.9 * speed, speed, 1.1 * speed],
        "processor_microseconds_an_image": [5e5 / speed],
        "first_epoch_seconds": 5.0,
        "held_out_loss": loss,
        "versions": {"package": "1.2"},
    }


TURNS = [
    {
        "batch_size": 100,
        "runs": {
            OURS.title: run(30_000.0),
            NUMPYRO: run(40_000.0),
            TORCH: run(12_000.0, loss=101.9),
            "Pyro, `SVI.step`": run(5_000.0, loss=102.1),
        },
    },
    {"batch_size": 1000, "runs": {OURS.title: run(50_000.0), TORCH: run(40_000.0)}},
]


@pytest.fixture
def results():
    machine = "a machine"
    scaling = [
        {
            "what": "training",
            "size": "latent-size",
            "value": value,
            "seconds": constant(value / 100),
            "megabytes": constant(900.0),
        }
        for value in (50, 500)
    ]
    return {
        "train": {
            "machine": machine,
            "data": "D",
            "epochs": 5,
            "rows": train.rows_of(TURNS),
            "turns": TURNS,
        },
        "overhead": {
            "machine": machine,
            "data": "D",
            "rows": [
                {
                    "batch_size": 100,
                    "milliseconds": {
                        "objects": constant(2.1),
                        "formulas": constant(2.0),
                        "products": constant(1.4),
                    },
                    "ratio": constant(ratio),
                    "processor_ratio": constant(1.01),
                }
                for ratio in (1.02, 1.05)
            ],
        },
        "startup": {
            "machine": machine,
            "seconds": {
                "TensorFlow and TFP": constant(4.0),
                "tfp_vae": constant(4.5),
                "first step": constant(4.9),
            },
            "added_by_import": constant(0.5),
        },
        "evaluate": {
            "machine": machine,
            "data": "D",
            "sample_size": 5000,
            "rows_per_second": {
                "tfp_vae": constant(30.0),
                "products": constant(40.0),
                "pythae": constant(2.0),
            },
            "mean_estimates": {"tfp_vae": -100.0, "pythae": -101.0},
        },
        "scaling": {
            "machine": machine,
            "base": {"rows": 6000},
            "importance": {"rows": 100},
            "rows": scaling,
        },
    }


def line_of(page, *parts):
    (line,) = [line for line in page.splitlines() if all(part in line for part in parts)]
    return line


def test_a_row_says_by_how_much_we_are_behind(results):
    line = line_of(report.render(results), "| 100 |", "NumPyro")
    assert "| 1 | 40,000 | 36,000 to 44,000 |" in line
    assert line.endswith("| behind by 25%, goal 1x missed by 25% | 0.75 to 0.75 | 0.75 |")


def test_a_goal_missed_by_little_is_not_missed_by_nothing():
    assert speed_ratios.verdict(2.995, 3.0) == "ahead: 3.00x, goal 3x missed by 0.2%"


def test_a_row_says_how_it_stands_to_its_goal(results):
    line = line_of(report.render(results), "| 100 |", "PyTorch")
    assert line.endswith("| ahead: 2.50x, goal 2x met | 2.50 to 2.50 | 2.50 |")


def test_a_goal_is_of_its_batch_size_alone(results):
    line = line_of(report.render(results), "| 1000 |", "PyTorch")
    assert line.endswith("| ahead: 1.25x | 1.25 to 1.25 | 1.25 |")


def test_a_row_with_another_loss_does_not_count(results):
    line = line_of(report.render(results), "| 100 | Pyro,")
    assert "| does not count: the loss differs by 2.1% |" in line


def test_the_ratio_is_of_one_turn():
    """A machine that was slow in one turn and fast in another is no news of ours or theirs."""
    turns = [
        {"batch_size": 20, "runs": {OURS.title: run(ours), NUMPYRO: run(theirs)}}
        for ours, theirs in ((10_000.0, 5_000.0), (60_000.0, 20_000.0), (80_000.0, 20_000.0))
    ]
    ours, theirs = train.rows_of(turns)
    assert theirs["turns"] == 3
    assert theirs["ratio"] == {"median": 3.0, "lowest": 2.0, "highest": 4.0}
    assert theirs["processor_ratio"] == {"median": 3.0, "lowest": 2.0, "highest": 4.0}
    assert ours["ratio"]["median"] == ours["processor_ratio"]["median"] == 1.0


def test_losses_are_compared_by_their_means_over_all_turns():
    turns = [
        {"batch_size": 20, "runs": {OURS.title: run(1.0, 97.0), NUMPYRO: run(1.0, 103.0)}},
        {"batch_size": 20, "runs": {OURS.title: run(1.0, 104.0)}},
        {"batch_size": 100, "runs": {OURS.title: run(1.0, 50.0)}},
    ]
    ours, theirs, _ = train.rows_of(turns)
    assert ours["loss_ratio"] == 1.0
    assert theirs["loss_ratio"] == pytest.approx(103.0 / 100.5)
    assert theirs["mean_held_out_loss"] == 103.0


def test_overhead_startup_and_evaluation_are_held_to_their_goals(results):
    page = report.render(results)
    assert line_of(page, "| 1.020 |").endswith("| met | 1.40 | 67% |")
    assert line_of(page, "| 1.050 |").endswith("| missed by 2.0% | 1.40 | 67% |")
    assert line_of(page, "added by tfp_vae to the import").endswith(
        "| at most 0.3: missed by 0.20 s |"
    )
    assert line_of(page, "first step").endswith("| at most 5: met |")
    assert line_of(page, "products alone").endswith("| behind by 25%, goal 0.6x met |")
    assert line_of(page, "get_nll").endswith("| ahead: 15.00x, goal 10x met |")
    assert "at most 20.0 times as fast as pythae." in page


def test_what_was_not_measured_is_left_out(results):
    page = report.render({"startup": results["startup"]})
    assert "## Startup time" in page
    assert "## Training" not in page


def test_the_page_shows_its_plots(results, tmp_path):
    page = tmp_path / "docs" / "benchmarks.md"
    report.write(results, page)
    for name in ("train", "scaling"):
        file = f"benchmarks_{name}.png"
        assert f"]({file})" in page.read_text()
        assert (page.parent / file).stat().st_size > 0


def test_nothing_is_drawn_of_nothing(tmp_path):
    assert plots.draw({}, tmp_path) == {}


def test_the_table_of_xla_says_what_is_the_default():
    row = {
        "kind": "Conv2D",
        "source": "array",
        "with_xla": constant(40.0),
        "without_xla": constant(1000.0),
        "ratio": constant(0.04),
        "processor_ratio": 0.05,
        "xla_by_default": False,
    }
    page = report.render({"xla": {"machine": "a machine", "rows": [row]}})
    line = next(line for line in page.splitlines() if "Conv2D" in line)
    cells = [cell.strip() for cell in line.split("|")]
    assert cells[1:4] == ["Conv2D", "array", "40"]
    assert cells[7] == "0.04"
    assert cells[-3:-1] == ["0.05", "without"]


def test_the_table_of_networks_compares_with_each_way_of_keras():
    rows = [
        {
            "kind": "dense",
            "model": name,
            "weights": 425284,
            "rows_per_second": constant(speed),
            "ratio": constant(50.0 / speed),
            "processor_ratio": 2.5,
            "loss": 100.04,
            "epochs": 5,
        }
        for name, speed in [("tfp_vae", 50.0), ("Keras, with XLA", 25.0)]
    ]
    page = report.render({"architectures": {"machine": "a machine", "rows": rows}})
    assert "The loss is that of epoch 5, in nats" in page
    assert "PyTorch" not in page.split("## Training of more networks")[1]
    ours, theirs = (
        [cell.strip() for cell in line.split("|")][1:-1]
        for line in page.splitlines()
        if line.startswith("| dense")
    )
    assert ours == ["dense", "425,284", "tfp_vae", "50", "50 to 50", "100.0", "", "", ""]
    assert theirs[-3:] == ["ahead: 2.00x", "2.00 to 2.00", "2.50"]


def test_the_table_of_networks_says_which_other_frameworks_it_has():
    row = {
        "kind": "dense",
        "model": "PyTorch, by hand",
        "weights": 425284,
        "rows_per_second": constant(100.0),
        "ratio": constant(0.5),
        "processor_ratio": 0.6,
        "loss": 100.0,
        "epochs": 5,
    }
    page = report.render({"architectures": {"machine": "a machine", "rows": [row]}})
    assert ", and with a plain loop in PyTorch (`benchmarks/by_hand_torch.py`), its thr" in page
    assert line_of(page, "| dense").endswith("| behind by 50% | 0.50 to 0.50 | 0.60 |")
