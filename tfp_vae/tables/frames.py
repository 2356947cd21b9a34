"""Data frames as they come: pandas as they are, others through their own `to_pandas`."""

from typing import Any

import pandas as pd

from tfp_vae.error_text import described


def is_frame(value: Any) -> bool:
    """Returns whether a value is a data frame: of pandas, polars, pyarrow or another library."""
    return isinstance(value, pd.DataFrame) or (
        hasattr(value, "to_pandas") and hasattr(value, "columns")
    )


def as_pandas(frame: Any, name: str = "frame") -> pd.DataFrame:
    """Returns a data frame with one name for every column as one of pandas.

    Columns that pandas keeps as Arrow arrays become those of its own dtypes.

    Args:
      frame: A data frame of pandas, or of a library with `to_pandas`, such as polars or pyarrow.
      name: The caller's name for it.

    Raises:
      TypeError: If it is no data frame.
      ValueError: If two columns have one name, or names have several levels.
    """
    if not is_frame(frame):
        raise TypeError(f"`{name}` must be a data frame; got {described(frame)}.")
    if not isinstance(frame, pd.DataFrame):
        try:
            frame = frame.to_pandas()
        except ImportError as error:
            raise TypeError(
                f"`{name}` must be a data frame that converts to pandas; got a "
                f"{type(frame).__module__.partition('.')[0]} one, whose `to_pandas` fails: {error}."
            ) from error
    if frame.columns.nlevels > 1:
        raise ValueError(
            f"`{name}` must have one name for each column; got {frame.columns.nlevels} levels of "
            'names: join them first, as in frame.columns = frame.columns.map("_".join).'
        )
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(
            f"`{name}` must have a different name for each column; got {twice[0]!r} "
            f"{int((frame.columns == twice[0]).sum())} times."
        )
    return _without_arrow(frame)


def _without_arrow(frame: pd.DataFrame) -> pd.DataFrame:
    in_arrow = [name for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.ArrowDtype)]
    if not in_arrow:
        return frame
    converted = frame.copy(deep=False)
    for name in in_arrow:
        array: Any = frame[name].array
        converted[name] = array.__arrow_array__().to_pandas().set_axis(frame.index)
    return converted
