"""Several devices and several processes reach the weights that one process reaches."""

import json
import subprocess

import numpy as np
import pytest

from tests.support.processes import ENVIRONMENT, cluster_environments, command
from tests.support.replicated_model import HELD_OUT, ROWS, binary_vae, fitted, plain

SECONDS = 300


@pytest.mark.nightly
@pytest.mark.parametrize("replicas", [2, 3])
def test_devices_reach_the_weights_of_one_process(replicas):
    ran = subprocess.run(
        command("mirrored_devices", replicas),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.nightly)])
def test_processes_reach_the_weights_of_one_process(workers, tmp_path):
    running = [
        subprocess.Popen(
            command("one_worker", tmp_path / f"{index}.npz"),
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index, environment in enumerate(cluster_environments(workers))
    ]
    try:
        for process in running:
            _, errors = process.communicate(timeout=SECONDS)
            assert process.returncode == 0, errors[-4000:]
    finally:
        for process in running:
            process.kill()
    vae, history, measured = fitted(binary_vae, {}, ROWS, compile=plain(), validation_data=HELD_OUT)
    for index in range(workers):
        with np.load(tmp_path / f"{index}.npz") as result:
            logs = json.loads(str(result["logs"]))
            weights = [result[f"arr_{number}"] for number in range(len(vae.get_weights()))]
        for one, other in zip(vae.get_weights(), weights, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
        for expected, got in zip((history, measured), logs, strict=True):
            assert expected.keys() == got.keys()
            for name, values in expected.items():
                np.testing.assert_allclose(values, got[name], rtol=1e-5, err_msg=name)
