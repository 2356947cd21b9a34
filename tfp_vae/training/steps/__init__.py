"""Training steps and evaluation steps."""

from tfp_vae.training.steps.evaluation_step import score_batch
from tfp_vae.training.steps.gradient_checks import (
    Gradient,
    all_usable,
    exceeds,
    global_norm,
    largest_usable,
    step_is_finite,
)
from tfp_vae.training.steps.in_place_updates import waiting_for_all
from tfp_vae.training.steps.train_step import (
    ScoredBatch,
    TrainStep,
    apply,
    changed_by_scoring,
    score,
)

__all__ = [
    "Gradient",
    "ScoredBatch",
    "TrainStep",
    "all_usable",
    "apply",
    "changed_by_scoring",
    "exceeds",
    "global_norm",
    "largest_usable",
    "score",
    "score_batch",
    "step_is_finite",
    "waiting_for_all",
]
