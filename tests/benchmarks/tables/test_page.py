import dataclasses

from benchmarks import report
from benchmarks.tables import page
from benchmarks.tables.settings import QUICK, THOROUGH


def found(outcome="clean", nats=-1.0, error=0.5, name="quick", **others):
    return {
        "outcome": outcome,
        "settings": name,
        "seconds": 2.0,
        "held_out": 10,
        "not_taken": 1,
        "nats": nats,
        "independent_columns": -2.0,
        "imputation_error": error,
        **others,
    }


MEASURED = {
    "machine": "a machine",
    "of_all": 1444,
    "settings": {each.name: dataclasses.asdict(each) for each in (QUICK, THOROUGH)},
    "sets": {
        "p/a": found(),
        "p/b": found(nats=-4.0, error=1.5),
        "p/c": {
            "outcome": "refused",
            "settings": "quick",
            "seconds": 9.0,
            "step": "fit",
            "reason": "`X` must have rows; got none.",
        },
        "p/d": found(outcome="faulty", nats="nan", error=None, faults=["a score is not finite"]),
        "p/e": {
            "outcome": "crashed",
            "settings": "quick",
            "seconds": 1.0,
            "step": "impute",
            "error": "KeyError: 'x' (a.py, line 3)",
        },
    },
}


def test_the_section_says_how_many_tables_were_run_and_how():
    text = "\n".join(page.section(MEASURED))
    assert "5 of 1,444 tables are measured." in text
    assert "The quick pass, of 5: about 20 training steps on at most 500 rows, uncompiled" in text
    assert "thorough" not in text
    assert "| 5 | 2 | 1 | 1 | 1 | 0 |" in text


def test_the_measures_are_medians_with_the_worst_tables():
    text = "\n".join(page.section(MEASURED))
    assert "| nats a row above independent columns | -0.50 | 1 of 2 | p/b -2.00, p/a 1.00 |" in text
    assert "| 1.00 | 1 of 2 | p/b 1.50, p/a 0.50 |" in text
    assert "| seconds | 2.00 |  | p/c 9.00, p/a 2.00, p/b 2.00 |" in text


def test_every_fault_and_refusal_is_given_with_its_words():
    lines = page.section(MEASURED)
    assert "- p/c: refused. `X` must have rows; got none." in lines
    assert "- p/d: faulty: a score is not finite" in lines
    assert "- p/e: crashed in `impute`: KeyError: 'x' (a.py, line 3)" in lines
    assert any(line.startswith("- Of the 30 rows held out, 3 have") for line in lines)


def test_two_passes_have_a_table_each():
    sets = {"p/a": found(), "p/b": found(name="thorough")}
    text = "\n".join(page.section(MEASURED | {"sets": sets}))
    assert "The quick pass, of 1: about 20" in text
    assert "The thorough pass, of 1: about 3,000 training steps" in text


def test_the_section_is_in_the_page():
    text = report.render({"tables": MEASURED})
    assert "## Data frames of real data" in text
    assert text.endswith("Measured on: a machine.\n")
