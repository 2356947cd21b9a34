"""If a file cannot be written, the previous one stays, and no partial file is left."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support.processes import ENVIRONMENT, command

DISK = "size=6m"


@contextlib.contextmanager
def small_disk(folder):
    """Mounts a file system of a few megabytes, where this user may."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def folder():
    """Gives a folder that every user may look into, as those of pytest's are not."""
    path = Path(tempfile.mkdtemp(prefix="saving-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.mark.nightly
@pytest.mark.parametrize("how", ["limit", "full", "rights"])
def test_what_was_saved_before_stays(how, folder):
    if how == "full" and (shutil.which("mount") is None or os.geteuid() != 0):
        pytest.skip("only root may mount a small disk")
    with small_disk(folder) if how == "full" else contextlib.nullcontext():
        done = subprocess.run(
            command("saving_hindered", folder, how),
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        told = json.loads(done.stdout.splitlines()[-1])
    assert set(told["outcomes"].values()) == {"refused"}, told["outcomes"]
    assert len(told["before"]) > len(told["outcomes"])
    assert told["after"] == told["before"]
