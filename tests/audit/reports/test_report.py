"""The report: as text within 100 columns, as JSON, and the same for the same loss."""

import json

import keras

from tests.audit.written_losses import cross_entropy, kl
from tfp_vae.audit import audit
from tfp_vae.audit.findings import CODES

D, K = 48, 4
SIZES = {"event_shape": (D,), "latent_size": K}


def test_the_report_round_trips_through_json():
    report = audit(lambda x, p, m, s: cross_entropy(x, p) - kl(m, s), **SIZES)
    record = json.loads(json.dumps(report.to_dict()))
    assert record["codes"] == sorted(report.codes) == ["kl-sign", "unbounded"]
    assert record["ok"] is False
    assert record["formula"] == report.formula
    assert [f["code"] for f in record["findings"]] == ["kl-sign", "unbounded"]
    assert report.exit_code == 1


def test_the_report_shows_everything_within_100_columns():
    report = audit(
        lambda x, p, m, s: keras.losses.binary_crossentropy(x, p) - kl(m, s) / m.shape[1],
        lambda m, s: m,
        **SIZES,
    )
    text = str(report)
    for found in report.findings:
        assert CODES[found.code] == (found.severity, found.title)
        assert found.code in text
        assert found.evidence[:40] in text
    assert report.corrected_code.splitlines()[0] in text
    assert "tfp_vae.VAE(" in text
    assert f"likelihoods.Bernoulli(event_shape=[{D}])" in text
    assert max(map(len, text.splitlines())) <= 100
    assert [f.severity for f in report.findings] == ["error"] * 4 + ["warning"]


def test_the_same_loss_gets_the_same_report():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, s) / 3.0  # noqa: E731
    assert str(audit(loss, **SIZES)) == str(audit(loss, **SIZES))
