"""An end to training where the validation bound no longer rises."""

from collections.abc import Mapping

import keras

from tfp_vae import checks


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Stops when the evidence lower bound of the validation data no longer rises.

    The bound is watched whatever the objective is, with a KL of weight 1, so that a warm-up of the
    KL does not look like a fall. In the end the model has the weights of its best epoch. Of a `fit`
    with `validation_freq`, only the epochs that end with a validation are looked at.

    Args:
      patience: How many epochs to wait for a better bound.
      min_delta: By how many nats a bound must be better to count.
      start_from_epoch: How many epochs to let pass first, such as those of a warm-up.
      verbose: Whether to say when training stops.

    Raises:
      TypeError: If an argument is no number.
      ValueError: If `patience` is not positive, or another number negative; in `fit`, if there is
        no validation data.

    Example:
      >>> x = np.array([[0, 1, 1], [1, 0, 1]])
      >>> vae = tfp_vae.VAE.for_data(x, latent_size=2)
      >>> vae.compile(run_eagerly=True)
      >>> history = vae.fit(x, validation_data=x, epochs=2, verbose=0,
      ...                   callbacks=[callbacks.EarlyStopping(patience=5)])
    """

    def __init__(
        self,
        patience: int = 10,
        min_delta: float = 0.0,
        start_from_epoch: int = 0,
        verbose: int = 0,
    ) -> None:
        if not isinstance(verbose, int):
            raise TypeError(f"`verbose` must be 0 or 1; got a {type(verbose).__name__}.")
        super().__init__(
            monitor="val_elbo",
            mode="max",
            patience=checks.positive_int(patience, "patience"),
            min_delta=checks.finite_number(min_delta, "min_delta", minimum=0.0),
            start_from_epoch=checks.finite_number(
                start_from_epoch, "start_from_epoch", minimum=0.0
            ),
            verbose=verbose,
            restore_best_weights=True,
        )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the bound of the epoch."""
        if self.monitor not in (logs or {}):
            if self.model.trainer.state.fit_context.validated:
                return
            raise ValueError(
                "`validation_data` or `validation_split` must be given to `fit` for an early stop, "
                "which watches the bound of rows that are not trained on; got neither at the end "
                f"of epoch {epoch + 1}."
            )
        super().on_epoch_end(epoch, logs)
