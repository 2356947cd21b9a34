"""`tfp-vae train --resume`, driven as a user drives it."""

import contextlib
import random
import re
import signal
import subprocess

import keras
import numpy as np
import pytest

from tests.cli.program import PROGRAM
from tests.support.processes import ENVIRONMENT, command

RUN = ["train", "x.npy", "--latent-size", "2", "--batch-size", "20"]
EPOCHS = ["--epochs", "100"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume")
    np.save(folder / "x.npy", np.random.default_rng(0).integers(0, 2, [90, 5]))
    return folder


@pytest.fixture
def undisturbed(folder, run_here):
    run = folder / "undisturbed"
    if not run.exists():
        assert run_here(*RUN, *EPOCHS, "-o", run, cwd=folder).returncode == 0
    return run


def signalled(folder, number):
    """Sends a run a signal after its first line on an epoch; returns its code, lines and errors."""
    process = subprocess.Popen(
        [PROGRAM, *RUN, *EPOCHS, "--resume", "-o", "disturbed"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("epoch "):
            break
    process.send_signal(number)
    _, errors = process.communicate()
    return process.returncode, lines, errors


@pytest.mark.nightly
def test_a_run_that_was_terminated_and_killed_ends_as_an_undisturbed_one(
    folder, undisturbed, run_here
):
    code, lines, errors = signalled(folder, signal.SIGTERM)
    assert code == 143
    assert lines[0] == "Nothing to resume in disturbed: the run begins.\n"
    assert errors == "tfp-vae: terminated; the same command with --resume continues the run.\n"
    code, lines, errors = signalled(folder, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert any(re.fullmatch(r"Resumed after epoch \d+ of 100\.\n", line) for line in lines)
    done = run_here(*RUN, *EPOCHS, "--resume", "-o", "disturbed", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert_same_run(folder / "disturbed", undisturbed)


def assert_same_run(run, expected):
    assert (run / "history.csv").read_bytes() == (expected / "history.csv").read_bytes()
    models = [keras.models.load_model(each / "vae.keras") for each in (run, expected)]
    for weight, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(weight, other)
    names, others = ({path.name for path in each.iterdir()} for each in (run, expected))
    assert names == others


MANY_EPOCHS = ["--epochs", "200"]


def killed_while_it_writes(folder, run, call):
    """Runs until the call of that number that moves bytes to the disk, and returns its code."""
    return subprocess.run(
        [*command("killable_cli", call), *RUN, *MANY_EPOCHS, "--resume", "-o", run],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        check=False,
        timeout=600,
    ).returncode


def killed_after(folder, run, seconds):
    """Runs until so long after the first line on an epoch, and returns its code."""
    process = subprocess.Popen(
        [PROGRAM, *RUN, *MANY_EPOCHS, "--resume", "-o", run],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    next(line for line in process.stdout if line.startswith("epoch "))
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.communicate()
    return process.returncode


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_killed_at_10_random_moments_ends_as_an_undisturbed_one(folder, run_here, seed):
    if not (folder / "never").exists():
        assert run_here(*RUN, *MANY_EPOCHS, "-o", "never", cwd=folder).returncode == 0
    draws, run = random.Random(seed), f"killed-{seed}"
    for _ in range(2):
        for _ in range(4):
            code = killed_while_it_writes(folder, run, draws.randint(1, 15))
            assert code == -signal.SIGKILL
        # Of the ten lines on an epoch, every such run comes to the next.
        assert killed_after(folder, run, draws.uniform(0, 0.05)) == -signal.SIGKILL
    done = run_here(*RUN, *MANY_EPOCHS, "--resume", "-o", run, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert_same_run(folder / run, folder / "never")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--epochs", "1"], 2, "has had 100 epochs already; got --epochs 1"),
        (["--batch-size", "21"], 2, "another --batch-size: it had 20; got 21"),
        (["--seed", "1"], 2, "another --seed: it had 0; got 1"),
        (["--overwrite"], 2, "--overwrite replaces it; give one of them"),
    ],
)
def test_another_run_is_not_resumed(undisturbed, run_here, options, code, words):
    before = {path.name: path.read_bytes() for path in undisturbed.iterdir()}
    arguments = [*RUN, *EPOCHS, *options, "--resume", "-o", undisturbed]
    refused = run_here(*arguments, cwd=undisturbed.parent)
    assert refused.returncode == code
    assert words in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert {path.name: path.read_bytes() for path in undisturbed.iterdir()} == before


def test_a_run_on_other_data_is_not_resumed(undisturbed, run_here, tmp_path):
    np.save(tmp_path / "x.npy", 1 - np.load(undisturbed.parent / "x.npy"))
    refused = run_here(*RUN, *EPOCHS, "--resume", "-o", undisturbed, cwd=tmp_path)
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
