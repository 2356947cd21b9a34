"""What a column holds, told from its values."""

import datetime

import numpy as np
import pandas as pd

from tfp_vae.tables.category_encoding import Categories
from tfp_vae.tables.category_values import as_json
from tfp_vae.tables.column import CLASSES, Column, Kind
from tfp_vae.tables.encoding import Encoding
from tfp_vae.tables.identifier_names import names_a_row, names_a_unit
from tfp_vae.tables.left_out import Constant, Identifier
from tfp_vae.tables.number_encoding import Numbers, numbers_of
from tfp_vae.tables.number_kinds import kind_of_numbers
from tfp_vae.tables.time_encoding import Times
from tfp_vae.tables.time_values import (
    DATE_OBJECTS,
    TIME_OBJECTS,
    format_of,
    is_time,
    whole_number_format,
)

MOST_CLASSES = 500
"""More classes than that are more outputs of the decoder than all other columns together have."""

_EXACT = 2.0**53
_FEW_CLASSES = 20
_LONGEST_CLASS = 80.0
"""Many texts that are longer on average are remarks, also where most rows have none."""

_FEWEST_NAMES = 10
_ROWS_OF_A_CLASS = 2.0
"""Words of which the mean one stands in fewer rows than two are names and remarks, not classes."""


def inferred(series: pd.Series, argument: str = "frame") -> Column:
    """Returns a column with the kind that its values suggest.

    Args:
      series: The column.
      argument: The caller's name for the frame.

    Raises:
      TypeError: If it holds values of several types, or of an unknown one.
      ValueError: If a number is not finite.
    """
    try:
        kind, reason = _kind_of(series)
    except (TypeError, ValueError) as error:
        raise type(error)(f"`{argument}` must have {error} in column {series.name!r}.") from None
    return of_kind(series, kind, reason)


def of_kind(series: pd.Series, kind: Kind, reason: str) -> Column:
    """Returns a column of a kind.

    Args:
      series: The column.
      kind: The kind.
      reason: Why this one.

    Raises:
      ValueError: If the values do not fit the kind.
    """
    blanks = int(series.isna().sum())
    name = series.name.item() if isinstance(series.name, np.generic) else series.name
    if not isinstance(name, (str, int, float)):
        name = str(name)
    try:
        return Column(name, kind, reason, _encoding(series, kind), blanks)
    except ValueError as error:
        raise ValueError(
            f"`kinds` must suit the values; got {kind} for column {series.name!r}, which holds "
            f"{error}."
        ) from None


def _encoding(series: pd.Series, kind: Kind) -> Encoding:
    dtype = str(series.dtype)
    if kind is Kind.IDENTIFIER:
        return Identifier(dtype)
    seen = series.dropna()
    if kind is Kind.CONSTANT:
        return _constant(series, seen)
    if not len(seen):
        raise ValueError("no value in any row")
    if kind in CLASSES:
        categories = Categories.of(series, MOST_CLASSES)
        if kind is Kind.BINARY and len(categories.values) != 2:
            raise ValueError(f"{len(categories.values)} different values")
        if len(categories.values) < 2:
            raise ValueError("one value in every row")
        return categories
    if kind is Kind.DATE:
        text_format = None if is_time(series.dtype) else _date_format(seen)
        if text_format is None and not is_time(series.dtype):
            raise ValueError(f"{seen.iloc[0]!r}, which is in no known format of dates")
        return Times.of(series, text_format)
    values = numbers_of(series)
    lowest, highest = np.nanmin(values), np.nanmax(values)
    if kind is Kind.POSITIVE and lowest <= 0.0:
        raise ValueError(f"{lowest:g}")
    whole = bool((values[~np.isnan(values)] % 1 == 0).all())
    if kind is Kind.COUNT and (lowest < 0.0 or not whole):
        raise ValueError(f"{lowest:g}" if lowest < 0.0 else "numbers that are not whole")
    if kind is Kind.PROPORTION and (lowest < 0.0 or highest > 1.0):
        raise ValueError(f"{lowest:g}" if lowest < 0.0 else f"{highest:g}")
    # A draw of a real-valued likelihood may be below what all values are above.
    lower = float(lowest) if lowest > 0.0 and kind is Kind.POSITIVE else 0.0
    upper = 1.0 if kind is Kind.PROPORTION else None
    natural = kind in (Kind.COUNT, Kind.PROPORTION)
    return Numbers.of(series, lower if lowest >= 0.0 else None, upper, natural)


def _constant(series: pd.Series, seen: pd.Series) -> Constant:
    if seen.nunique() > 1:
        raise ValueError(f"{seen.nunique()} different values")
    try:
        value = as_json(seen.iloc[0]) if len(seen) else None
    except TypeError as error:
        raise ValueError(str(error)) from None
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return Constant(str(series.dtype), value)
    categories = series.cat.categories
    return Constant(
        "category",
        value,
        [as_json(each) for each in categories],
        str(categories.dtype),
        bool(series.cat.ordered),
    )


