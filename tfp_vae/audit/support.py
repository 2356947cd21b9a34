"""Checks data against the support of the declared likelihood."""

from typing import Any

import numpy as np

from tfp_vae import checks, shapes


def outside_support(data: Any, likelihood: str, event_shape: tuple[int, ...]) -> str | None:
    """Describes how data lie outside a likelihood's support; None if they lie inside.

    Args:
        data: Examples, `[N, *event_shape]`.
        likelihood: `"bernoulli"`, `"normal"` or `"continuous_bernoulli"`.
        event_shape: The shape of one example.

    Raises:
        TypeError: If the data are no numbers.
        ValueError: If their shape is another.
    """
    values = checks.array(data, "data").astype(np.float64)
    if values.shape[1:] != event_shape or values.ndim != len(event_shape) + 1 or not values.size:
        raise ValueError(
            f"`data` must have shape {shapes.written('N', *event_shape)}; got shape "
            f"{shapes.written(*values.shape)}."
        )
    if not np.all(np.isfinite(values)):
        return f"{np.mean(~np.isfinite(values)):.2%} of the values are NaN or infinite"
    if likelihood == "normal":
        return None
    low, high = float(values.min()), float(values.max())
    if low < 0.0 or high > 1.0:
        return f"the values reach from {low:g} to {high:g}, outside [0, 1]"
    grey = float(np.mean((values != 0.0) & (values != 1.0)))
    if likelihood == "bernoulli" and grey > 0.0:
        return f"{grey:.1%} of the values lie strictly between 0 and 1"
    return None
