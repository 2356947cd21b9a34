"""Dates, times and durations as whole ticks, and back."""

import datetime
from typing import Any

import numpy as np
import pandas as pd

from tfp_vae.tables.encoding import shown

BLANK_TICK = np.iinfo(np.int64).min
"""What NumPy and pandas have for a blank date."""

_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%Y-%m",
    "%H:%M:%S",
    "%H:%M",
)
DATE_OBJECTS = "datetime.date"
"""The format of a column of `datetime.date`."""

TICKS_OF_DAY = {"s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}


def is_time(dtype: Any) -> bool:
    """Returns whether a dtype is of dates, durations or periods."""
    return (
        pd.api.types.is_datetime64_any_dtype(dtype)
        or pd.api.types.is_timedelta64_dtype(dtype)
        or isinstance(dtype, pd.PeriodDtype)
    )


def format_of(texts: pd.Series) -> str | None:
    """Returns the format of dates or times in which all texts are written, or None.

    The text of every date in that format is the text given, so that nothing is lost.
    """
    first = str(texts.iloc[0])
    if len(first) > 25 or not any(character.isdigit() for character in first):
        return None
    for each in _FORMATS:
        if pd.isna(pd.to_datetime(first, format=each, errors="coerce")):
            continue
        dates = pd.to_datetime(texts, format=each, errors="coerce")
        if not dates.isna().any() and (dates.dt.strftime(each) == texts).all():
            return each
    return None


def ticks_of(series: pd.Series, text_format: str | None) -> tuple[np.ndarray, str]:
    """Returns the ticks of a column, `[N]` of int64, `BLANK_TICK` where it is blank, and its dtype.

    Args:
      series: Dates, durations, periods, texts in a format, or `datetime.date` objects.
      text_format: The format of texts, `DATE_OBJECTS`, or None.

    Raises:
      ValueError: If a text is not in the format; the text is named.
    """
    if text_format is not None:
        known = None if text_format == DATE_OBJECTS else text_format
        dates = pd.to_datetime(series, format=known, errors="coerce")
        wrong = dates.isna() & series.notna()
        if wrong.any():
            raise ValueError(shown(series[wrong].iloc[0]))
        series = dates.dt.as_unit("s")
    array: Any = series.array
    return np.asarray(array.asi8, np.int64), str(series.dtype)


def day_of(dtype: str) -> int:
    """Returns how many ticks of a dtype are a day; 1 for periods, which are ticks themselves."""
    if dtype.startswith("period"):
        return 1
    return TICKS_OF_DAY[dtype.partition("[")[2].rstrip("]").partition(",")[0]]


def series_of(ticks: np.ndarray, time_dtype: str, text_format: str | None) -> pd.Series:
    """Returns the column of ticks `[N]`, as `ticks_of` was given it."""
    unit, _, zone = time_dtype.partition("[")[2].rstrip("]").partition(", ")
    if time_dtype.startswith("period"):
        blank = ticks == BLANK_TICK
        ordinals = np.where(blank, 0, ticks)
        periods = pd.Series(pd.PeriodIndex.from_ordinals(ordinals, freq=unit))
        return periods.mask(blank)
    if time_dtype.startswith("timedelta"):
        return pd.Series(ticks.view(f"timedelta64[{unit}]"))
    dates = pd.Series(ticks.view(f"datetime64[{unit}]"))
    if zone:
        dates = dates.dt.tz_localize("UTC").dt.tz_convert(zone)
    if text_format == DATE_OBJECTS:
        return pd.Series(
            [None if pd.isna(each) else datetime.date(*each.timetuple()[:3]) for each in dates],
            dtype=object,
        )
    return dates if text_format is None else dates.dt.strftime(text_format)
