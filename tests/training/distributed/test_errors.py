"""If one of several workers is killed, the others stop with an error, and the run can resume."""

import contextlib
import socket
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.support.processes import cluster_environments, command
from tfp_vae.training.distributed import errors

EPOCHS = 40
SECONDS = 300
SECONDS_TO_STOP = 60


@contextlib.contextmanager
def workers(folder):
    """Starts two workers, and ends them in any case."""
    running = []
    try:
        for index, environment in enumerate(cluster_environments(2)):
            with (folder / f"{index}.stderr").open("w") as errors:
                running.append(
                    subprocess.Popen(
                        command("worker_with_checkpoint", folder, EPOCHS),
                        env=environment,
                        stdout=subprocess.PIPE,
                        stderr=errors,
                        text=True,
                    )
                )
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def ended(folder):
    """Runs both workers to the end, and returns the weights of each."""
    with workers(folder) as running:
        for index, process in enumerate(running):
            process.wait(timeout=SECONDS)
            assert process.returncode == 0, (folder / f"{index}.stderr").read_text()[-4000:]
    results = []
    for index in range(2):
        with np.load(folder / f"{index}.npz") as file:
            results.append([file[name] for name in file.files])
    return results


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    return ended(tmp_path_factory.mktemp("never-killed"))


@pytest.mark.nightly
@pytest.mark.parametrize("killed", [0, 1])
def test_the_others_stop_and_the_run_goes_on_to_the_same_weights(killed, tmp_path, never_killed):
    left = 1 - killed
    with workers(tmp_path) as running:
        next(line for line in running[0].stdout if line == "epoch 3\n")
        running[killed].kill()
        running[left].wait(timeout=SECONDS_TO_STOP)
        said = running[left].stdout.read()
    assert running[left].returncode == 1
    assert f"epoch {EPOCHS - 1}\n" not in said
    last = (tmp_path / f"{left}.stderr").read_text().strip().splitlines()[-1]
    assert f"Worker {killed} of 2 is unreachable. Restart all workers" in last
    for weights, expected in zip(ended(tmp_path), never_killed, strict=True):
        for one, other in zip(weights, expected, strict=True):
            np.testing.assert_array_equal(one, other)


@contextlib.contextmanager
def listening():
    """Gives an address that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def closed():
    """Returns an address that takes none."""
    with listening() as address:
        return address


def strategy(addresses, index):
    spec = SimpleNamespace(as_dict=lambda: {"worker": addresses})
    resolver = SimpleNamespace(task_id=index, cluster_spec=lambda: spec)
    return SimpleNamespace(cluster_resolver=resolver)


@pytest.mark.parametrize(
    ("gone", "which"), [([1], "Worker 1"), ([1, 2], "A worker"), ([], "A worker")]
)
def test_a_worker_that_is_gone_is_named_in_one_sentence(gone, which):
    with contextlib.ExitStack() as stack:
        addresses = [
            closed() if index in gone else stack.enter_context(listening()) for index in range(3)
        ]
        with (
            pytest.raises(RuntimeError, match=f"^{which} of 3 is unreachable. Restart all"),
            errors.lost_worker_named(strategy(addresses, 0)),
        ):
            raise tf.errors.UnavailableError(None, None, "a collective operation failed")


def test_errors_of_a_single_process_are_left_alone():
    with (
        pytest.raises(tf.errors.UnavailableError),
        errors.lost_worker_named(tf.distribute.OneDeviceStrategy("CPU:0")),
    ):
        raise tf.errors.UnavailableError(None, None, "a collective operation failed")
