"""How good imputations are, beside the means and the most frequent categories."""

import numpy as np
import pandas as pd

from tfp_vae.tables import Kind, Schema

_CLASSES = (Kind.BINARY, Kind.CATEGORICAL, Kind.ORDERED)


def imputation_error(
    schema: Schema,
    train: pd.DataFrame,
    truth: pd.DataFrame,
    filled: pd.DataFrame,
    hidden: pd.DataFrame,
) -> float | None:
    """Returns the error of imputed cells relative to that of the simplest imputation.

    The error of a column is the mean squared one, of categories the share that is wrong; beside it
    stands that of the training rows' mean, or of their most frequent category. The result is the
    mean of the ratios over the columns in which the simplest imputation errs; None if there is
    none.

    Args:
      schema: The schema of the model.
      train: The training rows.
      truth: The held-out rows.
      filled: The held-out rows with the imputed cells.
      hidden: Which of their cells had been made blank.
    """
    known, before, after = (schema.encode(each) for each in (train, truth, filled))
    ratios = []
    for place, column in enumerate(schema.modelled):
        cells = hidden[column.name].to_numpy()
        guess, wanted, seen = after[cells, place], before[cells, place], known[:, place]
        seen = seen[~np.isnan(seen)]
        if column.kind in _CLASSES:
            values, counts = np.unique(seen, return_counts=True)
            simple, own = wanted != values[counts.argmax()], wanted != guess
        else:
            simple, own = (wanted - seen.mean()) ** 2, (wanted - guess) ** 2
        if len(wanted) and simple.any():
            ratios.append(float(own.mean() / simple.mean()))
    return float(np.mean(ratios)) if ratios else None
