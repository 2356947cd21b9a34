"""Offsets of the logarithmic means of counts: a row's own total, or an exposure handed in."""

from tfp_vae import checks
from tfp_vae.likelihoods.exposures import Exposures, KnownExposure
from tfp_vae.likelihoods.row_totals import KnownTotals, RowTotals

OFFSETS = ("total", "exposure")

Known = KnownTotals | KnownExposure
"""What p(x|z) may be given of rows beside their latents."""


def checked(
    offset: str | None, total: int | None, event_ndims: int
) -> RowTotals | Exposures | None:
    """Checks the arguments of a likelihood, and returns what scales its means, or None.

    Args:
      offset: "total", "exposure" or None.
      total: The total of new rows, or None.
      event_ndims: The number of axes of an event.

    Raises:
      TypeError: If `offset` is no string, or `total` no int.
      ValueError: If `offset` is an unknown word, or `total` not positive, or given without
        offset="total".
    """
    if offset is not None:
        checks.one_of(offset, OFFSETS, "offset")
    if offset == "total":
        return RowTotals(total, event_ndims)
    if total is not None:
        raise ValueError(
            "`total` must be None without offset='total', since the total of a row then is "
            f"whatever its counts add up to; got {total!r}."
        )
    return None if offset is None else Exposures(event_ndims)
