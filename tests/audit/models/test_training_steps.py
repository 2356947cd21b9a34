"""Training steps outside a model, and models with more parts than encoder and decoder."""

import numpy as np
import pytest

from tests.audit import keras_steps
from tfp_vae.audit import audit, audit_model, step_parts

X = (np.random.default_rng(0).random((6, 12)) > 0.5).astype(np.float32)


def test_a_compiled_step_is_read_and_trains_nothing():
    report = audit_model(keras_steps.train_step, X)
    assert report.codes == {"kl-reduction", "likelihood-reduction"}
    before = [np.array(v) for v in keras_steps.encoder.variables]
    assert audit_model(keras_steps.train_step, X).codes == report.codes
    for one, other in zip(before, keras_steps.encoder.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not keras_steps.optimizer.iterations.numpy()


def test_a_step_may_close_over_its_parts_under_other_names():
    step = keras_steps.step_of_a_function()
    assert set(step_parts(step)) == {"generator", "inference"}
    assert audit_model(step, X).codes == {"scale-mismatch"}


def test_a_function_of_more_than_x_is_no_step():
    assert step_parts(keras_steps.train_step).keys() == {"decoder", "encoder"}
    assert not step_parts(lambda x, decoder_output: keras_steps.encoder(x))
    assert not step_parts(lambda x: x)
    assert not step_parts(keras_steps.Encoder)


def test_a_step_handed_over_as_a_loss_is_told_the_way():
    with pytest.raises(TypeError, match=r"a training step of encoder and decoder: .* audit_model"):
        audit(keras_steps.train_step)


def test_a_critic_of_the_latents_leaves_the_other_terms_exact():
    report = audit_model(keras_steps.WithCritic(), X)
    assert report.codes - {"constant"} == {"fixed-scale", "kl-reduction"}
    assert "2 · [½ Σ(x - d)²] + 0.3333 · [½ Σ(μ² + eˢ - s - 1)]" in report.formula
    assert any("the term of critic: " in line for line in report.not_checked)


def test_a_step_of_pytorch_ends_at_the_gradient():
    torch = pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_steps

    before = [p.detach().clone() for p in torch_steps.decoder.parameters()]
    assert audit_model(torch_steps.train_step, X).codes == {"overall-factor"}
    for one, other in zip(before, torch_steps.decoder.parameters(), strict=True):
        assert torch.equal(one, other)
    weight = torch.zeros(2, requires_grad=True)
    weight.sum().backward()
    assert weight.grad.tolist() == [1.0, 1.0]


def test_a_classifier_of_the_latents_in_pytorch_leaves_the_other_terms_exact():
    pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_steps

    report = audit_model(torch_steps.WithClassifier(), X)
    assert report.codes - {"constant"} == {"kl-reduction", "likelihood-reduction"}
    assert any("the term of classifier: " in line for line in report.not_checked)
