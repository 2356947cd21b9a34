"""The program in a process of its own, as a user calls it."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("tfp-vae")


def run(*arguments, cwd):
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def lines(text):
    return [line for line in text.splitlines() if line.strip()]
