"""Data: adapters that check any input and turn it into batches."""

from tfp_vae.training.data.adapters import DataAdapter, FitData
from tfp_vae.training.data.batch_sources import (
    ArraySource,
    Batch,
    BatchSource,
    FixedSteps,
    Rows,
    StreamSource,
    gathered,
    rows_in,
    shuffled_order,
)
from tfp_vae.training.data.initial_rows import initial_rows

__all__ = [
    "ArraySource",
    "Batch",
    "BatchSource",
    "DataAdapter",
    "FitData",
    "FixedSteps",
    "Rows",
    "StreamSource",
    "gathered",
    "initial_rows",
    "rows_in",
    "shuffled_order",
]
