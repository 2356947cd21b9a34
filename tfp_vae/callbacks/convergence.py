"""Training until the validation ELBO has converged, with a learning rate that falls."""

from collections.abc import Mapping

import keras
import numpy as np

from tfp_vae import checks

_SMALLEST_RISE = 0.01
"""In nats for each row, a ratio of 1.01 in density: less is no better model."""

_FEWEST_VALIDATIONS = 5
"""The noise of an epoch must not look like a plateau, however many steps an epoch has."""


class Convergence(keras.callbacks.Callback):
    """Trains until the ELBO of the validation data stops rising, with a learning rate that falls.

    It monitors `val_elbo`, in which the KL has weight 1 and the noise is the same at every
    validation. When this has not risen for `patience` steps, the weights of the best epoch are
    restored and the learning rate is multiplied by `factor`; after `reductions` of these, training
    stops. At the end the model has the weights of the best epoch, and the optimizer its initial
    learning rate. The weights before the first step count as epoch 0, since a model begins at its
    data, which training on few rows may only worsen. Give `fit` a large `epochs`, which is the
    most.

    Keras's `ReduceLROnPlateau` and `EarlyStopping` count epochs, of which small data needs hundreds
    and large data a few; each keeps a best value of its own, and the former goes on from the latest
    weights, which on small data have overfitted.

    Args:
      patience: The number of training steps without a rise, and at least five validations, after
        which the learning rate falls or training stops.
      tolerance: The smallest rise that counts, as a share of the rise since the first validation;
        less than 0.01 nats never counts.
      factor: What the learning rate is multiplied by, in (0, 1).
      reductions: How often it is.
      start_from_epoch: The number of epochs to wait before monitoring, such as those of a warm-up.

    Attributes:
      epochs: The number of epochs so far.
      best_epoch: The epoch of the best validation, counted from 1; 0 is before the first
        step, None before any validation.
      best: Its `val_elbo`, in nats.
      reason: Why training ended, in words; None before.

    Raises:
      TypeError: If an argument is no number.
      ValueError: If one has a wrong value; in `fit`, if there is no validation data, or the
        learning rate follows a schedule.

    Example:
      >>> x = np.array([[0, 1, 1], [1, 0, 1]])
      >>> vae = tfp_vae.VAE.for_data(x, latent_size=2)
      >>> vae.compile(run_eagerly=True)
      >>> convergence = callbacks.Convergence(patience=1, reductions=0)
      >>> history = vae.fit(x, validation_data=x, epochs=3, verbose=0, callbacks=[convergence])
      >>> convergence.reason
      'reached the 3 epochs asked for'
      >>> convergence.restore_best()
    """

    state_names = (
        *("epochs", "best_epoch", "best", "reason"),
        *("_best_weights", "_first", "_counted", "_counted_step", "_validations", "_reduced"),
    )

    def __init__(
        self,
        patience: int = 1000,
        tolerance: float = 1e-4,
        factor: float = 0.3,
        reductions: int = 2,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self.patience = checks.positive_int(patience, "patience")
        self.tolerance = checks.finite_number(tolerance, "tolerance", minimum=0.0)
        self.factor = checks.finite_number(factor, "factor", minimum=0.0, exclusive=True)
        if self.factor >= 1.0:
            raise ValueError(f"`factor` must be below 1; got {factor:g}.")
        self.reductions = checks.whole_number(reductions, "reductions")
        self.start_from_epoch = checks.whole_number(start_from_epoch, "start_from_epoch")
        self._forget()

    def _forget(self) -> None:
        self.epochs = 0
        self.best_epoch: int | None = None
        self.best = -np.inf
        self.reason: str | None = None
        self._best_weights: list[np.ndarray] | None = None
        # The first validation, and the latest one whose rise counted, with its step and the number
        # of validations since.
        self._first: float | None = None
        self._counted = -np.inf
        self._counted_step = self._validations = self._reduced = 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Forgets an earlier run, and scores the weights before the first step."""
        del logs
        rate = self.model.optimizer.get_config()["learning_rate"]
        if isinstance(rate, dict):
            raise ValueError(
                "`optimizer` must have a constant learning rate, which Convergence lowers; got "
                f"{rate['class_name']}."
            )
        self._forget()
        self._initial_rate = self._rate()
        self._counted_step = self._step()
        context = self.model.trainer.state.fit_context
        if context is not None and context.validate is not None:
            self._keep_if_best(context.validate()["elbo"])
            self._counted = self.best

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Compares the validation ELBO with those before; lowers the learning rate or stops."""
        self.epochs = epoch + 1
        value = (logs or {}).get("val_elbo")
        if value is None and not self.model.trainer.state.fit_context.validated:
            raise ValueError(
                "`validation_data` or `validation_split` must be given to `fit`, since Convergence "
                f"monitors the ELBO of held-out rows; got neither at the end of epoch {epoch + 1}."
            )
        if value is None or epoch < self.start_from_epoch:
            return
        self._compare(float(value))
        waited = self._step() - self._counted_step
        if waited < self.patience or self._validations < _FEWEST_VALIDATIONS:
            return
        if self._reduced < self.reductions:
            self._reduced += 1
            self.restore_best()
            self.model.optimizer.learning_rate = self._rate() * self.factor
            self._wait()
        else:
            self.reason = (
                f"the validation ELBO has not risen for {waited:,} steps at the lowest learning "
                "rate"
            )
            self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Restores the weights of the best epoch and the learning rate, and says why it ended."""
        del logs
        if self.reason is None:
            most = self.params["epochs"]
            if self.model.stop_training:
                self.reason = "another callback stopped it"
            elif self.epochs < most:
                self.reason = "there was no more data"
            else:
                self.reason = f"reached the {most} epochs asked for"
        self.restore_best()
        self.model.optimizer.learning_rate = self._initial_rate

    def restore_best(self) -> None:
        """Gives the model the weights of the best epoch so far."""
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)

    def _compare(self, value: float) -> None:
        self._validations += 1
        if self._first is None and np.isfinite(value):
            self._first = value
        self._keep_if_best(value)
        smallest = _SMALLEST_RISE
        if self._first is not None and np.isfinite(self._counted):
            smallest = max(smallest, self.tolerance * (self._counted - self._first))
        if value > self._counted + smallest:
            self._counted = value
            self._wait()

    def _keep_if_best(self, value: float) -> None:
        if value > self.best:
            self.best, self.best_epoch = value, self.epochs
            self._best_weights = self.model.get_weights()

    def _wait(self) -> None:
        self._counted_step, self._validations = self._step(), 0

    def _step(self) -> int:
        # A variable of several replicas has neither `__int__` nor `__float__`.
        return int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))

    def _rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
