"""Log-probabilities of every likelihood against an oracle that shares no code with it."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from tests.support.heads import head_outputs
from tfp_vae import likelihoods
from tfp_vae.testing import assert_mean, strategies
from tfp_vae.testing.strategies.likelihood import LIKELIHOODS

pytestmark = pytest.mark.usefixtures("float64")


def _softplus(values):
    return np.logaddexp(0.0, values)


def _normal(parameters, layer):
    scale = layer.scale
    if scale == "learned":
        scale = _softplus(parameters["scale"]) + layer.scale_floor
    elif scale == "shared":
        scale = _softplus(layer.raw_scale.numpy()) + layer.scale_floor
    elif scale == "calibrated":
        scale = 1.0
    return lambda x: stats.norm(parameters["loc"], scale).logpdf(x)


def _bernoulli(parameters, layer):
    return lambda x: special.log_expit((2.0 * x - 1.0) * parameters["logits"])


def _continuous_bernoulli(parameters, layer):
    """The density is proportional to exp(logits x) on [0, 1]."""
    logits = parameters["logits"]
    return lambda x: logits * x - np.log(np.expm1(logits) / logits)


def _laplace(parameters, layer):
    scale = _softplus(parameters["scale"]) + layer.scale_floor
    return lambda x: -np.abs(x - parameters["loc"]) / scale - np.log(2.0 * scale)


def _student_t(parameters, layer):
    df = layer.df
    if isinstance(df, str):
        df = 2.1 + _softplus(parameters["df"] if df == "learned" else layer.raw_df.numpy())
    scale = _softplus(parameters["scale"]) + layer.scale_floor
    return lambda x: stats.t(df, parameters["loc"], scale).logpdf(x)


def _categorical(parameters, layer):
    log_probs = special.log_softmax(parameters["logits"], axis=-1)
    one_hot = np.eye(layer.classes)
    return lambda x: (one_hot[x.astype(int)] * log_probs).sum(axis=-1)


def _rate(output):
    """The exponential, and beyond 10 its tangent there."""
    return np.where(output <= 10.0, np.exp(np.minimum(output, 10.0)), np.exp(10) * (output - 9.0))


def _gamma(parameters, layer):
    output = parameters["log_mean"]
    mean = np.where(output < 0.0, 1.0 / _rate(-output), _rate(output))
    concentration = (_softplus(parameters["variation"]) + layer.variation_floor) ** -2.0
    return lambda x: stats.gamma(concentration, scale=mean / concentration).logpdf(x)


def _poisson(parameters, layer):
    return lambda x: stats.poisson(_rate(parameters["log_rate"])).logpmf(x)


def _of_row(logits, x, log_prob):
    """What SciPy says of whole rows, in equal parts for every value of the row."""
    size = int(np.prod(x.shape[1:]))
    rows = np.broadcast_to(x, logits.shape).reshape(-1, size).astype(int)
    flat = [log_prob(*row) for row in zip(range(len(rows)), rows, strict=True)]
    return np.reshape(np.repeat(flat, size) / size, logits.shape)


def _multinomial(parameters, layer):
    def log_prob(x):
        logits = parameters["logits"]
        probs = special.softmax(logits.reshape(-1, x[0].size), axis=-1)
        return _of_row(
            logits, x, lambda place, row: stats.multinomial(row.sum(), probs[place]).logpmf(row)
        )

    return log_prob


def _dirichlet_multinomial(parameters, layer):
    def log_prob(x):
        logits = parameters["logits"]
        shares = special.softmax(logits.reshape(-1, x[0].size), axis=-1)
        raw = layer.raw_concentration.numpy() if layer.concentration == "shared" else 0.0
        concentration = 1e-4 + _rate(np.reshape(parameters.get("concentration", raw), [-1, 1]))
        alpha = np.broadcast_to(concentration, [len(shares), 1]) * shares
        return _of_row(
            logits,
            x,
            lambda place, row: stats.dirichlet_multinomial(alpha[place], row.sum()).logpmf(row),
        )

    return log_prob


def _negative_binomial(parameters, layer):
    mean = _rate(parameters["log_mean"])
    if layer.dispersion == "learned":
        inverse_dispersion = 1e-4 + _rate(parameters["inverse_dispersion"])
    else:
        inverse_dispersion = 1e-4 + _rate(layer.raw_inverse_dispersion.numpy())
    successes = inverse_dispersion / (inverse_dispersion + mean)
    return lambda x: stats.nbinom(inverse_dispersion, successes).logpmf(x)


def _zero_inflated_negative_binomial(parameters, layer):
    counts = _negative_binomial(parameters, layer)
    zero = special.log_expit(parameters["zero_logits"])
    not_zero = special.log_expit(-parameters["zero_logits"])
    return lambda x: np.where(
        x == 0, np.logaddexp(zero, not_zero + counts(x)), not_zero + counts(x)
    )


def _discretized_logistic(parameters, layer):
    """The logistic's mass between the half levels, from the tail where it is the smaller."""
    half = (layer.levels - 1) / 2
    law = stats.logistic(
        half * (1.0 + parameters["loc"]),
        half / 4 * _softplus(parameters["scale"]) + layer.scale_floor,
    )

    def log_prob(x):
        lower = np.where(x == 0, -np.inf, x - 0.5)
        upper = np.where(x == layer.levels - 1, np.inf, x + 0.5)
        mirrored = lower > law.mean()
        low = np.where(mirrored, law.logsf(upper), law.logcdf(lower))
        high = np.where(mirrored, law.logsf(lower), law.logcdf(upper))
        return high + np.log1p(-np.exp(low - high))

    return log_prob


