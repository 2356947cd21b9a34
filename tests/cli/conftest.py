import subprocess

import numpy as np
import pytest
import tensorflow as tf

from tests.cli.program import run
from tfp_vae_cli import app
from tfp_vae_cli.actions import progress

# TensorFlow reports a missing GPU on standard error when it first lists the devices.
tf.config.list_physical_devices()


@pytest.fixture(autouse=True)
def endless_patience(monkeypatch):
    """Says nothing of what takes long, which on a slow machine may be anything."""
    monkeypatch.setattr(progress, "PATIENCE", 1e5)


@pytest.fixture
def run_here(capfd, monkeypatch):
    """Runs a command within this process, in the folder `cwd`."""

    def run_within_this_process(*arguments, cwd):
        monkeypatch.chdir(cwd)
        capfd.readouterr()
        code = app.run([*map(str, arguments)])
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    return run_within_this_process


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("digits")


@pytest.fixture(scope="session")
def digits_run(digits_folder):
    return run("train", "digits", "--epochs", 20, "--latent-size", 4, cwd=digits_folder)


@pytest.fixture
def data_folder(tmp_path):
    generator = np.random.default_rng(0)
    np.save(tmp_path / "binary.npy", generator.integers(0, 2, [60, 5]))
    np.savez(tmp_path / "several.npz", x=generator.normal(size=[60, 5]), other=np.zeros(3))
    np.savez(tmp_path / "unclear.npz", a=np.zeros([3, 2]), b=np.zeros([3, 2]))
    (tmp_path / "named.csv").write_text(
        "a,b,c\n" + "\n".join(f"{i},{i % 7},{1000 * i}" for i in range(60)) + "\n"
    )
    (tmp_path / "words.csv").write_text("a,b\n1,2\n3,many\n")
    (tmp_path / "holes.csv").write_text("1,2\n3,nan\n5,6\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "objects.npy").write_bytes(b"")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "broken.keras").write_bytes(b"not a model")
    (tmp_path / "broken.h5").write_bytes(b"not HDF5")
    (tmp_path / "pictures").mkdir()
    return tmp_path
