"""What a script, a pipe and a shell see of the command line."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tfp_vae.cli import app
from tfp_vae.cli.progress import EpochProgress

PROGRAM = Path(sys.executable).with_name("tfp-vae")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")


def test_train_prints_json_alone_on_standard_output(tmp_path, monkeypatch, capfd):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 2, [90, 5]))
    monkeypatch.chdir(tmp_path)
    arguments = ["train", "x.npy", "--epochs", "1", "--latent-size", "2", "--format", "json"]
    assert app.run(arguments) == 0
    printed, told = capfd.readouterr()
    figures = json.loads(printed)
    assert figures["rows"] == 18
    assert figures["elbo"] == pytest.approx(figures["log_likelihood"] - figures["kl_divergence"])
    assert "epoch 1/1" in told
    assert "Written to" in told


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


def test_a_shell_completes_commands():
    asked = {"_TFP_VAE_COMPLETE": "complete_bash", "COMP_WORDS": "tfp-vae tr", "COMP_CWORD": "1"}
    done = subprocess.run(
        [PROGRAM], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["train"]
