"""Errors for wrong data and for parts that do not fit."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import tfp_vae
from tests.support.small_models import BINARY, REAL, eager_vae, small_vae
from tfp_vae import likelihoods, networks, posteriors, priors
from tfp_vae.testing import strategies
from tfp_vae.testing.strategies.likelihood import LIKELIHOODS

WRONG_ROWS = {
    "trailing shape": (np.zeros([5, 3]), ValueError, r"shape \[batch, 4\]; got shape \[5, 3\]"),
    "rank": (np.zeros([5, 2, 2]), ValueError, r"The sizes agree: `x.reshape\(\[-1, 4\]\)` fits"),
    "a row": (np.zeros([4]), ValueError, r"A single row needs a batch axis: `x\[None\]`"),
    "a number": (np.float32(1.0), ValueError, r"got shape \[\]"),
    "no rows": (np.zeros([0, 4]), ValueError, "at least one row; got an empty array"),
    "empty": (np.zeros([0]), ValueError, r"shape \[batch, 4\]; got shape \[0\]"),
    "nan": (np.full([5, 4], np.nan), ValueError, r"finite numbers; got nan at index \[0, 0\]"),
    "infinity": (np.full([5, 4], np.inf), ValueError, "finite numbers; got inf"),
    "text": (np.full([5, 4], "a"), TypeError, "array of real numbers"),
    "complex": (np.zeros([5, 4], complex), TypeError, "array of real numbers"),
    "none": (None, (TypeError, ValueError), "`x` must"),
    "ragged": (
        tf.ragged.constant([[1.0], [1.0, 0.0]]),
        (TypeError, ValueError),
        "dense array|with missing_values=np.nan",
    ),
    "sparse": (tf.sparse.from_dense(np.eye(4)), TypeError, "dense array"),
    "uneven lists": ([[1.0], [1.0, 0.0]], TypeError, "rows of equal length"),
    "a pair": (
        (np.zeros([5, 4]), np.zeros([5])),
        TypeError,
        r"a tuple of 2 arrays, of shapes \[5, 4\] and \[5\]: pass y, .* as `condition`",
    ),
    "outside": (np.full([5, 4], 0.5), ValueError, "0 or 1; got 0.5 at index"),
    "pixels": (np.full([5, 4], 255, np.uint8), ValueError, "got 255 at .* divide by 255"),
    "a variable": (tf.Variable(tf.fill([5, 4], 3.0)), ValueError, "0 or 1; got 3"),
}

CALLS = {
    "elbo": lambda vae, x: vae.elbo(x, seed=0),
    "posterior": lambda vae, x: vae.posterior(x),
    "reconstruct": lambda vae, x: vae.reconstruct(x),
    "fit": lambda vae, x: vae.fit(x, verbose=0),
    "evaluate": lambda vae, x: vae.evaluate(x, verbose=0),
    "predict": lambda vae, x: vae.predict(x, verbose=0),
}


@pytest.mark.parametrize("call", CALLS)
def test_wrong_rows_are_named_and_touch_no_weight(call):
    vae = eager_vae()
    before = vae.get_weights()
    for x, error, message in WRONG_ROWS.values():
        with pytest.raises(error, match=message):
            CALLS[call](vae, x)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=10)
@given(st.data())
def test_numbers_outside_the_support_are_named(data):
    kind = data.draw(
        st.sampled_from([kind for kind, entry in LIKELIHOODS.items() if entry.outside])
    )
    entry = LIKELIHOODS[kind]
    vae = small_vae(data.draw(entry.layers([4])))
    x = strategies.observed(vae.decoder.likelihood, 3)
    wrong = data.draw(st.sampled_from(entry.outside))
    x[data.draw(st.integers(0, 2)), data.draw(st.integers(0, 3))] = wrong
    description = vae.decoder.likelihood.support.description
    with pytest.raises(ValueError, match=f"{description}; got {wrong:g} at index"):
        vae.elbo(x, seed=0)


def test_a_number_too_large_for_float32_is_named():
    x = REAL.astype("float64")
    x[3, 1] = 1e300
    with pytest.raises(ValueError, match=r"float32 can represent.*1e\+300 at index \[3, 1\]"):
        small_vae(likelihoods.Normal([4])).elbo(x, seed=0)


def test_grey_values_outside_the_unit_interval_are_named_before_binarization():
    vae = small_vae(preprocess=networks.StochasticBinarization())
    with pytest.raises(ValueError, match=r"between 0 and 1; got 255.*Divide pixels"):
        vae.elbo(np.full([2, 4], 255, np.uint8), seed=0)


class InADict(keras.layers.Layer):
    def call(self, x):
        return {"x": x}


def test_a_preprocess_layer_that_gives_no_tensor_is_named():
    for layer in (priors.Normal(), posteriors.MultivariateNormalDiag(4)):
        with pytest.raises(TypeError, match=r"`preprocess` must be .* returns a distribution"):
            tfp_vae.VAE.for_data(BINARY, preprocess=layer)
        with pytest.raises(TypeError, match=r"`condition` must be .* returns a distribution"):
            small_vae(condition=layer)
    vae = small_vae(preprocess=InADict())
    with pytest.raises(TypeError, match=r"`preprocess` must be .* InADict, which returns a dict"):
        vae.elbo(BINARY, seed=0)


@pytest.mark.parametrize("size", [0, -1])
def test_sizes_are_positive(size):
    with pytest.raises(ValueError, match="`latent_size` must be a positive int"):
        small_vae(latent_size=size)
    with pytest.raises(ValueError, match="`sample_size` must be a positive int"):
        small_vae().elbo(BINARY, sample_size=size)
    with pytest.raises(ValueError, match="`sample_size` must be a positive int"):
        small_vae().sample(size)


def _encoder(trunk=None, latent_size=2, **options):
    return tfp_vae.Encoder(
        trunk or networks.mlp([3]), posteriors.MultivariateNormalDiag(latent_size), **options
    )


def _decoder(trunk=None, event_shape=(4,)):
    return tfp_vae.Decoder(trunk or networks.mlp([3]), likelihoods.Bernoulli(list(event_shape)))


class _TwoOutputs(keras.layers.Layer):
    def call(self, x):
        return x, x

    def compute_output_shape(self, shape):
        return shape, shape


def _built_prior(size):
    prior = priors.StandardNormal()
    prior.build([size])
    return prior


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: tfp_vae.VAE(
                _encoder(), _decoder(networks.conv_transpose([2], [6, 6]), (8, 8, 1))
            ),
            ValueError,
            r"must give features \[batch, F\], or \[batch, 8, 8, C\].*got features .*6, 6, 2",
        ),
        (
            lambda: tfp_vae.VAE(_encoder(networks.conv([2])), _decoder()),
            ValueError,
            r"The encoder's trunk must take inputs of shape \[batch, 4\]; it failed",
        ),
        (
            lambda: tfp_vae.VAE(_encoder(_TwoOutputs()), _decoder()),
            TypeError,
            "must return one tensor of features",
        ),
        (
            lambda: tfp_vae.VAE(_encoder(), _decoder(), prior=_built_prior(5)),
            ValueError,
            r"`prior` must have the event shape of the posterior, \(2,\); got \(5,\)",
        ),
        (lambda: tfp_vae.VAE(_decoder(), _encoder()), TypeError, "`encoder` must be a Encoder"),
        (lambda: tfp_vae.VAE(_encoder(), None), TypeError, "`decoder` must be a Decoder"),
        (
            lambda: tfp_vae.VAE(_encoder(), _decoder(), prior="normal"),
            TypeError,
            "`prior` must be a Prior",
        ),
        (
            lambda: tfp_vae.VAE(_encoder(), _decoder(), objective="elbo"),
            TypeError,
            "`objective` must be a Objective",
        ),
        (
            lambda: tfp_vae.VAE(_encoder(), _decoder(), preprocess=lambda x: x),
            TypeError,
            "`preprocess` must be a Layer",
        ),
        (
            lambda: tfp_vae.VAE(
                _encoder(), _decoder(), condition=posteriors.MultivariateNormalDiag(2)
            ),
            TypeError,
            "`condition` must be a layer that returns a tensor, .*; got a MultivariateNormalDiag",
        ),
        (lambda: tfp_vae.Encoder([200], None), TypeError, "`trunk` must be a Layer"),
        (
            lambda: tfp_vae.Encoder(networks.mlp([3]), likelihoods.Bernoulli([4])),
            TypeError,
            "`posterior` must be a Posterior",
        ),
        (
            lambda: tfp_vae.Decoder(networks.mlp([3]), "bernoulli"),
            TypeError,
            "`likelihood` must be a Likelihood",
        ),
        (
            lambda: tfp_vae.VAE(
                _encoder(),
                tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4], dtype="float64")),
            ),
            ValueError,
            "`posterior` must have the dtype of the likelihood, float64; got float32",
        ),
    ],
)
def test_parts_that_do_not_fit_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_latents_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"`z` must have shape \[.*, 2\]; got shape \[3, 5\]"):
        small_vae().decoder(np.zeros([3, 5], "float32"))


@pytest.mark.parametrize("pass_over", ["fit", "evaluate"])
def test_batches_bring_their_own_weights(pass_over):
    vae = small_vae()
    vae.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="`sample_weight` must be None where `x` comes in batches"):
        getattr(vae, pass_over)(iter([BINARY]), sample_weight=np.ones(len(BINARY)), verbose=0)


def test_targets_of_validation_are_named():
    vae = small_vae()
    vae.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="`validation_data's y` must be None"):
        vae.fit(BINARY, validation_data=(BINARY, BINARY.copy()), verbose=0)


def test_running_eagerly_is_true_or_false():
    with pytest.raises(TypeError, match="`run_eagerly` must be True or False; got"):
        small_vae().compile(run_eagerly=np.array([1, 2]))


def test_a_symbolic_condition_is_named():
    vae = small_vae(condition=keras.layers.Embedding(3, 2))
    with pytest.raises(TypeError, match="`condition` must be an array of numbers; got a symbolic"):
        vae.posterior(BINARY, condition=keras.KerasTensor((None,)))


def test_a_likelihood_of_other_rows_is_named():
    with pytest.raises(ValueError, match=r"`likelihood` must have the event shape .*\[4\]; got"):
        tfp_vae.VAE.for_data(BINARY, likelihood=likelihoods.Bernoulli([5]))


def test_epochs_of_validation_may_be_any_list():
    vae = small_vae()
    vae.compile(run_eagerly=True)
    options = {"validation_data": BINARY, "verbose": 0, "epochs": 3}
    history = vae.fit(BINARY, validation_freq=(1, 3), **options).history
    assert len(history["val_loss"]) == 2
    with pytest.raises(TypeError, match="`validation_freq` must be a list of positive ints"):
        vae.fit(BINARY, validation_freq=bytearray(b"4"), **options)


def test_an_int_of_numpy_is_an_int():
    vae = small_vae()
    vae.compile(run_eagerly=True)
    history = vae.fit(BINARY, batch_size=np.uint8(200), epochs=np.uint8(2), verbose=0)
    assert len(history.history["loss"]) == 2
    assert vae.predict(BINARY, batch_size=np.uint8(200), verbose=0).shape == BINARY.shape


@pytest.mark.parametrize("option", ["loss", "weighted_metrics", "loss_weights"])
def test_compile_has_no_loss_to_choose(option):
    with pytest.raises(TypeError, match=f"`{option}` is no argument of compile: the loss is the"):
        small_vae().compile(**{option: "mse"})
