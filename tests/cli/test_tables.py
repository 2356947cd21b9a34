"""Tables on the command line: train, sample, impute and score, in the columns of the table."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tfp_vae_cli import app

pytestmark = pytest.mark.usefixtures("without_xla")

ROWS = 90
RNG = np.random.default_rng(0)


@pytest.fixture
def run_here(capfd, monkeypatch, folder):
    def run_within_this_process(*arguments):
        monkeypatch.chdir(folder)
        capfd.readouterr()
        code = app.run([*map(str, arguments)])
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    return run_within_this_process


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def _people():
    tall = RNG.random(ROWS) < 0.5
    frame = pd.DataFrame(
        {
            "number": np.arange(1, ROWS + 1),
            "country": np.where(tall, "NL", "PE"),
            "height_cm": (np.where(tall, 184.0, 160.0) + RNG.normal(size=ROWS)).round(1),
            "children": RNG.poisson(2.0, ROWS),
            "ill": RNG.random(ROWS) < 0.3,
            "seen": np.where(tall, "2024-01-31", "2023-12-24"),
        }
    )
    return frame.assign(height_cm=frame["height_cm"].mask(np.arange(ROWS) % 9 == 4))


PEOPLE = _people()
OPTIONS = [
    *("--latent-size", 2, "--epochs", 3, "--hidden", "8,4", "--patience", 50),
    *("--likelihood", "height_cm=normal", "--likelihood", "children=poisson"),
]


@pytest.fixture(scope="module")
def trained(folder):
    PEOPLE.to_csv(folder / "people.csv", index=False, sep=";", decimal=",")
    program = Path(sys.executable).with_name("tfp-vae")
    arguments = [program, "train", "people.csv", *map(str, OPTIONS), "-o", "run"]
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)


def test_train_says_how_the_table_was_read_and_what_its_columns_hold(trained, folder):
    done = trained
    assert done.returncode == 0, done.stderr
    assert "people.csv: cells separated by semicolons, decimal commas, names in the" in done.stdout
    assert f"{ROWS} rows of 6 columns" in done.stdout
    lines = {line.split(" ")[0]: line for line in done.stdout.splitlines() if line}
    assert "identifier" in lines["number"]
    assert "left out: it counts the rows" in lines["number"]
    assert "Normal" in lines["height_cm"]
    assert "Poisson" in lines["children"]
    assert "Bernoulli" in lines["ill"]
    assert " nats, under independent columns " in done.stdout
    written = {path.name for path in (folder / "run").iterdir()}
    assert {"vae.keras", "training.png", "latent.png"} <= written
    assert "reconstructions.png" not in written
    config = json.loads((folder / "run" / "config.json").read_text())
    assert config["hidden"] == "8,4"
    assert config["patience"] == 50
    assert config["reason"].startswith("Each column has its own likelihood. country: Bernoulli; ")
    assert "children: Poisson" in config["reason"]
    assert "number" not in config["reason"]


def test_draws_have_the_columns_of_the_table_in_its_units(trained, run_here, folder):
    done = run_here("sample", "run", "-n", 40, "-o", "draws.csv")
    assert done.returncode == 0, done.stderr
    assert "40 rows with the columns of the table, without number, which name rows" in done.stdout
    draws = pd.read_csv(folder / "draws.csv")
    assert draws.columns.tolist() == PEOPLE.columns.tolist()[1:]
    assert set(draws["country"]) <= {"NL", "PE"}
    assert pd.to_datetime(draws["seen"], format="%Y-%m-%d").notna().all()
    assert draws["ill"].dtype == bool
    assert draws["children"].dtype.kind == "i"
    assert draws["height_cm"].between(100.0, 250.0).all()
    np.testing.assert_array_equal(draws["height_cm"], draws["height_cm"].round(1))


def test_draws_of_a_table_as_an_array_are_said_to_be_numbers(trained, run_here, folder):
    done = run_here("sample", "run", "-n", 1, "-o", "draws.npy")
    assert done.returncode == 0, done.stderr
    assert "1 row with the columns of the table, without number" in done.stdout
    assert "as the numbers that the model sees; for words and units write a .csv" in done.stdout
    assert np.load(folder / "draws.npy").dtype.kind == "f"


@pytest.mark.parametrize("options", [[], ["--draw"]])
def test_blanks_are_filled_and_other_cells_stay(trained, run_here, folder, options):
    done = run_here("impute", "run", "people.csv", "-o", "full.csv", "--overwrite", *options)
    assert done.returncode == 0, done.stderr
    assert "10 blanks filled: 10 of height_cm" in done.stdout
    full = pd.read_csv(folder / "full.csv")
    blank = PEOPLE["height_cm"].isna()
    assert not full.isna().any().any()
    pd.testing.assert_frame_equal(full[~blank], PEOPLE[~blank], check_dtype=False)


def test_rows_are_scored_beside_the_training_rows(trained, run_here, folder):
    strange = PEOPLE[~PEOPLE["height_cm"].isna()].copy()
    strange.loc[0, "height_cm"] = 300.0
    strange.to_csv(folder / "strange.csv", index=False)
    done = run_here("score", "run", "strange.csv", "-o", "scored.csv")
    assert done.returncode == 0, done.stderr
    assert "the strangest is line 2, " in done.stdout
    scored = pd.read_csv(folder / "scored.csv")
    assert scored.columns.tolist() == [
        *PEOPLE.columns,
        *("nats", "percentile", "strangest_1", "strangest_2", "strangest_3"),
    ]
    assert scored["nats"].idxmin() == 0
    assert scored["percentile"][0] == 0.0
    assert scored["percentile"].median() == pytest.approx(50.0, abs=15.0)
    assert scored["strangest_1"][0].startswith("height_cm (-")


def test_evaluate_reads_a_table_by_the_schema_of_its_model(trained, run_here, folder):
    done = run_here("evaluate", "run", "people.csv", "-o", "report", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == ROWS
    text = (folder / "report" / "report.html").read_text()
    assert "Use of the latents" in text
    assert "Reconstructions" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("country;children\nNL;1\n", "it lacks 'height_cm'"),
        ("{}NL;180;1;True;2024-01-31\nXX;170;1;True;2024-01-31\n", "'country'; got 'XX' in line 3"),
        ("{}NL;180;-1;True;2024-01-31\n", "got -1 in line 2 of column 'children', under Poisson"),
    ],
)
def test_a_table_that_does_not_fit_names_line_and_column(trained, run_here, folder, text, message):
    header = "country;height_cm;children;ill;seen\n"
    (folder / "wrong.csv").write_text(text.replace("{}", header))
    for command in ("score", "impute"):
        done = run_here(command, "run", "wrong.csv", "-o", "out.csv")
        assert done.returncode == 1
        assert message in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "people.csv", "--likelihood", "age=normal"], 1, "must name a column"),
        (["train", "people.csv", "--likelihood", "country=gauss"], 2, "--likelihood must be one"),
        (["train", "people.csv", "--likelihood", "children=bernoulli"], 1, "'children', which is"),
        (["train", "people.csv", "--likelihood", "country=count"], 1, "got count for column"),
        (["train", "people.csv", "--hidden", "wide"], 2, "--hidden must be widths of layers"),
        (["train", "digits", "--likelihood", "a=normal"], 1, "must be for a table with names"),
        (["train", "people.csv", "--conv"], 1, "unless the rows are images"),
        (["impute", "run", "people.csv", "-o", "out.png"], 2, "--output must end in .csv"),
        (["score", "run", "digits.npy", "-o", "out.csv"], 2, "There is no file 'digits.npy'"),
    ],
)
def test_what_cannot_be_done_is_one_line(trained, run_here, arguments, code, message):
    done = run_here(*arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.nightly
@pytest.mark.parametrize("option", ["--prior", "--objective"])
def test_priors_and_objectives_can_be_chosen(run_here, folder, option):
    np.save(folder / "rows.npy", RNG.normal(size=[20, 3]))
    name = {"--prior": "mixture_of_gaussians", "--objective": "iwae"}[option]
    done = run_here(
        "train", "rows.npy", "--epochs", 1, "--latent-size", 2, option, name, "-o", option[2:]
    )
    assert done.returncode == 0, done.stderr
    config = json.loads((folder / option[2:] / "config.json").read_text())
    assert config[option[2:]] == name
