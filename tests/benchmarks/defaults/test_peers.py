import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import environments
from benchmarks.defaults import peers
from benchmarks.defaults.real_data import split
from benchmarks.peers import default_protocol


def test_the_environments_of_the_peers_are_pinned():
    for peer in (peers.PYTHAE, peers.TVAE):
        text = (environments.REQUIREMENTS / f"{peer.environment}.txt").read_text()
        assert text.startswith("torch==")
        assert all(requirement.count("==") == 1 for requirement in text.split())
        assert (Path(default_protocol.__file__).parent / f"{peer.module}.py").exists()


@pytest.mark.nightly
def test_a_peer_is_given_the_rows_and_its_answer_is_read(monkeypatch, tmp_path):
    random = np.random.default_rng(0)
    x = np.stack([random.normal(size=100), random.integers(0, 2, 100)], axis=1)
    data, given = split(x), {}

    def run(python, arguments):
        assert python == "a python"
        assert arguments[1] == "benchmarks.peers.tvae_default"
        with np.load(arguments[3]) as arrays:
            given.update({name: arrays[name] for name in arrays.files})
        discrete = np.array([False, True])
        answer = {"log_p": np.arange(20.0), "reconstructed": data.x_test, "discrete": discrete}
        np.savez(arguments[5], **answer)
        return json.dumps({"seconds": 3.0, "versions": {"ctgan": "1"}})

    monkeypatch.setattr(environments, "python_of", lambda *_: "a python")
    monkeypatch.setattr(environments, "run", run)
    score = peers.scorer(peers.TVAE, tmp_path)(data, 2, np.array([False, True]))
    rows = default_protocol.Rows(**given)
    np.testing.assert_array_equal(rows.train, data.x_train)
    np.testing.assert_array_equal(rows.classes, [False, True])
    np.testing.assert_allclose(rows.rounding, [0.0, 1.0 / 12.0])
    np.testing.assert_array_equal(score.log_p, np.arange(20.0))
    assert score.seconds == 3.0
    assert score.notes == {"versions": {"ctgan": "1"}}


def test_a_peer_for_tables_is_given_no_pictures(tmp_path):
    data = split(np.zeros([20, 2, 2]))
    with pytest.raises(peers.NotApplicableError, match="tables"):
        peers.scorer(peers.TVAE, tmp_path, tables_alone=True)(data, 2, np.zeros(4, bool))


def test_the_mean_of_weights_is_taken_without_overflow():
    weights = np.array([[1.0, 2.0], [3.0, 6.0]])
    found = default_protocol.log_mean_exp(np.log(weights) + 1000.0)
    np.testing.assert_allclose(found, np.log([2.0, 4.0]) + 1000.0)
