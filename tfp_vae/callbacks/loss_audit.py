"""The audit of a hand-written model before its first step."""

import warnings
from collections.abc import Mapping
from typing import Any

import keras

from tfp_vae import checks, shapes
from tfp_vae.audit import AuditReport, audit_model


class LossAudit(keras.callbacks.Callback):
    """Audits a hand-written model before its first step, and stops one that would diverge.

    It is a callback for `fit` of Keras 3 and of tf_keras.

    A loss without a lower bound falls for as long as it is trained (`loss: -1.2e18`). The audit
    says so, and why, before the first step instead of after the last.

    Args:
      x: A few real examples `[N, *event_shape]`.
      **declaration: What the loss is meant to be, as arguments of `tfp_vae.audit_model`:
        `likelihood`, `decoder_output`, `expected_kl_weight`, `step`, `latents`, ...

    Attributes:
      report: The report of the last audit, None before it and where the model could not be read.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If `x` has no rows; and in `fit`, before the first step, if the loss has no lower
        bound: the message holds the report.

    Warns:
      UserWarning: In `fit`, if the loss has another mistake, or cannot be read.

    Example:
      >>> class Model(keras.Model):
      ...     def __init__(self):
      ...         super().__init__()
      ...         self.encoder = keras.layers.Dense(4)
      ...         self.decoder = keras.layers.Dense(6)
      ...
      ...     def train_step(self, x):
      ...         with tf.GradientTape() as tape:
      ...             mean, s = tf.split(self.encoder(x), 2, axis=-1)
      ...             z = mean + s * tf.random.normal(tf.shape(mean))
      ...             error = tf.reduce_sum((x - self.decoder(z)) ** 2, -1)
      ...             kl = -0.5 * tf.reduce_sum(mean**2 + s**2 - tf.math.log(s**2) - 1, -1)
      ...             loss = tf.reduce_mean(error + kl)
      ...         gradients = tape.gradient(loss, self.trainable_variables)
      ...         self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
      ...         return {"loss": loss}
      >>> model, x = Model(), np.zeros([8, 6], "float32")
      >>> model.compile(optimizer="adam")
      >>> model.fit(x, verbose=0, callbacks=[callbacks.LossAudit(x)])
      Traceback (most recent call last):
          ...
      ValueError: The loss has no lower bound, so that training would diverge...
    """

    def __init__(self, x: Any, **declaration: Any) -> None:
        super().__init__()
        self.x = checks.array(x, "x")
        if self.x.ndim < 2 or not len(self.x):
            raise ValueError(
                "`x` must be examples [N, *event_shape]; got shape "
                f"{shapes.written(*self.x.shape)}."
            )
        self.declaration = declaration
        self.report: AuditReport | None = None

    def _implements_train_batch_hooks(self) -> bool:
        """Whether a batch of training calls it, as tf_keras asks its callbacks."""
        return False

    def _implements_test_batch_hooks(self) -> bool:
        return False

    def _implements_predict_batch_hooks(self) -> bool:
        return False

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Audits the model."""
        del logs
        self.report = None
        try:
            self.report = audit_model(self.model, self.x, **self.declaration)
        except (TypeError, ValueError) as error:
            warnings.warn(f"The loss was not audited: {error}", stacklevel=2)
            return
        if "unbounded" in self.report.codes:
            raise ValueError(
                "The loss has no lower bound, so that training would diverge; no step was taken.\n"
                f"{self.report}"
            )
        if not self.report.ok:
            warnings.warn(str(self.report), stacklevel=2)
