"""Tables: what the columns of a data frame hold, and the way to arrays and back."""

from tfp_vae.tables.column import Column, Kind
from tfp_vae.tables.schema import Schema

__all__ = ["Column", "Kind", "Schema"]
