import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import BINARY, LOGS, REAL, compiled_vae, eager_vae, small_vae
from tfp_vae import VAE, Decoder, Encoder, likelihoods, networks, objectives, posteriors


def test_the_same_keras_seed_gives_the_same_weights():
    weights = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        vae = compiled_vae()
        vae.fit(BINARY, epochs=2, batch_size=8, verbose=0)
        weights.append(vae.get_weights())
    for one, another in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(one, another)
    assert any((one != another).any() for one, another in zip(weights[0], weights[2], strict=True))


def test_two_evaluations_agree():
    vae = compiled_vae()
    first, second = (vae.evaluate(BINARY, verbose=0) for _ in range(2))
    assert first == second


def test_the_progress_bar_and_callbacks_see_the_log(capsys):
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs))
    compiled_vae().fit(BINARY, epochs=2, verbose=2, callbacks=[None, callback])
    assert [sorted(logs) for logs in seen] == [LOGS, LOGS]
    written = capsys.readouterr().out
    for name in LOGS:
        assert f"{name}: " in written


@pytest.mark.parametrize(
    "schedule",
    [
        objectives.LinearWarmUp(steps=6, start=0.1),
        keras.optimizers.schedules.PolynomialDecay(0.1, 6, 1.0),
    ],
)
def test_the_log_shows_a_kl_weight_that_follows_a_schedule(schedule):
    vae = compiled_vae(objective=objectives.ELBO(kl_weight=schedule))
    history = vae.fit(BINARY, epochs=3, batch_size=8, verbose=0, shuffle=False).history
    # Three batches an epoch, and the log shows the weight of the last.
    np.testing.assert_allclose(history["kl_weight"], [0.4, 0.85, 1.0], rtol=1e-5)


def test_the_first_losses_follow_the_schedule():
    vae = eager_vae(objective=objectives.ELBO(kl_weight=objectives.LinearWarmUp(2, 0.0, 5.0)))
    log = vae.fit(BINARY, batch_size=23, verbose=0).history
    assert log["loss"] == pytest.approx([-log["log_likelihood"][0]], rel=1e-5)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_regularizers_count_in_the_loss(run_eagerly):
    trunk = keras.Sequential([keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.3))])
    vae = small_vae(encoder_trunk=trunk)
    vae.compile(keras.optimizers.SGD(0.0), run_eagerly=run_eagerly, jit_compile=False)
    penalty = 0.3 * np.sum(trunk.layers[0].get_weights()[0] ** 2)
    assert penalty > 0.01
    history = vae.fit(BINARY, epochs=2, batch_size=8, verbose=0).history
    evaluated = vae.evaluate(BINARY, verbose=0, return_dict=True)
    for log in (history, evaluated):
        np.testing.assert_allclose(np.add(log["loss"], log["elbo"]), penalty, rtol=1e-4)


