"""`evaluate`: the figures as JSON and as a table, the report and the model card."""

import json
import re

import numpy as np
import pytest

from tests.cli.program import lines, run

pytestmark = pytest.mark.usefixtures("without_xla")


def test_evaluate_prints_json_that_adds_up(digits_run, digits_folder):
    options = ["--format", "json", "-o", "evaluated-as-json"]
    done = run("evaluate", "runs/digits", "digits", *options, cwd=digits_folder)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["rows"] == 1797
    difference = figures["log_likelihood"] - figures["kl_divergence"]
    assert figures["elbo"] == pytest.approx(difference, rel=1e-5)
    assert figures["bits_per_dimension"] == pytest.approx(-figures["elbo"] / 64 / np.log(2))


def test_evaluate_prints_a_table(digits_run, digits_folder, run_here):
    model = "runs/digits/vae.keras"
    done = run_here("evaluate", model, "digits", "--no-report", cwd=digits_folder)
    assert done.returncode == 0, done.stderr
    assert "nats per example" in done.stdout
    elbo, log_likelihood, kl = (
        [float(word) for word in re.findall(r"-?\d+\.\d+", line)]
        for line in done.stdout.splitlines()
        if re.match(r"\W*(ELBO|log-likelihood|KL divergence)\b", line) and "." in line
    )
    # Bits are a length of code: that of the data, and that of the latents.
    for nats, bits in ((-elbo[0], elbo[-1]), (-log_likelihood[0], log_likelihood[-1]), kl):
        assert bits == pytest.approx(nats / 64 / np.log(2), abs=2e-4)
    assert "report.html" not in done.stdout


def test_evaluate_writes_a_self_contained_report(digits_run, digits_folder, run_here):
    done = run_here("evaluate", "runs/digits", "digits", "-o", "evaluated", cwd=digits_folder)
    assert done.returncode == 0, done.stderr
    assert "report.html" in done.stdout
    text = (digits_folder / "evaluated" / "report.html").read_text()
    pictures = {path.stem for path in (digits_folder / "evaluated").glob("*.png")}
    assert pictures == {
        "calibration",
        "interpolation",
        "kl_per_dimension",
        "latent",
        "reconstructions",
        "samples",
        "training",
        "traversals",
    }
    markup = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    plots = re.findall(r'<div class="plot"><img alt="([^"]+)"', markup)
    # Training and latents are shown by what answers to the pointer.
    assert len(plots) == len(pictures) - 2
    assert not re.search(r"(src|href)=\"(?!data:)", markup)
    assert not re.search(r"<(script|link)[^>]+(src|href)=", text)
    for heading in ("What the most used latents do", "Rows by how poorly they are described"):
        assert heading in markup
    verdicts = re.search('<ul class="verdicts">.*?</ul>', markup, flags=re.S)[0]
    for sentence in ("Draws are told from rows: ", "it was trained on 1258: new rows may be"):
        assert sentence in verdicts
    assert "`" not in markup
    words = ("ELBO", "log p(x)", "bits per dimension", "mutual information", "learning rate")
    for word in (*words, "classifier accuracy", "Fréchet distance"):
        assert word in text
    assert "Left out" not in text
    steps = lines(done.stderr)
    assert len(steps) == 12
    assert steps[0] == "1/12: training"
    card = (digits_folder / "evaluated" / "model_card.md").read_text()
    for word in ("| ELBO, nats per example |", "| latents | 4 |", "No collapse", "vae.keras"):
        assert word in card


@pytest.mark.nightly
def test_what_a_model_cannot_show_is_said_in_the_report(data_folder, run_here, tmp_path):
    assert run_here("train", "binary.npy", "--epochs", 1, cwd=data_folder).returncode == 0
    done = run_here("evaluate", "runs/binary", "binary.npy", cwd=data_folder)
    assert done.returncode == 0, done.stderr
    text = (data_folder / "runs" / "binary" / "evaluation" / "report.html").read_text()
    assert "Left out: the model must have a likelihood with a scale" in text


def test_five_rows_train_and_one_is_evaluated(tmp_path, run_here):
    """Of five rows one is the test set."""
    np.save(tmp_path / "five.npy", np.random.default_rng(0).normal(size=[5, 3]))
    np.save(tmp_path / "one.npy", np.zeros([1, 3]))
    done = run_here("train", "five.npy", "--epochs", 1, "-o", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "latent.png").exists()
    assert "There are too few rows to compare the model with simple ones: " in done.stdout
    assert "Test set, 1 row " in done.stdout
    for plot in ("interpolation", "kl_per_dimension"):
        assert f"Left out {plot}.png: it takes two test rows." in done.stdout
    assert "independent columns" not in done.stdout
    done = run_here("evaluate", "run", "one.npy", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "one, 1 row " in done.stdout
    assert "nan" not in done.stdout
    text = (tmp_path / "run" / "evaluation" / "report.html").read_text()
    assert "Left out: the data must hold at least two rows" in text
    assert "Left out: it takes two rows to tell which latents are used" in text
    assert "± nan" not in text
    card = (tmp_path / "run" / "evaluation" / "model_card.md").read_text()
    assert "nan" not in card


def test_wrong_columns_for_a_model_are_one_line(digits_run, digits_folder, data_folder, run_here):
    done = run_here("evaluate", digits_folder / "runs" / "digits", "binary.npy", cwd=data_folder)
    assert done.returncode == 1
    assert len(lines(done.stderr)) == 1
    assert "[batch, 8, 8, 1]" in done.stderr