def _product(parameters, layer):
    """Each part on its own columns, whose outputs are those of its own heads."""
    oracles = [
        LOG_PROBS[type(part)](of_part, part)
        for of_part, part in zip(parameters, layer.parts, strict=True)
    ]

    def log_prob(x):
        values = np.empty(np.shape(oracles[0](x[:, layer.columns[0]]))[:-1] + x.shape[-1:])
        for columns, oracle in zip(layer.columns, oracles, strict=True):
            values[..., columns] = oracle(x[:, columns])
        return values

    return log_prob


def _autoregressive_categorical(parameters, layer):
    """A gated recurrent unit in NumPy, whose reset gate is applied after the product."""
    context = parameters["context"]
    network = layer.network
    first_kernel, first_bias, logits_kernel, logits_bias = (
        weight.numpy()
        for part in (network.beginning, network.logits)
        for weight in (part.kernel, part.bias)
    )
    kernel, recurrent, (bias, recurrent_bias) = (
        weight.numpy() for weight in network.cell.trainable_variables
    )

    def sigmoid(values):
        return 1.0 / (1.0 + np.exp(-values))

    def log_prob(x):
        codes = np.broadcast_to(x, [*context.shape[:-1], x.shape[-1]]).astype(int)
        state = np.tanh(context @ first_kernel + first_bias)
        previous, terms = np.full(codes.shape[:-1], layer.classes), np.zeros(codes.shape)
        for step in range(codes.shape[-1]):
            seen = np.concatenate([network.vectors.numpy()[previous], context], axis=-1)
            update, reset, candidate = np.split(seen @ kernel + bias, 3, axis=-1)
            of_state = np.split(state @ recurrent + recurrent_bias, 3, axis=-1)
            keep = sigmoid(update + of_state[0])
            new = np.tanh(candidate + sigmoid(reset + of_state[1]) * of_state[2])
            state = keep * state + (1.0 - keep) * new
            logits = state @ logits_kernel + logits_bias
            each = special.log_softmax(logits, axis=-1)
            terms[..., step] = np.take_along_axis(each, codes[..., step, None], axis=-1)[..., 0]
            terms[..., step] *= previous != (-1 if layer.end is None else layer.end)
            previous = codes[..., step]
        return terms

    return log_prob


def _discretized_logistic_mixture(parameters, layer):
    """The components' masses, multiplied over channels that depend on those before."""
    half = (layer.levels - 1) / 2
    coloured = "coefficients" in parameters
    log_weights = special.log_softmax(parameters["logits"], axis=-1)
    scale = half / 4 * _softplus(parameters["scale"]) + layer.scale_floor
    loc = np.expand_dims(parameters["loc"], -2 if coloured else -1) + parameters["shift"]

    def log_masses(x, loc, scale):
        without_floor = SimpleNamespace(levels=layer.levels, scale_floor=0.0)
        raw = scale / (half / 4) + np.log(-np.expm1(-scale / (half / 4)))
        return _discretized_logistic({"loc": loc, "scale": raw}, without_floor)(x)

    def log_prob(x):
        if not coloured:
            masses = log_masses(x[..., None], loc, scale)
            return special.logsumexp(log_weights + masses, axis=-1)
        total, place = log_weights, 0
        for channel in range(x.shape[-1]):
            centre = loc[..., channel]
            for before in range(channel):
                slope = np.tanh(parameters["coefficients"][..., place])
                centre = centre + slope * (x[..., before, None] / half - 1.0)
                place += 1
            total = total + log_masses(x[..., channel, None], centre, scale[..., channel])
        return special.logsumexp(total, axis=-1)[..., None]

    return log_prob


