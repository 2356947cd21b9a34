"""Columns of dates, times and durations as days."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfp_vae.tables.encoding import Encoding, in_dtype, shown
from tfp_vae.tables.time_values import BLANK_TICK, day_of, series_of, ticks_of

_FEWEST_VALUES = 20


@dataclass(frozen=True)
class Times(Encoding):
    """Dates, times, durations or periods as days from the first of them.

    Attributes:
      dtype: The dtype of the column.
      time_dtype: The dtype of its values as times.
      text_format: How texts are written, "datetime.date" or "datetime.time" for such objects, or
        None.
      origin: The first value, in ticks of `time_dtype`.
      step: The step of the grid that the values lie on, in ticks.
    """

    dtype: str
    time_dtype: str
    text_format: str | None
    origin: int
    step: int

    @classmethod
    def of(cls, series: pd.Series, text_format: str | None) -> "Times":
        """Infers the encoding of a column with a value that is not blank."""
        ticks, time_dtype = ticks_of(series, text_format)
        seen = np.unique(ticks[ticks != BLANK_TICK])
        origin = int(seen[0])
        day = day_of(time_dtype)
        # A step that a few values have by chance is a day at most.
        step = max(int(np.gcd.reduce(seen - origin)), 1)
        if len(seen) < _FEWEST_VALUES:
            step = int(np.gcd(step, day))
        return cls(str(series.dtype), time_dtype, text_format, origin, step)

    def encode(self, series: pd.Series) -> np.ndarray:
        """Returns the days from the origin as float64, `[N]`, NaN where the column is blank."""
        if self.text_format is None and str(series.dtype) != self.time_dtype:
            try:
                series = series.astype(self.time_dtype)
            except (TypeError, ValueError):
                raise ValueError(shown(series.dropna().iloc[0])) from None
        ticks, _ = ticks_of(series, self.text_format)
        blank = ticks == BLANK_TICK
        days = (np.where(blank, self.origin, ticks) - self.origin) / day_of(self.time_dtype)
        return np.where(blank, np.nan, days)

    def decode(self, codes: np.ndarray) -> pd.Series:
        """Returns the values of days `[N]`, rounded to the grid of the column."""
        blank = np.isnan(codes)
        limit = (2.0**62 - abs(self.origin)) / self.step
        steps = np.rint(np.where(blank, 0.0, codes) * (day_of(self.time_dtype) / self.step))
        whole = np.clip(steps, -limit, limit).astype(np.int64)
        ticks = np.where(blank, BLANK_TICK, self.origin + whole * self.step)
        values = series_of(ticks, self.time_dtype, self.text_format)
        if pd.api.types.is_numeric_dtype(self.dtype):
            return in_dtype(values.to_numpy(np.float64, na_value=np.nan), self.dtype)
        return values if str(values.dtype) == self.dtype else values.astype(self.dtype)

    @property
    def unit(self) -> str:
        """Days, or the length of a period, from the first value."""
        first = self.decode(np.zeros(1)).iloc[0]
        if self.time_dtype.startswith("timedelta"):
            return f"days from {first}"
        period = self.time_dtype.startswith("period")
        return f"{'periods' if period else 'days'} from {first}"
