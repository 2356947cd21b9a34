"""How Keras trains, tests and predicts with an objective: the steps, the log, the loss."""

import abc
import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.model import incoming
from tfp_vae.model.metrics import LastValue
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
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row of data as it comes in, or None if only the rows can tell."""
        return self.event_shape

    @abc.abstractmethod
    def objective_terms(
        self, x: tf.Tensor, seed: tf.Tensor, step: Any, training: bool
    ) -> ObjectiveTerms:
        """Computes the terms of the objective for rows `[B, *event]`, in nats, `[B]` each."""

    @abc.abstractmethod
    def check_rows(self, x: Any, name: str = "x") -> None:
        """Raises a TypeError or ValueError if `x` is no `[B, *event]` that the model can score."""

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
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
        )

    def get_compile_config(self) -> dict[str, Any] | None:
        """Returns the arguments of `compile`, for saving."""
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self.jit_compile,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as `get_compile_config` said."""
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        self.compile(**{**config, "optimizer": optimizer})
        if self.built:
            optimizer.build(self.trainable_variables)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Takes one step of the optimizer on a batch, and returns the log."""
        x, weights = _unpacked(data)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        seed = seeds.fold_in(self._noise_key(), step)
        with tf.GradientTape() as tape:
            terms = self.objective_terms(x, seed, step, training=True)
            loss = self._loss(terms, weights)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(
            zip(tape.gradient(scaled, variables), variables, strict=True)
        )
        return self._logged(loss, terms, step)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Scores a batch, with noise that depends only on its place in the data."""
        x, weights = _unpacked(data)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        rows_before = tf.convert_to_tensor(self.term_trackers["elbo"].count)
        seed = seeds.fold_in(seeds.as_seed(seeds.EVALUATION), tf.cast(rows_before, tf.int64))
        terms = self.objective_terms(x, seed, step, training=False)
        return self._logged(self._loss(terms, weights), terms, step)

    def predict_step(self, data: Any) -> tf.Tensor:
        """Returns the mean of p(x|z) at the posterior mean."""
        x, _ = _unpacked(data)
        return self(x, training=False)

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> keras.callbacks.History:
        """Trains the model on x alone.

        Args:
          x: An array `[N, *event]`, or a `tf.data.Dataset`, `keras.utils.PyDataset` or generator
            of batches `[B, *event]`.
          y: Must be None: there are no targets.
          **kwargs: The arguments of `keras.Model.fit`: `batch_size`, `epochs`, `verbose`,
            `callbacks`, `validation_split`, `validation_data` (x alone), `shuffle`,
            `sample_weight` (`[N]`), `initial_epoch`, `steps_per_epoch`, `validation_steps`,
            `validation_batch_size`, `validation_freq`.

        Returns:
          A `keras.callbacks.History`; its logs are `loss`, `elbo`, `log_likelihood` and
          `kl_divergence`, in nats, and the weights that follow a schedule.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it has another shape than the model's event, values that are not finite
            or outside the likelihood's support, no rows, or targets. An array is checked before
            the first step, a dataset batch by batch before it is used.
        """
        incoming.refuse_targets(y)
        if kwargs.get("class_weight") is not None:
            raise ValueError("`class_weight` must be None: a VAE has no classes to weigh.")
        check = incoming.RowCheck(self.check_rows)
        x = incoming.checked(x, check, self.row_shape)
        kwargs.update(incoming.weighed(x, kwargs.pop("sample_weight", None)))
        validation_data = kwargs.pop("validation_data", None)
        check_validation = incoming.RowCheck(lambda rows: self.check_rows(rows, "validation_data"))
        if validation_data is not None:
            kwargs["validation_data"] = _checked_validation(
                validation_data, check_validation, self.row_shape
            )
        if isinstance(x, (tf.data.Dataset, Iterator)):
            kwargs.setdefault("shuffle", False)
        self.noise.state.assign(keras.random.SeedGenerator().state)
        with _failures_of(check, check_validation):
            return super().fit(x, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Computes the mean over examples of the loss and the terms of the bound, in nats.

        The noise is the same at every call, so that two calls agree.

        Args:
          x: An array `[N, *event]`, or a dataset or generator of batches `[B, *event]`.
          y: Must be None: there are no targets.
          **kwargs: The arguments of `keras.Model.evaluate`, such as `batch_size`, `verbose`,
            `sample_weight` and `return_dict`.

        Returns:
          A list of loss, elbo, log-likelihood and KL divergence, or a dict with
          `return_dict=True`.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it does not fit the model, as in `fit`.
        """
        check = incoming.RowCheck(self.check_rows)
        if kwargs.get("_use_cached_eval_dataset"):
            kwargs["y"] = y
        else:
            incoming.refuse_targets(y)
            x = incoming.checked(x, check, self.row_shape)
            kwargs.update(incoming.weighed(x, kwargs.pop("sample_weight", None)))
        with _failures_of(check):
            return super().evaluate(x, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Computes the mean of p(x|z) at the posterior mean of every row.

        Args:
          x: An array `[N, *event]`, or a dataset or generator of batches `[B, *event]`.
          **kwargs: The arguments of `keras.Model.predict`, such as `batch_size` and `verbose`.

        Returns:
          An array `[N, *event]`.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it does not fit the model, as in `fit`.
        """
        check = incoming.RowCheck(self.check_rows)
        x = incoming.checked(x, check, self.row_shape)
        with _failures_of(check):
            return super().predict(x, **kwargs)

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


def _unpacked(data: Any) -> tuple[Any, Any]:
    x, _, weights = keras.utils.unpack_x_y_sample_weight(data)
    return x, weights


def _checked_validation(
    data: Any, check: incoming.RowCheck, row_shape: tuple[int, ...] | None
) -> Any:
    if not isinstance(data, tuple):
        return incoming.checked(data, check, row_shape, "validation_data")
    x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
    incoming.refuse_targets(y)
    x = incoming.checked(x, check, row_shape, "validation_data")
    weighed = incoming.weighed(x, weights, "validation_data[2]")
    return x, weighed.get("y"), weighed.get("sample_weight")


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
