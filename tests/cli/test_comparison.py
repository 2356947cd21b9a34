"""What `train` and `evaluate` say of simple models beside the model."""

from tfp_vae.evaluation import Baselines, ELBOSummary
from tfp_vae_cli.actions.tables import comparison


def test_nats_of_many_digits_are_rounded():
    known = Baselines(33284.83, -934555758672.81, training_rows=56, rows=16)
    text = comparison(ELBOSummary(33454.28, 33494.0, 39.72, 10.0, 12288), known)
    assert "33454.28 nats, under independent columns 33284.83" in text
    assert "factor analysis -9.3e+11." in text