def test_a_frozen_encoder_stays():
    vae = small_vae()
    vae.encoder.trainable = False
    vae.compile(run_eagerly=True)
    frozen, free = vae.encoder.get_weights(), vae.decoder.get_weights()
    # The decoder's head begins at zero, and passes a gradient on from the second step.
    vae.fit(BINARY, epochs=2, verbose=0)
    for one, other in zip(frozen, vae.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (free[0] != vae.decoder.get_weights()[0]).any()


@pytest.mark.parametrize("policy", ["float64", "mixed_float16", "mixed_bfloat16"])
def test_a_policy_trains_and_its_terms_have_the_wider_dtype(policy):
    keras.config.set_dtype_policy(policy)
    vae = eager_vae(likelihoods.Normal([4], scale="shared"))
    history = vae.fit(REAL, epochs=2, batch_size=8, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    terms = vae.elbo(REAL, seed=0)
    assert {term.dtype.name for term in terms} == {"float64" if policy == "float64" else "float32"}


@pytest.mark.parametrize("options", [{"jit_compile": True}, {"steps_per_execution": 2}])
def test_other_ways_to_execute_give_the_same_weights(options):
    weights = []
    for compile_options in ({"jit_compile": False}, {"jit_compile": False, **options}):
        keras.utils.set_random_seed(3)
        vae = small_vae()
        vae.compile(keras.optimizers.SGD(0.01), **compile_options)
        vae.fit(BINARY, epochs=1, batch_size=8, verbose=0)
        weights.append(vae.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def _functional(inputs, outputs):
    given = keras.Input([inputs])
    return keras.Model(given, keras.layers.Dense(outputs, "relu")(given))


class _Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3)
        self.dropout = keras.layers.Dropout(0.5)

    def call(self, x, training=None):
        return self.dropout(tf.nn.relu(self.dense(x)), training=training)


class _WithoutTraining(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize(
    ("encoder_trunk", "decoder_trunk"),
    [
        (lambda: _functional(4, 3), lambda: _functional(2, 3)),
        (_Subclassed, _Subclassed),
        (_WithoutTraining, _WithoutTraining),
        (lambda: networks.mlp([3], dropout=0.5), lambda: networks.mlp([3], dropout=0.5)),
    ],
)
def test_a_trunk_of_ones_own_trains(encoder_trunk, decoder_trunk):
    vae = eager_vae(encoder_trunk=encoder_trunk(), decoder_trunk=decoder_trunk())
    before = vae.get_weights()
    # The decoder's head begins at zero, and passes a gradient on from the second step.
    vae.fit(BINARY, epochs=2, verbose=0)
    changed = [(one != other).any() for one, other in zip(before, vae.get_weights(), strict=True)]
    assert sum(changed) >= 8 + len(vae.decoder.linear_path.weights)
    first, second = (vae.elbo(BINARY, seed=0).elbo for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("event_shape", [[6], [6, 6, 1]])
def test_flat_and_image_events(event_shape):
    image = len(event_shape) == 3
    vae = VAE(
        Encoder(
            networks.conv([2]) if image else networks.mlp([3]),
            posteriors.MultivariateNormalDiag(2),
        ),
        Decoder(
            networks.conv_transpose([2], event_shape) if image else networks.mlp([3]),
            likelihoods.Bernoulli(event_shape),
        ),
    )
    vae.compile(run_eagerly=True)
    x = np.random.default_rng(0).integers(0, 2, [5, *event_shape])
    vae.fit(x, verbose=0)
    assert vae.predict(x, verbose=0).shape == x.shape
    assert vae.sample(3, seed=0).shape == [3, *event_shape]
    assert vae.reconstruct(x).batch_shape == [5]


def test_one_row_is_enough():
    vae = eager_vae()
    vae.fit(BINARY[:1], verbose=0)
    assert vae.elbo(BINARY[:1], seed=0).elbo.shape == [1]


def test_summary_counts_every_weight():
    lines = []
    vae = small_vae()
    vae.summary(print_fn=lambda text, **kwargs: lines.append(text))
    # 4-5 and two heads 5-2; 2-5, one head 5-4; linear paths 4-2, with four constants, and 2-4, with
    # as many, and two scalars each.
    assert vae.count_params() == 25 + 2 * 12 + 15 + 24 + 2 * (8 + 4 + 2)
    assert str(vae.count_params()) in "\n".join(lines)


@pytest.mark.parametrize("as_data", [lambda x: x, tf.data.Dataset.from_tensors])
def test_a_model_with_nothing_to_train_is_refused(as_data):
    vae = small_vae()
    vae.trainable = False
    vae.compile()
    with pytest.raises(ValueError, match="must have a trainable weight to be fitted; got none"):
        vae.fit(as_data(BINARY), verbose=0)
    assert vae.evaluate(as_data(BINARY), verbose=0)[0] > 0.0


@pytest.mark.nightly
def test_models_of_one_process_raise_no_alarm_of_retracing(monkeypatch):
    """TensorFlow's notice is for one function that is traced again and again."""
    messages = []
    monkeypatch.setattr(
        logging.getLogger("tensorflow"), "handle", lambda each: messages.append(each.getMessage())
    )
    for _ in range(6):
        vae = compiled_vae()
        for data in (BINARY, tf.data.Dataset.from_tensors(BINARY)):
            vae.fit(data, verbose=0)
            vae.evaluate(data, verbose=0)
            vae.predict(data, verbose=0)
    assert [text for text in messages if "retracing" in text] == []


def test_fit_before_compile_is_refused():
    with pytest.raises(ValueError, match="compile"):
        small_vae().fit(BINARY, verbose=0)
