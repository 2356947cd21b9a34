"""TVAE, CTGAN and the Gaussian copula of SDV, with their defaults.

SDV asks its user to say what the columns hold, and guesses from names and values otherwise: here it
is told which hold numbers, and which categories.
"""

import numpy as np
import pandas as pd
import torch
from sdv import single_table
from sdv.metadata import Metadata

from benchmarks.peers import table_protocol
from benchmarks.peers.table_protocol import Method, Task

TABLE = "table"


def metadata(frame: pd.DataFrame) -> Metadata:
    """Returns what the columns of a frame hold."""
    kinds = {
        name: {"sdtype": "numerical" if pd.api.types.is_numeric_dtype(dtype) else "categorical"}
        for name, dtype in frame.dtypes.items()
    }
    return Metadata.load_from_dict({"tables": {TABLE: {"columns": kinds}}})


def method(kind: type) -> Method:
    """Returns the method of a synthesizer."""

    def fit(train: pd.DataFrame):
        torch.set_num_threads(1)
        torch.manual_seed(0)
        np.random.seed(0)
        synthesizer = kind(metadata(train))
        synthesizer.fit({TABLE: train})
        return synthesizer

    def draws(synthesizer, task: Task) -> pd.DataFrame:
        return synthesizer.sample(len(task.train))[TABLE]

    return Method(fit, {"draws": draws})


METHODS = {
    "TVAE": method(single_table.TVAESynthesizer),
    "CTGAN": method(single_table.CTGANSynthesizer),
    "GaussianCopula": method(single_table.GaussianCopulaSynthesizer),
}

if __name__ == "__main__":
    table_protocol.main(METHODS, ["sdv", "ctgan", "copulas", "rdt", "torch"])
