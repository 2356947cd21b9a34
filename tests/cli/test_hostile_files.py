"""Files from strangers on the command line: one line, an exit code, no traceback."""

import numpy as np
import pytest

import files_of_strangers
import hostile_models
from tfp_vae.cli import app


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


@pytest.mark.parametrize("name", files_of_strangers.FILES)
def test_data_of_strangers(name, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = files_of_strangers.written(name, tmp_path)
    assert name in answered_in_one_line(["train", path.name], capfd)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("command", ["evaluate", "sample"])
def test_models_of_strangers(command, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    marker = tmp_path / "marker"
    cut = hostile_models.saved(tmp_path)
    cut.write_bytes(cut.read_bytes()[:-100])
    (tmp_path / "other").mkdir()
    npz = hostile_models.with_pickled_weights(hostile_models.saved(tmp_path / "other"), marker)
    np.save("x.npy", np.zeros([3, 4]))
    for path in (
        cut,
        npz,
        hostile_models.with_a_lambda(tmp_path, marker),
        hostile_models.pickle_file(tmp_path / "pickle.keras", marker),
    ):
        arguments = [command, path, *(["x.npy"] if command == "evaluate" else ["-o", "y.npy"])]
        assert path.name in answered_in_one_line(arguments, capfd)
    assert not marker.exists()
    assert not (tmp_path / "y.npy").exists()
