"""Many fits and evaluations in one process: no trace is made twice, and memory hardly grows."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.support.processes import ENVIRONMENT, command

TIMES, WARM_UP = 200, 20
MOST_KILOBYTES = 100
"""What a round may add. TensorFlow keeps some 30 kB of every function that maps a dataset."""


@pytest.mark.nightly
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_two_hundred_fits_and_evaluations():
    done = subprocess.run(
        command("many_fits", TIMES, 0),
        env={**ENVIRONMENT, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    steps = np.diff(told["kilobytes"][WARM_UP:])
    error = steps.std(ddof=1) / np.sqrt(len(steps))
    growth = f"{steps.mean():.0f} kB a round, with a standard error of {error:.0f}"
    print(f"{growth}; traces {told['traces'][-1]}")  # noqa: T201 - the figures of the page
    assert len(told["kilobytes"]) == TIMES
    assert told["traces"][0] == told["traces"][-1]
    assert steps.mean() < MOST_KILOBYTES, growth
