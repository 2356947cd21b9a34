"""How `tfp-vae` starts: without TensorFlow's notices, with everything else that is written."""

import os
import subprocess
import sys

import pytest

from tfp_vae_cli.console import CommandError
from tfp_vae_cli.tensorflow_start import tensorflow_imported

LAUNCH = """
import sys

sys.argv = ["tfp-vae", "audit", "math:pi"]
import tfp_vae_cli

{first}
tfp_vae_cli.main()
"""
IMPORT = """
from tfp_vae_cli.tensorflow_start import tensorflow_imported

with tensorflow_imported():
    print("imported")
"""
WRITE_AT_EVERY_IMPORT = """
import os

class WritesAtEveryImport:
    def find_spec(self, name, path=None, target=None):
        if name in ("tensorflow", "tfp_vae", "tfp_vae_cli.actions.audit"):
            os.write(2, f"importing {name}\\n".encode())

sys.meta_path.insert(0, WritesAtEveryImport())
"""


def launched(first="", **environment):
    return subprocess.run(
        [sys.executable, "-c", LAUNCH.format(first=first)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.nightly
@pytest.mark.parametrize("level", ["0", "2"])
def test_start_up_notices_are_dropped_and_all_else_arrives(level):
    done = launched(WRITE_AT_EVERY_IMPORT, TF_CPP_MIN_LOG_LEVEL=level)
    assert done.returncode == 2
    assert done.stderr == (
        "importing tensorflow\nimporting tfp_vae\nimporting tfp_vae_cli.actions.audit\n"
        "tfp-vae: `loss` must be a function, a model, or a function that makes one; got "
        "'math:pi', which is a float.\n"
    )


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("typer", "tfp-vae: the command line needs typer: pip install 'tfp-vae[cli]'."),
        ("h5py", "tfp-vae: import of h5py halted; None in sys.modules"),
    ],
)
def test_what_cannot_be_imported_is_one_line(missing, message):
    done = launched(f"sys.modules[{missing!r}] = None")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [message]


@pytest.mark.nightly
def test_the_command_runs_where_standard_error_is_closed():
    program = "import os; os.close(2)\n" + IMPORT
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"imported\n"


def test_what_an_action_lacks_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with (
        pytest.raises(CommandError, match=r"needs matplotlib: pip install 'tfp-vae\[cli\]'"),
        tensorflow_imported(),
    ):
        import matplotlib  # noqa: F401
