import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import environments
from benchmarks.peers import scikit_learn_tables, table_protocol
from benchmarks.table_peers import methods, preparation
from benchmarks.table_peers.standing import CONTESTS

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=300)
TABLE = pd.DataFrame(
    {"x": X, "n": RANDOM.poisson(np.exp(X / 2.0)), "w": np.where(X > 0.0, "yes", "no")}
)
TRIAL = preparation.trial(TABLE)


def test_the_scripts_are_there_and_their_environments_pinned():
    folder = Path(table_protocol.__file__).parent
    for module, environment in methods.PEERS.values():
        assert (folder / f"{module}.py").exists()
        if environment is not None:
            text = (environments.REQUIREMENTS / f"{environment}.txt").read_text()
            assert text.startswith("torch==")
            assert all(each.count("==") == 1 for each in text.split())


def test_every_method_takes_part_in_a_measure():
    assert {name for contest in CONTESTS.values() for name in contest} == set(methods.PEERS)
    assert all(contest[0] == methods.OURS for contest in CONTESTS.values())


def test_a_method_is_given_the_task_in_its_environment_and_its_answers_are_measured(
    monkeypatch, tmp_path
):
    def run(python, arguments, threads, seconds):
        assert (python, threads, seconds) == ("a python", 1, methods.SECONDS)
        assert arguments[:4] == ["-m", "benchmarks.peers.sdv_tables", "--method", "TVAE"]
        task = table_protocol.read(Path(arguments[5]))
        for name, sent in vars(TRIAL.task).items():
            pd.testing.assert_frame_equal(task[name], sent)
        table_protocol.write(Path(arguments[7]), draws=task["train"])
        return json.dumps({"seconds": {"fit": 1.23456}, "versions": {"sdv": "2"}})

    monkeypatch.setattr(environments, "python_of", lambda *_: "a python")
    monkeypatch.setattr(environments, "run", run)
    found = methods.run("TVAE", TRIAL, tmp_path)
    assert found.pop("seconds") == {"fit": 1.235}
    assert found.pop("versions") == {"sdv": "2"}
    assert found == methods.run("the training rows themselves", TRIAL, tmp_path)
    assert set(found) == {"marginals", "dependence", "regression"}


def test_independent_columns_lose_the_dependence_alone(tmp_path):
    simple = methods.run("independent columns", TRIAL, tmp_path)
    data = methods.run("the training rows themselves", TRIAL, tmp_path)
    assert simple["dependence"] > 3.0 * data["dependence"]
    assert simple["regression"] > 0.9 > 0.6 > data["regression"]
    assert simple["marginals"] < 0.2


def test_an_answer_without_a_column_or_with_blanks_is_refused():
    lacking = TRIAL.task.train.drop(columns="n")
    with pytest.raises(ValueError, match=r"`draws` must have every column; got none of \['n'\]"):
        methods.figures(TRIAL, {"draws": lacking})
    with pytest.raises(ValueError, match="`filled` must have no blanks; got some"):
        methods.figures(TRIAL, {"filled": TRIAL.task.blanked})
    assert methods.figures(TRIAL, {"filled": TRIAL.held_out}) == {"imputation": 0.0}


def test_the_methods_of_scikit_learn_answer():
    answers = {}
    for name, method in scikit_learn_tables.METHODS.items():
        model = method.fit(TRIAL.task.train)
        for kind, answer in method.answers.items():
            answers[name] = methods.figures(TRIAL, {kind: answer(model, TRIAL.task)})
    assert 0.0 < answers["IterativeImputer"]["imputation"] < 1.0
    assert 0.0 < answers["KNNImputer"]["imputation"] < 1.0
    assert 0.4 < answers["IsolationForest"]["anomalies"] < 1.0


def test_the_codes_of_scikit_learn_come_back():
    coding = scikit_learn_tables.Coding.of(TRIAL.task.train)
    codes = coding.encode(TRIAL.task.blanked)
    assert codes.shape == (len(TRIAL.held_out), 4)
    assert (np.isnan(codes[:, 2:]).all(axis=1) == TRIAL.hidden["w"]).all()
    back = coding.decode(coding.encode(TRIAL.held_out), TRIAL.held_out)
    pd.testing.assert_frame_equal(back.astype({"n": float}), TRIAL.held_out.astype({"n": float}))
    np.testing.assert_allclose(coding.encode(TRIAL.task.train)[:, :2].std(axis=0), 1.0)


def test_a_script_fits_answers_and_says_how_long_it_took(monkeypatch, tmp_path, capsys):
    file, answered = tmp_path / "task.npz", tmp_path / "answer.npz"
    table_protocol.write(file, **vars(TRIAL.task))
    method = table_protocol.Method(
        len, {"strangeness": lambda rows, task: np.arange(rows) + len(task.scored)}
    )
    command = ["x", "--method", "rows", "--data", str(file), "--answer", str(answered)]
    monkeypatch.setattr("sys.argv", command)
    table_protocol.main({"rows": method}, ["numpy"])
    said = json.loads(capsys.readouterr().out.rstrip().rsplit("\n", 1)[-1])
    assert set(said["seconds"]) == {"fit", "strangeness"}
    assert said["versions"] == {"numpy": np.__version__}
    np.testing.assert_array_equal(
        table_protocol.read(answered)["strangeness"], np.arange(240) + 120
    )
