"""How Keras trains, tests and predicts with an objective: the steps, the log, the loss."""

import abc
import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.model import array_fit, incoming
from tfp_vae.model.epochs import EpochLoop
from tfp_vae.model.metrics import LastValue
from tfp_vae.model.ordered_batches import OrderedBatches
from tfp_vae.objectives import Objective, ObjectiveTerms


class ObjectiveModel(keras.Model, abc.ABC):
    """A Keras model whose loss is the negative mean of an objective, and which nobody writes."""

    def __init__(self, objective: Objective, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.objective = objective
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
          TypeError: If any other argument is given.
        """
        for name in refused:
            raise TypeError(
                f"`{name}` is no argument of compile: the loss is the negative mean of the "
                f"model's objective, {self.objective!r}, and the log shows its terms."
            )
        self._jit_choice = jit_compile
        if jit_compile == "auto":
            # Keras's own "auto" leaves XLA out on a machine without accelerators, where it makes
            # a step of a small network several times as fast.
            jit_compile = not run_eagerly and not tf.distribute.has_strategy()
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
        x, condition, weights = self._unpacked(data)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        seed = seeds.fold_in(self._noise_key(), step)
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
        x, condition, weights = self._unpacked(data)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        rows_before = tf.convert_to_tensor(self.term_trackers["elbo"].count)
        seed = seeds.fold_in(seeds.as_seed(seeds.EVALUATION), tf.cast(rows_before, tf.int64))
        terms = self.objective_terms(x, seed, step, training=False, condition=condition)
        return self._logged(self._loss(terms, weights), terms, step)

    def predict_step(self, data: Any) -> tf.Tensor:
        """Returns the mean of p(x|z) at the posterior mean."""
        x, condition, _ = self._unpacked(data)
        return self(x, condition, training=False)

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> keras.callbacks.History:
        """Trains the model on x alone, or a model of p(x|y) on x and y.

        Args:
          x: An array `[N, *event]`, or a `tf.data.Dataset`, `keras.utils.PyDataset` or generator
            of batches `[B, *event]`; of a model of p(x|y), batches are pairs (x, y).
          y: The condition of every row, `[N, ...]`, for a model of p(x|y). Otherwise None: there
            are no targets.
          **kwargs: The arguments of `keras.Model.fit`: `batch_size`, `epochs`, `verbose`,
            `callbacks`, `validation_split`, `validation_data` (x alone, or (x, y)), `shuffle`,
            `sample_weight` (`[N]`), `initial_epoch`, `steps_per_epoch`, `validation_steps`,
            `validation_batch_size`, `validation_freq`.

        Returns:
          A `keras.callbacks.History`; its logs are `loss`, `elbo`, `log_likelihood` and
          `kl_divergence`, in nats, and the weights that follow a schedule.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it has another shape than the model's event, values that are not finite
            or outside the likelihood's support, no rows, or targets, or if the condition lacks or
            does not fit. An array is checked before the first step, a dataset batch by batch before
            it is used.
        """
        if kwargs.get("class_weight") is not None:
            raise ValueError("`class_weight` must be None: a VAE has no classes to weigh.")
        check = self._row_check("x", "y")
        x = self._checked(x, y, check)
        validation_data = kwargs.pop("validation_data", None)
        check_validation = self._row_check("validation_data", "validation_data's y")
        if validation_data is not None:
            validation_data = self._checked_validation(validation_data, check_validation)
        self.noise.state.assign(keras.random.SeedGenerator().state)
        with _failures_of(check, check_validation):
            self.begin_at(x)
            if isinstance(x, np.ndarray):
                weights = incoming.weights(kwargs.pop("sample_weight", None), len(x))
                rows = array_fit.Rows(x, weights, self._condition_rows(y))
                return self._fit_rows(rows, validation_data, **kwargs)
            if isinstance(x, (tf.data.Dataset, Iterator)):
                kwargs.setdefault("shuffle", False)
            return super().fit(x, validation_data=validation_data, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Computes the mean over examples of the loss and the terms of the bound, in nats.

        The noise is the same at every call, so that two calls agree.

        Args:
          x: An array `[N, *event]`, or a dataset or generator of batches `[B, *event]`.
          y: The condition of every row, `[N, ...]`, for a model of p(x|y). Otherwise None.
          **kwargs: The arguments of `keras.Model.evaluate`, such as `batch_size`, `verbose`,
            `sample_weight` and `return_dict`.

        Returns:
          A list of loss, elbo, log-likelihood and KL divergence, or a dict with
          `return_dict=True`.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it does not fit the model, as in `fit`.
        """
        if kwargs.get("_use_cached_eval_dataset"):
            return super().evaluate(x, y, **kwargs)
        check = self._row_check("x", "y")
        x = self._checked(x, y, check)
        with _failures_of(check):
            if not isinstance(x, np.ndarray):
                return super().evaluate(x, **kwargs)
            given = incoming.weights(kwargs.get("sample_weight"), len(x))
            rows = array_fit.Rows(x, given, self._condition_rows(y))
            if kwargs.get("steps") is not None or not self._can_loop(kwargs.get("callbacks")):
                x, targets, given = rows.for_keras()
                return super().evaluate(x, targets, **{**kwargs, "sample_weight": given})
            logs = array_fit.evaluate(
                self,
                rows,
                kwargs.get("batch_size"),
                kwargs.get("verbose", "auto"),
                kwargs.get("callbacks"),
            )
        if kwargs.get("return_dict"):
            return logs
        return [logs[metric.name] for metric in self.metrics]

    def predict(self, x: Any, condition: Any = None, **kwargs: Any) -> Any:
        """Computes the mean of p(x|z) at the posterior mean of every row.

        Of class codes, which have no mean, it is the most probable one.

        Args:
          x: An array `[N, *event]`, or a dataset or generator of batches `[B, *event]`.
          condition: y, `[N, ...]`, for a model of p(x|y) and an array of x.
          **kwargs: The arguments of `keras.Model.predict`, such as `batch_size` and `verbose`.

        Returns:
          An array `[N, *event]`.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it does not fit the model, as in `fit`.
        """
        check = self._row_check("x", "condition")
        x = self._checked(x, condition, check)
        if self.conditional and isinstance(x, np.ndarray):
            pairs = (x, self._condition_rows(condition))
            size = kwargs.pop("batch_size", None) or 32
            x = tf.data.Dataset.from_tensor_slices(pairs).batch(size)
        with _failures_of(check):
            return super().predict(x, **kwargs)

    def _row_check(self, name: str, condition_name: str) -> incoming.RowCheck:
        """Returns the check of rows that the caller calls `name`, with the condition's name."""

        def check_condition(condition: Any, rows: int) -> None:
            self.check_condition(condition, rows, condition_name)

        return incoming.RowCheck(
            lambda rows: self.check_rows(rows, name), check_condition if self.conditional else None
        )

    def _checked(self, x: Any, y: Any, check: incoming.RowCheck, name: str = "x") -> Any:
        """Returns x such that wrong rows raise; y is the condition, or must be None."""
        if not self.conditional:
            incoming.refuse_targets(y)
        elif y is not None and incoming.comes_in_batches(x):
            raise ValueError(
                f"`y` must be None where `{name}` comes in batches: let them hold (x, y)."
            )
        return incoming.checked(x, check, self.row_shape, name, y)

    def _checked_validation(self, data: Any, check: incoming.RowCheck) -> Any:
        name = "validation_data"
        if not isinstance(data, tuple):
            return self._checked(data, None, check, name)
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        return self._checked(x, y, check, name), self._condition_rows(y), weights

    def _condition_rows(self, y: Any) -> np.ndarray | None:
        return np.asarray(y) if self.conditional else None

    def _unpacked(self, data: Any) -> tuple[Any, Any, Any]:
        """Returns x, y and weights of a batch; y is None but for a model of p(x|y)."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        return x, y if self.conditional else None, weights

    def _can_loop(self, callbacks: Any) -> bool:
        if not self.compiled:
            raise ValueError("The model must be compiled first: call `compile()`.")
        return array_fit.can_loop(self, callbacks)

    def _as_rows(self, validation_data: Any) -> array_fit.Rows | None:
        """Returns the rows of validation data that is an array, or None."""
        x, condition, weights = self._unpacked(validation_data)
        if not isinstance(x, np.ndarray):
            return None
        given = incoming.weights(weights, len(x), "validation_data's weights")
        return array_fit.Rows(x, given, condition)

    def _fit_rows(
        self,
        rows: array_fit.Rows,
        validation_data: Any,
        validation_split: float = 0.0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains on an array: in compiled epochs, or where that cannot be, batch by batch.

        Both take the same batches in the same order with the same noise.
        """
        if validation_split and validation_data is None:
            rows, held_out = rows.split(validation_split)
            validation_data = (held_out.x, held_out.condition, held_out.weights)
        settings = array_fit.FitSettings(**kwargs)
        valid = self._as_rows(validation_data)
        in_loop = steps_per_epoch is None and validation_steps is None
        in_loop = in_loop and (validation_data is None or valid is not None)
        key = self._noise_key()
        if in_loop and self._can_loop(settings.callbacks):
            return array_fit.fit(self, rows, valid, settings, key)
        batches = OrderedBatches(
            rows, self.data_dtype, settings.train_batch_size, settings.shuffle, key
        )
        if valid is not None:
            validation_data = valid.for_keras()
        callbacks = settings.callbacks
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            several = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
            callbacks = [batches, *(callback for callback in several if callback is not None)]
        return super().fit(
            batches.dataset,
            validation_data=validation_data,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            **{
                **kwargs,
                "batch_size": None,
                "shuffle": False,
                "callbacks": callbacks,
                "validation_batch_size": settings.validation_batch_size
                or settings.train_batch_size,
            },
        )

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

    def _noise_key(self) -> tf.Tensor:
        return tf.bitcast(tf.cast(self.noise.state, tf.uint32), tf.int32)


@contextlib.contextmanager
def _failures_of(*row_checks: incoming.RowCheck) -> Iterator[None]:
    """Raises a failed check as it was, rather than as TensorFlow passed it on."""
    try:
        yield
    except tf.errors.OpError:
        for check in row_checks:
            if check.failure is not None:
                raise check.failure from None
        raise
