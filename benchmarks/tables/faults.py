"""What is wrong with draws, imputations and scores of a table, in words."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tfp_vae import tables
from tfp_vae.tables import Column, Kind, Schema

_CLASSES = (Kind.BINARY, Kind.CATEGORICAL, Kind.ORDERED)


def of_schema(schema: Schema, frame: pd.DataFrame) -> list[str]:
    """Returns what a schema loses of the table that it was inferred from."""
    x = schema.encode(frame)
    found = [] if not np.isinf(x).any() else ["an infinite code"]
    back = schema.decode(x)
    for column in schema.modelled:
        before = frame[column.name].reset_index(drop=True)
        try:
            pd.testing.assert_series_equal(back[column.name], before, rtol=1e-12)
        except AssertionError:
            found.append(f"{column.name!r} does not come back from its codes")
    return found


def of_draws(schema: Schema, frame: pd.DataFrame, draws: pd.DataFrame) -> list[str]:
    """Returns what is wrong with rows that were drawn.

    Args:
      schema: The schema of the model.
      frame: The rows that it was trained on.
      draws: The rows drawn.
    """
    wanted = [each.name for each in schema if each.kind is not Kind.IDENTIFIER]
    if list(draws.columns) != wanted:
        return [f"draws have the columns {list(draws.columns)}, not {wanted}"]
    found = []
    for column in schema:
        if column.kind is Kind.IDENTIFIER:
            continue
        drawn, known = draws[column.name], frame[column.name]
        if drawn.dtype != known.dtype:
            found.append(f"draws of {column.name!r} are {drawn.dtype}, not {known.dtype}")
        if column.kind is Kind.CONSTANT:
            continue
        found += [f"draws of {column.name!r}: {each}" for each in _of_values(column, drawn, known)]
    return found


def _of_values(column: Column, values: pd.Series, known: pd.Series) -> Iterator[str]:
    """Yields what is wrong with values that a model made.

    Args:
      column: Their column.
      values: What the model made.
      known: Values of the table.
    """
    if values.isna().any():
        yield "some are blank"
        return
    seen = known.dropna()
    if column.kind in _CLASSES:
        if not values.astype(object).isin(set(column.categories or ())).all():
            declared = getattr(values.dtype, "categories", None)
            if declared is None or not values.isin(set(seen)).all():
                yield "some are no category"
        return
    codes = column.encode(values)
    if not np.isfinite(codes).all():
        yield "some are not finite"
    elif not column.decode(codes).equals(values.reset_index(drop=True)):
        yield "some are not of the column's kind"
    if column.kind is Kind.DATE:
        return
    numbers = pd.to_numeric(values).to_numpy(np.float64)
    of_table = pd.to_numeric(seen).to_numpy(np.float64)
    if (of_table % 1 == 0).all() and (numbers % 1 != 0).any():
        yield "some are not whole"
    lowest = {Kind.POSITIVE: np.nextafter(0.0, 1.0), Kind.COUNT: 0.0, Kind.PROPORTION: 0.0}
    if numbers.min() < lowest.get(column.kind, -np.inf):
        yield f"{numbers.min():g} is too low for {column.kind}"
    if column.kind is Kind.PROPORTION and numbers.max() > 1.0:
        yield f"{numbers.max():g} is no proportion"


def of_imputation(
    schema: Schema, frame: pd.DataFrame, blanked: pd.DataFrame, found: tables.ImputedFrame
) -> list[str]:
    """Returns what is wrong with blanks that were filled.

    Args:
      schema: The schema of the model.
      frame: The rows that it was trained on.
      blanked: The rows that were imputed.
      found: What `impute` returned.
    """
    named = {"filled": found.filled, "lower": found.lower, "upper": found.upper}
    named |= {f"draw {at}": draw for at, draw in enumerate(found.draws)}
    wrong = [
        f"{name}: {each}"
        for name, filled in named.items()
        for each in _of_filled(schema, frame, blanked, filled)
    ]
    sizes = found.effective_sample_size.to_numpy(np.float64)
    if not np.isfinite(sizes).all():
        wrong.append("an effective sample size is not finite")
    for column in schema.modelled:
        if column.kind in _CLASSES or not len(sizes):
            continue
        low, high = (column.encode(each[column.name]) for each in (found.lower, found.upper))
        if (low > high).any():
            wrong.append(f"an interval of {column.name!r} is upside down")
    return wrong


def _of_filled(
    schema: Schema, frame: pd.DataFrame, blanked: pd.DataFrame, filled: pd.DataFrame
) -> Iterator[str]:
    if list(filled.columns) != list(blanked.columns) or not filled.index.equals(blanked.index):
        yield "the columns or the index are not those of the frame"
        return
    for column in schema:
        name = column.name
        known = blanked[name].notna()
        before, after = (each.loc[known, name].astype(object) for each in (blanked, filled))
        if not (before == after).all():
            yield f"a known cell of {name!r} has changed"
        if not column.modelled:
            continue
        if filled[name].dtype not in (frame[name].dtype, blanked[name].dtype):
            yield f"{name!r} is {filled[name].dtype}, not {frame[name].dtype}"
        made = filled.loc[~known, name]
        if len(made):
            made = made.infer_objects() if made.dtype == object else made
            yield from (f"{name!r}: {each}" for each in _of_values(column, made, frame[name]))


def of_scores(scores: np.ndarray, rows: int) -> list[str]:
    """Returns what is wrong with the scores of some rows."""
    if scores.shape != (rows,):
        return [f"scores have the shape {list(scores.shape)}, not {[rows]}"]
    count = int((~np.isfinite(scores)).sum())
    return [f"{count} of {rows} scores are not finite"] if count else []


def of_explanation(explained: pd.DataFrame, row: pd.DataFrame) -> list[str]:
    """Returns what is wrong with an explanation of a row."""
    known = row[explained.columns].notna().to_numpy()
    numbers = explained.to_numpy(np.float64)
    if not np.isfinite(numbers[known]).all() or not np.isnan(numbers[~known]).all():
        return ["an explanation is not finite, or of a blank"]
    return []
