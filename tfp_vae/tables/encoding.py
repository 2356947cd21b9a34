"""The base class of the ways to write a column as numbers, and the ways by name."""

import abc
import dataclasses
from typing import Any, ClassVar

import numpy as np
import pandas as pd

_NULLABLE = {
    **{f"int{bits}": f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UInt{bits}" for bits in (8, 16, 32, 64)},
    "bool": "boolean",
}
"""The dtypes of NumPy that hold no blank, and those of pandas that do."""


class Encoding(abc.ABC):
    """How the values of a column become floats, and floats become values again.

    A subclass is a frozen dataclass of values that JSON can hold.
    """

    kinds: ClassVar[dict[str, type["Encoding"]]] = {}
    """The subclasses by name."""

    def __init_subclass__(cls) -> None:
        cls.kinds[cls.__name__] = cls

    @abc.abstractmethod
    def encode(self, series: pd.Series) -> np.ndarray:
        """Returns the column as float64, `[N]`, NaN where it is blank.

        Raises:
          ValueError: If a value does not belong to the column; its message is the value.
        """

    @abc.abstractmethod
    def decode(self, codes: np.ndarray) -> pd.Series:
        """Returns the column of floats `[N]`, in its dtype; a number between two is rounded."""

    @property
    def unit(self) -> str:
        """The unit of the floats, where it is not that of the column; else an empty text."""
        return ""

    def get_config(self) -> dict[str, Any]:
        """Returns the values that make an equal one, as JSON can hold them."""
        return {"encoding": type(self).__name__, **dataclasses.asdict(self)}  # type: ignore[call-overload]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Encoding":
        """Makes the encoding of which `get_config` returned this."""
        values = dict(config)
        return cls.kinds[values.pop("encoding")](**values)


def in_dtype(values: np.ndarray, dtype: str) -> pd.Series:
    """Returns floats `[N]` as a column of numbers or booleans; its nullable dtype where one is NaN.

    Args:
      values: Numbers, NaN where the column is blank.
      dtype: The dtype in the words of pandas.
    """
    series = pd.Series(values, dtype="float64")
    if dtype == "object":
        return series
    blank = bool(np.isnan(values).any())
    base = dtype.lower().partition("[")[0]
    if base.startswith(("int", "uint")):
        info = np.iinfo(base)
        # The largest number of 64 bits is no float.
        series = series.round().clip(float(info.min), np.nextafter(float(info.max), 0.0))
    return series.astype(dtype_with(blank, dtype))


def dtype_with(blank: bool, dtype: str) -> str:
    """Returns a dtype, or that of pandas which holds a blank as well."""
    return _NULLABLE.get(dtype, dtype) if blank else dtype


def shown(value: Any) -> str:
    """Returns a value as errors show it."""
    return repr(value.item() if isinstance(value, np.generic) else value)[:80]
