"""Columns of categories as codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfp_vae.tables.category_values import as_json, from_json
from tfp_vae.tables.encoding import Encoding, dtype_with, in_dtype, shown


@dataclass(frozen=True)
class Categories(Encoding):
    """Words, numbers or truth values as the codes 0 to n - 1.

    Attributes:
      dtype: The dtype of the column.
      values: The categories in the order of their codes, as JSON can hold them.
      declared: Of a categorical column all categories that its dtype declares, in their order; they
        are as many as `values` or more. None for a column of another dtype.
      values_dtype: The dtype of the categories of a categorical column.
      ordered: Whether a categorical column declares an order.
    """

    dtype: str
    values: list[Any]
    declared: list[Any] | None = None
    values_dtype: str = "object"
    ordered: bool = False

    @classmethod
    def of(cls, series: pd.Series, most: int) -> "Categories":
        """Infers the encoding of a column.

        Args:
          series: The column.
          most: The most categories of a dtype for which all that it declares get a code; of more,
            those that occur do.

        Raises:
          ValueError: If a value cannot be saved; the message is what it is.
        """
        dtype = str(series.dtype)
        found: Sequence[Any]
        if not isinstance(series.dtype, pd.CategoricalDtype):
            found = series.dropna().unique().tolist()
            if dtype == "object" and {type(each) for each in found} >= {bool, int}:
                raise ValueError(f"{next(each for each in found if type(each) is int)!r}")
            return cls(dtype, [_saved(each) for each in _in_order(found)])
        categories = series.cat.categories
        used = set(series.dropna().unique())
        declared = [_saved(each) for each in categories]
        values = declared
        if len(declared) > most:
            values = [_saved(each) for each in categories if each in used]
        ordered = bool(series.cat.ordered)
        return cls("category", values, declared, str(categories.dtype), ordered)

    def encode(self, series: pd.Series) -> np.ndarray:
        """Returns the codes as float64, `[N]`, NaN where the column is blank."""
        values = series.astype(object)
        code_of = {from_json(each): code for code, each in enumerate(self.values)}
        codes = values.map(code_of)
        unknown = codes.isna() & values.notna()
        if unknown.any():
            raise ValueError(shown(values[unknown].iloc[0]))
        return np.asarray(codes.to_numpy(dtype=np.float64, na_value=np.nan))

    def decode(self, codes: np.ndarray) -> pd.Series:
        """Returns the categories of codes `[N]`, the nearest of a number between two."""
        blank = np.isnan(codes)
        places = np.clip(np.rint(np.where(blank, 0.0, codes)), 0, len(self.values) - 1).astype(int)
        if self.declared is not None:
            places = self._declared_places()[places]
            known = pd.Index([from_json(each) for each in self.declared], dtype=self.values_dtype)
            categorical = pd.Categorical.from_codes(
                np.where(blank, -1, places), categories=known, ordered=self.ordered
            )
            return pd.Series(categorical)
        values = [from_json(each) for each in self.values]
        if self.dtype != "object" and pd.api.types.is_integer_dtype(self.dtype):
            # Floats would take several long numbers for one.
            whole = pd.Series([values[at] for at in places], dtype=object).mask(blank, pd.NA)
            return whole.astype(dtype_with(bool(blank.any()), self.dtype))
        if all(isinstance(each, (bool, int, float)) for each in values) and self.dtype != "object":
            numbers = np.array(values, np.float64)[places]
            return in_dtype(np.where(blank, np.nan, numbers), self.dtype)
        listed = [None if each else values[at] for each, at in zip(blank, places, strict=True)]
        if self.dtype == "object":
            listed = [np.nan if each is None else each for each in listed]
        return pd.Series(listed, dtype=self.dtype)

    def _declared_places(self) -> np.ndarray:
        """Returns the place of every code among the declared categories."""
        assert self.declared is not None
        return np.array([self.declared.index(each) for each in self.values])


def _in_order(values: Sequence[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda each: (type(each).__name__, str(each)))


def _saved(value: Any) -> Any:
    try:
        return as_json(value)
    except TypeError as error:
        raise ValueError(str(error)) from None
