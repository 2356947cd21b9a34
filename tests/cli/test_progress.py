"""The output of the command line in a terminal, a pipe and a script."""

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import threading

import numpy as np
import pytest
from rich.console import Console

from tests.cli.program import PROGRAM
from tfp_vae_cli import app
from tfp_vae_cli.actions import progress
from tfp_vae_cli.actions.progress import EpochProgress, StepProgress, status

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")


@pytest.mark.nightly
def test_train_prints_json_alone_on_standard_output(tmp_path, monkeypatch, capfd):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 2, [90, 5]))
    monkeypatch.chdir(tmp_path)
    arguments = ["train", "x.npy", "--epochs", "1", "--latent-size", "2", "--format", "json"]
    assert app.run(arguments) == 0
    printed, errors = capfd.readouterr()
    figures = json.loads(printed)
    assert figures["rows"] == 18
    assert figures["trained"].endswith(": reached the 1 epochs asked for.")
    assert figures["elbo"] == pytest.approx(figures["log_likelihood"] - figures["kl_divergence"])
    assert "epoch 1/1" in errors
    assert "Written to" in errors


def shown(console):
    progress = EpochProgress(2, console)
    progress.on_train_begin()
    progress.on_epoch_end(0, {"elbo": -3.0, "val_elbo": -4.0})
    progress.stop()
    return console.file.getvalue()


