"""A failure is one line and an exit code, and the help names every command."""

import pytest

from tests.cli.program import lines, run


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
def test_failures_are_one_line(data_folder, arguments, code, word, run_here):
    done = run_here(*arguments, cwd=data_folder)
    assert done.returncode == code
    assert len(lines(done.stderr)) == 1
    assert word in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "code"), [("absent.npy", 2), ("words.csv", 1)])
def test_failures_end_the_process_with_their_code(data_folder, name, code):
    done = run("train", name, cwd=data_folder)
    assert done.returncode == code
    assert len(lines(done.stderr)) == 1


def test_help_names_every_command(tmp_path):
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("train", "evaluate", "sample", "audit"):
        assert command in done.stdout
