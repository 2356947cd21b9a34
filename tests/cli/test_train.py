"""`train`: what it prints and writes, how it ends, and what it leaves if it is interrupted."""

import contextlib
import csv
import functools
import json
import re
import signal
import subprocess
import warnings

import keras
import numpy as np
import pytest

from tests.cli.program import PROGRAM, lines
from tfp_vae import callbacks, datasets

pytestmark = pytest.mark.usefixtures("without_xla")


def test_train_digits_prints_a_table_and_a_reason(digits_run):
    assert digits_run.returncode == 0, digits_run.stderr
    assert digits_run.stderr == ""
    for word in ("ELBO", "log-likelihood", "KL divergence", "nats", "bits per dimension"):
        assert word in digits_run.stdout
    assert "ContinuousBernoulli" in digits_run.stdout
    assert "binary cross-entropy" in digits_run.stdout
    assert "epoch 20/20" in digits_run.stdout
    assert "Trained for 20 epochs of 13 steps, best after " in digits_run.stdout
    assert "reached the 20 epochs asked for." in digits_run.stdout


def test_train_digits_writes_every_file(digits_run, digits_folder):
    written = digits_folder / "runs" / "digits"
    assert sorted(path.name for path in written.iterdir()) == [
        "config.json",
        "history.csv",
        "interpolation.png",
        "kl_per_dimension.png",
        "latent.png",
        "reconstructions.png",
        "run.checkpoint",
        "samples.png",
        "training.png",
        "traversals.png",
        "vae.keras",
    ]
    for picture in written.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG\r\n")
    config = json.loads((written / "config.json").read_text())
    assert config["likelihood"] == "ContinuousBernoulli"
    assert config["rows"] == {"train": 1258, "valid": 180, "test": 359}
    with (written / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert float(rows[-1]["val_elbo"]) > float(rows[0]["val_elbo"])


def test_output_is_not_overwritten_unless_asked(digits_run, digits_folder, run_here):
    model = digits_folder / "runs" / "digits" / "vae.keras"
    before = model.read_bytes()
    refused = run_here("train", "digits", "--epochs", 1, cwd=digits_folder)
    assert refused.returncode == 2
    assert len(lines(refused.stderr)) == 1
    assert "--overwrite" in refused.stderr
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "choice", "likelihood"),
    [
        ("binary.npy", "auto", "Bernoulli"),
        pytest.param("several.npz", "auto", "Normal", marks=pytest.mark.nightly),
        pytest.param("named.csv", "laplace", "Laplace", marks=pytest.mark.nightly),
    ],
)
def test_train_on_a_file(data_folder, name, choice, likelihood, run_here):
    options = ["--epochs", 2, "--latent-size", 2, "--likelihood", choice, "-o", "out"]
    done = run_here("train", name, *options, cwd=data_folder)
    assert done.returncode == 0, done.stderr
    assert likelihood in done.stdout
    assert (data_folder / "out" / "latent.png").exists()
    assert " nats, under independent columns " in done.stdout
    if name == "several.npz":
        assert ", under factor analysis " in done.stdout


@pytest.mark.nightly
def test_train_goes_on_until_the_validation_elbo_has_stopped_rising(
    data_folder, run_here, monkeypatch
):
    monkeypatch.setattr(
        callbacks, "Convergence", functools.partial(callbacks.Convergence, 50, reductions=1)
    )
    run = ["train", "binary.npy", "--batch-size", 10, "-o", "out"]
    done = run_here(*run, cwd=data_folder)
    assert done.returncode == 0, done.stderr
    (end,) = re.findall(r"^Trained for .*$", done.stdout, re.M)
    found = re.fullmatch(
        r"Trained for (\d+) epochs of 13 steps, best after (\d+): the validation ELBO has not "
        r"risen for \d+ steps at the lowest learning rate\.",
        end,
    )
    epochs, best = map(int, found.groups())
    assert 0 <= best <= epochs
    assert "epoch 10: ELBO" in done.stdout
    config = json.loads((data_folder / "out" / "config.json").read_text())
    assert (config["epochs"], config["trained"]) == (None, end)
    with (data_folder / "out" / "history.csv").open() as file:
        values = [float(row["val_elbo"]) for row in csv.DictReader(file)]
    assert len(values) == epochs
    assert int(np.argmax(values)) + 1 == best
    data = np.load(data_folder / "binary.npy")
    vae = keras.models.load_model(data_folder / "out" / "vae.keras", compile=False)
    vae.compile()
    valid = data[datasets.split(len(data), seed=0).valid]
    log = vae.evaluate(valid, batch_size=10, verbose=0, return_dict=True)
    assert log["elbo"] == pytest.approx(max(values), rel=1e-5)
    resumed = run_here(*run, "--resume", cwd=data_folder)
    assert f"Resumed after epoch {epochs}.\n" in resumed.stdout
    assert end in resumed.stdout


@pytest.mark.nightly
def test_a_warning_of_training_is_a_line(data_folder, run_here, monkeypatch):
    def warned(*arguments, **options):
        warnings.warn("`elbo` still climbs.", RuntimeWarning, stacklevel=2)

    monkeypatch.setattr("tfp_vae.training.trainer.warn_of_underfitting", warned)
    done = run_here("train", "binary.npy", "--epochs", 1, cwd=data_folder)
    assert "Warning: `elbo` still climbs.\n" in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="interrupts are ignored here, as in a background job, and so they are by the program",
)
def test_an_interrupted_run_leaves_a_model_that_loads(tmp_path, run_here):
    # A group of its own, so that the interrupt reaches the program alone, as from a terminal.
    process = subprocess.Popen(
        [PROGRAM, "train", "digits", "--epochs", "100000", "-o", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    history = tmp_path / "out" / "history.csv"
    while not (history.exists() and len(history.read_bytes()) > 500):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            pytest.fail(process.stderr.read())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert len(lines(errors)) == 1
    assert "interrupted after" in errors
    done = run_here("evaluate", "out", "digits", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
