"""Views of rows, side by side in one array, and apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfp_vae import checks, shapes


def joined_rows(
    views: Any, sizes: Mapping[str, int], missing: float | None, dtype: str
) -> np.ndarray:
    """Returns views side by side, `[N, values]`.

    Args:
      views: Arrays `[N, values of the view]` by the names of views, or `[N]` for one value.
      sizes: The number of values of every view, in order.
      missing: The code of a missing value, for views that are not given, or None.
      dtype: The dtype of the result.

    Raises:
      TypeError: If `views` is no dict, or a view holds no real numbers.
      ValueError: If there is no view, a name is unknown, a view is not given and nothing may be
        missing, or views have other shapes than the model's or one another.
    """
    checks.instance_of(views, Mapping, "views", f"{{{next(iter(sizes))!r}: x}}")
    for name in views:
        checks.one_of(name, list(sizes), "views")
    given = {
        name: _rows(views[name], name, size, dtype) for name, size in sizes.items() if name in views
    }
    if not given:
        raise ValueError(f"`views` must have at least one of {', '.join(sizes)}; got none.")
    (first, rows), *others = given.items()
    for name, other in others:
        if len(other) != len(rows):
            raise ValueError(
                "`views` must have the same number of rows; got "
                f"{len(rows)} of {first!r} and {len(other)} of {name!r}."
            )
    absent = [name for name in sizes if name not in given]
    if absent and missing is None:
        raise ValueError(
            "`views` must have all views of a model without `missing_values`; got none of "
            f"{', '.join(map(repr, absent))}."
        )
    parts = [
        given[name] if name in given else np.full([len(rows), size], missing)
        for name, size in sizes.items()
    ]
    return np.concatenate([part.astype(dtype) for part in parts], axis=1)


def split_rows(x: Any, sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Returns the views of rows `[..., values]`, arrays by their names.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If it has another number of values.
    """
    rows, total = checks.array(x), sum(sizes.values())
    if not rows.ndim or rows.shape[-1] != total:
        raise ValueError(
            f"`x` must have shape {shapes.written('...', total)}, the views side by side; got "
            f"shape {list(rows.shape)}."
        )
    ends = np.cumsum(list(sizes.values()))[:-1]
    return dict(zip(sizes, np.split(rows, ends, axis=-1), strict=True))


def _rows(view: Any, name: str, size: int, dtype: str) -> np.ndarray:
    rows = checks.array(view, f"views[{name!r}]")
    if rows.ndim == 1 and size == 1:
        rows = rows[:, None]
    if rows.shape[1:] != (size,) or rows.ndim != 2:
        raise ValueError(
            f"`views[{name!r}]` must have shape {shapes.written('rows', size)}; got shape "
            f"{list(rows.shape)}."
        )
    checks.representable(rows, dtype, f"views[{name!r}]")
    return np.asarray(rows)
