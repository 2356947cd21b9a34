"""Passes over whole data: `fit`, `evaluate` and `predict`, with the data checked first."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks
from tfp_vae.training import keras_warnings, options, validation_logs
from tfp_vae.training.data import adapters
from tfp_vae.training.data.ordered_batches import OrderedBatches
from tfp_vae.training.distributed import errors, replicas
from tfp_vae.training.fit_context import FitContext
from tfp_vae.training.loops import run_epochs
from tfp_vae.training.trainer import ObjectiveModel


class PassesOverData(ObjectiveModel):
    """A model that takes its steps over arrays, datasets and generators of rows."""

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
          FloatingPointError: If the loss or a gradient is not finite; the step is not taken.
          RuntimeError: If one of several workers is gone.

        Warns:
          RuntimeWarning: If the ELBO of the validation data was not a number, and when first.

        Example:
          >>> vae.compile("adam")
          >>> history = vae.fit(x, epochs=2, batch_size=10, verbose=0)
          >>> len(history.history["elbo"])
          2
        """
        if kwargs.pop("class_weight", None) is not None:
            raise ValueError("`class_weight` must be None: a VAE has no classes to weigh.")
        kwargs = options.checked(kwargs)
        check = self._row_check("x", "y")
        x = self._checked(x, y, check)
        if adapters.comes_in_batches(x):
            adapters.check_beside_batches(
                kwargs.get("sample_weight"), kwargs.get("validation_split")
            )
        validation_data = kwargs.pop("validation_data", None)
        check_validation = self._row_check("validation_data", "validation_data's y")
        if validation_data is not None:
            validation_data = self._checked_validation(validation_data, check_validation)
        self._initial_epoch = None
        self.noise.state.assign(keras.random.SeedGenerator().state)
        under_way = FitContext.called(x, validation_data, **kwargs)
        steps = kwargs.get("steps_per_epoch") or kwargs.get("validation_steps")
        quiet = keras_warnings.ending_quietly(x, self.unpacked(validation_data)[0], steps=steps)
        with quiet, _failures_of(check, check_validation), self._known_to_callbacks(under_way):
            self.adapt(x)
            history = self._fit(x, y, validation_data, **kwargs)
        validation_logs.warn_of_nan(history.history)
        return history

    def _fit(self, x: Any, y: Any, validation_data: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains on data that has been checked, or is as it is read."""
        if isinstance(x, np.ndarray):
            weights = adapters.weights(kwargs.pop("sample_weight", None), len(x))
            rows = run_epochs.Rows(x, weights, self._condition_rows(y))
            return self._fit_rows(rows, validation_data, **kwargs)
        if self.replicated:
            return self._fit_on_replicas(x, validation_data, **kwargs)
        if isinstance(x, (tf.data.Dataset, Iterator)):
            kwargs.setdefault("shuffle", False)
        return super().fit(x, validation_data=validation_data, **kwargs)

    @contextlib.contextmanager
    def _known_to_callbacks(self, under_way: FitContext) -> Iterator[None]:
        self.fit_context = under_way
        try:
            yield
        finally:
            self.fit_context = None

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

        Example:
          >>> vae.compile("adam")
          >>> loss, elbo, log_likelihood, kl_divergence = vae.evaluate(x, verbose=0)
          >>> bool(np.isclose(loss, -elbo))
          True
        """
        if kwargs.get("_use_cached_eval_dataset"):
            return super().evaluate(x, y, **kwargs)
        kwargs = options.checked(kwargs)
        check = self._row_check("x", "y")
        x = self._checked(x, y, check)
        if adapters.comes_in_batches(x):
            adapters.check_beside_batches(kwargs.get("sample_weight"))
        with _failures_of(check):
            if not isinstance(x, np.ndarray):
                if self.replicated:
                    return self._in_order(self._evaluated_on_replicas(x, **kwargs), **kwargs)
                with keras_warnings.ending_quietly(x, steps=kwargs.get("steps")):
                    return super().evaluate(x, **kwargs)
            given = adapters.weights(kwargs.pop("sample_weight", None), len(x))
            rows = run_epochs.Rows(x, given, self._condition_rows(y))
            if self.replicated:
                return self._in_order(self._evaluated_on_replicas(rows, **kwargs), **kwargs)
            if kwargs.get("steps") is not None or not self._can_loop(kwargs.get("callbacks")):
                x, targets, given = rows.for_keras()
                return super().evaluate(x, targets, **{**kwargs, "sample_weight": given})
            logs = run_epochs.evaluate(
                self,
                rows,
                kwargs.get("batch_size"),
                kwargs.get("verbose", "auto"),
                kwargs.get("callbacks"),
            )
        return self._in_order(logs, **kwargs)

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

        Example:
          >>> vae.predict(x, verbose=0).shape
          (20, 3)
        """
        kwargs = options.checked(kwargs)
        check = self._row_check("x", "condition")
        x = self._checked(x, condition, check)
        if self.replicated:
            data = x
            if isinstance(x, np.ndarray):
                data = run_epochs.Rows(x, None, self._condition_rows(condition))
            sizes = kwargs.get("batch_size"), kwargs.get("steps")
            with _failures_of(check):
                return replicas.predict(self, data, *sizes)
        if self.conditional and isinstance(x, np.ndarray):
            pairs = (x, self._condition_rows(condition))
            size = kwargs.pop("batch_size", None) or 32
            x = tf.data.Dataset.from_tensor_slices(pairs).batch(size)
        quiet = keras_warnings.ending_quietly(x, steps=kwargs.get("steps"))
        with _failures_of(check), quiet:
            return super().predict(x, **kwargs)

    def _evaluated_on_replicas(self, data: Any, **kwargs: Any) -> dict[str, float]:
        with errors.told(self.distribute_strategy):
            return replicas.evaluate(
                self,
                data,
                kwargs.get("batch_size"),
                kwargs.get("steps"),
                kwargs.get("verbose", "auto"),
                kwargs.get("callbacks"),
            )

    def _in_order(self, logs: dict[str, float], return_dict: bool = False, **_: Any) -> Any:
        """Returns a log as `evaluate` does."""
        return logs if return_dict else [logs[metric.name] for metric in self.metrics]

    def _row_check(self, name: str, condition_name: str) -> adapters.BatchValidator:
        """Returns the check of rows that the caller calls `name`, with the condition's name."""

        def check_condition(condition: Any, rows: int) -> None:
            self.check_condition(condition, rows, condition_name)

        return adapters.BatchValidator(
            lambda rows: self.check_rows(rows, name),
            check_condition if self.conditional else None,
            condition_name,
        )

    def _checked(self, x: Any, y: Any, check: adapters.BatchValidator, name: str = "x") -> Any:
        """Returns x such that wrong rows raise; y is the condition, or must be None."""
        if not self.conditional:
            adapters.refuse_targets(y, "y" if name == "x" else f"{name}'s y")
        elif y is not None and adapters.comes_in_batches(x):
            raise ValueError(
                f"`{check.condition_name}` must be None where `{name}` comes in batches, which "
                f"then hold (x, y); got a {type(y).__name__}."
            )
        return adapters.checked(x, check, self.row_shape, name, y)

    def _checked_validation(self, data: Any, check: adapters.BatchValidator) -> Any:
        name = "validation_data"
        if not isinstance(data, tuple):
            return self._checked(data, None, check, name)
        if not 1 <= len(data) <= 3:
            raise ValueError(
                f"`{name}` must be x, (x, y) or (x, y, sample_weight); got a tuple of {len(data)}."
            )
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        return self._checked(x, y, check, name), self._condition_rows(y), weights

    def _condition_rows(self, y: Any) -> np.ndarray | None:
        return checks.array(y, "y") if self.conditional else None

    def _can_loop(self, callbacks: Any) -> bool:
        if not self.compiled:
            raise ValueError("The model must be compiled first: call `compile()`.")
        return run_epochs.can_loop(self, callbacks)

    def _as_rows(self, validation_data: Any) -> run_epochs.Rows | None:
        """Returns the rows of validation data that is an array, or None."""
        x, condition, weights = self.unpacked(validation_data)
        if not isinstance(x, np.ndarray):
            return None
        given = adapters.weights(weights, len(x), "validation_data's weights")
        return run_epochs.Rows(x, given, condition)

    def _fit_rows(
        self,
        rows: run_epochs.Rows,
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
        if self.replicated:
            steps = (steps_per_epoch, validation_steps)
            return self._fit_on_replicas(rows, validation_data, *steps, **kwargs)
        settings = run_epochs.FitSettings(**kwargs)
        valid = self._as_rows(validation_data)
        in_loop = steps_per_epoch is None and validation_steps is None
        in_loop = in_loop and (validation_data is None or valid is not None)
        if in_loop and self._can_loop(settings.callbacks):
            return run_epochs.fit(self, rows, valid, settings)
        batches = OrderedBatches(rows, self.data_dtype, settings.train_batch_size, settings.shuffle)
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

    def _fit_on_replicas(
        self,
        data: Any,
        validation_data: Any,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains on rows or batches, of which every replica takes its share."""
        valid = self._as_rows(validation_data)
        if valid is None:
            valid = self.unpacked(validation_data)[0]
        settings = run_epochs.FitSettings(**kwargs)
        steps = (steps_per_epoch, validation_steps)
        with errors.told(self.distribute_strategy):
            return replicas.fit(self, data, valid, settings, steps)


@contextlib.contextmanager
def _failures_of(*row_checks: adapters.BatchValidator) -> Iterator[None]:
    """Raises a failed check as it was, rather than as TensorFlow passed it on."""
    try:
        yield
    except tf.errors.OpError as error:
        for check in row_checks:
            if check.failure is not None:
                raise check.failure from None
        # What Python raises within a dataset, TensorFlow tells as a text.
        told = re.search(r"\bValueError: (.+)\n", error.message or "")
        if told is not None:
            raise ValueError(told[1]) from error
        raise
