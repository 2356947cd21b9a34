"""`tfp-vae train --resume` after a kill, driven as a user drives it."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tfp_vae.cli import app

PROGRAM = Path(sys.executable).with_name("tfp-vae")
RUN = ["train", "x.npy", "--latent-size", "2", "--batch-size", "20"]
EPOCHS = ["--epochs", "100"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume")
    np.save(folder / "x.npy", np.random.default_rng(0).integers(0, 2, [90, 5]))
    return folder


def begun(folder, *options):
    """Returns a process that has trained for some epochs."""
    process = subprocess.Popen(
        [PROGRAM, *RUN, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert any(line.startswith("epoch ") for line in process.stdout)
    return process


@pytest.fixture(scope="module")
def killed(folder):
    process = begun(folder, *EPOCHS, "-o", "killed")
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    return folder


@pytest.fixture
def run_here(capfd, monkeypatch):
    def run_within_this_process(*arguments, cwd):
        monkeypatch.chdir(cwd)
        capfd.readouterr()
        code = app.run([*map(str, arguments)])
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    return run_within_this_process


def assert_same_run(one, other):
    assert (one / "history.csv").read_bytes() == (other / "history.csv").read_bytes()
    models = [keras.models.load_model(run / "vae.keras") for run in (one, other)]
    for weight, expected in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert sorted(path.name for path in one.iterdir()) == sorted(
        path.name for path in other.iterdir()
    )


def test_a_killed_run_ends_as_if_it_had_not_been_killed(killed, run_here):
    resumed = run_here(*RUN, *EPOCHS, "--resume", "-o", "killed", cwd=killed)
    assert resumed.returncode == 0, resumed.stderr
    assert re.search(r"Resumed after epoch \d+ of 100\.", resumed.stdout)
    assert run_here(*RUN, *EPOCHS, "-o", "not-killed", cwd=killed).returncode == 0
    assert_same_run(killed / "killed", killed / "not-killed")


@pytest.fixture
def finished(folder, run_here):
    run = folder / "finished"
    if not run.exists():
        done = run_here(*RUN, "--epochs", 2, "--resume", "-o", run, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "Nothing to resume in " in done.stdout
    return run


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--epochs", "1"], 2, "has had 2 epochs already; got --epochs 1"),
        (["--epochs", "3", "--batch-size", "21"], 2, "another --batch-size: it had 20; got 21"),
        (["--epochs", "3", "--seed", "1"], 2, "another --seed: it had 0; got 1"),
        (["--epochs", "3", "--overwrite"], 2, "--overwrite replaces it: give one"),
    ],
)
def test_another_run_is_not_resumed(finished, run_here, options, code, words):
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    refused = run_here(*RUN, *options, "--resume", "-o", finished, cwd=finished.parent)
    assert refused.returncode == code
    assert words in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before


def test_a_run_on_other_data_is_not_resumed(finished, run_here, tmp_path):
    np.save(tmp_path / "x.npy", 1 - np.load(finished.parent / "x.npy"))
    options = [*RUN, "--epochs", 3, "--resume", "-o", finished]
    refused = run_here(*options, cwd=tmp_path)
    assert refused.returncode == 1
    assert "belongs to a run with another data" in refused.stderr


def test_a_folder_of_something_else_is_not_resumed(folder, run_here, tmp_path):
    (tmp_path / "notes.txt").touch()
    refused = run_here(*RUN, "--resume", "-o", tmp_path, cwd=folder)
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr
    (tmp_path / "run.checkpoint").write_bytes(b"not a checkpoint")
    refused = run_here(*RUN, "--resume", "-o", tmp_path, cwd=folder)
    assert refused.returncode == 1
    assert "config.json' cannot be read, to resume its run" in refused.stderr
