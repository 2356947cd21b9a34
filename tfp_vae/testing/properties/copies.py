"""Copies: by config, by file, and in another precision, a model keeps its bound."""

import json
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.model import VAE, load
from tfp_vae.testing.properties.subject import NotApplicable, Subject, expect


def a_copy_by_config_and_weights_has_the_same_elbo(subject: Subject) -> None:
    """`get_config` and `get_weights` hold all that the bound depends on."""
    copy = subject.copy()
    expect(copy.get_config() == subject.vae.get_config(), "the config of the copy is another")
    _has_the_same_elbo(subject, copy)


def saving_and_loading_keeps_the_elbo(subject: Subject) -> None:
    """The model that `load` makes of what `save` wrote has the same bound for the same seed."""
    own = subject.own_classes()
    unregistered = sorted(
        kind.__name__
        for name, kind in own.items()
        if keras.saving.get_registered_object(name) is not kind
    )
    if unregistered:
        raise NotApplicable(
            f"{', '.join(unregistered)} must be registered with "
            "keras.saving.register_keras_serializable before a file can name it"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vae.keras"
        subject.vae.save(path)
        loaded = load(path, custom_objects=own)
    configs = [json.dumps(vae.get_config()) for vae in (subject.vae, loaded)]
    expect(configs[0] == configs[1], "the config of the loaded model is another")
    _has_the_same_elbo(subject, loaded)


def float32_tracks_float64(subject: Subject) -> None:
    """For given latents, a copy of the model in float64 has the same log p(x, z) - log q(z|x)."""
    if subject.vae.data_dtype != "float32" or subject.vae.preprocess is not None:
        raise NotApplicable("the model is not of float32, or a preprocess layer may draw")
    batch = subject.distributions(subject.everywhere)
    z = batch.posterior.sample(2, seed=seeds.as_seed(21))
    try:
        copy = subject.copy(_in_float64(subject.vae.get_config()))
        exact = copy.distributions(subject.x, condition=subject.condition)
        expected = exact.log_weights(tf.cast(z, "float64"))
    except (TypeError, ValueError, tf.errors.OpError) as error:
        reason = textwrap.shorten(str(error), 200, placeholder=" ...")
        raise NotApplicable(f"there is no copy of it in float64: {reason}") from error
    subject.expect_close(batch.log_weights(z), expected, "the log-weight of a draw")


def _has_the_same_elbo(subject: Subject, copy: VAE) -> None:
    found = copy.elbo(subject.x, seed=12, condition=subject.condition)
    expected = subject.elbo(subject.x, subject.everywhere, seed=12)
    for name, one, another in zip(expected._fields, expected, found, strict=True):
        subject.expect_close(another, one, name, subject.rounding)


def _in_float64(config: dict[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(config).replace('"float32"', '"float64"'))
    return copied
