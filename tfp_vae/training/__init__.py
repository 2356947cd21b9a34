"""The training engine: trains any Keras model that is `Trainable`."""

from tfp_vae.training.data import StoredRows, initial_pairs, initial_rows, stored_rows
from tfp_vae.training.distributed import AnyReplica, WorkerLostError, agreed
from tfp_vae.training.fit_context import FitContext
from tfp_vae.training.metrics import TrainingLog
from tfp_vae.training.options import CompileOptions
from tfp_vae.training.row_metrics import row_metric_values
from tfp_vae.training.trainable import DataContract, Trainable
from tfp_vae.training.trainer import Trainer

__all__ = [
    "AnyReplica",
    "CompileOptions",
    "DataContract",
    "FitContext",
    "StoredRows",
    "Trainable",
    "Trainer",
    "TrainingLog",
    "WorkerLostError",
    "agreed",
    "initial_pairs",
    "initial_rows",
    "stored_rows",
    "row_metric_values",
]
