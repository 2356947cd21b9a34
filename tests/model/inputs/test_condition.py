"""Conditional models p(x|y): every Keras method takes the condition; exact densities; errors."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.mutations import assert_killed
from tests.support.small_models import BINARY, LOGS, eager_vae, small_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors
from tfp_vae.model.inputs import condition
from tfp_vae.testing import LinearGaussian, assert_mean, normal_kl_divergence, repeated

CLASSES = np.arange(23) % 3


def one_hot():
    return keras.layers.CategoryEncoding(3, output_mode="one_hot")


def conditional_vae(make=eager_vae, layer=None, **options):
    return make(condition=layer or one_hot(), **options)


CONDITIONS = {
    "one-hot": (one_hot, CLASSES),
    "embedding": (lambda: keras.layers.Embedding(3, 2), CLASSES),
    "number": (lambda: networks.mlp([2]), np.linspace(-1.0, 1.0, 23)),
    "vector": (
        lambda: keras.Sequential([keras.Input([2]), keras.layers.Dense(3, "tanh")]),
        np.random.default_rng(0).normal(size=[23, 2]),
    ),
}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_every_method_takes_the_condition(kind, tmp_path):
    make, y = CONDITIONS[kind]
    vae = conditional_vae(small_vae, make())
    assert vae.elbo(BINARY, seed=0, condition=y).elbo.shape == [23]
    assert vae.posterior(BINARY, condition=y).batch_shape == [23]
    assert vae.reconstruct(BINARY, condition=y).batch_shape == [23]
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    one, another = (model.elbo(BINARY, seed=1, condition=y).elbo for model in (vae, loaded))
    np.testing.assert_array_equal(one, another)
    vae.compile(run_eagerly=True)
    before = [weight.numpy() for weight in vae.trainable_weights]
    # The heads begin at zero: the decoder's passes a gradient on from the second step, the
    # encoder's from the third.
    history = vae.fit(BINARY, y, epochs=3, verbose=0, validation_data=(BINARY, y)).history
    assert sorted(history) == sorted([*LOGS, *(f"val_{name}" for name in LOGS)])
    # Of the weights of the condition itself, too.
    after = [weight.numpy() for weight in vae.trainable_weights]
    assert all((one != other).any() for one, other in zip(before, after, strict=True))
    np.testing.assert_allclose(vae.predict(BINARY, y, verbose=0), vae(BINARY, y), rtol=1e-5)


def test_batches_of_pairs_are_as_good_as_arrays():
    x, y, weights = BINARY, CLASSES, np.linspace(0.0, 1.0, 23)
    vae = conditional_vae()
    expected = vae.evaluate(x, y, batch_size=8, sample_weight=weights, verbose=0)
    pairs = tf.data.Dataset.from_tensor_slices((x, y, weights)).batch(8)
    assert vae.evaluate(pairs, verbose=0) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(
        vae.predict(pairs.map(lambda x, y, _: (x, y)), verbose=0), vae(x, y), rtol=1e-5
    )

    def batches():
        while True:
            yield x[:8], y[:8]

    for data, options in ((pairs, {}), (batches(), {"steps_per_epoch": 2})):
        assert np.isfinite(vae.fit(data, verbose=0, **options).history["loss"]).all()
    assert np.isfinite(vae.fit(x, y, validation_split=0.3, verbose=0).history["val_loss"]).all()


@pytest.mark.nightly
def test_both_ways_to_fit_end_in_the_same_weights():
    """With holes in the data as well, since compiling takes the time."""
    holes = np.where(np.random.default_rng(0).uniform(size=BINARY.shape) < 0.3, np.nan, BINARY)
    weights = []
    for callbacks in (
        None,
        [keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: 0)],
    ):
        keras.utils.set_random_seed(5)
        vae = conditional_vae(small_vae, missing_values=np.nan)
        vae.compile(keras.optimizers.Adam(0.01), jit_compile=callbacks is None)
        vae.fit(holes, CLASSES, epochs=2, batch_size=10, verbose=0, callbacks=callbacks)
        weights.append(vae.get_weights())
    for one, another in zip(*weights, strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-4, atol=1e-5)


def test_a_condition_that_is_ignored_changes_nothing():
    plain, conditional = small_vae(), conditional_vae(small_vae)
    for vae, other in ((conditional, plain),):
        for name, count in (("encoder", 4), ("decoder", 2)):
            mine, theirs = getattr(vae, name), getattr(other, name)
            values = theirs.get_weights()
            # Kernels of the input have three more rows, one for each class.
            assert mine.get_weights()[0].shape[0] == count + 3
            wider = [np.zeros_like(each) for each in mine.get_weights()]
            for rows, value in zip(wider, values, strict=True):
                rows[tuple(map(slice, value.shape))] = value
            mine.set_weights(wider)
    expected = plain.elbo(BINARY, seed=3)
    found = conditional.elbo(BINARY, seed=3, condition=CLASSES)
    for one, another in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-6)
    one, another = plain.sample(23, seed=1), conditional.sample(23, seed=1, condition=CLASSES)
    np.testing.assert_array_equal(one, another)


@pytest.mark.filterwarnings("ignore:The effective sample size")
@pytest.mark.usefixtures("float64")
def test_a_linear_model_shifts_by_its_condition():
    """x = W z + b + A y + noise is a linear-Gaussian model of x - A y, whose bound is known."""
    model = LinearGaussian.drawn(2, 4, 2)
    shift = np.random.default_rng(3).normal(size=[3, 4])
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([]), posteriors.MultivariateNormalDiag(2, scale_floor=0.0)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([4], scale=model.scale)),
        condition=one_hot(),
        adaptive=False,
    )
    plain = model.vae()
    for name in ("loc", "scale"):
        kernel, bias = plain.encoder.posterior.heads[name].get_weights()
        both = np.concatenate([kernel, -shift @ kernel])
        vae.encoder.posterior.heads[name].set_weights([both, bias])
    kernel, bias = plain.decoder.likelihood.heads["loc"].get_weights()
    vae.decoder.likelihood.heads["loc"].set_weights([np.concatenate([kernel, shift]), bias])
    y = np.arange(6) % 3
    x = model.draws(6) + shift[y]
    batch = vae.distributions(x, condition=y)
    log_weights = batch.log_weights(batch.posterior.sample(5, seed=[6, 7]))
    exact = model.log_marginal_likelihood(x - shift[y])
    np.testing.assert_allclose(log_weights, np.tile(exact, [5, 1]))
    mean, stddev = model.posterior_moments(x - shift[y])
    terms = vae.elbo(repeated(x[4]), seed=5, condition=np.full(4000, y[4]))
    np.testing.assert_allclose(terms.kl_divergence, normal_kl_divergence(mean, stddev).sum(1)[4])
    assert_mean(terms.elbo, exact[4])
    marginal = evaluation.log_marginal_likelihood(vae, x, 1, seed=0, condition=y)
    np.testing.assert_allclose(marginal.estimate, exact)
    assert evaluation.elbo(vae, x, condition=y, batch_size=4).elbo < exact.max()
    draws = vae.sample(4000, seed=1, condition=np.full(4000, 2)).numpy()
    assert_mean(draws, model.offset + shift[2])


def test_an_image_gets_the_features_as_channels():
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.conv([2]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.conv_transpose([2], [4, 4, 1]), likelihoods.Bernoulli([4, 4, 1])),
        condition=one_hot(),
    )
    assert vae.encoder.trunk.layers[0].kernel.shape[2] == 1 + 3
    x = np.zeros([3, 4, 4, 1])
    first, second = (vae.posterior(x, condition=[c] * 3).mean().numpy() for c in (0, 1))
    assert (first != second).any()
    assert vae.sample(3, seed=0, condition=[0, 1, 2]).shape == [3, 4, 4, 1]


def test_imputation_depends_on_the_condition():
    vae = conditional_vae(
        small_vae, likelihood=likelihoods.Normal([4], scale=0.1), missing_values=np.nan
    )
    kernel, bias = vae.decoder.likelihood.heads["loc"].get_weights()
    vae.decoder.likelihood.heads["loc"].set_weights([10.0 * kernel, bias])
    x = np.full([2, 4], np.nan)
    imputed = vae.impute(x, 1, 200, seed=0, condition=[0, 1])
    assert (imputed.mean[0] != imputed.mean[1]).all()


def test_an_exported_model_takes_the_condition(tmp_path):
    vae = conditional_vae(small_vae)
    vae.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    x, y = tf.constant(BINARY), tf.constant(CLASSES, tf.float32)
    terms = served.elbo(x, tf.constant([0, 7]), y)
    np.testing.assert_allclose(terms["elbo"], vae.elbo(x, seed=7, condition=y).elbo, rtol=1e-4)
    assert served.sample(tf.constant(23), tf.constant([0, 1]), y)["x"].shape == [23, 4]


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (None, ValueError, r"`{}` must be given, since the model is one of p\(x\|y\)"),
        (CLASSES[:5], ValueError, "`{}` must have one row for each of 23 rows of x; got 5"),
        (CLASSES[:, None], ValueError, r"`{}` must have shape \[batch\]; got shape \[23, 1\]"),
        (CLASSES + 1, ValueError, "`{}` must hold whole numbers from 0 to 2, .* got 3"),
        (CLASSES / 2, ValueError, "`{}` must hold whole numbers from 0 to 2, .* got 0.5"),
        (np.full(23, np.nan), ValueError, "`{}` must hold finite numbers"),
        (np.full(23, "a"), TypeError, "`{}` must be an array of real numbers"),
    ],
)
def test_a_wrong_condition_is_named(y, error, message):
    vae = conditional_vae()
    before = vae.get_weights()
    with pytest.raises(error, match=message.format("condition")):
        vae.elbo(BINARY, condition=y)
    with pytest.raises(error, match=message.format("y")):
        vae.fit(BINARY, y, verbose=0)
    with pytest.raises(error, match=message.format("y")):
        vae.evaluate(BINARY, y, verbose=0)
    with pytest.raises(error, match="`validation_data's y` must"):
        vae.fit(BINARY, CLASSES, validation_data=(BINARY, y), verbose=0)
    with pytest.raises(error, match=message.format("condition").replace(" of x", ".*")):
        vae.sample(23, condition=y)
    with pytest.raises(error, match=message.format("condition")):
        vae.predict(BINARY, y, verbose=0)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_makes_no_sense_is_refused():
    plain, conditional = eager_vae(), conditional_vae()
    with pytest.raises(ValueError, match=r"`y` must be None, .* made with `condition`"):
        plain.fit(BINARY, CLASSES, verbose=0)
    with pytest.raises(
        ValueError, match="`condition` must be None, since the model was made without"
    ):
        plain.elbo(BINARY, condition=CLASSES)
    pairs = tf.data.Dataset.from_tensor_slices((BINARY, CLASSES)).batch(8)
    with pytest.raises(ValueError, match="A batch must hold x alone"):
        plain.fit(pairs, verbose=0)
    with pytest.raises(ValueError, match=r"A batch must hold \(x, y\)"):
        conditional.fit(pairs.map(lambda x, y: x), verbose=0)
    with pytest.raises(ValueError, match="`y` must be None where `x` comes in batches"):
        conditional.fit(pairs, CLASSES, verbose=0)
    wrong = pairs.map(lambda x, y: (x, y + 1))
    with pytest.raises(ValueError, match="`y` must hold whole numbers from 0 to 2"):
        conditional.fit(wrong, verbose=0)
    with pytest.raises(TypeError, match="`condition` must be a Layer"):
        small_vae(condition=10)
    with pytest.raises(ValueError, match=r"`condition` must turn y .* into features \[batch, C\]"):
        small_vae(condition=keras.Sequential([keras.Input([2]), keras.layers.Embedding(3, 2)]))
    with pytest.raises(
        ValueError, match=r"trunk must take inputs of shape \[batch, 7\]; it failed"
    ):
        small_vae(
            encoder_trunk=keras.Sequential([keras.Input([4]), keras.layers.Dense(2)]),
            condition=one_hot(),
        )


@pytest.mark.parametrize(
    "layer", [lambda: keras.layers.Dense(8), keras.layers.Identity], ids=["Dense", "Identity"]
)
def test_a_layer_for_one_hot_rows_is_told_to_begin_with_an_input(layer):
    advice = r"For y in rows, such as one-hot vectors of 10 classes, begin .*`keras\.Input\(\[10\]"
    with pytest.raises(ValueError, match=advice):
        small_vae(condition=layer())
    with pytest.raises(ValueError, match=r"`y` must have shape \[batch\]; got .*" + advice):
        conditional_vae().fit(BINARY, np.eye(3)[CLASSES], verbose=0)
    vae = eager_vae(condition=keras.Sequential([keras.Input([3]), layer()]))
    vae.fit(BINARY, np.eye(3)[CLASSES], verbose=0)


joined = condition.joined


@pytest.mark.filterwarnings("ignore:The effective sample size")
@pytest.mark.usefixtures("float64")
def test_a_mistake_in_the_code_fails_its_check():
    """With the condition hidden, the bound is not that of the shifted model."""
    hidden = condition, "joined", lambda inputs, y, event_rank: joined(inputs, 0.0 * y, event_rank)
    assert_killed([hidden], {"condition": test_a_linear_model_shifts_by_its_condition})
