"""A run that is killed and resumed ends in the weights of one that was not killed, bit by bit."""

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import time

import keras
import numpy as np
import pytest

import tfp_vae
from tests.support.processes import ENVIRONMENT, command
from tfp_vae import callbacks, likelihoods, networks, objectives, posteriors, priors

PROGRAM = "killable_run"
ROWS = np.random.default_rng(0).integers(0, 2, [33, 6]).astype(np.float32)


def weights(folder):
    subprocess.run(command(PROGRAM, folder, 0), env=ENVIRONMENT, check=True, timeout=300)
    with np.load(folder / "weights.npz") as file:
        return dict(file)


def assert_identical(got, expected):
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    return weights(tmp_path_factory.mktemp("never-killed"))


@pytest.mark.nightly
@pytest.mark.parametrize("call", [5])
def test_a_run_killed_while_it_writes_goes_on_to_the_same_weights(never_killed, tmp_path, call):
    killed = subprocess.run(
        command(PROGRAM, tmp_path, call), env=ENVIRONMENT, check=False, timeout=300
    )
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "run.checkpoint").exists()
    assert_identical(weights(tmp_path), never_killed)


def training_process(folder):
    """Starts a run in a new folder; returns when its training begins."""
    folder.mkdir()
    process = subprocess.Popen(
        command(PROGRAM, folder, 0), env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "training\n"
    return process


@pytest.mark.nightly
def test_a_run_killed_at_20_random_moments_goes_on_to_the_same_weights(never_killed, tmp_path):
    process = training_process(tmp_path / "timed")
    started = time.monotonic()
    assert process.stdout.readline() == "trained\n"
    seconds = time.monotonic() - started
    process.communicate()
    draws = random.Random(0)
    epochs_had = set()
    killed = 0
    for index in itertools.count():
        folder = tmp_path / str(index)
        process = training_process(folder)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(draws.uniform(0, seconds))
        process.kill()
        process.communicate()
        # A run that was over before the kill came is none that was killed.
        if process.returncode == -signal.SIGKILL:
            killed += 1
            if (folder / "run.checkpoint").exists():
                with np.load(folder / "run.checkpoint") as file:
                    epochs_had.add(json.loads(str(file["description"]))["epochs"])
            assert_identical(weights(folder), never_killed)
        if killed == 20:
            break
    assert len(epochs_had) > 1


class KilledError(BaseException):
    """Stands for a kill within this process."""


def vae(objective=None, prior=None):
    keras.utils.set_random_seed(1)
    made = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihoods.Bernoulli([6])),
        prior=prior,
        objective=objective,
    )
    made.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    return made


def fit(model, checkpoint, epochs=4, rows=ROWS):
    given = [checkpoint] if checkpoint else []
    return model.fit(rows, epochs=epochs, batch_size=16, verbose=0, callbacks=given)


# A checkpoint is written with three calls: fsync of the file, replace, fsync of the folder.
@pytest.mark.nightly
@pytest.mark.parametrize("call", [2, 4, 5, 6])
def test_every_point_of_the_writing(tmp_path, monkeypatch, call):
    def annealed():
        schedule = objectives.LinearWarmUp(10)
        return vae(objectives.ELBO(kl_weight=schedule), priors.VampPrior(3))

    uninterrupted = annealed()
    expected = fit(uninterrupted, None)
    calls = iter(range(1, 100))
    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            function = getattr(os, name)

            def dying(*arguments, function=function):
                if next(calls) == call:
                    raise KilledError
                return function(*arguments)

            patch.setattr(os, name, dying)
        with pytest.raises(KilledError):
            fit(annealed(), callbacks.Checkpoint(tmp_path / "run"))
    resumed = annealed()
    history = fit(resumed, callbacks.Checkpoint(tmp_path / "run", data=ROWS))
    assert history.epoch == [0, 1, 2, 3]
    assert history.history == expected.history
    for got, wanted in zip(resumed.variables, uninterrupted.variables, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_the_seed_of_the_first_run_counts(tmp_path):
    uninterrupted = vae()
    fit(uninterrupted, None)
    fit(vae(), callbacks.Checkpoint(tmp_path / "run"), epochs=2)
    resumed = vae()
    keras.utils.set_random_seed(99)
    fit(resumed, callbacks.Checkpoint(tmp_path / "run"))
    for got, wanted in zip(resumed.get_weights(), uninterrupted.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_finished_run_is_left_as_it_is(tmp_path):
    finished = vae()
    fit(finished, callbacks.Checkpoint(tmp_path / "run", every=3))
    again = vae()
    history = fit(again, callbacks.Checkpoint(tmp_path / "run"))
    assert history.epoch == [0, 1, 2, 3]
    for got, wanted in zip(again.get_weights(), finished.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_another_run_is_refused(tmp_path):
    fit(vae(), callbacks.Checkpoint(tmp_path / "run", data=ROWS), epochs=1)
    with pytest.raises(ValueError, match="a run with another data"):
        fit(vae(), callbacks.Checkpoint(tmp_path / "run", data=1 - ROWS))
    with pytest.raises(ValueError, match="a run with another model"):
        fit(vae(objectives.ELBO(kl_weight=0.5)), callbacks.Checkpoint(tmp_path / "run"))
    (tmp_path / "run").write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match="is no checkpoint of a run"):
        fit(vae(), callbacks.Checkpoint(tmp_path / "run"))
