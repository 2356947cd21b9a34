"""Images and histograms of a model in TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, divergences
from tfp_vae.paths import as_path

_MOST_ROWS = 1000


class TensorBoardImages(keras.callbacks.Callback):
    """Writes reconstructions, draws and histograms of the latents for TensorBoard.

    For rows that are images (`[height, width]`, or with 1 or 3 channels, values in [0, 1]) it
    writes `data`, `reconstructions` and `draws`. For all rows it writes the histograms
    `latents/mean` and `latents/stddev`, over rows and latents, and `latents/kl`, the mean KL of
    every latent in nats, where the posterior has these in closed form.
    `keras.callbacks.TensorBoard` writes the terms of the log into the same folder.

    Args:
      log_dir: The folder that TensorBoard reads.
      x: Rows to write, `[N, *event]`; only the first 1,000 are used.
      every: The number of epochs between writes.
      images: The number of images of each kind.

    Raises:
      ImportError: If TensorBoard is not installed.
      TypeError: If an argument is of the wrong kind.
      ValueError: If there are no rows or a number is not positive; in `fit`, if `x` does not fit
        the model, or the model has a condition.

    Example:
      >>> x = np.array([[0, 1, 1], [1, 0, 1]])
      >>> pictures = callbacks.TensorBoardImages("runs/first", x, every=5)
    """

    def __init__(self, log_dir: str | Path, x: Any, every: int = 1, images: int = 8) -> None:
        super().__init__()
        try:
            import tensorboard  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "TensorBoardImages needs TensorBoard: pip install tensorboard."
            ) from error
        self.log_dir = str(as_path(log_dir, "log_dir", "runs/first"))
        rows = checks.array(x)
        if rows.ndim < 1 or not len(rows):
            raise ValueError("`x` must hold at least one row; got none.")
        self.rows = rows[:_MOST_ROWS]
        self.every = checks.positive_int(every, "every")
        self.images = checks.positive_int(images, "images")
        self._writer: Any = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Checks that the rows fit the model, and opens the event file."""
        del logs
        self.model.check_rows(self.rows)
        if self.model.pipeline.parts.required:
            raise ValueError(
                "`model` must have no condition, since draws from p(x|y) need a y; got one."
            )
        self._writer = tf.summary.create_file_writer(self.log_dir)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes images and histograms, if they are due."""
        del logs
        if (epoch + 1) % self.every:
            return
        with self._writer.as_default(step=epoch):
            self._write_images()
            self._write_histograms()
        self._writer.flush()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Closes the event file."""
        del logs
        self._writer.close()

    def _write_images(self) -> None:
        some = self.rows[: self.images]
        likelihood = self.model.decoder.likelihood
        data = self.model.prepared(some).numpy()
        if not _are_images(data):
            return
        kinds = {
            "data": data,
            "reconstructions": likelihood.prediction(self.model.reconstruct(some)).numpy(),
            "draws": self.model.sample(self.images, seed=0, mean=True).numpy(),
        }
        for name, values in kinds.items():
            channels = values if values.ndim == 4 else values[..., None]
            shown = np.clip(channels, 0.0, 1.0)
            tf.summary.image(name, shown, max_outputs=self.images)

    def _write_histograms(self) -> None:
        known = self.model.distributions(self.rows)
        for name in ("mean", "stddev"):
            try:
                values = getattr(known.posterior, name)()
            except NotImplementedError:
                continue
            tf.summary.histogram(f"latents/{name}", values)
        kl = divergences.kl_divergence_per_dimension(known.posterior, known.prior)
        if kl is not None:
            tf.summary.histogram("latents/kl", tf.reduce_mean(kl, axis=0))


def _are_images(rows: np.ndarray) -> bool:
    return rows.ndim == 3 or (rows.ndim == 4 and rows.shape[-1] in (1, 3))
