"""The benchmark of counts of cells: its data, its model, its scores and its page."""

import numpy as np
import pytest

from benchmarks import counts, report


def test_drawn_cells_differ_in_dispersion_by_batch():
    """Of 1,000 cells in each batch; the variances differ by a factor of about four."""
    cells = counts.drawn_cells()
    assert cells["x"].shape == (counts.CELLS, counts.GENES)
    shares = cells["x"] / cells["x"].sum(axis=1, keepdims=True)
    spread = [
        np.mean(
            [
                shares[(cells["batch"] == batch) & (cells["kind"] == kind)].var(axis=0).sum()
                for kind in range(counts.KINDS)
            ]
        )
        for batch in (0, 1)
    ]
    assert spread[1] > 2.0 * spread[0]


def test_neighbours_tell_a_label_that_is_there_and_none_that_is_not():
    """300 random labels: the standard error of a balanced accuracy is 3 %."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 2
    z = rng.normal(size=[300, 2])
    assert 35.0 < counts.neighbours(z, labels) < 65.0
    assert counts.neighbours(z + 10.0 * labels[:, None], labels) == 100.0


def test_the_page_has_a_row_for_both_on_every_data_set():
    run = {
        "log_likelihood": -600.0,
        "batch": 51.0,
        "kind": 98.0,
        "seconds": 0.25,
        "processor_seconds": 0.2,
    }
    both = {"ours": [run, {**run, "log_likelihood": -602.0}], "theirs": [run]}
    measured = {
        "machine": "m",
        "cells": 2000,
        "genes": 200,
        "epochs": 60,
        "seeds": 2,
        "versions": {"torch": "2.13.0"},
        "runs": dict.fromkeys(counts.SETTINGS, both),
    }
    page = report.render({"counts": measured})
    assert "| tfp_vae | -601.00 (-602.00 to -600.00) | 51 (51 to 51) |" in page
    assert page.count("| scvi-tools, `SCVI` | -600.00 (-600.00 to -600.00) |") == 2
    assert "Versions: torch 2.13.0." in page


@pytest.mark.nightly
def test_our_model_is_trained_and_scored(monkeypatch):
    monkeypatch.setattr(counts, "CELLS", 200)
    monkeypatch.setattr(counts, "IMPORTANCE_SAMPLES", 20)
    cells = counts.drawn_cells()
    cells["held_out"] = np.arange(200) % 5 == 0
    with pytest.warns(UserWarning, match="effective sample size"):
        found, z = counts.ours(cells, "nb", "gene-batch", seed=0, epochs=3)
    assert np.isfinite(found["log_likelihood"])
    assert len(found["seconds"]) == len(found["processor_seconds"]) == 2
    assert z.shape == (40, 10)
