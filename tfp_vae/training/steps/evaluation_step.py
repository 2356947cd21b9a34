"""The evaluation step."""

from typing import Any

import tensorflow as tf

from tfp_vae.training.state import TrainingState


def score_batch(state: TrainingState, batch: Any) -> dict[str, tf.Tensor]:
    """Scores a batch, with noise keyed by its position in the data; returns the log."""
    x, condition, weights = state.unpacked(batch)
    step = state.step_number()
    seed = state.evaluation_seed(tf.convert_to_tensor(state.log.rows_seen))
    terms, values = state.model.scored_terms(x, seed, step, training=False, condition=condition)
    state.log.update(state.loss_of(terms, weights), terms, values, step)
    return {metric.name: metric.result() for metric in state.log.metrics}
