"""The interface of a model to the training engine."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.objectives import Objective, ObjectiveTerms


class DataContract(Protocol):
    """The data that a model takes: one row of x, and of y for a model of p(x|y)."""

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row of raw x; None if it is unknown before a preprocess layer."""

    @property
    def dtype(self) -> str:
        """The dtype that floating data is cast to."""

    @property
    def conditional(self) -> bool:
        """Whether data comes as (x, y)."""

    @property
    def condition_row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row of y, for a model of p(x|y); None otherwise."""

    def absent_condition(self, rows: int) -> np.ndarray | None:
        """Returns the y of rows that have none, or None where y must be given."""

    def check_rows(self, x: np.ndarray, name: str = "x") -> None:
        """Raises a TypeError or ValueError unless the model can score `x`, `[B, *row_shape]`."""

    def check_condition(self, condition: Any, rows: int | None, name: str = "condition") -> None:
        """Raises a TypeError or ValueError unless `condition` has a valid y for each row."""


class Trainable(Protocol):
    """A Keras model whose loss is the negative mean of an objective.

    `Trainer` trains whatever has these attributes and methods; it knows nothing else of a model.
    Those of the last two groups are Keras's own.
    """

    # The data.

    @property
    def pipeline(self) -> DataContract:
        """Which data the model takes."""

    def adapt_once(self, x: Any, y: np.ndarray | None = None) -> None:
        """Initialises weights from checked training data, before the first step of all.

        `y` is that of every row of an array, `[N, ...]`, of a model that takes one.
        """

    @property
    def marginal_elbo(self) -> float | None:
        """The mean log-probability of training data under independent columns; None if unknown."""

    # The loss.

    @property
    def objective(self) -> Objective:
        """What training maximises."""

    def scored_terms(
        self, x: tf.Tensor, seed: tf.Tensor, step: Any, training: bool, condition: Any = None
    ) -> tuple[ObjectiveTerms, dict[str, tf.Tensor]]:
        """Computes the terms of the current objective for rows `[B, ...]`, in nats, `[B]` each.

        Also returns the values `[B]` of the log's own metrics, by name; none if it has none.
        """

    def terms_of(
        self, objective: Any, x: Any, seed: tf.Tensor, step: Any, training: bool, condition: Any
    ) -> ObjectiveTerms:
        """Computes the terms of another objective, such as one that a diagnosis records."""

    def __call__(self, x: Any, condition: Any = None, training: bool | None = None) -> tf.Tensor:
        """Computes the prediction for rows, `[B, *event]`."""

    # Steps: `train_step` is the engine's own unless a subclass of the model overrides it.

    @property
    def has_custom_train_step(self) -> bool:
        """Whether a subclass overrides `train_step`."""

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Takes one step on a batch and returns the log."""

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Scores a batch and returns the log."""

    def predict_step(self, data: Any) -> tf.Tensor:
        """Computes the prediction for a batch."""

    # The state, as Keras tracks it.

    def _flatten_layers(self) -> Iterator[keras.layers.Layer]:
        """Yields all layers, those inside others too."""

    variables: Sequence[keras.Variable]
    weights: Sequence[keras.Variable]
    trainable_variables: Sequence[keras.Variable]
    non_trainable_variables: Sequence[keras.Variable]
    metrics_variables: Sequence[keras.Variable]
    losses: Sequence[tf.Tensor]
    stop_training: bool
    _initial_epoch: int | None
    history: keras.callbacks.History

    # What `compile` sets.

    compiled: bool
    optimizer: keras.optimizers.Optimizer
    run_eagerly: bool
    jit_compile: bool
    steps_per_execution: int
    distribute_strategy: tf.distribute.Strategy
