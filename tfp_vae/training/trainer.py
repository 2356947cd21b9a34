"""How Keras trains, tests and predicts with an objective: the steps, the log, the loss."""

import abc
import warnings
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.objectives import Objective, ObjectiveTerms
from tfp_vae.training import compile_arguments
from tfp_vae.training.distributed.guarded_step import GuardedReplicatedStep
from tfp_vae.training.distributed.step import ReplicatedStep, test_on_share
from tfp_vae.training.exchangeable_objective import ExchangeableObjective
from tfp_vae.training.fit_context import FitContext
from tfp_vae.training.loops.batch_by_batch import BatchByBatch
from tfp_vae.training.loops.compiled_epoch import EpochLoop
from tfp_vae.training.loops.guarded_epoch import GuardedEpochLoop
from tfp_vae.training.metrics import MeanOfRows
from tfp_vae.training.nonfinite.diagnose import non_finite_step
from tfp_vae.training.steps.train_step import GuardedStep


class ObjectiveModel(ExchangeableObjective):
    """A Keras model whose loss is the negative mean of an objective, and which nobody writes."""

    def __init__(self, objective: Objective, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.objective = objective
        self.replicated = tf.distribute.has_strategy()
        self.fit_context: FitContext | None = None
        self.noise = keras.random.SeedGenerator()
        self.loss_tracker = MeanOfRows(name="loss")
        self.term_trackers = {
            name: MeanOfRows(name=name) for name in ("elbo", "log_likelihood", "kl_divergence")
        }
        self.skipped_steps = keras.metrics.Sum(name="skipped_steps")
        self.on_nonfinite = "raise"

    @property
    @abc.abstractmethod
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one row of data."""

    @property
    @abc.abstractmethod
    def data_dtype(self) -> str:
        """The dtype that data is cast to, that of the likelihood."""

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row of data as it comes in, or None if only the rows can tell."""
        return self.event_shape

    @property
    def conditional(self) -> bool:
        """Whether the model is one of p(x|y), so that data comes as (x, y)."""
        return False

    @abc.abstractmethod
    def objective_terms(
        self, x: tf.Tensor, seed: tf.Tensor, step: Any, training: bool, condition: Any = None
    ) -> ObjectiveTerms:
        """Computes the terms of the objective for rows `[B, *event]`, in nats, `[B]` each."""

    @abc.abstractmethod
    def check_rows(self, x: Any, name: str = "x") -> None:
        """Raises a TypeError or ValueError if `x` is no `[B, *event]` that the model can score."""

    @abc.abstractmethod
    def check_condition(self, condition: Any, rows: int | None, name: str = "condition") -> None:
        """Raises a TypeError or ValueError if `condition` does not go with that many rows."""

    def adapt(self, x: Any) -> None:
        """Is given checked data before it is trained on, to initialise weights from.

        Args:
          x: What `fit` got: an array or anything that comes in batches.
        """
        del x

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What the log shows, in order."""
        counts = [self.skipped_steps] if self.skips else []
        return [*self._metrics_of_rows, *counts]

    @property
    def _metrics_of_rows(self) -> list[keras.metrics.Metric]:
        """What the log shows of training and of validation."""
        trackers = [*self.term_trackers.values(), *self.scheduled_weights.metrics]
        return [self.loss_tracker, *trackers]

    @property
    def skips(self) -> bool:
        """Whether training goes on after a step whose loss or gradients are not finite."""
        return self.on_nonfinite == "skip"

    def reset_metrics(self) -> None:
        """Begins a new log."""
        super().reset_metrics()
        self.skipped_steps.reset_state()
        function = getattr(self, "train_function", None)
        if isinstance(function, BatchByBatch):
            function.begin_epoch()

    def compile(
        self,
        optimizer: Any = "adam",
        *,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        on_nonfinite: str = "raise",
        **refused: Any,
    ) -> None:
        """Chooses how to train; the loss is the objective's.

        A step whose loss or gradients are NaN or infinite leaves the weights and the optimizer's
        state as they were.

        Args:
          optimizer: A Keras optimizer, or its name.
          run_eagerly: Whether to run Python at every step, for debugging.
          steps_per_execution: How many batches one call of the compiled function takes.
          jit_compile: Whether to compile with XLA; "auto" does so where it is supported.
          on_nonfinite: What `fit` does at a step whose loss or gradients are not finite: "raise" a
            FloatingPointError that names the row, the term and the latent or the place in the
            event; or "skip" the step, count it in the log as `skipped_steps`, and go on. The terms
            of the log are those of the steps that were taken.
          **refused: Nothing else is taken: there is no loss to choose and no target to measure.

        Raises:
          TypeError: If any other argument is given, or `optimizer` is none.
          ValueError: If Keras knows no optimizer of that name, or an argument has another value
            than those above.

        Example:
          >>> vae.compile(keras.optimizers.Adam(1e-3))
          >>> vae.compile(loss="mse")
          Traceback (most recent call last):
              ...
          TypeError: `loss` is no argument of compile: the loss is the negative mean...
        """
        for name in refused:
            raise TypeError(
                f"`{name}` is no argument of compile: the loss is the negative mean of the "
                f"model's objective, {self.objective!r}, and the log shows its terms."
            )
        arguments = compile_arguments.checked(
            optimizer, run_eagerly, steps_per_execution, jit_compile, on_nonfinite
        )
        self.on_nonfinite = arguments.on_nonfinite
        self._jit_choice = arguments.jit_compile
        if jit_compile == "auto":
            # Keras's own "auto" leaves XLA out on a machine without accelerators, where it makes
            # a step of a small network several times as fast.
            jit_compile = not run_eagerly and not self.replicated
        with warnings.catch_warnings():
            if self._jit_choice == "auto":
                warnings.filterwarnings("ignore", message="Model doesn't support `jit_compile")
            super().compile(
                optimizer=arguments.optimizer,
                run_eagerly=run_eagerly,
                steps_per_execution=arguments.steps_per_execution,
                jit_compile=jit_compile,
            )
        self.make_steps()

    def make_steps(self) -> None:
        """Makes what takes the steps, which is compiled anew at the first of them."""
        self._guarded_step = GuardedStep(self)
        self.train_loop = GuardedEpochLoop(self, self._guarded_step)
        self.test_loop = EpochLoop(self.test_step, self._metrics_of_rows, self.jit_compile)
        if self.replicated:
            self.replicated_train_step = GuardedReplicatedStep(self)
            self.replicated_test_step = ReplicatedStep(
                self.distribute_strategy, partial(test_on_share, self), self.run_eagerly
            )
        for function, make in (
            ("train_function", self.make_train_function),
            ("test_function", self.make_test_function),
        ):
            if getattr(self, function, None) is not None:
                make(force=True)

    @property
    def has_own_steps(self) -> bool:
        """Whether a subclass says itself what a training step is."""
        return type(self).train_step is not ObjectiveModel.train_step

    def make_train_function(self, force: bool = False) -> Any:
        """Makes what Keras calls for every batch."""
        if self.has_own_steps:
            return super().make_train_function(force)
        if getattr(self, "train_function", None) is None or force:
            self.train_function = BatchByBatch(self, self._guarded_step)
        return self.train_function

    def not_taken(self, batch: Any, number: int) -> None:
        """Is told of a batch that no step was taken on, as its loss or gradients are not finite.

        Args:
          batch: What it holds.
          number: Its number in the epoch.

        Raises:
          FloatingPointError: Unless such steps are skipped; it says where what is not finite
            arises.
        """
        if not self.skips:
            under_way = self.fit_context
            rows = None if under_way is None else under_way.rows_of_batch(number)
            raise non_finite_step(self, batch, number, rows)

    def get_compile_config(self) -> dict[str, Any] | None:
        """Returns the arguments of `compile`, for saving."""
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self._jit_choice,
            "on_nonfinite": self.on_nonfinite,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as `get_compile_config` said."""
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        self.compile(**{**config, "optimizer": optimizer})
        if self.built:
            optimizer.build(self.trainable_variables)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Takes one step of the optimizer on a batch, if it is finite, and returns the log."""
        self._guarded_step(data)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """Scores a batch, with noise that depends only on its place in the data."""
        x, condition, weights = self.unpacked(data)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        rows_before = tf.convert_to_tensor(self.term_trackers["elbo"].count)
        seed = seeds.fold_in(seeds.as_seed(seeds.EVALUATION), tf.cast(rows_before, tf.int64))
        terms = self.objective_terms(x, seed, step, training=False, condition=condition)
        self.note(self.loss_of(terms, weights), terms, step)
        return {metric.name: metric.result() for metric in self._metrics_of_rows}

    def predict_step(self, data: Any) -> tf.Tensor:
        """Returns the mean of p(x|z) at the posterior mean."""
        x, condition, _ = self.unpacked(data)
        return self(x, condition, training=False)

    def unpacked(self, data: Any) -> tuple[Any, Any, Any]:
        """Returns x, y and weights of a batch; y is None but for a model of p(x|y)."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        return x, y if self.conditional else None, weights

    def loss_of(self, terms: ObjectiveTerms, weights: Any) -> tf.Tensor:
        """Returns the negative mean of the objective, and what the networks' regularisers add."""
        objective = terms.objective
        if weights is not None:
            objective = objective * tf.cast(weights, objective.dtype)
        penalties = [tf.cast(penalty, objective.dtype) for penalty in self.losses]
        return tf.add_n([-tf.reduce_mean(objective), *penalties])

    def note(self, loss: tf.Tensor, terms: ObjectiveTerms, step: Any) -> None:
        """Adds a batch to the log.

        Args:
          loss: A scalar.
          terms: The terms of the objective, `[B]` each.
          step: The number of the step.
        """
        self.loss_tracker.update_state(loss, sample_weight=tf.shape(terms.elbo)[0])
        for name, tracker in self.term_trackers.items():
            tracker.update_state(getattr(terms, name))
        self.scheduled_weights.note(step)

    def first_epoch(self, wanted: int) -> int:
        """Returns the epoch to begin with: the one asked for, unless a callback has set another."""
        return self._initial_epoch or wanted

    def noise_key(self) -> tf.Tensor:
        """Returns the key of all that is drawn while training, `[2]` int32."""
        return tf.bitcast(tf.cast(self.noise.state, tf.uint32), tf.int32)
