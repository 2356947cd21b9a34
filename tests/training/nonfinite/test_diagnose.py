"""A step with a non-finite loss or gradient is not taken, and its source is reported."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import small_vae
from tfp_vae import callbacks, likelihoods, networks, objectives, posteriors
from tfp_vae.training.steps import all_usable

BAD = 17
X = np.abs(np.random.default_rng(0).normal(size=[40, 4])).astype("float32")
X[BAD, 2] = 100.0
BATCH = {"batch_size": 8, "shuffle": False, "verbose": 0}


class NanWhereLarge(keras.layers.Layer):
    """Gives NaN for every value of a row that holds one above 50."""

    def call(self, x):
        large = tf.reduce_any(x > 50.0, axis=-1, keepdims=True)
        return tf.where(large, np.nan, x)


class NanGradientWhereLarge(keras.layers.Layer):
    """Gives the values back, with a gradient of NaN for a row that holds one beyond 20."""

    def call(self, x):
        large = tf.reduce_any(tf.abs(x) > 20.0, axis=-1, keepdims=True)
        return x + tf.sqrt(tf.where(large, x - x, 1.0)) - 1.0


class Half(keras.layers.Layer):
    """Gives half of the values, with a gradient of NaN."""

    def call(self, x):
        return 0.5 * x + tf.sqrt(x - x)


def trunk(layer, after=False):
    dense = keras.layers.Dense(5, activation=None if after else "tanh")
    return keras.Sequential([dense, layer] if after else [layer, dense])


def vae_of(encoder_trunk=None, scale=1.0, **options):
    keras.utils.set_random_seed(1)
    if encoder_trunk is None:
        encoder_trunk = trunk(NanWhereLarge())
    options = {"adaptive": False, **options}
    return small_vae(likelihoods.Normal([4], scale=scale), encoder_trunk, **options)


def state(vae):
    variables = [*vae.weights, *vae.optimizer.variables]
    return [np.array(variable) for variable in variables]


def compiled(vae, **options):
    vae.compile(
        keras.optimizers.Adam(0.01), **{"run_eagerly": "jit_compile" not in options, **options}
    )
    vae.optimizer.build(vae.trainable_variables)
    return vae


def fit(vae, x=X, epochs=1, **options):
    keras.utils.set_random_seed(2)
    return vae.fit(x, epochs=epochs, **{**BATCH, **options})


def assert_same(one, other):
    for value, expected in zip(one, other, strict=True):
        np.testing.assert_array_equal(value, expected)


def assert_close(one, other):
    for value, expected in zip(one, other, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)


class EveryBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


def normals(size):
    return posteriors.MultivariateNormalDiag(size)


def hierarchical(scale=1.0):
    keras.utils.set_random_seed(1)
    return tfp_vae.HierarchicalVAE(
        [
            tfp_vae.Encoder(trunk(NanWhereLarge()), normals(3)),
            tfp_vae.Transition(networks.mlp([4]), normals(2)),
        ],
        [
            tfp_vae.Decoder(networks.mlp([4]), likelihoods.Normal([4], scale=scale)),
            tfp_vae.Transition(networks.mlp([4]), normals(3)),
        ],
        adaptive=False,
    )


def likelihood_fails(**options):
    return vae_of(networks.mlp([5]), scale=1e-20, **options)


KL = rf"a KL divergence of nan for row {BAD} of `x` at latent 0, in batch 2 "
LIKELIHOOD = r"a log-likelihood of -inf for row \d of `x` at index \[\d\] of the event, in batch 0 "


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(vae_of, KL, id="the encoder"),
        pytest.param(likelihood_fails, LIKELIHOOD, id="the likelihood"),
        pytest.param(hierarchical, KL, id="several layers"),
        pytest.param(
            lambda: hierarchical(1e-20),
            LIKELIHOOD,
            id="several layers, the likelihood",
            marks=pytest.mark.nightly,
        ),
        pytest.param(lambda: vae_of(missing_values=np.nan), KL, id="missing values"),
        pytest.param(lambda: vae_of(scale="calibrated"), KL, id="a running average"),
        *(
            pytest.param(
                lambda objective=objective: likelihood_fails(objective=objective),
                LIKELIHOOD,
                id=type(objective).__name__,
                marks=marks,
            )
            for objective, marks in (
                (objectives.IWAE(3, "doubly_reparameterized"), ()),
                (objectives.BetaTCVAE(data_size=40), ()),
                (objectives.InfoVAE(10.0), pytest.mark.nightly),
                (objectives.ELBO(kl_weight=objectives.LinearWarmUp(10)), pytest.mark.nightly),
            )
        ),
        pytest.param(
            lambda: vae_of(trunk(NanGradientWhereLarge(), after=True)),
            rf"a gradient of the log-likelihood of nan for row {BAD} of `x`, by the weight '.*', "
            "in batch 2 ",
            id="a gradient within a network",
        ),
        pytest.param(
            lambda: vae_of(networks.mlp([5]), decoder_trunk=trunk(Half())),
            r"a gradient of the log-likelihood of nan for row \d of `x` at latent 0, in batch 0 ",
            id="a gradient by the latents",
        ),
    ],
)
def test_the_error_names_row_term_and_place_and_the_step_is_not_taken(make, message):
    def made():
        keras.utils.set_random_seed(1)
        return compiled(make())

    x, vae = X.copy(), made()
    if vae.missing is not None:
        x[0, 1] = np.nan
    with pytest.raises(FloatingPointError, match=message):
        fit(vae, x)
    steps = int(vae.optimizer.iterations)
    assert steps == (2 if "batch 2" in message else 0)
    # The same model after the batches that came before.
    expected = made()
    if steps:
        fit(expected, x[: 8 * steps])
    assert_same(state(vae), state(expected))


@pytest.mark.parametrize(
    ("how", "given"),
    [
        pytest.param({}, [], id="eagerly"),
        pytest.param({"jit_compile": False, "steps_per_execution": 3}, [], id="in a graph"),
        pytest.param({"jit_compile": True}, [], id="in a compiled epoch"),
        pytest.param(
            {"jit_compile": True}, [EveryBatch()], id="by batches", marks=pytest.mark.nightly
        ),
    ],
)
def test_skipped_batches_might_as_well_not_be_there(how, given):
    vae = compiled(vae_of(scale="calibrated"), on_nonfinite="skip", **how)
    history = fit(vae, epochs=2, callbacks=given).history
    assert history.pop("skipped_steps") == [1, 1]
    expected = compiled(vae_of(scale="calibrated"))
    without = fit(expected, np.delete(X, np.s_[16:24], axis=0), epochs=2).history
    assert_close(state(vae), state(expected))
    for name, values in without.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4, err_msg=name)


def test_a_compiled_epoch_ends_before_the_step():
    vae = compiled(vae_of(), jit_compile=True)
    with pytest.raises(FloatingPointError, match=f"for row {BAD} of `x` at latent 0, in batch 3 "):
        fit(vae, batch_size=5)
    expected = compiled(vae_of())
    fit(expected, X[:15], batch_size=5)
    assert_close(state(vae), state(expected))


@pytest.mark.nightly
@pytest.mark.parametrize("clipped", [{"clipvalue": 1.0}, {"clipnorm": 1.0}])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Lion", "RMSprop"])
def test_the_last_gradient_of_a_compiled_epoch_is_seen(optimizer, clipped):
    x = np.concatenate([np.delete(X, BAD, axis=0), X[[BAD]]])
    vae = vae_of(trunk(NanGradientWhereLarge(), after=True))
    vae.compile(getattr(keras.optimizers, optimizer)(1e-3, **clipped))
    with pytest.raises(
        FloatingPointError, match=r"for row 39 of `x`, by the weight .* in batch 4 "
    ):
        fit(vae, x)
    assert int(vae.optimizer.iterations) == 4
    assert all(np.isfinite(value).all() for value in state(vae))


@pytest.mark.parametrize(
    "make",
    [
        lambda: tf.data.Dataset.from_tensor_slices(X).batch(8),
        lambda: (X[start : start + 8] for start in range(0, 40, 8)),
    ],
    ids=["a dataset", "a generator"],
)
def test_of_data_in_batches_the_row_of_the_batch_is_named(make):
    vae = compiled(vae_of())
    with pytest.raises(FloatingPointError, match=r"for row 1 of the batch .*, in batch 2 of"):
        vae.fit(make(), verbose=0)
    with pytest.raises(FloatingPointError, match="for row 1 of the batch"):
        vae.train_on_batch(X[16:24])


def test_shuffled_split_and_conditional_rows_are_named_as_they_were_given():
    keras.utils.set_random_seed(1)
    vae = compiled(vae_of(condition=keras.layers.CategoryEncoding(3, output_mode="one_hot")))
    options = {"shuffle": True, "validation_split": 0.2}
    with pytest.raises(FloatingPointError, match=f"KL divergence of nan for row {BAD} of `x`"):
        fit(vae, X, y=np.arange(40) % 3, **options)


def test_replicas_leave_the_step_and_skip_it():
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        vae = compiled(vae_of(scale="calibrated"))
        skipping = compiled(vae_of(scale="calibrated"), on_nonfinite="skip")
        expected = compiled(vae_of(scale="calibrated"))
    with pytest.raises(FloatingPointError, match=KL):
        fit(vae)
    history = fit(skipping).history
    assert history.pop("skipped_steps") == [1]
    without = fit(expected, np.delete(X, np.s_[16:24], axis=0)).history
    assert_same(state(skipping), state(expected))
    assert history == without
    assert int(vae.optimizer.iterations) == 2


def test_an_epoch_without_a_step_has_no_terms_and_sets_off_the_alarm():
    vae = compiled(likelihood_fails(), on_nonfinite="skip")
    before = state(vae)
    with pytest.warns(UserWarning, match="stopped after epoch 1: elbo is nan"):
        history = fit(vae, epochs=3, callbacks=[callbacks.TerminateOnNonFinite()])
    assert history.history["skipped_steps"] == [5]
    assert_same(state(vae), before)


def test_a_weight_that_was_not_finite_before_is_named():
    vae = compiled(vae_of(networks.mlp([5])))
    kernel = vae.encoder.posterior.heads["loc"].kernel
    kernel.assign(np.full(kernel.shape, np.inf))
    with pytest.raises(FloatingPointError, match=r"a weight '.*kernel' that held inf before"):
        fit(vae)


def test_a_penalty_is_distinguished_from_the_terms_of_the_rows():
    dense = keras.layers.Dense(5, kernel_regularizer=lambda kernel: tf.reduce_sum(kernel) / 0.0)
    vae = compiled(vae_of(keras.Sequential([dense])))
    with pytest.raises(FloatingPointError, match=r"a loss of -?(inf|nan) from terms that are"):
        fit(vae)


def test_the_choice_is_saved_and_checked(tmp_path):
    vae = compiled(small_vae(), on_nonfinite="skip")
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert loaded.trainer.state.on_nonfinite == "skip"
    assert "skipped_steps" in [metric.name for metric in loaded.metrics]
    with pytest.raises(ValueError, match="`on_nonfinite` must be one of 'raise', 'skip'"):
        vae.compile(on_nonfinite="ignore")


def test_a_checkpoint_goes_on_with_the_other_choice(tmp_path):
    raising = compiled(vae_of())
    with pytest.raises(FloatingPointError):
        fit(raising, callbacks=[callbacks.Checkpoint(tmp_path / "run")])
    fit(raising, X[:16], callbacks=[callbacks.Checkpoint(tmp_path / "run")])
    skipping = compiled(vae_of(), on_nonfinite="skip")
    checkpoint = callbacks.Checkpoint(tmp_path / "run")
    history = fit(skipping, X[:16], epochs=2, callbacks=[checkpoint])
    assert history.epoch == [0, 1]


def test_gradients_too_large_to_be_squared_are_not_taken():
    vae = compiled(vae_of(networks.mlp([5]), scale=1e-16))
    with pytest.raises(FloatingPointError, match=r"a gradient of the log-likelihood of .*e\+"):
        fit(vae)
    assert all(np.isfinite(value).all() for value in state(vae))


@pytest.mark.parametrize(
    ("dtype", "optimizer", "largest"),
    [
        (tf.bfloat16, keras.optimizers.Adam(), 1.8e19),
        (tf.float16, keras.optimizers.Adam(), 65504),
        (tf.float32, keras.optimizers.Adam(), 1.8e19),
        (tf.float32, keras.optimizers.Adam(global_clipnorm=1.0), 2.8e14),
        (tf.float32, keras.optimizers.Adam(clipnorm=1.0), 3.4e38),
        (tf.float32, keras.optimizers.SGD(), 3.4e38),
        (tf.float64, keras.optimizers.Adam(), 1.3e154),
    ],
)
def test_what_an_optimizer_cannot_take_is_seen_in_every_dtype(dtype, optimizer, largest):
    taken = tf.constant([largest, -largest, 0.0, 1e-30], dtype)
    assert all_usable([taken, taken[:1]], optimizer)
    for value in (np.nan, -np.nan, np.inf, -np.inf, 1.05 * largest):
        if value < 3.4e38 or dtype == tf.float64 or not np.isfinite(value):
            assert not all_usable([taken, tf.constant([0.0, value], dtype)], optimizer)
