"""Columns that a model does not see."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfp_vae.tables.category_values import from_json
from tfp_vae.tables.encoding import Encoding, shown


@dataclass(frozen=True)
class Constant(Encoding):
    """A column of one value.

    Attributes:
      dtype: The dtype of the column.
      value: Its value as JSON can hold it; None if the column is blank in every row.
      declared: The categories of a categorical column, or None.
      values_dtype: Their dtype.
      ordered: Whether they have an order.
    """

    dtype: str
    value: Any
    declared: list[Any] | None = None
    values_dtype: str = "object"
    ordered: bool = False

    def encode(self, series: pd.Series) -> np.ndarray:
        """Returns zeros; a value that is not the constant's is refused."""
        seen = series.dropna()
        other = seen[seen != from_json(self.value)] if self.value is not None else seen
        if len(other):
            raise ValueError(shown(other.iloc[0]))
        return np.where(series.isna(), np.nan, 0.0)

    def decode(self, codes: np.ndarray) -> pd.Series:
        """Returns the constant, as often as there are codes `[N]`."""
        values = [from_json(self.value)] * len(codes)
        if self.declared is not None:
            known = pd.Index([from_json(each) for each in self.declared], dtype=self.values_dtype)
            return pd.Series(pd.Categorical(values, categories=known, ordered=self.ordered))
        return pd.Series(values, dtype=self.dtype)


@dataclass(frozen=True)
class Identifier(Encoding):
    """A column that names a row.

    Attributes:
      dtype: The dtype of the column.
    """

    dtype: str

    def encode(self, series: pd.Series) -> np.ndarray:
        """Returns zeros: any name is taken."""
        return np.zeros(len(series))

    def decode(self, codes: np.ndarray) -> pd.Series:
        """Returns blanks: a drawn row has no name."""
        return pd.Series([None] * len(codes), dtype=object)
