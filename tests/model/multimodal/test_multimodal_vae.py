"""Models of several views: rows, training, translation, files and parts that do not fit."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.linear_gaussian_views import (
    SIZES,
    exact_posterior,
    linear_gaussian_views,
    rows_of_every_subset,
    views_vae,
)
from tests.support.small_models import LOGS
from tfp_vae import likelihoods, networks, posteriors, priors, replica_context
from tfp_vae.model.multimodal.view_dropout import with_views_dropped
from tfp_vae.testing import assert_close, assert_config_is_a_fixed_point, assert_mean, check_elbo

EXPERTS = ("product", "mixture", "mixture_of_products")
VIEWS = {"image": 4, "label": 1, "number": 2}


def three_views(experts="mixture_of_products", **options):
    return tfp_vae.MultimodalVAE.from_mlps(
        {
            "image": likelihoods.Bernoulli([4]),
            "label": likelihoods.Categorical([1], 3),
            "number": likelihoods.Normal([2]),
        },
        latent_size=2,
        units=[5],
        experts=experts,
        **options,
    )


def rows(vae, count=23):
    rng = np.random.default_rng(0)
    x = vae.join(
        {
            "image": rng.integers(0, 2, [count, 4]),
            "label": rng.integers(0, 3, count),
            "number": rng.normal(size=[count, 2]),
        }
    )
    x[:3, :4] = np.nan
    x[3:6, 4] = np.nan
    x[6:8, 4:] = np.nan
    x[8] = np.nan
    x[9, 5] = np.nan
    return x


@pytest.mark.nightly
@pytest.mark.parametrize("experts", EXPERTS)
def test_rows_with_views_missing_train_and_are_saved(experts, tmp_path):
    vae = three_views(experts, view_dropout=0.5)
    x = rows(vae)
    vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    before = vae.get_weights()
    log = vae.fit(x, epochs=2, batch_size=12, verbose=0).history
    assert sorted(log) == LOGS
    assert np.isfinite(log["loss"]).all()
    trained = vae.trainable_variables
    assert len(trained) == len({variable.path for variable in trained})
    assert any((one != other).any() for one, other in zip(before, vae.get_weights(), strict=True))
    terms = vae.elbo(x, seed=0)
    assert_close(terms.elbo[8], 0.0, atol=1e-6)
    assert vae.encode(x, verbose=0).shape == (23, 2)
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    assert_close(loaded.elbo(x, seed=0).elbo, terms.elbo)
    assert loaded.view_sizes == VIEWS
    assert loaded.view_dropout == 0.5
    assert loaded.encoder.posterior.experts == experts
    assert_config_is_a_fixed_point(vae)


def test_views_are_joined_and_split():
    vae = three_views()
    image, label, number = np.eye(4)[:2], [2, 0], [[0.5, -1.0], [0.0, 7.0]]
    x = vae.join({"number": number, "image": image, "label": label})
    np.testing.assert_array_equal(x[:, :4], image)
    np.testing.assert_array_equal(x[:, 4], label)
    np.testing.assert_array_equal(x[:, 5:], number)
    views = vae.split(x)
    assert {name: view.shape for name, view in views.items()} == {
        name: (2, size) for name, size in VIEWS.items()
    }
    np.testing.assert_array_equal(views["number"], number)
    assert np.isnan(vae.join({"label": label})[:, [0, 1, 2, 3, 5, 6]]).all()
    assert vae.split(np.zeros([3, 5, 7]))["image"].shape == (3, 5, 4)


def test_a_number_may_stand_for_a_missing_view():
    vae = three_views(missing_values=-7.0)
    x = vae.join({"label": [1, 2]})
    assert (x[:, :4] == -7.0).all()
    nan = three_views()
    nan.set_weights(vae.get_weights())
    assert_close(vae.elbo(x, seed=0).elbo, nan.elbo(nan.join({"label": [1, 2]}), seed=0).elbo)


@pytest.mark.nightly
@pytest.mark.parametrize("experts", EXPERTS)
def test_the_bound_has_its_properties(experts):
    vae = three_views(experts, adaptive=False)
    check_elbo(vae, rows(vae, 12)[9:])


def test_refinement_is_of_products_alone():
    vae = three_views("product", adaptive=False)
    x = rows(vae)
    vae.compile(run_eagerly=True)
    assert vae.refine(x, steps=1).batch_shape == [23]
    with pytest.raises(ValueError, match="posterior of one layer of latents that parameters"):
        three_views().refine(x, steps=1)


def test_a_condition_reaches_every_view():
    layer = keras.layers.CategoryEncoding(2, output_mode="one_hot")
    vae = three_views("product", condition=layer)
    x, y = rows(vae)[:3], np.array([0, 1, 1])
    bounds = [vae.elbo(x, seed=0, condition=each).elbo for each in (y, 1 - y)]
    assert (bounds[0].numpy() != bounds[1].numpy()).all()
    assert vae.translate({"label": [0, 1]}, "image", [0, 1]).shape == (2, 4)


def test_views_are_dropped_as_often_as_said():
    """Of two views one always stays, each as often, and the other stays with probability 0.7."""
    vae = views_vae(linear_gaussian_views(), view_dropout=0.3)
    x = np.ones([4000, 7], "float32")
    dropped = with_views_dropped(tf.constant(x), SIZES, 0.3, np.nan, tf.constant([1, 2])).numpy()
    kept = ~np.isnan(dropped)
    assert (kept[:, :4] == kept[:, :1]).all()
    assert (kept[:, 4:] == kept[:, 4:5]).all()
    assert kept.any(axis=1).all()
    assert_mean(kept[:, [0, 4]], 0.85)
    whole = views_vae(linear_gaussian_views(), view_dropout=0.0)
    seen = vae.distributions(x, training=True).posterior.stddev().numpy()
    assert (seen != whole.distributions(x, training=True).posterior.stddev().numpy()).any()
    assert_close(vae.posterior(x).stddev(), whole.posterior(x).stddev())


def test_replicas_drop_the_views_that_the_whole_batch_would():
    x = tf.ones([6, 7])
    drop = partial(with_views_dropped, sizes=SIZES, rate=0.5, code=-1.0, seed=3)
    parts = []
    for first in (0, 2, 4):
        with replica_context.shard_scope(replica_context.BatchShard(first, 6)):
            parts.append(drop(x[first : first + 2]))
    np.testing.assert_array_equal(tf.concat(parts, axis=0), drop(x))


@pytest.mark.usefixtures("float64")
def test_a_translation_is_the_conditional_mean():
    model = linear_gaussian_views()
    vae, x = views_vae(model), model.draws(4)
    only_a = np.where(np.arange(7) < SIZES["a"], x, np.nan)
    expected = [
        model.weights[4:] @ exact_posterior(model, row)[0] + model.offset[4:] for row in only_a
    ]
    vae.compile(run_eagerly=True)
    assert_close(vae.translate(x[:, :4], to="b", verbose=0), expected)
    assert_close(vae.translate({"a": x[:, :4]}, to="b", verbose=0), expected)
    for row, mean in zip(only_a, expected, strict=True):
        assert_close(model.missing_moments(row)[0], mean)


@pytest.mark.usefixtures("float64")
def test_drawn_translations_have_the_conditional_law():
    model = linear_gaussian_views()
    row = rows_of_every_subset(model)[5]
    vae = views_vae(model)
    vae.compile(run_eagerly=True)
    a = np.tile(row[:4], [4000, 1])
    drawn = vae.translate(a, to="b", seed=3, batch_size=4000, verbose=0)
    mean, covariance = model.missing_moments(row)
    assert_mean(drawn, mean)
    centred = drawn - mean
    assert_mean(centred[:, :, None] * centred[:, None, :], covariance)


def _encoder(size=2, posterior=None):
    return tfp_vae.Encoder(networks.mlp([3]), posterior or posteriors.MultivariateNormalDiag(size))


def _decoder(likelihood=None):
    return tfp_vae.Decoder(networks.mlp([3]), likelihood or likelihoods.Bernoulli([4]))


@pytest.mark.parametrize(
    ("encoders", "decoders", "options", "error", "message"),
    [
        (lambda: [_encoder()], lambda: {"a": _decoder()}, {}, TypeError, "`encoders` must be a"),
        (dict, dict, {}, ValueError, "`encoders` must have at least one view; got none"),
        (
            lambda: {1: _encoder()},
            lambda: {1: _decoder()},
            {},
            TypeError,
            "`encoders` must have names of views as keys; got 1",
        ),
        (
            lambda: {"a": _decoder()},
            lambda: {"a": _decoder()},
            {},
            TypeError,
            r"`encoders\['a'\]` must be an? Encoder",
        ),
        (
            lambda: {"a": _encoder(), "b": _encoder()},
            lambda: {"a": _decoder()},
            {},
            ValueError,
            "`decoders` must be of the same views as `encoders`, a, b; got a",
        ),
        (
            lambda: {"a": _encoder(), "b": _encoder(3)},
            lambda: {"a": _decoder(), "b": _decoder()},
            {},
            ValueError,
            "`encoders` must have the same number of latents; got 2 and 3",
        ),
        (
            lambda: {"a": _encoder(posterior=posteriors.MultivariateNormalTriL(2))},
            lambda: {"a": _decoder()},
            {},
            ValueError,
            r"`encoders\['a'\]` must have a posteriors.MultivariateNormalDiag",
        ),
        (
            lambda: {"a": _encoder()},
            lambda: {"a": _decoder(likelihoods.Bernoulli([2, 2]))},
            {},
            ValueError,
            r"`decoders\['a'\]` must have a likelihood of flat rows, such as .*Bernoulli\(\[4\]\)",
        ),
        (
            lambda: {"a": _encoder()},
            lambda: {"a": _decoder()},
            {"experts": "sum"},
            ValueError,
            "`experts` must be one of",
        ),
        (
            lambda: {"a": _encoder()},
            lambda: {"a": _decoder()},
            {"view_dropout": 1.5},
            ValueError,
            "`view_dropout` must be at most 1; got 1.5",
        ),
        (
            lambda: {"a": _encoder()},
            lambda: {"a": _decoder()},
            {"view_dropout": 0.5, "missing_values": None},
            ValueError,
            "`view_dropout` must be 0 without `missing_values`",
        ),
        (
            lambda: {"a": _encoder()},
            lambda: {"a": _decoder()},
            {"prior": priors.SphericalUniform()},
            ValueError,
            "`prior` must be a distribution over the latents",
        ),
    ],
)
def test_parts_that_do_not_fit_are_named(encoders, decoders, options, error, message):
    with pytest.raises(error, match=message):
        tfp_vae.MultimodalVAE(encoders(), decoders(), **options)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda vae: vae.join({"image": np.zeros([3, 4]), "label": [0, 1]}),
            ValueError,
            "`views` must have the same number of rows; got 3 of 'image' and 2 of 'label'",
        ),
        (
            lambda vae: vae.join({"image": np.zeros([3, 5])}),
            ValueError,
            r"`views\['image'\]` must have shape \[rows, 4\]; got shape \[3, 5\]",
        ),
        (lambda vae: vae.join({"word": [1]}), ValueError, "`views` must be one of 'image'"),
        (lambda vae: vae.join({}), ValueError, "`views` must have at least one of image, label"),
        (lambda vae: vae.join(np.zeros([3, 7])), TypeError, "`views` must be a"),
        (lambda vae: vae.join({"label": ["x"]}), TypeError, r"`views\['label'\]` must be"),
        (
            lambda vae: vae.split(np.zeros([3, 6])),
            ValueError,
            r"`x` must have shape \[\.\.\., 7\], the views side by side; got shape \[3, 6\]",
        ),
        (
            lambda vae: vae.translate(np.zeros([3, 4]), to="label"),
            TypeError,
            "`views` must be a dict of arrays by the names of views, image, label, number",
        ),
        (lambda vae: vae.translate({"label": [0]}, to="word"), ValueError, "`to` must be one of"),
        (
            lambda vae: vae.translate({"label": [5]}, to="image"),
            ValueError,
            "`x` must",
        ),
    ],
)
def test_views_that_do_not_fit_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call(three_views())


def test_without_missing_values_all_views_must_be_given():
    vae = three_views("product", missing_values=None)
    assert np.isfinite(vae.elbo(np.ones([2, 7]), seed=0).elbo).all()
    with pytest.raises(ValueError, match="`views` must have all views of a model without"):
        vae.join({"label": [0, 1]})
