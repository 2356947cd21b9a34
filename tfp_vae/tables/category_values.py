"""Values of categories in a form that JSON can hold, and back."""

import datetime
from typing import Any

import numpy as np
import pandas as pd


def as_json(value: Any) -> Any:
    """Returns a value as JSON can hold it; times and intervals become tagged lists.

    Raises:
      TypeError: If it is of another kind.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic) and isinstance(value.item(), (bool, int, float, str)):
        return value.item()
    if isinstance(value, pd.Interval):
        return ["interval", as_json(value.left), as_json(value.right), value.closed]
    if isinstance(value, pd.Timestamp):
        return ["timestamp", value.isoformat(), None if value.tz is None else str(value.tz)]
    if isinstance(value, pd.Timedelta):
        return ["timedelta", value.isoformat()]
    if isinstance(value, pd.Period):
        return ["period", value.ordinal, value.freqstr]
    if type(value) is datetime.date:
        return ["date", value.isoformat()]
    if type(value) is datetime.time and value.tzinfo is None:
        return ["time", value.isoformat()]
    raise TypeError(f"a value of type {type(value).__name__}")


def from_json(value: Any) -> Any:
    """Returns the value of which `as_json` made this."""
    if not isinstance(value, list):
        return value
    kind, *rest = value
    if kind == "interval":
        return pd.Interval(from_json(rest[0]), from_json(rest[1]), closed=rest[2])
    if kind == "timedelta":
        return pd.Timedelta(rest[0])
    if kind == "period":
        return pd.Period(ordinal=rest[0], freq=rest[1])
    if kind == "date":
        return datetime.date.fromisoformat(rest[0])
    if kind == "time":
        return datetime.time.fromisoformat(rest[0])
    stamp = pd.Timestamp(rest[0])
    return stamp if rest[1] is None else stamp.tz_convert(rest[1])
