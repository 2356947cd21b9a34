"""A column of a table: what it holds, why that is thought, and how it becomes floats."""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from tfp_vae.tables.encoding import Encoding, shown


class Kind(StrEnum):
    """What a column holds; it decides which likelihoods are candidates.

    Attributes:
      REAL: Numbers of any sign.
      POSITIVE: Numbers above 0.
      PROPORTION: Numbers from 0 to 1.
      COUNT: Whole numbers from 0.
      BINARY: Two values.
      CATEGORICAL: Several values without an order.
      ORDERED: Several values with an order.
      DATE: Dates, times or durations.
      CONSTANT: One value, or none; left out of the model.
      IDENTIFIER: Names of rows; left out of the model.

    Example:
      >>> tables.Kind("count") is tables.Kind.COUNT
      True
    """

    REAL = "real"
    POSITIVE = "positive"
    PROPORTION = "proportion"
    COUNT = "count"
    BINARY = "binary"
    CATEGORICAL = "categorical"
    ORDERED = "ordered"
    DATE = "date"
    CONSTANT = "constant"
    IDENTIFIER = "identifier"


_MOST_SHOWN, _LONGEST = 8, 40
"""How many categories an error lists, and the most characters of each."""

LEFT_OUT = (Kind.CONSTANT, Kind.IDENTIFIER)
CLASSES = (Kind.BINARY, Kind.CATEGORICAL, Kind.ORDERED)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
      name: Its name.
      kind: What it holds.
      reason: Why that is thought.
      encoding: How it becomes floats.
      blanks: In how many rows it was blank.
      likelihood: The name of its likelihood, once one is chosen.

    Example:
      >>> column = tables.Schema.infer(people)["age"]
      >>> str(column.kind), column.modelled
      ('count', True)
    """

    name: str | int | float
    kind: Kind
    reason: str
    encoding: Encoding
    blanks: int = 0
    likelihood: str | None = None

    @property
    def modelled(self) -> bool:
        """Whether the model sees the column."""
        return self.kind not in LEFT_OUT

    @property
    def categories(self) -> list[Any] | None:
        """The categories in the order of their codes, or None if the column has none.

        Example:
          >>> tables.Schema.infer(people)["country"].categories
          ['DE', 'FR', 'IT']
        """
        values = getattr(self.encoding, "values", None)
        return None if values is None else list(values)

    def encode(self, series: pd.Series, argument: str = "frame") -> np.ndarray:
        """Returns the column as float64, `[N]`, NaN where it is blank.

        Args:
          series: The column.
          argument: The caller's name for the frame.

        Returns:
          An array `[N]`.

        Raises:
          ValueError: If a value does not belong to the column; column and row are named.

        Example:
          >>> tables.Schema.infer(people)["country"].encode(people["country"])[:4]
          array([1., 0., 1., 2.])
        """
        try:
            return self.encoding.encode(series)
        except ValueError as error:
            raise ValueError(self._refusal(series, str(error), argument)) from None

    def decode(self, codes: np.ndarray) -> pd.Series:
        """Returns the column of floats, in its dtype, rounded to what it can hold.

        Args:
          codes: Floats `[N]`, NaN where the column is blank.

        Returns:
          A `pandas.Series`.

        Example:
          >>> tables.Schema.infer(people)["country"].decode(np.array([1.0, 0.4])).tolist()
          ['FR', 'DE']
        """
        return self.encoding.decode(np.asarray(codes, np.float64)).rename(self.name)

    def get_config(self) -> dict[str, Any]:
        """Returns the values that make an equal column, as JSON can hold them."""
        own = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return {**own, "kind": str(self.kind), "encoding": self.encoding.get_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Column":
        """Makes the column of which `get_config` returned this."""
        encoding = Encoding.from_config(config["encoding"])
        return cls(**{**config, "kind": Kind(config["kind"]), "encoding": encoding})

    def _refusal(self, series: pd.Series, value: str, argument: str) -> str:
        places = [at for at, each in enumerate(series) if value in (shown(each), str(each))]
        where = f" in row {places[0]}" if places else ""
        known = self.categories
        if known is not None:
            listed = ", ".join(shown(each)[:_LONGEST] for each in known[:_MOST_SHOWN])
            listed += ", ..." if known[_MOST_SHOWN:] else ""
            wanted = f"one of its {len(known)} categories, {listed}"
        elif self.kind is Kind.CONSTANT:
            wanted = f"its constant {getattr(self.encoding, 'value', None)!r}"
        elif self.kind is Kind.DATE:
            text_format = getattr(self.encoding, "text_format", None)
            wanted = f"a date or time{'' if text_format is None else f' written {text_format}'}"
        else:
            wanted = "a finite number"
        return (
            f"`{argument}` must have {wanted}, or a blank in column {self.name!r}; got "
            f"{value}{where}."
        )
