"""What is answered at once: help, completion and wrong arguments import no TensorFlow."""

import json
import os
import subprocess
import sys

import pytest

SLOW = ("tensorflow", "tensorflow_probability", "keras", "matplotlib", "sklearn")
NOT_NEEDED = (*SLOW, "numpy", "tfp_vae")

LAUNCH = """
import json, sys

sys.argv = ["tfp-vae", *sys.argv[1:]]
from tfp_vae_cli import main

try:
    main()
finally:
    sys.stdout.flush()
    print(json.dumps(sorted(sys.modules)), file=sys.__stdout__)
"""


def launched(*arguments, cwd, **environment):
    """Returns the exit code, what is printed, and the names of the imported modules."""
    done = subprocess.run(
        [sys.executable, "-c", LAUNCH, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    *printed, modules = done.stdout.splitlines()
    return done.returncode, "\n".join([*printed, done.stderr]), set(json.loads(modules))


def is_answered_at_once(*arguments, code, words, cwd, **environment):
    left, text, modules = launched(*arguments, cwd=cwd, **environment)
    assert left == code, text
    assert words in text
    assert modules.isdisjoint(NOT_NEEDED)


@pytest.fixture
def folder(tmp_path):
    for name in ("x.npy", "y.npy", "vae.keras", "losses.py"):
        (tmp_path / name).touch()
    (tmp_path / "runs" / "x").mkdir(parents=True)
    (tmp_path / "runs" / "x" / "notes.txt").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], "Variational autoencoders"),
        ([], "Variational autoencoders"),
        (["--version"], "tfp-vae 0."),
        (["train", "--help"], "Train a VAE on data"),
        (["evaluate", "--help"], "Evaluate the ELBO"),
        (["sample", "--help"], "Sample rows"),
        (["audit", "--help"], "Read a hand-written loss"),
    ],
)
def test_help(folder, arguments, words):
    is_answered_at_once(*arguments, code=0 if arguments else 2, words=words, cwd=folder)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("tr", "train"),
        ("train --lik", "--likelihood"),
        ("train --likelihood neg", "negative_binomial"),
        ("evaluate --rep", "--report"),
        ("sample --ov", "--overwrite"),
        ("audit --decoder-output me", "mean"),
    ],
)
def test_completion(folder, typed, words):
    asked = {
        "_TFP_VAE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"tfp-vae {typed}",
        "COMP_CWORD": str(len(typed.split())),
    }
    is_answered_at_once(code=0, words=words, cwd=folder, **asked)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-command"], "no-such-command"),
        (["train", "--no-such-option"], "--no-such-option"),
        (["train", "--likelihood", "gauss"], "gauss"),
        (["train", "--epochs", "many"], "--epochs"),
        (["train", "--learning-rate", "-1"], "--learning-rate must be above 0; got -1."),
        (["train", "--resume", "--overwrite"], "give one of them"),
        (["train", "absent.npy"], "'absent.npy' is neither 'digits' nor a file."),
        (
            ["train", "losses.py"],
            "must be 'digits', a folder of images, or a file ending in .npy, ",
        ),
        (["train", "x.npy"], "'runs/x' is not empty; pass --overwrite"),
        (["train", "y.npy", "-o", "x.npy"], "'x.npy' is a file; name a folder with --output."),
        (["evaluate", "--no-such-option"], "--no-such-option"),
        (["evaluate", "absent.keras", "digits"], "There is no model at 'absent.keras'."),
        (["evaluate", "runs", "digits"], "There is no model at 'runs/vae.keras'."),
        (["evaluate", "vae.keras", "absent.npy"], "'absent.npy' is neither"),
        (["sample", "--no-such-option"], "--no-such-option"),
        (["sample", "absent.keras"], "There is no model at 'absent.keras'."),
        (["sample", "vae.keras", "-o", "x.pdf"], "--output must end in .npy, .png or .csv, "),
        (["sample", "vae.keras", "-o", "x.npy"], "'x.npy' is there already"),
        (["audit", "--no-such-option"], "--no-such-option"),
        (["audit", "losses"], "must be of the form module:function"),
        (["audit", "no_such_module:loss"], "No module named 'no_such_module'."),
        (["audit", "losses:f", "--sampler", "no_such_module:f"], "`sampler` must be in a module"),
        (["audit", "losses:f", "--data", "absent.npy"], "'absent.npy' is neither"),
        (["audit", "losses:f", "--event-shape", "x"], "--event-shape must be sizes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments(folder, arguments, words):
    before = sorted(folder.rglob("*"))
    is_answered_at_once(*arguments, code=2, words=words, cwd=folder)
    assert sorted(folder.rglob("*")) == before


def test_a_command_that_runs_imports_tensorflow(folder):
    """Otherwise the modules would be looked for in vain."""
    code, text, modules = launched("train", "y.npy", cwd=folder)
    assert code == 1
    assert "y.npy" in text
    # Only some versions of other packages import scikit-learn.
    assert modules.issuperset(set(NOT_NEEDED) - {"sklearn"})