LOG_PROBS = {
    likelihoods.AutoregressiveCategorical: _autoregressive_categorical,
    likelihoods.Normal: _normal,
    likelihoods.Bernoulli: _bernoulli,
    likelihoods.Categorical: _categorical,
    likelihoods.ContinuousBernoulli: _continuous_bernoulli,
    likelihoods.DirichletMultinomial: _dirichlet_multinomial,
    likelihoods.DiscretizedLogistic: _discretized_logistic,
    likelihoods.DiscretizedLogisticMixture: _discretized_logistic_mixture,
    likelihoods.Gamma: _gamma,
    likelihoods.Laplace: _laplace,
    likelihoods.Multinomial: _multinomial,
    likelihoods.NegativeBinomial: _negative_binomial,
    likelihoods.Poisson: _poisson,
    likelihoods.Product: _product,
    likelihoods.StudentT: _student_t,
    likelihoods.ZeroInflatedNegativeBinomial: _zero_inflated_negative_binomial,
}


def test_every_likelihood_has_an_oracle():
    assert set(LOG_PROBS) == set(LIKELIHOODS)


def _parameters(layer, features):
    if isinstance(layer, likelihoods.Product):
        return [_parameters(part, features) for part in layer.parts]
    return head_outputs(layer, features)


@given(st.data(), strategies.event_shapes())
def test_log_prob_is_that_of_an_independent_oracle(data, event_shape):
    layer = data.draw(strategies.likelihoods(event_shape))
    layer.build([None, 6])
    features = np.random.default_rng(0).normal(scale=3.0, size=[2, 4, 6])
    likelihood = layer(features)
    assert likelihood.batch_shape == [2, 4]
    assert likelihood.event_shape == event_shape
    x = strategies.observed(layer, 4)
    log_prob = LOG_PROBS[type(layer)](_parameters(layer, features), layer)(x)
    axes = tuple(range(-len(event_shape), 0))
    # TensorFlow Probability expands the continuous Bernoulli's constant where logits are near 0.
    parts = getattr(layer, "parts", [layer])
    expanded = any(isinstance(part, likelihoods.ContinuousBernoulli) for part in parts)
    absolute = 1e-6 if expanded else 1e-12
    expected = log_prob.sum(axis=axes)
    np.testing.assert_allclose(likelihood.log_prob(x), expected, rtol=1e-9, atol=absolute)


@settings(max_examples=6)
@given(st.data())
def test_draws_lie_in_the_support_and_have_the_mean(data):
    layer = data.draw(strategies.likelihoods([3]))
    likelihood = layer(np.random.default_rng(1).normal(size=[2, 4]))
    draws = likelihood.sample(4000, seed=[1, 2]).numpy()
    assert not layer.support.outside(draws).any()
    if not isinstance(layer, likelihoods.AutoregressiveCategorical):
        assert_mean(draws, likelihood.mean())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"scale": 0.0}, ValueError),
        ({"scale": -1.0}, ValueError),
        ({"scale": np.inf}, ValueError),
        ({"scale": "lerned"}, ValueError),
        ({"scale": None}, TypeError),
        ({"scale": True}, TypeError),
        ({"scale_floor": -1e-3}, ValueError),
        ({"event_shape": []}, ValueError),
        ({"event_shape": [0]}, ValueError),
        ({"event_shape": 4}, TypeError),
        ({"event_shape": "4"}, TypeError),
        ({"event_shape": [4.0]}, TypeError),
    ],
)
def test_wrong_arguments_of_normal_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        likelihoods.Normal(**{"event_shape": [4], **arguments})


@pytest.mark.parametrize("floor", [-1e-3, 1e7])
def test_a_floor_of_the_variation_that_no_density_can_have_is_named(floor):
    with pytest.raises(ValueError, match="`variation_floor` must be"):
        likelihoods.Gamma([4], variation_floor=floor)


def test_the_largest_floor_of_the_variation_has_a_finite_density():
    likelihood = likelihoods.Gamma([2], variation_floor=1e6)
    assert np.isfinite(likelihood(np.zeros([1, 3])).log_prob([[1e-6, 1e6]])).all()


def test_an_unknown_word_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'learned'"):
        likelihoods.Normal([4], scale="lerned")
    with pytest.raises(ValueError, match="Did you mean 'bernoulli'"):
        likelihoods.get("bernouli", [4])


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@given(data=st.data())
@settings(max_examples=8)
def test_distributions_under_a_mixed_policy_are_of_float32(policy, data):
    keras.config.set_dtype_policy(policy)
    features = np.zeros([3, 4], "float32")
    for layer in (
        data.draw(strategies.posteriors(2)),
        data.draw(strategies.likelihoods([2])),
    ):
        assert layer.compute_dtype == policy.removeprefix("mixed_")
        distribution = layer(features)
        assert distribution.dtype == "float32"
        assert distribution.log_prob(np.ones([3, 2], "float32")).dtype == "float32"
    keras.config.set_dtype_policy("float64")
