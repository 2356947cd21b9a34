"""Data: adapters that check any input and turn it into batches."""

from tfp_vae.training.data.adapters import DataAdapter, FitData
from tfp_vae.training.data.batch_sources import (
    ArraySource,
    Batch,
    BatchSource,
    FixedSteps,
    Rows,
    RowSource,
    StreamSource,
    gathered,
    rows_in,
    shuffled_order,
)
from tfp_vae.training.data.initial_rows import initial_pairs, initial_rows
from tfp_vae.training.data.peeked_batches import PeekedBatches
from tfp_vae.training.data.stored_rows import StoredRows, stored_rows
from tfp_vae.training.data.stored_source import StoredSource

__all__ = [
    "ArraySource",
    "Batch",
    "BatchSource",
    "DataAdapter",
    "FitData",
    "FixedSteps",
    "PeekedBatches",
    "RowSource",
    "Rows",
    "StoredRows",
    "StoredSource",
    "StreamSource",
    "gathered",
    "initial_pairs",
    "initial_rows",
    "rows_in",
    "shuffled_order",
    "stored_rows",
]
