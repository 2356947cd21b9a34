"""How Keras trains, tests and predicts with an objective: the steps, the log, the loss."""

import abc
import warnings
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.model.epochs import EpochLoop
from tfp_vae.model.fit_under_way import FitUnderWay
from tfp_vae.model.metrics import LastValue
from tfp_vae.model.replicated_steps import ReplicatedStep, test_on_share, train_on_share
from tfp_vae.model.saved_whole import SavedWhole
from tfp_vae.objectives import Objective, ObjectiveTerms


class ObjectiveModel(SavedWhole, abc.ABC):
    """A Keras model whose loss is the negative mean of an objective, and which nobody writes."""

    def __init__(self, objective: Objective, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.objective = objective
        self.replicated = tf.distribute.has_strategy()
        self.fit_under_way: FitUnderWay | None = None
        self.noise = keras.random.SeedGenerator()
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.term_trackers = {
            name: keras.metrics.Mean(name=name)
            for name in ("elbo", "log_likelihood", "kl_divergence")
        }
        self.schedule_trackers = {name: LastValue(name=name) for name in objective.schedules}

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

    def begin_at(self, x: Any) -> None:
        """Is given checked data before it is trained on, to initialise weights from.

        Args:
          x: What `fit` got: an array or anything that comes in batches.
        """
        del x

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What the log shows, in order."""
        trackers = [*self.term_trackers.values(), *self.schedule_trackers.values()]
        return [self.loss_tracker, *trackers]

    def compile(
        self,
        optimizer: Any = "adam",
        *,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        **refused: Any,
    ) -> None:
        """Chooses how to train; the loss is the objective's.

        Args:
          optimizer: A Keras optimizer, or its name.
          run_eagerly: Whether to run Python at every step, for debugging.
          steps_per_execution: How many batches one call of the compiled function takes.
          jit_compile: Whether to compile with XLA; "auto" does so where it is supported.
          **refused: Nothing else is taken: there is no loss to choose and no target to measure.

        Raises:
          TypeError: If any other argument is given, or `optimizer` is none.
          ValueError: If Keras knows no optimizer of that name, or another argument is wrong.
        """
        for name in refused:
            raise TypeError(
                f"`{name}` is no argument of compile: the loss is the negative mean of the "
                f"model's objective, {self.objective!r}, and the log shows its terms."
            )
        checks.positive_int(steps_per_execution, "steps_per_execution")
        is_auto = isinstance(jit_compile, str) and jit_compile == "auto"
        if not isinstance(jit_compile, bool) and not is_auto:
            told = checks.shown(jit_compile)
            raise ValueError(f'`jit_compile` must be True, False or "auto"; got {told}.')
        optimizer = _as_optimizer(optimizer)
        self._jit_choice = jit_compile
        if jit_compile == "auto":
            # Keras's own "auto" leaves XLA out on a machine without accelerators, where it makes
            # a step of a small network several times as fast.
            jit_compile = not run_eagerly and not self.replicated
        with warnings.catch_warnings():
            if self._jit_choice == "auto":
                warnings.filterwarnings("ignore", message="Model doesn't support `jit_compile")
            super().compile(
                optimizer=optimizer,
                run_eagerly=run_eagerly,
                steps_per_execution=steps_per_execution,
                jit_compile=jit_compile,
            )
        self.train_loop = EpochLoop(self.train_step, self.metrics, self.jit_compile)
        self.test_loop = EpochLoop(self.test_step, self.metrics, self.jit_compile)
        if self.replicated:
            self.replicated_train_step, self.replicated_test_step = (
                ReplicatedStep(self.distribute_strategy, partial(step, self), run_eagerly)
                for step in (train_on_share, test_on_share)
            )

    def get_compile_config(self) -> dict[str, Any] | None:
        """Returns the arguments of `compile`, for saving."""
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self._jit_choice,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as `get_compile_config` said."""
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        self.compile(**{**config, "optimizer": optimizer})
        if self.built:
            optimizer.build(self.trainable_variables)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Takes one step of the optimizer on a batch, and returns the log."""
        x, condition, weights = self.unpacked(data)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        seed = seeds.fold_in(self.noise_key(), step)
        with tf.GradientTape() as tape:
            terms = self.objective_terms(x, seed, step, training=True, condition=condition)
            loss = self._loss(terms, weights)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(
            zip(tape.gradient(scaled, variables), variables, strict=True)
        )
        return self._logged(loss, terms, step)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Scores a batch, with noise that depends only on its place in the data."""
        x, condition, weights = self.unpacked(data)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        rows_before = tf.convert_to_tensor(self.term_trackers["elbo"].count)
        seed = seeds.fold_in(seeds.as_seed(seeds.EVALUATION), tf.cast(rows_before, tf.int64))
        terms = self.objective_terms(x, seed, step, training=False, condition=condition)
        return self._logged(self._loss(terms, weights), terms, step)

    def predict_step(self, data: Any) -> tf.Tensor:
        """Returns the mean of p(x|z) at the posterior mean."""
        x, condition, _ = self.unpacked(data)
        return self(x, condition, training=False)

    def unpacked(self, data: Any) -> tuple[Any, Any, Any]:
        """Returns x, y and weights of a batch; y is None but for a model of p(x|y)."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        return x, y if self.conditional else None, weights

    def _loss(self, terms: ObjectiveTerms, weights: Any) -> tf.Tensor:
        """The negative mean of the objective, and what the networks' regularisers add."""
        objective = terms.objective
        if weights is not None:
            objective = objective * tf.cast(weights, objective.dtype)
        penalties = [tf.cast(penalty, objective.dtype) for penalty in self.losses]
        return tf.add_n([-tf.reduce_mean(objective), *penalties])

    def _logged(self, loss: tf.Tensor, terms: ObjectiveTerms, step: Any) -> dict[str, Any]:
        self.loss_tracker.update_state(loss, sample_weight=tf.shape(terms.elbo)[0])
        for name, tracker in self.term_trackers.items():
            tracker.update_state(getattr(terms, name))
        for name, tracker in self.schedule_trackers.items():
            tracker.update_state(self.objective.schedules[name](step))
        return self.get_metrics_result()

    def first_epoch(self, wanted: int) -> int:
        """Returns the epoch to begin with: the one asked for, unless a callback has set another."""
        return self._initial_epoch or wanted

    def noise_key(self) -> tf.Tensor:
        """Returns the key of all that is drawn while training, `[2]` int32."""
        return tf.bitcast(tf.cast(self.noise.state, tf.uint32), tf.int32)


def _as_optimizer(optimizer: Any) -> keras.optimizers.Optimizer:
    wanted = "`optimizer` must be a Keras optimizer or its name, such as 'adam'"
    if not isinstance(optimizer, (str, dict, keras.optimizers.Optimizer)):
        raise TypeError(f"{wanted}; got a {type(optimizer).__name__}.")
    try:
        return keras.optimizers.get(optimizer)
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"{wanted}; got {str(optimizer)[:60]!r}.") from error
