"""The command line, driven as a user drives it: processes, real files, exit codes.

A process takes seconds to import TensorFlow, so that where only the answer counts, and not the
process, the same program is run within this one.
"""

import contextlib
import csv
import functools
import inspect
import json
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.support import hand_written_vae
from tfp_vae import callbacks, datasets

pytestmark = pytest.mark.usefixtures("without_xla")

PROGRAM = Path(sys.executable).with_name("tfp-vae")


def run(*arguments, cwd):
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("command-line")


@pytest.fixture(scope="module")
def digits_run(folder):
    return run("train", "digits", "--epochs", 20, "--latent-size", 4, cwd=folder)


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


def test_train_digits_writes_every_file(digits_run, folder):
    written = folder / "runs" / "digits"
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


def test_evaluate_prints_json_that_adds_up(digits_run, folder):
    done = run("evaluate", "runs/digits", "digits", "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["rows"] == 1797
    difference = figures["log_likelihood"] - figures["kl_divergence"]
    assert figures["elbo"] == pytest.approx(difference, rel=1e-5)
    assert figures["bits_per_dimension"] == pytest.approx(-figures["elbo"] / 64 / np.log(2))


def test_evaluate_prints_a_table(digits_run, folder, run_here):
    model = "runs/digits/vae.keras"
    done = run_here("evaluate", model, "digits", "--no-report", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "nats per example" in done.stdout
    elbo, log_likelihood, kl = (
        [float(word) for word in re.findall(r"-?\d+\.\d+", line)]
        for line in done.stdout.splitlines()
        if re.match(r"\W*(ELBO|log-likelihood|KL divergence)\b", line) and "." in line
    )
    # Bits are a length of code: that of the data, and that of the latents.
    for nats, bits in ((-elbo[0], elbo[-1]), (-log_likelihood[0], log_likelihood[-1]), kl):
        assert bits == pytest.approx(nats / 64 / np.log(2), abs=2e-4)
    assert "report.html" not in done.stdout


def test_evaluate_writes_a_self_contained_report(digits_run, folder, run_here):
    done = run_here("evaluate", "runs/digits", "digits", "-o", "evaluated", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "report.html" in done.stdout
    text = (folder / "evaluated" / "report.html").read_text()
    pictures = {path.stem for path in (folder / "evaluated").glob("*.png")}
    assert pictures == {
        "calibration",
        "interpolation",
        "kl_per_dimension",
        "latent",
        "reconstructions",
        "samples",
        "training",
        "traversals",
    }
    markup = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    plots = re.findall(r'<div class="plot"><img alt="([^"]+)"', markup)
    # Training and latents are shown by what answers to the pointer.
    assert len(plots) == len(pictures) - 2
    assert not re.search(r"(src|href)=\"(?!data:)", markup)
    assert not re.search(r"<(script|link)[^>]+(src|href)=", text)
    for heading in ("What the most used latents do", "Rows by how poorly they are described"):
        assert heading in markup
    verdicts = re.search('<ul class="verdicts">.*?</ul>', markup, flags=re.S)[0]
    for sentence in ("Draws are told from rows: ", "it was trained on 1258: new rows may be"):
        assert sentence in verdicts
    assert "`" not in markup
    words = ("ELBO", "log p(x)", "bits per dimension", "mutual information", "learning rate")
    for word in (*words, "classifier accuracy", "Fréchet distance"):
        assert word in text
    assert "Left out" not in text
    steps = lines(done.stderr)
    assert len(steps) == 12
    assert steps[0] == "1/12: training"
    card = (folder / "evaluated" / "model_card.md").read_text()
    for word in ("| ELBO, nats per example |", "| latents | 4 |", "No collapse", "vae.keras"):
        assert word in card


def test_what_a_model_cannot_show_is_said_in_the_report(tables, run_here, tmp_path):
    assert run_here("train", "binary.npy", "--epochs", 1, cwd=tables).returncode == 0
    done = run_here("evaluate", "runs/binary", "binary.npy", cwd=tables)
    assert done.returncode == 0, done.stderr
    text = (tables / "runs" / "binary" / "evaluation" / "report.html").read_text()
    assert "Left out: the model must have a likelihood with a scale" in text


def test_five_rows_train_and_one_is_evaluated(tmp_path, run_here):
    """Of five rows one is the test set."""
    np.save(tmp_path / "five.npy", np.random.default_rng(0).normal(size=[5, 3]))
    np.save(tmp_path / "one.npy", np.zeros([1, 3]))
    done = run_here("train", "five.npy", "--epochs", 1, "-o", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "latent.png").exists()
    assert "There are too few rows to compare the model with simple ones: " in done.stdout
    assert "independent columns" not in done.stdout
    done = run_here("evaluate", "run", "one.npy", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "one, 1 rows" in done.stdout
    assert "nan" not in done.stdout
    text = (tmp_path / "run" / "evaluation" / "report.html").read_text()
    assert "Left out: the data must hold at least two rows" in text


def test_sample_writes_arrays_tables_and_pictures(digits_run, folder, run_here):
    assert run("sample", "runs/digits", "-n", 3, "-o", "draws.npy", cwd=folder).returncode == 0
    draws = np.load(folder / "draws.npy")
    assert draws.shape == (3, 8, 8, 1)
    assert ((draws >= 0) & (draws <= 1)).all()
    done = run_here("sample", "runs/digits", "-n", 3, "-o", "draws.csv", cwd=folder)
    assert done.returncode == 0
    table = np.loadtxt(folder / "draws.csv", delimiter=",")
    np.testing.assert_allclose(table.reshape(draws.shape), draws, rtol=1e-6)
    assert run_here("sample", "runs/digits", "-o", "draws.png", cwd=folder).returncode == 0
    assert (folder / "draws.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_output_is_not_overwritten_unless_asked(digits_run, folder, run_here):
    model = folder / "runs" / "digits" / "vae.keras"
    before = model.read_bytes()
    refused = run_here("train", "digits", "--epochs", 1, cwd=folder)
    assert refused.returncode == 2
    assert len(lines(refused.stderr)) == 1
    assert "--overwrite" in refused.stderr
    assert model.read_bytes() == before


@pytest.fixture
def tables(tmp_path):
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


@pytest.mark.parametrize(
    ("name", "choice", "likelihood"),
    [
        ("binary.npy", "auto", "Bernoulli"),
        ("several.npz", "auto", "Normal"),
        ("named.csv", "laplace", "Laplace"),
    ],
)
def test_train_on_a_file(tables, name, choice, likelihood, run_here):
    options = ["--epochs", 2, "--latent-size", 2, "--likelihood", choice, "-o", "out"]
    done = run_here("train", name, *options, cwd=tables)
    assert done.returncode == 0, done.stderr
    assert likelihood in done.stdout
    assert (tables / "out" / "latent.png").exists()
    assert " nats, under independent columns " in done.stdout
    if name == "several.npz":
        assert ", under factor analysis " in done.stdout


def test_train_goes_on_until_the_validation_elbo_has_stopped_rising(tables, run_here, monkeypatch):
    monkeypatch.setattr(
        callbacks, "Convergence", functools.partial(callbacks.Convergence, 50, reductions=1)
    )
    run = ["train", "binary.npy", "--batch-size", 10, "-o", "out"]
    done = run_here(*run, cwd=tables)
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
    config = json.loads((tables / "out" / "config.json").read_text())
    assert (config["epochs"], config["trained"]) == (None, end)
    with (tables / "out" / "history.csv").open() as file:
        values = [float(row["val_elbo"]) for row in csv.DictReader(file)]
    assert len(values) == epochs
    assert int(np.argmax(values)) + 1 == best
    data = np.load(tables / "binary.npy")
    vae = keras.models.load_model(tables / "out" / "vae.keras", compile=False)
    vae.compile()
    valid = data[datasets.split(len(data), seed=0).valid]
    log = vae.evaluate(valid, batch_size=10, verbose=0, return_dict=True)
    assert log["elbo"] == pytest.approx(max(values), rel=1e-5)
    resumed = run_here(*run, "--resume", cwd=tables)
    assert f"Resumed after epoch {epochs}.\n" in resumed.stdout
    assert end in resumed.stdout


def test_a_warning_of_training_is_a_line(tables, run_here, monkeypatch):
    def warned(*arguments, **options):
        warnings.warn("`elbo` still climbs.", RuntimeWarning, stacklevel=2)

    monkeypatch.setattr("tfp_vae.training.trainer.warn_of_underfitting", warned)
    done = run_here("train", "binary.npy", "--epochs", 1, cwd=tables)
    assert "Warning: `elbo` still climbs.\n" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["train", "absent.npy"], 2, "absent.npy"),
        (["train", "broken.keras"], 2, ".npy, .npz, .h5, .hdf5, .h5ad, .csv"),
        (["train", "pictures"], 1, "There are no images in"),
        (["train", "broken.h5"], 1, "broken.h5"),
        (["train", "digits", "--image-size", "big"], 2, "64 or 48x64"),
        (["train", "words.csv"], 1, "many"),
        (["train", "holes.csv", "--likelihood", "bernoulli"], 1, "0 or 1"),
        (["train", "empty.csv"], 1, "empty"),
        (["train", "broken.npz"], 1, "broken.npz"),
        (["train", "objects.npy"], 1, "objects.npy"),
        (["train", "unclear.npz"], 1, "a, b"),
        (["train", "digits", "--latent-size", "0"], 2, "--latent-size"),
        (["train", "digits", "--learning-rate", "-1"], 2, "--learning-rate"),
        (["train", "digits", "--likelihood", "gauss"], 2, "gauss"),
        (["train", "digits", "--likelihood", "bernoulli"], 1, "StochasticBinarization"),
        (["evaluate", "broken.keras", "digits"], 1, "broken.keras"),
        (["evaluate", "absent.keras", "digits"], 2, "absent.keras"),
        (["sample", "broken.keras", "-o", "x.pdf"], 2, ".png"),
        (["no-such-command"], 2, "no-such-command"),
    ],
)
def test_failures_are_one_line(tables, arguments, code, word, run_here):
    done = run_here(*arguments, cwd=tables)
    assert done.returncode == code
    assert len(lines(done.stderr)) == 1
    assert word in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(("name", "code"), [("absent.npy", 2), ("words.csv", 1)])
def test_failures_end_the_process_with_their_code(tables, name, code):
    done = run("train", name, cwd=tables)
    assert done.returncode == code
    assert len(lines(done.stderr)) == 1


def test_wrong_columns_for_a_model_are_one_line(digits_run, folder, tables, run_here):
    done = run_here("evaluate", folder / "runs" / "digits", "binary.npy", cwd=tables)
    assert done.returncode == 1
    assert len(lines(done.stderr)) == 1
    assert "[batch, 8, 8, 1]" in done.stderr


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


def test_help_names_every_command(tmp_path):
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("train", "evaluate", "sample", "audit"):
        assert command in done.stdout


LOSSES = """
import tensorflow as tf

def right(x, probs, mean, log_variance):
    nll = -tf.reduce_sum(
        x * tf.math.log(probs + 1e-7) + (1 - x) * tf.math.log(1 - probs + 1e-7), -1)
    kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, -1)
    return tf.reduce_mean(nll + kl)

def wrong(x, probs, mean, log_variance):
    kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, -1)
    return right(x, probs, mean, log_variance) - 2 * tf.reduce_mean(kl)

def sampler(mean, s):
    return mean + s * tf.random.normal(tf.shape(mean), dtype=mean.dtype)

def broken(x, probs, mean, log_variance):
    raise RuntimeError("no such thing")
"""


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["user_losses:right"], 0, "measured to compute"),
        (["user_losses:wrong"], 1, "kl-sign"),
        (["user_losses:right", "--sampler", "user_losses:sampler"], 1, "scale-mismatch"),
        (["user_losses:broken"], 2, "no such thing"),
        (["user_losses:absent"], 2, "absent"),
        (["no_such_module:loss"], 2, "no_such_module"),
        (["user_losses:right", "--likelihood", "gauss"], 2, "gauss"),
        (["user_losses:right", "--event-shape", "x"], 2, "--event-shape"),
    ],
)
def test_audit_ends_with_its_code(tmp_path, run_here, monkeypatch, arguments, code, word):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "user_losses.py").write_text(LOSSES)
    sizes = [] if "--event-shape" in arguments else ["--event-shape", "12", "--latent-size", 2]
    done = run_here("audit", *arguments, *sizes, cwd=tmp_path)
    sys.modules.pop("user_losses", None)
    assert done.returncode == code, done.stderr
    assert word in (done.stdout if code < 2 else done.stderr)
    if code == 2:
        assert len(lines(done.stderr)) == 1


