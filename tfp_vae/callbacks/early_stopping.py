"""Early stopping on the validation ELBO."""

from collections.abc import Mapping

import keras

from tfp_vae import checks


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Stops when the ELBO of the validation data stops improving.

    It monitors `val_elbo`, in which the KL has weight 1 whatever the objective is: a warm-up of the
    KL weight does not look like a decrease. At the end the weights of the best epoch are restored.
    With `validation_freq`, epochs without a validation are ignored.

    Args:
      patience: The number of epochs to wait for an improvement.
      min_delta: The smallest improvement that counts, in nats.
      start_from_epoch: The number of epochs to wait before monitoring, such as those of a warm-up.
      verbose: 1 to print when training stops, 0 for silence.

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
        """Compares the validation ELBO with the best so far."""
        if self.monitor not in (logs or {}):
            if self.model.trainer.state.fit_context.validated:
                return
            raise ValueError(
                "`validation_data` or `validation_split` must be given to `fit`, since "
                "EarlyStopping monitors the ELBO of held-out rows; got neither at the end of epoch "
                f"{epoch + 1}."
            )
        super().on_epoch_end(epoch, logs)
