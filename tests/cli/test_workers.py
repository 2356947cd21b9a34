"""`tfp-vae train --workers 2`, compared with the same run in one process."""

import csv
import json
import os
import signal
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.cli.program import PROGRAM


def arguments(*options):
    return ["x.npy", "--epochs", "2", "--latent-size", "2", "--batch-size", "20", *options]


def train(folder, *options):
    return subprocess.run(
        [PROGRAM, "train", *arguments(*options)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def history(folder):
    with (folder / "history.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    np.save(folder / "x.npy", np.random.default_rng(0).integers(0, 2, [90, 5]))
    return folder


@pytest.mark.nightly
def test_two_workers_write_the_run_of_one(folder):
    ran = train(folder, "-o", "one")
    assert ran.returncode == 0, ran.stderr
    assert "epoch 2/2" in ran.stdout
    ran = train(folder, "-o", "two", "--workers", "2", "--format", "json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["rows"] == 18
    assert "epoch 2/2" in ran.stderr
    one, two = folder / "one", folder / "two"
    assert sorted(path.name for path in one.iterdir()) == sorted(
        path.name for path in two.iterdir()
    )
    for expected, got in zip(history(one), history(two), strict=True):
        assert got == pytest.approx(expected, rel=1e-5)
    models = [keras.models.load_model(each / "vae.keras") for each in (one, two)]
    for weight, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(weight, other, rtol=1e-5, atol=1e-6)


@pytest.mark.nightly
def test_a_worker_that_fails_ends_the_run_with_one_line(folder):
    (folder / "full").mkdir()
    (folder / "full" / "notes.txt").touch()
    ran = train(folder, "-o", "full", "--workers", "2")
    assert ran.returncode == 2
    assert ran.stderr.startswith("tfp-vae: worker 0 of 2: ")
    assert "is not empty; pass --overwrite" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.nightly
def test_a_worker_that_is_killed_ends_the_run_with_one_line_and_it_goes_on(folder):
    run = ["--epochs", "200", "--workers", "2"]
    assert train(folder, *run, "-o", "never-killed").returncode == 0
    process = subprocess.Popen(
        [PROGRAM, "train", *arguments(*run), "-o", "killed"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    next(line for line in process.stdout if line.startswith("epoch "))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors == (
        "tfp-vae: worker 1 of 2 was killed by SIGKILL; the same command with --resume continues "
        "after the last saved epoch.\n"
    )
    resumed = train(folder, *run, "-o", "killed", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "Resumed after epoch" in resumed.stdout
    names = ("never-killed", "killed")
    assert history(folder / names[0]) == history(folder / names[1])
    models = [keras.models.load_model(folder / name / "vae.keras") for name in names]
    for weight, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(weight, other)
