"""`import tfp_vae` does nothing to the process that imports it."""

import json
import os
import re
import subprocess
import sys

import pytest

OTHERS = "import tensorflow, keras, tensorflow_probability as tfp; tfp.distributions.Normal"

WATCHED = """
import ctypes, json, logging, os, random, signal, sys, threading, warnings

libc = ctypes.CDLL(None)


def write_as_c(line):
    assert libc.write(2, line.encode() + b"\\n", len(line) + 1) == len(line) + 1


class WritesAtEveryImport:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("tfp_vae"):
            imported.append(name)
            write_as_c("C: " + name)


def state():
    import numpy

    return {
        "environment": dict(os.environ),
        "descriptors": {n: os.fstat(n)[:3] for n in range(3)},
        "open descriptors": os.listdir("/dev/fd"),
        "streams": (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning),
        "warnings": list(warnings.filters),
        "logging": (list(logging.root.handlers), logging.root.level, logging.root.disabled),
        "signals": {n: signal.getsignal(n) for n in signal.valid_signals()},
        "threads": threading.enumerate(),
        "path": (os.getcwd(), list(sys.path)),
        "random numbers": (random.getstate(), repr(numpy.random.get_state())),
        "errors of NumPy": numpy.geterr(),
    }


imported = []
sys.meta_path.insert(0, WritesAtEveryImport())
before = state()
write_as_c("C: before")
import tfp_vae
write_as_c("C: after")
after = state()
changed = [name for name in before if before[name] != after[name]]
with open(sys.argv[1], "w") as file:
    json.dump({"imported": imported, "changed": changed}, file)
"""


def run(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("TF_")},
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


def without_times_and_threads(log):
    log = re.sub(r"(?m)^\d{4}-\d\d-\d\d [\d:.]+ ", "", log)
    return re.sub(r"(?m)^([IWEF]\d{4}) [\d:.]+ +\d+ ", r"\1 ", log)


@pytest.mark.parametrize("first", [OTHERS, ""], ids=["after the others", "first"])
def test_what_a_c_library_writes_while_it_is_imported_arrives(tmp_path, first):
    log = run("-c", f"{first}\n{WATCHED}", tmp_path / "seen.json")
    imported = json.loads((tmp_path / "seen.json").read_text())["imported"]
    assert len(imported) > 50
    written = [line.removeprefix("C: ") for line in log.splitlines() if line.startswith("C: ")]
    assert written == ["before", *imported, "after"]


def test_the_process_is_as_the_imports_of_the_dependencies_leave_it(tmp_path):
    run("-c", f"{OTHERS}\n{WATCHED}", tmp_path / "seen.json")
    assert json.loads((tmp_path / "seen.json").read_text())["changed"] == []


def test_importing_warns_of_nothing_and_prints_nothing_of_its_own():
    with_it, without_it = (
        without_times_and_threads(run("-W", "error", "-c", program))
        for program in ("import tfp_vae", "import keras")
    )
    assert with_it == without_it


def test_another_backend_of_keras_is_refused(monkeypatch, tmp_path):
    (tmp_path / "keras.py").write_text("class config:\n    backend = staticmethod(lambda: 'jax')\n")
    program = "try:\n    import tfp_vae\nexcept ImportError as error:\n    assert False, error"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == (
        "AssertionError: tfp_vae needs the TensorFlow backend of Keras, but Keras was started with "
        "'jax': set the environment variable KERAS_BACKEND=tensorflow."
    )
