"""Encodes rows of data as latents, and decodes latents as data, a batch at a time."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.training import DataContract

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_BATCHES_WITHOUT_BAR = 100


class LatentContract:
    """The rows that `VAE.decode` takes: latents, and their condition.

    Args:
      vae: The model.
    """

    def __init__(self, vae: "VAE") -> None:
        self.row_shape: tuple[int, ...] | None = (vae.latent_size,)
        self.dtype = vae.data_dtype
        self.conditional = vae.pipeline.parts.required
        self.condition_row_shape = vae.pipeline.condition_row_shape
        self._vae = vae

    def absent_condition(self, rows: int) -> None:
        """Returns None: where there is a condition, it must be given."""
        del rows

    def check_condition(self, condition: Any, rows: int | None, name: str = "condition") -> None:
        """Raises a TypeError or ValueError unless there is a valid y for each row of z."""
        self._vae.check_condition(condition, None, name)
        if condition is not None and rows != len(checks.array(condition, name)):
            raise ValueError(
                f"`z` must have one row for each row of `{name}`; got {rows} for "
                f"{len(checks.array(condition, name))}."
            )

    def check_rows(self, z: Any, name: str = "z") -> None:
        """Raises a TypeError or ValueError unless `z` is finite, `[N, latent_size]`, N > 0."""
        values = checks.array(z, name)
        assert self.row_shape is not None
        checks.batch_shape(values.shape, self.row_shape, name)
        if not len(values):
            raise ValueError(f"`{name}` must hold at least one row; got an empty array.")
        checks.finite(values, name)
        checks.representable(values, self.dtype, name)


def encoded(
    vae: "VAE",
    x: Any,
    condition: Any,
    seed: seeds.Seed,
    return_stddev: bool,
    options: dict[str, Any],
) -> Any:
    """Computes latents of any data that Keras takes.

    Args:
      vae: The model.
      x: An array `[N, *event]`, or a source of batches.
      condition: y, `[N, ...]`, or None.
      seed: The seed of a draw, or None for the mean.
      return_stddev: Whether the standard deviation is computed, too.
      options: `batch_size`, `verbose` and `steps`.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the data does not fit the model, a seed is given where the standard deviation
        is asked for, or the posterior has none.
    """
    checks.instance_of(return_stddev, bool, "return_stddev", "True")
    if not return_stddev:
        return mapped(vae, (_mean, _draw), x, condition, seed, options)
    if seed is not None:
        raise ValueError("`seed` must be None with return_stddev=True: nothing is drawn.")
    try:
        return mapped(vae, (_mean_and_stddev, _draw), x, condition, None, options)
    except NotImplementedError as error:
        raise ValueError(
            "`return_stddev` must be False for a posterior whose standard deviation has no "
            f"formula; got True with {type(vae.encoder.posterior).__name__}."
        ) from error


def decoded(
    vae: "VAE", z: Any, condition: Any, seed: seeds.Seed, options: dict[str, Any]
) -> np.ndarray:
    """Computes data of latents.

    Args:
      vae: The model.
      z: An array `[N, latent_size]`, or a source of batches.
      condition: y, `[N, ...]`, or None.
      seed: The seed of a draw from p(x|z), or None for its mean.
      options: `batch_size`, `verbose` and `steps`.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the latents or the condition do not fit the model.
    """
    rows = mapped(
        vae,
        (_decoded_mean, _decoded_draw),
        z,
        condition,
        seed,
        options,
        contract=LatentContract(vae),
        name="z",
    )
    return np.asarray(rows)


def mapped(
    vae: "VAE",
    functions: tuple[Callable[..., Any], Callable[..., Any]],
    rows: Any,
    condition: Any,
    seed: seeds.Seed,
    options: dict[str, Any],
    contract: DataContract | None = None,
    name: str = "x",
) -> Any:
    """Maps batches by the first function, or with a seed by the second, which draws."""
    without_seed, with_seed = functions
    if seed is None:
        step = vae.trainer.compiled_step(without_seed)
    else:
        key, batches = seeds.as_seed(seed), itertools.count()
        drawn = vae.trainer.compiled_step(with_seed)

        def step(batch: Any) -> Any:
            return drawn(batch, seeds.fold_in(key, next(batches)))

    return vae.trainer.mapped(
        step, rows, condition, options, contract, name, batches_without_bar=_BATCHES_WITHOUT_BAR
    )


def _mean(vae: "VAE", batch: Any) -> tf.Tensor:
    return vae.reconstructing_latents(posterior_of(vae, batch))


def _mean_and_stddev(vae: "VAE", batch: Any) -> tuple[tf.Tensor, tf.Tensor]:
    posterior = posterior_of(vae, batch)
    return vae.reconstructing_latents(posterior), posterior.stddev()


def _draw(vae: "VAE", batch: Any, seed: tf.Tensor) -> tf.Tensor:
    return posterior_of(vae, batch).sample(seed=seed)


def posterior_of(vae: "VAE", batch: Any) -> Any:
    """Returns q(z|x) of a batch."""
    x, y = rows_of(vae, batch)
    return vae.posterior(x, condition=y)


def _decoded_mean(vae: "VAE", batch: Any) -> tf.Tensor:
    return vae.decoder.likelihood.prediction(_likelihood(vae, batch))


def _decoded_draw(vae: "VAE", batch: Any, seed: tf.Tensor) -> tf.Tensor:
    return _likelihood(vae, batch).sample(seed=seed)


def _likelihood(vae: "VAE", batch: Any) -> Any:
    z, y = rows_of(vae, batch)
    known = vae.decoder.likelihood.known_at(vae.pipeline.exposures_in(y))
    return vae.decoded(tf.cast(z, vae.data_dtype), vae.pipeline.features(y, None), known=known)


def rows_of(vae: "VAE", batch: Any) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Returns x and y of a batch; y is None unless the model takes one."""
    rows, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    return rows, y if vae.conditional else None
