"""The calls of `tfp_vae.datasets`."""

import importlib
import tempfile

import numpy as np

from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call
from tests.fuzz.written_files import FOLDER, written
from tfp_vae import datasets


def _cells_taken(**given):
    anndata = importlib.import_module("anndata")
    if given["source"] is None:
        given["source"] = anndata.AnnData(fuzzed_models.REAL)
    return np.asarray(datasets.from_anndata(**given).x)


def _write_records(**given):
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        if isinstance(given["path"], str) and given["path"] == "right":
            given["path"] = f"{folder}/rows.tfrecord"
        count = datasets.write_records(**given)
        if not isinstance(given["path"], str) or not given["path"].startswith(folder):
            return count
        batches = list(datasets.from_files(given["path"], feature=given["feature"], shuffle=False))
        rows = np.concatenate(batches)
        assert len(rows) == count
        # Missing values are written as they are.
        return np.nan_to_num(rows)


def _read_files(**given):
    return [batch.numpy() for batch in datasets.from_files(**given)]


def _parts_all_rows(answer, given):
    every = np.concatenate(answer)
    np.testing.assert_array_equal(np.sort(every), np.arange(given["rows"]))


CALLS = {
    # Missing values are repeated as they are.
    "datasets.repeated": Call(
        lambda **given: np.nan_to_num(datasets.repeated(**given)),
        lambda: {"x": fuzzed_models.REAL, "batch_size": 3, "steps": 5},
        of=datasets.repeated,
    ),
    # Of missing values, rows are filled up with them.
    "datasets.padded": Call(
        lambda **given: np.nan_to_num(datasets.padded(**given)),
        lambda: {"rows": fuzzed_models.REAL, "length": 6},
        of=datasets.padded,
    ),
    "datasets.unpadded": Call(
        lambda **given: np.concatenate(datasets.unpadded(**given)),
        lambda: {"x": fuzzed_models.BINARY, "missing_values": 2.0},
        of=datasets.unpadded,
    ),
    "datasets.sprites": Call(
        datasets.sprites,
        lambda: {"rows": 5, "values": (3, 2, 2, 2, 2), "side": 8, "seed": 0},
        scalars=("rows",),
    ),
    "datasets.photographs": Call(
        lambda **given: datasets.photographs(**given).test.shape,
        lambda: {"side": 64, "step": 64},
        of=datasets.photographs,
        scalars=("side", "step"),
    ),
    "datasets.from_anndata": Call(
        _cells_taken, lambda: {"source": None}, of=datasets.from_anndata, paths=("source",)
    ),
    "datasets.from_file": Call(
        datasets.from_file, lambda: {"path": written()["rows"]}, paths=("path",)
    ),
    "datasets.from_files": Call(
        _read_files,
        lambda: {"source": written()["rows"]},
        of=datasets.from_files,
        not_fuzzed=("shuffle",),
        paths=("source",),
    ),
    "datasets.split": Call(
        datasets.split, lambda: {"rows": 30, "valid": 0.1, "test": 0.2, "seed": 0},
        _parts_all_rows, scalars=("rows",),
    ),
    "datasets.write_records": Call(
        _write_records,
        lambda: {"path": "right", "rows": fuzzed_models.REAL, "feature": "x"},
        of=datasets.write_records,
        paths=("path",),
    ),
    "datasets.text_format": Call(
        datasets.text_format, lambda: {"path": written()["table"]}, paths=("path",)
    ),
}  # fmt: skip
