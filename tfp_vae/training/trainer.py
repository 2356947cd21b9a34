"""The trainer: fits and evaluates a model on any data, in the fastest suitable loop."""

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import pipeline_errors
from tfp_vae.training import options
from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.data import (
    BatchSource,
    DataAdapter,
    FitData,
)
from tfp_vae.training.distributed import ReplicaLoop, lost_worker_named
from tfp_vae.training.fit_checks import check_compiled, check_trainable, warn_of_nan_validations
from tfp_vae.training.fit_context import FitContext
from tfp_vae.training.loops import (
    ArrayLoop,
    BatchByBatch,
    Loop,
    callback_list,
    run_epochs,
    run_evaluation,
    run_predictions,
    suits_array_loop,
)
from tfp_vae.training.mlflow_autologging import autologged
from tfp_vae.training.state import TrainingState
from tfp_vae.training.steps import TrainStep, score_batch
from tfp_vae.training.trainable import DataContract, Trainable
from tfp_vae.training.underfitting import warn_of_underfitting
from tfp_vae.training.xla import suits_xla


class Trainer:
    """Trains and evaluates a model.

    Args:
      model: The model, which may still be unbuilt and uncompiled.

    Attributes:
      state: The noise, the metrics, and the call of `fit` in progress.
    """

    def __init__(self, model: Trainable) -> None:
        self._model = model
        self._data = DataAdapter(model)
        self.state = TrainingState(model)
        self._jit_choice: bool | str = "auto"
        self._replica_loop: ReplicaLoop | None = None
        self._compiled_steps: dict[Callable[..., Any], Callable[..., Any]] = {}

    def follow(self, objective: Any) -> None:
        """Switches to another objective."""
        with self._model.distribute_strategy.scope():
            self.state.log.follow({**objective.schedules, **objective.learned_weights})
        if self._model.compiled:
            self.make_steps()

    def compile(self, chosen: options.CompileOptions) -> None:
        """Builds the steps of a model that Keras has compiled."""
        self.state.on_nonfinite = chosen.on_nonfinite
        self.state.skip_gradients_above = chosen.skip_gradients_above
        with self._model.distribute_strategy.scope():
            self.state.log.take_functions(chosen.metrics)
        self._jit_choice = chosen.jit_compile
        self.make_steps()

    def xla_for(self, chosen: options.CompileOptions) -> bool:
        """Returns whether to compile with XLA.

        On a machine without accelerators Keras's own "auto" does not, although XLA makes a step of
        most small networks several times as fast there.
        """
        if isinstance(chosen.jit_compile, bool):
            return chosen.jit_compile
        if chosen.run_eagerly or self.state.replicated:
            return False
        return suits_xla(self._model._flatten_layers())

    @property
    def path(self) -> str:
        """How the steps of the compiled model are run, in words."""
        model = self._model
        if model.run_eagerly:
            return "eagerly"
        if self.state.replicated:
            return f"on {model.distribute_strategy.num_replicas_in_sync} replicas, without XLA"
        return "compiled with XLA" if model.jit_compile else "compiled without XLA"

    def compile_config(self) -> dict[str, Any]:
        """Returns the arguments of `compile`, for saving."""
        model = self._model
        return {
            "optimizer": keras.saving.serialize_keras_object(model.optimizer),
            "run_eagerly": model.run_eagerly,
            "steps_per_execution": model.steps_per_execution,
            "jit_compile": self._jit_choice,
            "on_nonfinite": self.state.on_nonfinite,
            "skip_gradients_above": self.state.skip_gradients_above,
        }

    def make_steps(self) -> None:
        """Builds the steps and loops, each of which TensorFlow compiles at its first use."""
        self._step = TrainStep(self.state)
        self._array_loop = ArrayLoop(self.state, self._step)
        self._batch_loop = BatchByBatch(self.state, self._step)
        self._replica_loop = ReplicaLoop(self.state) if self.state.replicated else None
        self._compiled_steps = {}

    def train_step(self, batch: Any) -> dict[str, tf.Tensor]:
        """Takes one step of the optimizer on a batch, if it is finite, and returns the log."""
        self._step(batch)
        return self.state.logged()

    def test_step(self, batch: Any) -> dict[str, tf.Tensor]:
        """Scores a batch and returns the log."""
        return score_batch(self.state, batch)

    def train_on_next(self, iterator: Iterator[Any]) -> dict[str, tf.Tensor]:
        """Takes `steps_per_execution` steps on the batches of an iterator; returns the log."""
        return self._batch_loop.train_on_next(iterator)

    def initial_data(self, x: Any) -> Any:
        """Checks the data from which weights are initialised, and returns it as `fit` passes it.

        Args:
          x: An array `[N, ...]`, stored rows, or a source of batches.
        """
        return self._data.of_adaptation(x)

    def fit(self, x: Any, y: Any, arguments: Mapping[str, Any]) -> keras.callbacks.History:
        """Trains on any data that Keras takes.

        Args:
          x: An array `[N, ...]`, or a source of batches.
          y: The condition of every row, `[N, ...]`, or None.
          arguments: Keras's arguments of `fit`, by name.
        """
        chosen = options.checked(options.FitOptions, arguments)
        check_compiled(self._model)
        check_trainable(self._model)
        data = self._data.of_fit(x, y, chosen)
        self._model._initial_epoch = None
        self.state.noise.state.assign(keras.random.SeedGenerator().state)
        with autologged(self._model, arguments, options.several(chosen.callbacks)) as logging:
            if logging:
                chosen = chosen._replace(callbacks=[*options.several(chosen.callbacks), *logging])
            with self._fitting(data, chosen):
                self._model.adapt_once(data.initial, data.initial_condition)
                history = run_epochs(
                    self.state,
                    lambda source: self.loop_for(source, chosen.callbacks),
                    data.train,
                    data.validation,
                    chosen,
                )
                warn_of_nan_validations(history.history.get("val_elbo", []))
                warn_of_underfitting(
                    history.history,
                    self._model.stop_training,
                    marginal_elbo=self._model.marginal_elbo,
                    stacklevel=4,
                    current_elbo=self.state.validation_elbo,
                )
        return history

    def evaluate(
        self, x: Any, y: Any, arguments: Mapping[str, Any]
    ) -> dict[str, float] | list[float]:
        """Evaluates any data that Keras takes.

        Args:
          x: An array `[N, ...]`, or a source of batches.
          y: The condition of every row, `[N, ...]`, or None.
          arguments: Keras's arguments of `evaluate`, by name.
        """
        chosen = options.checked(options.EvaluateOptions, arguments)
        check_compiled(self._model)
        source = self._data.of_evaluation(x, y, chosen)
        with self._reading():
            callbacks = callback_list(self._model, chosen.callbacks, chosen.verbose, source.count)
            logs = run_evaluation(
                self.state,
                lambda source: self.loop_for(source, chosen.callbacks),
                source,
                callbacks,
            )
        if chosen.return_dict:
            return logs
        return [logs[metric.name] for metric in self.state.log.metrics]

    def predict(self, x: Any, condition: Any, arguments: Mapping[str, Any]) -> np.ndarray:
        """Computes predictions for any data that Keras takes.

        Args:
          x: An array `[N, ...]`, or a source of batches.
          condition: The condition of every row, `[N, ...]`, or None.
          arguments: Keras's arguments of `predict`, by name.
        """
        predictions: np.ndarray = self.mapped(
            self.compiled_step(_prediction), x, condition, arguments
        )
        return predictions

    def mapped(
        self,
        step: Callable[[Any], Any],
        x: Any,
        condition: Any,
        arguments: Mapping[str, Any],
        contract: DataContract | None = None,
        name: str = "x",
        batches_without_bar: int = 0,
    ) -> Any:
        """Computes a function of every batch, and concatenates what it returns.

        Args:
          step: A function of a batch that returns tensors `[B, ...]`.
          x: An array `[N, ...]`, or a source of batches.
          condition: The condition of every row, `[N, ...]`, or None.
          arguments: Keras's arguments of `predict`, by name.
          contract: Which rows are taken; None for those that the model takes.
          name: The caller's name for `x`.
          batches_without_bar: Up to how many batches `verbose="auto"` shows no progress bar.
        """
        chosen = options.checked(options.PredictOptions, arguments)
        source = self._data.of_prediction(x, condition, chosen, contract, name)
        verbose = chosen.verbose
        if verbose == "auto" and (source.count or math.inf) <= batches_without_bar:
            verbose = 0
        with self._reading():
            callbacks = callback_list(self._model, chosen.callbacks, verbose, source.count)
            return run_predictions(step, source, callbacks, name)

    def compiled_step(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a function of a batch, compiled at its first call as `compile` says.

        Args:
          step: A function of the model, a batch, and more tensors.
        """
        model = self._model
        if model.run_eagerly or self.state.replicated:
            return functools.partial(step, model)
        if step not in self._compiled_steps:
            self._compiled_steps[step] = compiled(
                functools.partial(step, model),
                jit_compile=model.jit_compile,
                reduce_retracing=True,
            )
        return self._compiled_steps[step]

    def loop_for(self, source: BatchSource, callbacks: Any) -> Loop:
        """Returns the fastest loop for a source in which every callback is called."""
        if self._replica_loop is not None:
            return self._replica_loop
        fits = suits_array_loop(self._model, source, callbacks)
        return self._array_loop if fits else self._batch_loop

    @contextlib.contextmanager
    def _fitting(self, data: FitData, chosen: options.FitOptions) -> Iterator[None]:
        """Holds the context of a call of `fit`, for callbacks, inside the block."""
        self.state.fit_context = FitContext(
            options.several(chosen.callbacks),
            data.batch_size,
            None if data.batch_size is None else bool(chosen.shuffle),
            data.validation is not None,
        )
        try:
            with self._reading():
                if self._replica_loop is not None:
                    self._replica_loop.agree_on_noise()
                yield
        finally:
            self.state.fit_context = None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Turns TensorFlow errors into errors of the data or of a lost worker, inside the block."""
        if self._replica_loop is not None:
            self._replica_loop.check_objective()
        with lost_worker_named(self._model.distribute_strategy), pipeline_errors.reraised():
            yield


def _prediction(model: Trainable, batch: Any) -> tf.Tensor:
    return model.predict_step(batch)