MODELS = f"""{inspect.getsource(hand_written_vae)}

def make():
    return HandWrittenVAE(3.0)

model = HandWrittenVAE()
"""


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["user_models.py:model"], 0, "fixed-scale"),
        (["user_models.py:make"], 1, "kl-weight"),
        (["user_models:make", "--kl-weight", 3], 0, "fixed-scale"),
        (["user_models.py:HandWrittenVAE", "--likelihood", "bernoulli"], 1, "likelihood-formula"),
        (["user_models.py:HandWrittenVAE", "--prior", "wide"], 2, "--prior"),
        (["user_models.py:HandWrittenVAE", "--set", "epoch"], 2, "--set"),
        (["user_models.py:HandWrittenVAE", "--step", "no_such"], 2, "`step`"),
        (["no_such_file.py:VAE"], 2, "a file that exists"),
    ],
)
def test_audit_takes_a_model_or_what_makes_one(
    tmp_path, run_here, monkeypatch, arguments, code, word
):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "user_models.py").write_text(MODELS)
    done = run_here("audit", *arguments, "--event-shape", "6", cwd=tmp_path)
    sys.modules.pop("user_models", None)
    assert done.returncode == code, done.stderr
    assert word in (done.stdout if code < 2 else done.stderr)


def test_audit_prints_json_from_a_process(tmp_path):
    (tmp_path / "user_losses.py").write_text(LOSSES)
    done = run("audit", "user_losses:wrong", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert "kl-sign" in report["codes"]
    assert not report["ok"]
