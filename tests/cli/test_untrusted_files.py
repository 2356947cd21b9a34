"""Untrusted files on the command line: one line, an exit code, no traceback."""

import numpy as np
import pytest

from tests.support import untrusted_files, untrusted_models
from tfp_vae_cli import app, console
from tfp_vae_cli.actions import evaluate, resume
from tfp_vae_cli.actions.inputs import Dataset
from tfp_vae_cli.actions.run_folder import CHECKPOINT, CONFIG, HISTORY

SETTINGS = {
    "": "nothing",
    "[" * 100_000: "too deep",
    "[]": "a list",
    "\0": "no JSON",
    "3": "a number",
}
LOGS = ["", "elbo\n", "epoch,elbo\n0\n", "elbo\nx\n", "a" * 200_000 + ",elbo\n1,2\n", "\0\n\0\n"]


def answered_in_one_line(arguments, capfd):
    capfd.readouterr()
    code = app.run([*map(str, arguments)])
    printed = capfd.readouterr()
    assert code == 1
    assert len(printed.err.splitlines()) == 1, printed.err
    assert printed.err.startswith("tfp-vae: ")
    assert printed.err.rstrip("\n").isprintable()
    assert printed.out == ""
    return printed.err


@pytest.mark.parametrize("name", untrusted_files.FILES)
def test_untrusted_data(name, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = untrusted_files.written(name, tmp_path)
    assert name in answered_in_one_line(["train", path.name], capfd)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("command", ["evaluate", "sample"])
def test_untrusted_models(command, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    marker = tmp_path / "marker"
    cut = untrusted_models.saved(tmp_path)
    cut.write_bytes(cut.read_bytes()[:-100])
    (tmp_path / "other").mkdir()
    npz = untrusted_models.with_pickled_weights(untrusted_models.saved(tmp_path / "other"), marker)
    np.save("x.npy", np.zeros([3, 4]))
    for path in (
        cut,
        npz,
        untrusted_models.with_a_lambda(tmp_path, marker),
        untrusted_models.pickle_file(tmp_path / "pickle.keras", marker),
    ):
        arguments = [command, path, *(["x.npy"] if command == "evaluate" else ["-o", "y.npy"])]
        assert path.name in answered_in_one_line(arguments, capfd)
    assert not marker.exists()
    assert not (tmp_path / "y.npy").exists()


@pytest.mark.parametrize("text", SETTINGS, ids=SETTINGS.values())
def test_a_run_folder_with_other_settings_than_a_run_has(text, tmp_path):
    (tmp_path / CHECKPOINT).touch()
    (tmp_path / CONFIG).write_text(text)
    with pytest.raises(console.CommandError, match=CONFIG):
        resume.folder_to_resume(tmp_path, {}, console.out)


@pytest.mark.parametrize("text", SETTINGS, ids=SETTINGS.values())
def test_a_report_leaves_out_settings_that_it_cannot_read(text, tmp_path):
    (tmp_path / CONFIG).write_text(text)
    measured = Dataset("rows", np.zeros([3, 2]), None)
    assert evaluate._training_facts(tmp_path, measured) == []


@pytest.mark.parametrize("text", LOGS)
def test_a_report_leaves_out_a_log_that_it_cannot_read(text, tmp_path):
    (tmp_path / HISTORY).write_text(text)
    assert evaluate._history(tmp_path) is None
