"""Every likelihood begins at the marginals of its data, and so does a model that has it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import tfp_vae
from tests.support.small_models import vae_with
from tfp_vae import likelihoods, networks, posteriors, priors
from tfp_vae.likelihoods.marginal_fit import fitted_constants
from tfp_vae.testing import strategies
from tfp_vae.testing.strategies.likelihood import LIKELIHOODS

MODELS = {
    "AutoregressiveCategorical": lambda: likelihoods.AutoregressiveCategorical([4], 3, 4),
    "Bernoulli": lambda: likelihoods.Bernoulli([4]),
    "Categorical": lambda: likelihoods.Categorical([4], 3),
    "ContinuousBernoulli": lambda: likelihoods.ContinuousBernoulli([4]),
    "DirichletMultinomial": lambda: likelihoods.DirichletMultinomial([4]),
    "DiscretizedLogistic": lambda: likelihoods.DiscretizedLogistic([4], levels=17),
    "DiscretizedLogisticMixture": lambda: likelihoods.DiscretizedLogisticMixture([4], 3, 17),
    "Gamma": lambda: likelihoods.Gamma([4]),
    "Laplace": lambda: likelihoods.Laplace([4]),
    "Multinomial": lambda: likelihoods.Multinomial([4]),
    "NegativeBinomial": lambda: likelihoods.NegativeBinomial([4]),
    "Normal": lambda: likelihoods.Normal([4]),
    "Poisson": lambda: likelihoods.Poisson([4]),
    "Product": lambda: likelihoods.Product(
        [([2, 0], likelihoods.Gamma([2])), ([1, 3], likelihoods.Categorical([2], 3))]
    ),
    "StudentT": lambda: likelihoods.StudentT([4]),
    "ZeroInflatedNegativeBinomial": lambda: likelihoods.ZeroInflatedNegativeBinomial([4]),
}
LEVELS = (likelihoods.DiscretizedLogistic, likelihoods.DiscretizedLogisticMixture)
OF_PARTS = (likelihoods.AutoregressiveCategorical, likelihoods.Product)
"""Those with parts of their own, which begin at data by themselves."""
KINDS = [kind for kind in LIKELIHOODS if kind not in OF_PARTS]
MOVABLE = [kind for kind in KINDS if kind.location_name is not None]


def _named(kind):
    return kind.__name__


def _data(layer, rows, seed=0):
    rng = np.random.default_rng(seed)
    shape = [rows, *layer.event_shape]
    return LIKELIHOODS[type(layer)].inside(layer, rng, shape).astype("float32")


def _adapted(layer, x, observed=None, stddev=None):
    layer.take_units()
    layer.build([None, 3])
    return layer.adapt(x, observed, stddev)


def _distribution(layer, constants):
    """The distribution of a row, whatever its latents; a parameter without a constant is 0."""
    return layer.distribution(
        **{
            name: tf.constant(
                np.broadcast_to(constants.get(name, 0.0), shape)[None], layer.variable_dtype
            )
            for name, shape in layer.parameter_shapes().items()
        }
    )


def test_every_likelihood_has_a_model():
    assert {type(make()) for make in MODELS.values()} == set(LIKELIHOODS)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS, ids=_named)
@settings(max_examples=3)
@given(data=st.data())
def test_no_other_constants_are_much_more_probable(kind, data):
    """Within 0.02 nats a value: half a count more, or a scale that is bounded."""
    layer = data.draw(strategies.likelihoods([3], [kind]))
    x = _data(layer, 200)
    own = _distribution(layer, _adapted(layer, x)).log_prob(x)
    best = _distribution(layer, fitted_constants(layer, x, None)).log_prob(x)
    assert np.mean(own) > np.mean(best) - 3 * 0.02


def _cases(layer):
    """Rows that are hard to describe, all in the support."""
    support = layer.support
    x = _data(layer, 40)
    inner = np.full_like(x, support.inner_value)
    outlier = x.copy()
    outlier[3] = support.upper if np.isfinite(support.upper) else 1e6
    never = np.ones(x.shape, bool)
    never[:, 0] = False
    cases = {
        "two rows": (x[:2], None),
        "one row": (x[:1], None),
        "constant": (np.broadcast_to(x[:1], x.shape), None),
        "zeros": (inner, None),
        "an outlier": (outlier, None),
        "a column never observed": (np.where(never, x, inner), never),
        "nothing observed": (inner, ~never & never),
    }
    if np.isfinite(support.upper):
        cases["the upper end"] = (np.full_like(x, support.upper), None)
    else:
        cases["huge"] = (np.round(1e9 * np.random.default_rng(0).gamma(2.0, size=x.shape)), None)
        if not support.integers:
            positive = 1e-30 if support.lower > 0.0 else -np.inf
            cases["tiny scale"] = (np.maximum(1e-12 * x, positive), None)
            cases["large scale"] = (1e12 * x, None)
            cases["a constant that is rounded"] = (np.full_like(x, 0.1), None)
    return cases


@pytest.mark.parametrize("kind", KINDS, ids=_named)
@settings(max_examples=3)
@given(data=st.data())
def test_constants_and_weights_are_finite_for_any_rows(kind, data):
    layer = data.draw(strategies.likelihoods([3], [kind]))
    layer.take_units()
    layer.build([None, 3])
    for name, (rows, observed) in _cases(layer).items():
        x = np.asarray(rows, "float32")
        stddevs = [None] + ([np.full([3], 1e-9), np.full([3], 1e9)] if kind in MOVABLE else [])
        for stddev in stddevs:
            constants = layer.adapt(x, observed, stddev)
            assert set(constants) == set(layer.parameter_shapes()), name
            for each in (*constants.values(), *(weight.numpy() for weight in layer.weights)):
                assert np.isfinite(np.asarray(each, "float32")).all(), name
        assert np.isfinite(_distribution(layer, layer.adapt(x, observed)).log_prob(x)).all(), name


@pytest.mark.parametrize("kind", KINDS, ids=_named)
@settings(max_examples=3)
@given(data=st.data())
def test_the_values_under_the_mask_do_not_count(kind, data):
    layer = data.draw(strategies.likelihoods([3], [kind]))
    x, other = _data(layer, 60), _data(layer, 60, seed=1)
    observed = np.random.default_rng(2).uniform(size=x.shape) < 0.6
    constants = _adapted(layer, x, observed)
    weights = [weight.numpy() for weight in layer.weights]
    again = layer.adapt(np.where(observed, x, other), observed)
    for name, value in constants.items():
        np.testing.assert_allclose(again[name], value, rtol=1e-6, atol=1e-6)
    for before, after in zip(weights, layer.weights, strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-6)
    rows = np.random.default_rng(3).permutation(60)[:40]
    subset = layer.adapt(x[rows], np.ones([40, 3], bool))
    for name, value in layer.adapt(x[rows]).items():
        np.testing.assert_allclose(subset[name], value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", MOVABLE, ids=_named)
@settings(max_examples=4)
@given(data=st.data())
def test_the_standard_deviation_is_the_one_given(kind, data):
    layer = data.draw(strategies.likelihoods([3], [kind]))
    if layer.noise_groups().max() < 0 or len(np.unique(layer.noise_groups())) == 1:
        return
    x = _data(layer, 100)
    stddev = np.std(x, axis=0) * [0.5, 0.7, 0.9] + 2.0 * (kind in LEVELS)
    distribution = _distribution(layer, _adapted(layer, x, stddev=stddev))
    np.testing.assert_allclose(layer.stddev_of(distribution)[0], stddev, rtol=1e-3)
    if kind not in LEVELS:
        np.testing.assert_allclose(distribution.mean()[0], x.mean(axis=0), rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module", params=MODELS)
def begun(request):
    """A model that begins at its data, of which all columns increase together."""
    keras.utils.set_random_seed(0)
    layer = MODELS[request.param]()
    x = np.sort(_data(layer, 200), axis=0)
    # Latents on a sphere have no linear path: the model begins at the marginals.
    posterior = posteriors.PowerSpherical(3)
    vae = vae_with(posterior, priors.SphericalUniform(), layer)
    vae.adapt(x)
    return vae, x


def test_a_model_begins_at_the_marginals_for_any_latents(begun):
    vae, x = begun
    z = np.array(vae.prior().sample(2, seed=[0, 1]))
    layer = MODELS[type(vae.decoder.likelihood).__name__]()
    constants = _adapted(layer, x)
    if isinstance(layer, likelihoods.Product):
        parts = [
            _distribution(part, {name: constants[f"{index}.{name}"] for name in part.heads})
            for index, part in enumerate(layer.parts)
        ]
        marginal = layer.distribution(*parts)
    else:
        marginal = _distribution(layer, constants)
    expected = marginal.log_prob(x[:2])
    np.testing.assert_allclose(vae.decoder(z).log_prob(x[:2]), expected, rtol=1e-5, atol=1e-5)


def test_a_model_that_began_at_its_data_keeps_its_bound_in_a_file(begun, tmp_path):
    vae, x = begun
    elbo = vae.elbo(x, seed=0).elbo
    assert np.isfinite(elbo).all()
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    np.testing.assert_allclose(loaded.elbo(x, seed=0).elbo, elbo, rtol=1e-5, atol=1e-5)


@pytest.mark.nightly
@pytest.mark.parametrize("name", MODELS)
def test_training_goes_on_from_there(name):
    keras.utils.set_random_seed(0)
    layer = MODELS[name]()
    x = np.sort(_data(layer, 200), axis=0)
    if layer.location_name is not None:
        # Factor analysis is the best linear model, and this column is no linear function.
        x[:, 3] = np.abs(x[:, 0] - np.round(np.mean(x[:, 0])))
    vae = vae_with(posteriors.MultivariateNormalDiag(2), priors.StandardNormal(), layer)
    vae.adapt(x)
    before = np.mean(vae.elbo(x, seed=0).elbo)
    vae.compile(keras.optimizers.Adam(0.003), jit_compile=False)
    vae.fit(x, epochs=24, batch_size=50, verbose=0)
    assert np.mean(vae.elbo(x, seed=0).elbo) > before + 0.01


@pytest.mark.parametrize("event_shape", [[3], [4, 5, 2]])
@pytest.mark.parametrize("kind", KINDS, ids=_named)
def test_the_encoding_of_the_encoder_is_finite_and_has_the_shape_it_states(kind, event_shape):
    arguments = {"classes": 3} if kind is likelihoods.Categorical else {}
    layer = kind(event_shape, **arguments)
    encoding = layer.input_encoding()
    if kind is likelihoods.Bernoulli:
        assert encoding is None
        return
    x = _data(layer, 30)
    encoding.build((None, *event_shape))
    if isinstance(encoding, networks.OneHot):
        assert encoding(x).shape == (30, *event_shape[:-1], 3 * event_shape[-1])
    else:
        encoding.adapt(x)
        bounded = kind in (likelihoods.ContinuousBernoulli, *LEVELS)
        logarithmic = kind in (likelihoods.Gamma,) or (layer.support.integers and not bounded)
        assert (encoding.transform != "identity") == logarithmic
        assert encoding.pooled == (bounded or (len(event_shape) == 3 and not logarithmic))
    encoded = encoding(x)
    assert np.isfinite(encoded).all()
    assert (
        tuple(encoded.shape)[1:] == tuple(encoding.compute_output_shape((None, *event_shape)))[1:]
    )


def test_codes_of_an_image_are_one_hot_before_convolutions():
    x = np.random.default_rng(0).integers(0, 3, size=[6, 4, 4, 1]).astype("float32")
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.conv([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihoods.Categorical([4, 4, 1], 3)),
    )
    vae.adapt(x)
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()
