"""The best of a few settings of our own, chosen on the validation rows: what defaults could reach.

Columns of real values are standardised beforehand; the densities are those of the data's own units.
"""

import time
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

import tfp_vae
from benchmarks.defaults import ours, vae_scores
from benchmarks.defaults.real_data import Split
from benchmarks.defaults.scaling import Scaling
from benchmarks.defaults.scores import Score
from tfp_vae import likelihoods, networks, posteriors


@dataclass(frozen=True)
class Setting:
    """A setting of the grid.

    Attributes:
      width: The width of two dense layers in the encoder and in the decoder; None is the default.
      learning_rate: Adam's.
      scale: The scale of a normal likelihood.
    """

    width: int | None
    learning_rate: float
    scale: str


SETTINGS = (
    Setting(None, 1e-3, "learned"),
    Setting(64, 3e-3, "learned"),
    Setting(64, 1e-3, "shared"),
    Setting(256, 1e-3, "shared"),
    Setting(256, 3e-4, "learned"),
)


def best(data: Split, latent_size: int, _: np.ndarray) -> Score:
    """Trains every setting, and scores the one with the highest ELBO of the validation rows."""
    begun = time.process_time()
    suggested = likelihoods.suggest(data.x_train).likelihood
    real = _real_columns(suggested)
    scaling = _scaling_of(data.x_train, real)
    scaled = Split(*(_scaled(rows, scaling) for rows in (data.x_train, data.x_valid, data.x_test)))
    kept, highest = None, -np.inf
    for setting in SETTINGS:
        keras.utils.set_random_seed(0)
        try:
            vae = ours.fit(_model(scaled, latent_size, suggested, setting), scaled, _adam(setting))
        except FloatingPointError:
            continue
        elbo = vae.evaluate(scaled.x_valid, return_dict=True, verbose=0)["elbo"]
        if elbo > highest:
            kept, highest = (setting, vae), elbo
    setting, vae = kept
    seconds = time.process_time() - begun
    found = vae_scores.score(vae, scaled.x_test, seconds)
    flat = found.reconstructed.reshape(len(data.x_test), -1)
    return replace(
        found,
        log_p=found.log_p - scaling.log_scale,
        reconstructed=scaling.inverse(flat).reshape(data.x_test.shape),
        notes=found.notes | {"setting": vars(setting)},
    )


def _adam(setting: Setting) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(setting.learning_rate)


def _model(data: Split, latent_size: int, suggested: Any, setting: Setting) -> tfp_vae.VAE:
    likelihood = _with_scale(suggested, setting.scale)
    default = tfp_vae.VAE.for_data(data.x_train, latent_size, likelihood=likelihood)
    if setting.width is None or data.x_train.ndim == 4:
        return default
    widths = [setting.width, setting.width]
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp(widths), posteriors.MultivariateNormalDiag(latent_size)),
        tfp_vae.Decoder(networks.mlp(widths), _with_scale(suggested, setting.scale)),
    )


def _with_scale(likelihood: Any, scale: str) -> Any:
    """Returns a fresh copy of a likelihood, the scale of its normal parts replaced."""
    if isinstance(likelihood, likelihoods.Product):
        parts = [_with_scale(part, scale) for part in likelihood.parts]
        return likelihoods.Product(list(zip(likelihood.columns, parts, strict=True)))
    config = likelihood.get_config()
    config.pop("name", None)
    if isinstance(likelihood, likelihoods.Normal):
        config["scale"] = scale
    return type(likelihood).from_config(config)


def _real_columns(likelihood: Any) -> np.ndarray:
    """Returns which values of a row are any real number under a likelihood, `[D]`."""
    if isinstance(likelihood, likelihoods.Product):
        real = np.zeros(likelihood.event_shape, bool)
        for columns, part in zip(likelihood.columns, likelihood.parts, strict=True):
            real[columns] = _real_columns(part)
        return real
    unbounded = np.isinf(likelihood.support.lower) and not likelihood.support.integers
    return np.full(int(np.prod(likelihood.event_shape)), unbounded)


def _scaling_of(x: np.ndarray, real: np.ndarray) -> Scaling:
    found = Scaling.of(x.reshape(len(x), -1).astype(np.float64))
    return Scaling(np.where(real, found.loc, 0.0), np.where(real, found.scale, 1.0))


def _scaled(x: np.ndarray, scaling: Scaling) -> np.ndarray:
    if (scaling.loc == 0.0).all() and (scaling.scale == 1.0).all():
        return x
    return scaling(x.reshape(len(x), -1)).reshape(x.shape)
