"""Many fits and evaluations in one process: no trace is made twice, and memory does not grow."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = Path(__file__).with_name("many_fits.py")
TIMES, WARM_UP = 200, 40
ERRORS = 5.0
A_LEAK = 200_000


def measured(times, leak):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", PROGRAM, str(times), str(leak)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return np.array(told["kilobytes"][WARM_UP:], float), told["traces"]


def growth_and_bound(kilobytes):
    """Returns the growth in a time, and what the noise of one time lets it be, in kilobytes."""
    steps = np.diff(kilobytes)
    spread = 1.4826 * np.median(np.abs(steps - np.median(steps)))
    return steps.mean(), ERRORS * max(spread, 1.0) / math.sqrt(len(steps))


@pytest.mark.nightly
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_two_hundred_fits_and_evaluations():
    kilobytes, traces = measured(TIMES, leak=0)
    growth, bound = growth_and_bound(kilobytes)
    print(f"{growth:.1f} kB a time, of a bound of {bound:.1f}; {traces[-1]}")  # noqa: T201
    assert traces[0] == traces[-1]
    assert growth < bound
