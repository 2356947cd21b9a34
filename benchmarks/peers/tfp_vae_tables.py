"""`TableVAE` of this library, with its defaults: one model draws, imputes and scores."""

import numpy as np
import pandas as pd

from benchmarks.peers import table_protocol
from benchmarks.peers.table_protocol import Method, Task
from tfp_vae.sklearn import TableVAE


def _fit(train: pd.DataFrame) -> TableVAE:
    return TableVAE(random_state=0).fit(train)


def _draws(model: TableVAE, task: Task) -> pd.DataFrame:
    return model.sample(len(task.train), random_state=0)


def _filled(model: TableVAE, task: Task) -> pd.DataFrame:
    return model.impute(task.blanked, random_state=0).filled


def _strangeness(model: TableVAE, task: Task) -> np.ndarray:
    return -model.score_samples(task.scored)


METHODS = {
    "TableVAE": Method(_fit, {"draws": _draws, "filled": _filled, "strangeness": _strangeness})
}

if __name__ == "__main__":
    table_protocol.main(METHODS, ["tensorflow", "keras"])
