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
    "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y-%m-%dT%H:%M:%S.%3f",
    "%Y-%m-%dT%H:%M:%S.%3fZ",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S.%3f",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%b-%Y",
    "%b %Y",
    "%B %Y",
    "%Y%m%d",
    "%Y-%m",
    "%H:%M:%S",
    "%H:%M",
    "%-d.%-m.%Y",
    "%-d/%-m/%Y",
    "%-m/%-d/%Y",
    "%-d.%-m.%Y %H:%M",
    "%-d/%-m/%Y %-H:%M",
    "%-m/%-d/%Y %-H:%M",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%-d/%-m/%y",
    "%-m/%-d/%y",
    "%-d/%-m/%y %-H:%M",
    "%-m/%-d/%y %-H:%M",
    "%-H:%M:%S",
    "%-H:%M",
)
"""A dash stands before a number that is written without a leading zero, `%3f` for milliseconds."""

_LONGEST = 32

_WHOLE_NUMBERS = "%Y%m%d"
_EARLIEST, _LATEST, _FEWEST_DATES = 1800_01_01, 2200_01_01, 10
"""Of random numbers of eight digits from 1800 on, one in 27 is a date."""

DATE_OBJECTS = "datetime.date"
"""The format of a column of `datetime.date`."""

TIME_OBJECTS = "datetime.time"
"""The format of a column of `datetime.time`, as spreadsheets have it."""

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
    if len(first) > _LONGEST or not any(character.isdigit() for character in first):
        return None
    for each in _FORMATS:
        if pd.isna(pd.to_datetime(first, format=_parsed(each), errors="coerce")):
            continue
        dates = pd.to_datetime(texts, format=_parsed(each), errors="coerce")
        if not dates.isna().any() and (_written(dates, each) == texts).all():
            return each
    return None


def whole_number_format(values: np.ndarray) -> str | None:
    """Returns the format in which all numbers `[N]` are dates, such as 20240131, or None."""
    if not ((values >= _EARLIEST) & (values < _LATEST) & (values % 1 == 0)).all():
        return None
    distinct = pd.Series(np.unique(values).astype(np.int64).astype(str))
    dates = pd.to_datetime(distinct, format=_WHOLE_NUMBERS, errors="coerce")
    enough = len(distinct) >= _FEWEST_DATES and not dates.isna().any()
    return _WHOLE_NUMBERS if enough else None


def _parsed(text_format: str) -> str:
    """Returns the format with which texts are read: zeros and digits may be missing there."""
    return text_format.replace("%-", "%").replace("%3f", "%f")


def _written(dates: pd.Series, text_format: str) -> pd.Series:
    """Returns dates as texts in a format, NaN where they are blank."""
    if "%-" not in text_format and "%3f" not in text_format:
        return dates.dt.strftime(text_format)
    # Not every system's `strftime` leaves zeros out, and none writes milliseconds.
    texts = [
        np.nan
        if pd.isna(each)
        else each.strftime(
            text_format.replace("%-d", str(each.day))
            .replace("%-m", str(each.month))
            .replace("%-H", str(each.hour))
            .replace("%3f", f"{each.microsecond // 1000:03}")
        )
        for each in dates
    ]
    return pd.Series(texts, index=dates.index, dtype=object)


def ticks_of(series: pd.Series, text_format: str | None) -> tuple[np.ndarray, str]:
    """Returns the ticks of a column, `[N]` of int64, `BLANK_TICK` where it is blank, and its dtype.

    Args:
      series: Dates, durations, periods, texts in a format, or objects of `datetime.date` or `time`.
      text_format: The format of texts, `DATE_OBJECTS`, or None.

    Raises:
      ValueError: If a text is not in the format; the text is named.
    """
    if text_format is not None:
        objects = text_format in (DATE_OBJECTS, TIME_OBJECTS)
        known = None if objects else _parsed(text_format)
        values = _on_one_day(series) if text_format == TIME_OBJECTS else _texts(series)
        dates = pd.to_datetime(values, format=known, errors="coerce")
        wrong = dates.isna() & series.notna()
        if wrong.any():
            raise ValueError(shown(series[wrong].iloc[0]))
        fine = "f" in text_format or text_format == TIME_OBJECTS
        series = dates.dt.as_unit("us" if fine else "s")
    array: Any = series.array
    return np.asarray(array.asi8, np.int64), str(series.dtype)


def _on_one_day(series: pd.Series) -> pd.Series:
    """Returns times of a day as times of one day, blank where a value is no time without a zone."""
    day = datetime.date(1970, 1, 1)
    moments = [
        datetime.datetime.combine(day, each)
        if type(each) is datetime.time and each.tzinfo is None
        else pd.NaT
        for each in series
    ]
    return pd.Series(moments, index=series.index, dtype="datetime64[us]")


def _texts(series: pd.Series) -> pd.Series:
    """Returns a column of dates in whole numbers as one of texts, any other as it is."""
    if not pd.api.types.is_numeric_dtype(series.dtype):
        return series
    whole = series.astype("Float64")
    return whole.map(lambda each: f"{each:.0f}" if each % 1 == 0 else str(each), na_action="ignore")


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
    if text_format == TIME_OBJECTS:
        return pd.Series([None if pd.isna(each) else each.time() for each in dates], dtype=object)
    if text_format == DATE_OBJECTS:
        return pd.Series(
            [None if pd.isna(each) else datetime.date(*each.timetuple()[:3]) for each in dates],
            dtype=object,
        )
    return dates if text_format is None else _written(dates, text_format)
