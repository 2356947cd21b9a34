"""Columns of numbers as floats."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tfp_vae.tables.encoding import Encoding, dtype_with, in_dtype, shown
from tfp_vae.tables.number_grid import Grid, beside_grid, grid_of

_LARGE, _SMALL = 1e9, 1e-6
_FAR = 1e4
"""A float32 has seven digits: of numbers this many standard deviations from 0 it keeps three."""

_EXACT = 2**53


@dataclass(frozen=True)
class Numbers(Encoding):
    """Numbers as they are; very large, small or far ones in a unit, from an origin.

    Attributes:
      dtype: The dtype of the column.
      origin: What is subtracted.
      scale: What is then divided by.
      step: The step of the column's grid, in units of the last decimal; None if there is none.
      decimals: The decimals of the grid.
      lower: The least number that may come back, or None.
      upper: The largest, or None.
      beside: Numbers of the column that lie beside the grid; they come back as they are.
    """

    dtype: str
    origin: float | int = 0
    scale: float = 1.0
    step: int | None = None
    decimals: int = 0
    lower: float | None = None
    upper: float | None = None
    beside: list[float] = field(default_factory=list)

    @classmethod
    def of(
        cls, series: pd.Series, lower: float | None, upper: float | None, natural: bool
    ) -> "Numbers":
        """Infers the encoding of a column.

        Args:
          series: The column, with a number that is not blank.
          lower: The least number that there can be, or None.
          upper: The largest, or None.
          natural: Whether the numbers have to stay as they are, as counts and proportions do.
        """
        dtype = str(series.dtype)
        values = numbers_of(series)
        seen = values[~np.isnan(values)]
        if dtype == "float32":
            seen = seen.astype(np.float32)
        grid = grid_of(seen)
        origin, scale = (0, 1.0) if natural else _origin_and_scale(seen.astype(np.float64))
        whole = np.abs(seen).max() >= _EXACT and pd.api.types.is_integer_dtype(series.dtype)
        if whole:
            origin, grid = int(series.dropna().iloc[0]), Grid(1, 0)
        if grid is None:
            return cls(dtype, origin, scale, lower=lower, upper=upper)
        beside = [] if whole else beside_grid(seen, grid).tolist()
        return cls(dtype, origin, scale, grid.step, grid.decimals, lower, upper, beside)

    def encode(self, series: pd.Series) -> np.ndarray:
        """Returns the numbers as float64, `[N]`, NaN where the column is blank."""
        if isinstance(self.origin, int) and self.origin:
            blank = series.isna().to_numpy()
            whole = series.astype(object)
            shifted = [
                0.0 if is_blank else float(int(each) - self.origin)
                for each, is_blank in zip(whole, blank, strict=True)
            ]
            values = np.where(blank, np.nan, np.array(shifted, np.float64))
            return values / self.scale if self.scale != 1.0 else values
        values = self._shifted(numbers_of(series))
        infinite = np.isinf(values)
        if infinite.any():
            raise ValueError(f"{values[infinite][0]}")
        return values

    def decode(self, codes: np.ndarray) -> pd.Series:
        """Returns the numbers of floats `[N]`, rounded to the grid of the column."""
        values = codes * self.scale
        if isinstance(self.origin, int) and self.origin:
            blank = np.isnan(values)
            whole = [self.origin + int(each) for each in np.rint(np.where(blank, 0.0, values))]
            dtype = dtype_with(bool(blank.any()), self.dtype)
            return pd.Series(whole, dtype=object).mask(blank, pd.NA).astype(dtype)
        values = values + self.origin
        if self.step is not None:
            values = self._rounded(codes, values, Grid(self.step, self.decimals))
        if self.lower is not None or self.upper is not None:
            values = np.clip(values, self.lower, self.upper)
        return in_dtype(values, self.dtype)

    def _rounded(self, codes: np.ndarray, values: np.ndarray, grid: Grid) -> np.ndarray:
        """Returns the nearest numbers of the grid or, of codes beside it, these as they are."""
        rounded = grid.nearest(values)
        if not self.beside:
            return rounded
        beside = np.array(self.beside)
        known = self._shifted(beside)
        place = np.searchsorted(known, codes).clip(max=len(known) - 1)
        return np.where(known[place] == codes, beside[place], rounded)

    def _shifted(self, values: np.ndarray) -> np.ndarray:
        """Returns numbers in the unit, from the origin."""
        shifted = values - self.origin
        return shifted / self.scale if self.scale != 1.0 else shifted

    @property
    def unit(self) -> str:
        """The unit and the origin, if they are not 1 and 0."""
        if self.scale == 1.0 and not self.origin:
            return ""
        origin = f" from {self.origin:g}" if self.origin else ""
        return f"units of {self.scale:g}{origin}"


def numbers_of(series: pd.Series) -> np.ndarray:
    """Returns a column of numbers or durations as float64, `[N]`, NaN where it is blank.

    Raises:
      ValueError: If a value is no number; the message is the value.
    """
    try:
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        numbers = pd.to_numeric(series.astype(object), errors="coerce")
        wrong = numbers.isna() & series.notna()
        if wrong.any():
            raise ValueError(shown(series[wrong].iloc[0])) from None
        return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))


def _origin_and_scale(values: np.ndarray) -> tuple[float, float]:
    """Returns a number near the middle and a power of ten, 0 and 1 if float32 needs neither."""
    spread = float(values.std())
    middle = float(np.median(values))
    far = spread > 0.0 and abs(middle) > _FAR * spread
    origin = float(np.float64(f"{middle:.6g}")) if far else 0.0
    largest = float(np.abs(values - origin).max())
    if spread > 0.0 and (largest > _LARGE or spread < _SMALL):
        return origin, float(10.0 ** np.floor(np.log10(spread)))
    return origin, 1.0
