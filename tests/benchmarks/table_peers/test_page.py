import pytest

from benchmarks import report
from benchmarks.table_peers import methods, page
from benchmarks.table_peers.standing import CONTESTS, standing, verdict


def table(**ours):
    """The figures of a table in which every peer has 0.5."""
    found = {name: {} for name in methods.PEERS}
    for measure, contest in CONTESTS.items():
        for name in contest:
            found[name][measure] = 0.5
    found[methods.OURS] |= ours
    found[methods.OURS]["seconds"] = {"fit": 20.0, "draws": 1.0, "filled": 2.0}
    found["independent columns"] = {"marginals": 0.1, "dependence": 0.9, "regression": 1.0}
    return {"train": 1200, "held_out": 300, "numbers": 3, "words": 2, "methods": found}


GOOD = {"marginals": 0.1, "dependence": 0.2, "regression": 0.4, "imputation": 0.4, "anomalies": 0.9}
MEASURED = {
    "machine": "a machine",
    "of_all": ["p/a", "p/b", "p/c"],
    "versions": {"sdv": "2.0", "ctgan": "0.12"},
    "sets": {
        "p/a": table(**GOOD),
        "p/b": table(**GOOD | {"marginals": 0.6, "imputation": 0.8, "anomalies": 0.4}),
    },
}


def test_the_median_table_has_every_method_and_references():
    lines = page.section(MEASURED)
    assert "| `TableVAE` | 0.350 | 0.200 | 0.400 | 0.600 | 0.650 | 20.00 | 3.00 |" in lines
    assert "| CTGAN | 0.500 | 0.500 | 0.500 |  |  |  |  |" in lines
    assert "| KNNImputer |  |  |  | 0.500 |  |  |  |" in lines
    assert "| independent columns | 0.100 | 0.900 | 1.000 |  |  |  |  |" in lines
    assert "2 of 3 tables are measured." in lines
    assert lines[-1] == "Versions: ctgan 0.12, sdv 2.0."


def test_the_standing_is_by_the_medians_and_by_the_tables():
    lines = page.section(MEASURED)
    assert "| marginals | 2 | 1 of 4 | GaussianCopula 0.500 | 1 | 1 |" in lines
    assert "| imputation | 2 | 3 of 3 | IterativeImputer 0.500 | 1 | 1 |" in lines
    assert "| anomalies | 2 | 1 of 2 | IsolationForest 0.500 | 1 | 1 |" in lines


def test_the_tables_are_in_the_order_in_which_they_are_measured():
    lines = page.section(MEASURED | {"of_all": ["p/b", "p/a"]})
    rows = [line.split(" | ")[0] for line in lines if line.startswith("| p/")]
    assert rows == ["| p/b", "| p/a"]


def test_each_table_is_beside_the_best_peer():
    better = table(**GOOD)
    better["methods"]["TVAE"]["marginals"] = 0.05
    lines = page.section(MEASURED | {"sets": {"p/a": better}})
    row = next(line for line in lines if line.startswith("| p/a"))
    assert row == (
        "| p/a | 1,500 | 3 | 2 | 0.100 / 0.050 | **0.200** / 0.500 | **0.400** / 0.500 | "
        "**0.400** / 0.500 | **0.900** / 0.500 |"
    )


def test_the_goal_needs_three_firsts_and_no_last():
    lines = page.section(MEASURED)
    assert any(
        "is first in 4, and last in imputation; the goal is missed so far." in each
        for each in lines
    )
    met = page.section(MEASURED | {"of_all": ["p/a"], "sets": {"p/a": table(**GOOD)}})
    assert any("is first in 5, and last in none; the goal is met." in each for each in met)
    two = {name: standing(name, MEASURED["sets"]) for name in ("marginals", "dependence")}
    assert "is first in 2, and last in none; the goal is missed." in verdict(two, complete=True)


def test_a_table_counts_only_where_every_method_has_a_figure():
    failed = table(**GOOD | {"marginals": 0.9})
    failed["methods"]["CTGAN"] = {"error": "more than 900 seconds"}
    measured = MEASURED | {"sets": {"p/a": table(**GOOD), "p/c": failed}}
    found = standing("marginals", measured["sets"])
    assert (found.tables, found.medians[methods.OURS], found.rank) == (1, pytest.approx(0.1), 1)
    lines = page.section(measured)
    assert "- p/c, CTGAN: more than 900 seconds" in lines
    row = next(line for line in lines if line.startswith("| p/c"))
    assert row.startswith("| p/c | 1,500 | 3 | 2 |  |  |  | **0.400**")
    assert standing("marginals", {"p/c": failed}) is None


def test_a_tie_is_first_and_not_last():
    found = standing("imputation", {"p/a": table()})
    assert found.is_first
    assert not found.is_last


def test_the_section_is_in_the_page():
    text = report.render({"tables-peers": MEASURED})
    assert "## Data frames beside other libraries" in text
    assert text.endswith("Measured on: a machine.\n")
