"""Imputation of the blanks of a frame, with the uncertainty of each."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tfp_vae import checks, seeds
from tfp_vae.model import VAE
from tfp_vae.tables.column import CLASSES, Kind
from tfp_vae.tables.frames import as_pandas
from tfp_vae.tables.models import rows_of, schema_of
from tfp_vae.tables.schema import Schema

_DRAWS_OF_INTERVALS = 200


class ImputedFrame(NamedTuple):
    """A frame with its blanks filled, and the uncertainty of each.

    Attributes:
      filled: The frame with the mean of every blank number given the other cells of its row, the
        median of an ordered category, and the most probable of another; other cells are as they
        were.
      draws: Frames with draws of the blanks: multiple imputations, each drawn jointly for a row.
      lower: The frame with the lower end of an interval of every blank number, date or ordered
        category; as `filled` where there is none.
      upper: The upper end.
      probability: A frame of floats: of a blank category the probability of the one that is filled
        in, of all other cells NaN.
      effective_sample_size: For each row with blanks, by the index of the frame: the number of
        draws from the exact posterior that would give about the same precision.

    Example:
      >>> table = tfp_vae.VAE.for_data(people, latent_size=2, verbose=0)
      >>> found = tables.impute(table, people.assign(country=None)[:2], seed=0)
      >>> bool((found.probability["country"] > 0.0).all())
      True
    """

    filled: pd.DataFrame
    draws: list[pd.DataFrame]
    lower: pd.DataFrame
    upper: pd.DataFrame
    probability: pd.DataFrame
    effective_sample_size: pd.Series


def impute(
    vae: VAE,
    frame: Any,
    sample_size: int = 10,
    level: float = 0.9,
    importance_sample_size: int = 1000,
    seed: seeds.Seed = None,
) -> ImputedFrame:
    """Fills the blanks of a frame: with means, draws, and intervals.

    Only rows with blanks are computed. Cells that are not blank, columns that are left out of the
    model, and the index stay exactly as they are.

    Args:
      vae: A model that was made from a data frame.
      frame: A data frame with the columns of that one.
      sample_size: The number of frames of draws.
      level: The probability of the intervals, in (0, 1).
      importance_sample_size: The number of latents drawn for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.

    Returns:
      An `ImputedFrame`: `filled`, `draws`, `lower`, `upper`, `probability` and
      `effective_sample_size`.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the frame does not fit the model, or a number has a wrong value.

    Example:
      >>> table = tfp_vae.VAE.for_data(people, latent_size=2, verbose=0)
      >>> found = tables.impute(table, people.assign(height=np.nan)[:2], seed=0)
      >>> bool((found.lower["height"] <= found.upper["height"]).all()), len(found.draws)
      (True, 10)

    Source: Mattei & Frellsen (2019), "MIWAE: deep generative modelling and imputation of incomplete
    data sets", section 2.3.
    """
    schema = schema_of(vae)
    wanted = checks.positive_int(sample_size, "sample_size")
    share = checks.finite_number(level, "level", minimum=0.0, maximum=1.0, exclusive=True)
    table = as_pandas(frame)
    x = rows_of(vae, table)
    rows = np.flatnonzero(np.isnan(x).any(axis=1))
    nothing = pd.DataFrame(np.nan, index=table.index, columns=schema.names)
    if not len(rows):
        sizes = pd.Series(dtype=np.float64)
        return ImputedFrame(table, [table] * wanted, table, table, nothing, sizes)
    found = vae.impute(
        x[rows],
        max(wanted, _DRAWS_OF_INTERVALS),
        checks.positive_int(importance_sample_size, "importance_sample_size"),
        seed,
    )
    draws = found.draws.astype(np.float64)
    lower, upper = np.quantile(draws, [0.5 - share / 2.0, 0.5 + share / 2.0], axis=0)
    middle, probability = found.mean.astype(np.float64), np.full(x[rows].shape, np.nan)
    for place, column in enumerate(schema.modelled):
        if column.kind not in CLASSES:
            continue
        codes = draws[..., place]
        if column.kind is Kind.ORDERED:
            ends = (0.5 - share / 2.0, 0.5, 0.5 + share / 2.0)
            low, chosen, high = np.quantile(codes, ends, axis=0, method="inverted_cdf")
        else:
            classes = len(column.categories or ())
            shares = np.stack([(codes == code).mean(axis=0) for code in range(classes)])
            low = chosen = high = shares.argmax(axis=0)
        lower[:, place], middle[:, place], upper[:, place] = low, chosen, high
        of_chosen = (codes == chosen).mean(axis=0)
        probability[:, place] = np.where(np.isnan(x[rows, place]), of_chosen, np.nan)
    nothing.iloc[rows] = probability
    return ImputedFrame(
        _filled(table, schema, x, rows, middle),
        [_filled(table, schema, x, rows, draw) for draw in draws[:wanted]],
        _filled(table, schema, x, rows, lower),
        _filled(table, schema, x, rows, upper),
        nothing,
        pd.Series(found.effective_sample_size.astype(np.float64), index=table.index[rows]),
    )


def _filled(
    table: pd.DataFrame, schema: Schema, x: np.ndarray, rows: np.ndarray, values: np.ndarray
) -> pd.DataFrame:
    """Returns a frame with values `[rows, D]` for its blanks, all other cells as they are."""
    whole = x.copy()
    whole[rows] = np.where(np.isnan(x[rows]), values, x[rows])
    filled = table.copy()
    for place, column in enumerate(schema.modelled):
        blank = np.isnan(x[:, place])
        if not blank.any():
            continue
        new = column.decode(whole[:, place]).set_axis(table.index)
        filled[column.name] = _beside_known(table[column.name], blank, new)
    return filled


def _beside_known(known: pd.Series, blank: np.ndarray, new: pd.Series) -> pd.Series:
    """Returns a column with new values for its blanks, all other cells as they are.

    Numbers below those of the training rows, or between the decimals of these, do not come back
    from their codes. The dtype is that of the new values if it holds the known cells.
    """
    if new.dtype == known.dtype:
        return known.where(~blank, new)
    both = known.astype(object).where(~blank, new.astype(object))
    try:
        in_dtype = both.astype(new.dtype)
    except (TypeError, ValueError):
        return both.infer_objects()
    kept = (in_dtype.astype(object) == both)[~blank].all()
    return in_dtype if kept else both.infer_objects()