def _kind_of(series: pd.Series) -> tuple[Kind, str]:
    """Returns the kind of a column and the reason."""
    seen, dtype = series.dropna(), series.dtype
    if not len(seen):
        return Kind.CONSTANT, "blank in every row"
    if isinstance(dtype, pd.CategoricalDtype):
        return _kind_of_words(series, seen, bool(series.cat.ordered))
    if pd.api.types.is_complex_dtype(dtype):
        raise TypeError(f"real numbers; got {dtype}")
    if is_time(dtype):
        return _kind_of_times(seen, f"its dtype is {dtype}")
    if pd.api.types.is_bool_dtype(dtype):
        return _constant_or(seen, Kind.BINARY, "True and False")
    if pd.api.types.is_numeric_dtype(dtype):
        return _kind_of_numbers(series)
    types = {type(each) for each in seen}
    if types <= {bool, np.bool_}:
        return _constant_or(seen, Kind.BINARY, "True and False")
    if all(issubclass(each, str) for each in types):
        text_format = _text_format(seen)
        if text_format is not None:
            return _kind_of_times(seen, f"every text is a date or time written {text_format}")
        return _kind_of_words(series, seen, ordered=False)
    if types in ({datetime.date}, {datetime.time}):
        return _kind_of_times(seen, f"every value is a datetime.{next(iter(types)).__name__}")
    if pd.api.types.infer_dtype(seen) in ("integer", "floating", "decimal", "mixed-integer-float"):
        return _kind_of_numbers(series)
    names = sorted(each.__name__ for each in types)
    if len(names) > 1:
        raise TypeError(
            f"values of one type in a column; got {' and '.join(names)}, such as "
            f"{_example(seen, names[0])} and {_example(seen, names[-1])},"
        )
    raise TypeError(f"numbers, words, truth values or dates; got values of type {names[0]}")


def _example(seen: pd.Series, type_name: str) -> str:
    return next(repr(each) for each in seen if type(each).__name__ == type_name)[:40]


def _date_format(seen: pd.Series) -> str | None:
    if pd.api.types.is_numeric_dtype(seen.dtype):
        return whole_number_format(numbers_of(seen))
    return _text_format(seen)


def _text_format(seen: pd.Series) -> str | None:
    if type(seen.iloc[0]) in (datetime.date, datetime.time):
        return DATE_OBJECTS if type(seen.iloc[0]) is datetime.date else TIME_OBJECTS
    return format_of(seen) if isinstance(seen.iloc[0], str) else None


def _constant_or(seen: pd.Series, kind: Kind, reason: str) -> tuple[Kind, str]:
    if seen.nunique() == 1:
        return Kind.CONSTANT, f"{str(seen.iloc[0])[:40]!s} wherever it is not blank"
    return kind, reason


def _kind_of_times(seen: pd.Series, reason: str) -> tuple[Kind, str]:
    return _constant_or(seen, Kind.DATE, reason)


def _kind_of_words(series: pd.Series, seen: pd.Series, ordered: bool) -> tuple[Kind, str]:
    count, rows = int(seen.nunique()), len(seen)
    if count == 1:
        return _constant_or(seen, Kind.BINARY, "")
    if ordered:
        return Kind.ORDERED, f"{count} values with a declared order"
    if count == rows and rows >= _FEWEST_NAMES:
        return Kind.IDENTIFIER, "a different text in every row"
    if count > _FEW_CLASSES and rows < _ROWS_OF_A_CLASS * count:
        return Kind.IDENTIFIER, f"{count:,} different texts in {rows:,} rows"
    if count > MOST_CLASSES:
        return Kind.IDENTIFIER, f"{count:,} different texts, more than {MOST_CLASSES} classes"
    length = float(np.mean([len(str(each)) for each in seen.unique()]))
    if count > _FEW_CLASSES and length > _LONGEST_CLASS:
        return Kind.IDENTIFIER, f"{count:,} different texts of about {length:.0f} characters"
    declared = len(series.cat.categories) if hasattr(series, "cat") else count
    if 2 < declared <= MOST_CLASSES and count == 2:
        return Kind.CATEGORICAL, f"{declared} declared categories, such as {_shown(seen)}"
    if count == 2:
        return Kind.BINARY, f"two values, {_shown(seen)}"
    return Kind.CATEGORICAL, f"{count} different texts, such as {_shown(seen)}"


def _shown(seen: pd.Series) -> str:
    first = seen.value_counts().index[:2]
    return " and ".join(repr(str(each)[:20]) for each in first)


def _kind_of_numbers(series: pd.Series) -> tuple[Kind, str]:
    values = numbers_of(series)
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.flatnonzero(infinite)[0])
        raise ValueError(f"finite numbers or blanks; got {values[row]} in row {row}")
    seen = values[~np.isnan(values)]
    if pd.api.types.is_numeric_dtype(series.dtype):
        whole = bool((seen == np.floor(seen)).all()) and seen.min() >= 0.0
        distinct = int(series.nunique())
        if whole and 2 < distinct < len(seen) and names_a_unit(series.name):
            return _kind_of_units(distinct, len(seen))
        text_format = whole_number_format(seen)
        if text_format is not None:
            return Kind.DATE, f"every number is a date written {text_format}"
        if pd.api.types.is_integer_dtype(series.dtype) and np.abs(seen).max() >= _EXACT:
            return _kind_of_long(series.dropna())
    return kind_of_numbers(seen, names_a_row(series.name))


def _kind_of_long(seen: pd.Series) -> tuple[Kind, str]:
    """Returns the kind of whole numbers of which floats would take several for one."""
    distinct, lowest, highest = int(seen.nunique()), int(seen.min()), int(seen.max())
    if distinct == len(seen) >= _FEWEST_NAMES and names_a_row(seen.name):
        return Kind.IDENTIFIER, "a different whole number in every row, and its name says so"
    if distinct <= 2:
        return _constant_or(seen, Kind.BINARY, f"two values, {lowest} and {highest}")
    return (Kind.POSITIVE if lowest > 0 else Kind.REAL), f"whole numbers from {lowest} to {highest}"


def _kind_of_units(count: int, rows: int) -> tuple[Kind, str]:
    """Returns the kind of whole numbers that stand for units, of which some have several rows."""
    reason = f"{count:,} different numbers in {rows:,} rows, and its name says that they are names"
    if rows < _ROWS_OF_A_CLASS * count or count > MOST_CLASSES:
        return Kind.IDENTIFIER, reason
    return Kind.CATEGORICAL, reason