def test_the_bar_has_colours_on_a_terminal_and_none_under_no_color(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = shown(Console(file=io.StringIO(), force_terminal=True))
    assert COLOUR.search(coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown(Console(file=io.StringIO(), force_terminal=True))
    assert not COLOUR.search(plain)
    assert "validation -4.00 nats" in plain


def test_the_bar_yields_to_plain_lines_where_there_is_no_terminal():
    text = shown(Console(file=io.StringIO(), force_terminal=False))
    assert text == "epoch 1/2: ELBO -3.00, validation -4.00 nats\n"


def test_of_an_unknown_number_of_epochs_some_are_shown():
    console = Console(file=io.StringIO(), force_terminal=False)
    progress = EpochProgress(None, console)
    for epoch in range(1200):
        progress.on_epoch_end(epoch, {"elbo": -3.0, "val_elbo": -4.0})
    shown = re.findall(r"^epoch (\d+): ELBO", console.file.getvalue(), re.M)
    assert [int(each) for each in shown] == [10, 20, 50, 100, 200, 500, 1000]


@pytest.mark.parametrize(
    ("shell", "asked"),
    [
        ("bash", {"COMP_WORDS": "tfp-vae tr", "COMP_CWORD": "1"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "tfp-vae tr"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "tfp-vae tr", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_a_shell_completes_commands(shell, asked):
    """Asked as the script of the shell asks; what the shell does with the answer is its own."""
    environment = {**os.environ, **asked, "_TFP_VAE_COMPLETE": f"complete_{shell}"}
    done = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert re.findall(r"train|evaluate|sample|audit", done.stdout)[0] == "train"
    assert not re.search(r"evaluate|sample|audit", done.stdout)


def run_at_a_terminal(*arguments, **environment):
    """Returns the outputs of `tfp-vae` whose standard error is a terminal."""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [PROGRAM, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    errors = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal that nobody writes to so.
        while more := os.read(ours, 1024):
            errors += more
    os.close(ours)
    return done.stdout.decode(), errors.decode()


@pytest.mark.nightly
def test_a_terminal_shows_that_tensorflow_is_imported():
    printed, errors = run_at_a_terminal("audit", "math:pi")
    assert printed == ""
    waiting, blank, rest = errors.split("\r", maxsplit=2)
    assert waiting == "Importing TensorFlow …"
    assert blank == " " * len(waiting)
    assert rest.startswith("tfp-vae: `loss` must be a function")


@pytest.mark.parametrize("asked", [[], ["--version"]], ids=["completion", "version"])
def test_what_needs_no_tensorflow_shows_nothing(asked):
    environment = {} if asked else {"_TFP_VAE_COMPLETE": "complete_zsh"}
    assert run_at_a_terminal(*asked, **environment)[1] == ""


def status_of_nothing(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal)
    with status("Drawing [5] rows", console):
        pass
    return console.file.getvalue()


def test_a_status_is_a_spinner_on_a_terminal_a_line_elsewhere_and_nothing_where_it_is_short(
    monkeypatch,
):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert status_of_nothing(True) == status_of_nothing(False) == ""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    spinner = status_of_nothing(True)
    assert re.search("[⠁-⣿].* Drawing \\[5\\] rows …", spinner)
    assert spinner.endswith("\x1b[1A\x1b[2K")  # It is gone at the end.
    assert COLOUR.search(spinner)
    assert status_of_nothing(False) == "Drawing [5] rows …\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(status_of_nothing(True))


def test_a_status_that_lasts_appears_after_a_moment(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 1e-3)
    shown = threading.Event()
    console = Console(file=io.StringIO(), force_terminal=False)
    monkeypatch.setattr(console, "print", lambda *_, **__: shown.set())
    with status("Drawing 5 rows", console):
        assert shown.wait(timeout=60)


def test_steps_are_a_bar_on_a_terminal_and_lines_elsewhere():
    def shown_of(terminal):
        console = Console(file=io.StringIO(), force_terminal=terminal)
        with StepProgress(["one", "two"], console) as steps:
            steps.begin("one")
        return console.file.getvalue()

    assert shown_of(False) == "1/2: one\n"
    assert "0/2" in shown_of(True)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    np.save(folder / "x.npy", np.random.default_rng(0).integers(0, 2, [90, 5]))
    (folder / "losses_of_faces.py").write_text(
        "def loss(x, probs, mean, scale):\n    return (mean**2).sum()\n"
    )
    before = os.getcwd()
    os.chdir(folder)
    try:
        assert app.run(["train", "x.npy", "--epochs", "1", "--latent-size", "2"]) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "runs/x", "x.npy", "--no-report"], ["Loading runs/x", "Scoring 90 rows"]),
        (["sample", "runs/x", "-o", "new.npy"], ["Loading runs/x", "Drawing 32 rows"]),
        (["audit", "losses_of_faces:loss"], ["Auditing losses_of_faces:loss"]),
        pytest.param(
            ["train", "x.npy", "--epochs", "1", "-o", "new"],
            ["Scoring 18 rows", "1/7: training"],
            marks=pytest.mark.nightly,
        ),
    ],
    ids=lambda value: value[0],
)
def test_what_takes_long_shows_its_status(run_folder, arguments, words, monkeypatch, capfd):
    monkeypatch.chdir(run_folder)
    monkeypatch.syspath_prepend(run_folder)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    app.run(arguments)
    printed, errors = capfd.readouterr()
    for each in words:
        assert each in (printed if arguments[0] == "train" else errors)


def test_sample_prints_json_alone(run_folder, monkeypatch, capfd):
    monkeypatch.chdir(run_folder)
    assert app.run(["sample", "runs/x", "-o", "a.csv", "-n", "3", "--format", "json"]) == 0
    printed, _ = capfd.readouterr()
    assert json.loads(printed) == {"output": "a.csv", "draws": 3, "event_shape": [5]}


def test_an_audit_shows_its_status_while_it_runs(run_folder, monkeypatch, capfd):
    errors = []

    def watched(*arguments, **options):
        errors.append(capfd.readouterr().err)
        raise ValueError("enough")

    monkeypatch.setattr("tfp_vae_cli.actions.audit.audit_loss", watched)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.syspath_prepend(run_folder)
    assert app.run(["audit", "losses_of_faces:loss"]) == 2
    assert errors == ["Auditing losses_of_faces:loss …\n"]
