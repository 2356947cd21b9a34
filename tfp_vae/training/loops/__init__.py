"""Loops over batches, and the driver of fit, evaluate and predict."""

from tfp_vae.training.loops.array_loop import ArrayLoop, suits_array_loop, want_every_batch
from tfp_vae.training.loops.batch_by_batch import BatchByBatch
from tfp_vae.training.loops.run_epochs import (
    Loop,
    callback_list,
    run_epochs,
    run_evaluation,
    run_predictions,
)

__all__ = [
    "ArrayLoop",
    "BatchByBatch",
    "Loop",
    "callback_list",
    "run_epochs",
    "run_evaluation",
    "run_predictions",
    "suits_array_loop",
    "want_every_batch",
]
