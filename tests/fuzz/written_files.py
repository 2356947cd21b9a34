"""Files that calls read, and the folder that they write to."""

import functools
import tempfile
from pathlib import Path

import numpy as np

from tests.fuzz import fuzzed_models
from tests.fuzz.fuzzed_models import model

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
_FILES = {"table": FOLDER / "rows.csv", "rows": FOLDER / "rows.npy", "model": FOLDER / "vae.keras"}


@functools.cache
def written():
    np.save(_FILES["rows"], fuzzed_models.REAL)
    np.savetxt(_FILES["table"], fuzzed_models.REAL, delimiter=",")
    model("binary").save(_FILES["model"])
    return _FILES
