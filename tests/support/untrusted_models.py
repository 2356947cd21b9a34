"""Saved models that were altered to do harm."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import tfp_vae
from tests.support.small_models import compiled_vae, small_vae

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


class WritesAFile:
    """An object whose pickle writes a file when it is read."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (Path(self.marker),)


def saved(folder, **options):
    """Saves a small model that was trained for no step, and returns its file."""
    path = Path(folder) / "vae.keras"
    vae = compiled_vae(**options)
    vae.optimizer.build(vae.trainable_variables)
    vae.save(path)
    return path


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(members, path, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_config(path, edit):
    """Rewrites a saved model with another configuration, its checksums right."""
    members = members_of(path)
    config = json.loads(members[CONFIG])
    edit(config)
    return archive_of({**members, CONFIG: json.dumps(config).encode()}, path)


def with_weights(path, edit):
    """Rewrites a saved model with other weights, its checksums right."""
    members = members_of(path)
    content = io.BytesIO(members[WEIGHTS])
    with h5py.File(content, "a") as file:
        edit(file)
    return archive_of({**members, WEIGHTS: content.getvalue()}, path)


def with_member(path, name, content):
    """Rewrites a saved model with one member more."""
    return archive_of({**members_of(path), name: content}, path)


def with_a_lambda(folder, marker):
    """Saves a model whose preprocess layer writes a file when it is called."""
    path = Path(folder) / "lambda.keras"
    text = str(marker)
    layer = keras.layers.Lambda(lambda x: [open(text, "w").close(), x][1])
    small_vae(preprocess=layer).save(path)
    Path(marker).unlink(missing_ok=True)
    return path


def with_pickled_weights(path, marker):
    """Puts a pickle where NumPy would find the weights."""
    content = io.BytesIO()
    np.savez(content, x=np.array([WritesAFile(marker)], dtype=object))
    members = members_of(path)
    del members[WEIGHTS]
    return archive_of({**members, "model.weights.npz": content.getvalue()}, path)


def pickle_file(path, marker):
    Path(path).write_bytes(pickle.dumps(WritesAFile(marker)))
    return path


def refused(path, message):
    with pytest.raises(ValueError, match=message) as caught:
        tfp_vae.load(path)
    text = str(caught.value)
    assert text.startswith(f"{path.name!r} cannot be loaded as a model: ")
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 400
