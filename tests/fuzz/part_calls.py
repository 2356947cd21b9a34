"""The constructors of the parts of models, and the functions of distributions."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfp_vae
from tests.fuzz import fuzzed_models
from tests.fuzz.calls import Call
from tfp_vae import divergences, likelihoods, networks, objectives, posteriors, priors

MOST_ELEMENTS = 2000
FEATURES = np.linspace(-1.0, 1.0, 6, dtype="float32").reshape(2, 3)


def _round_trip(part, given):
    """Checks that a part makes an equal one: serialise, deserialise, serialise is a fixed point."""
    try:
        config = keras.saving.serialize_keras_object(part)
        again = keras.saving.deserialize_keras_object(config, safe_mode=False)
    except (TypeError, ValueError):
        # A function of the caller's own has no name that a file could hold.
        assert any(callable(value) for value in given.values())
        return
    assert keras.saving.serialize_keras_object(again) == config


def _has_own_function(given):
    return any(callable(value) for value in given.values())


def _scores(likelihood, given):
    _round_trip(likelihood, given)
    count = 0
    for shape in likelihood.parameter_shapes().values():
        count += int(np.prod([float(size) for size in shape]))
    if count > MOST_ELEMENTS:
        return
    made = likelihood(FEATURES)
    assert made.event_shape == likelihood.event_shape
    rows = np.full([2, *likelihood.event_shape], likelihood.support.inner_value, "float32")
    assert np.isfinite(made.log_prob(rows)).all()


def _draws(posterior, given):
    _round_trip(posterior, given)
    sizes = [posterior.event_shape[0], *getattr(posterior, "units", [])]
    sizes += [getattr(posterior, "rank", 1), getattr(posterior, "context_size", 1)]
    sizes += [getattr(posterior, "steps", 1), getattr(posterior, "codes", 1)]
    sizes += [getattr(posterior, "state_size", 1)]
    if np.prod([float(size) for size in sizes]) > MOST_ELEMENTS or _has_own_function(given):
        return
    made = posterior(FEATURES)
    z = made.sample(seed=[0, 1])
    assert z.shape == (2, *posterior.event_shape)
    assert np.isfinite(z).all()
    assert np.isfinite(made.log_prob(z)).all()


def _draws_alone(prior, given):
    _round_trip(prior, given)
    sizes = [*getattr(prior, "units", []), getattr(prior, "components", 1)]
    sizes += [getattr(prior, "steps", 1), getattr(prior, "bins", 1)]
    if np.prod([float(size) for size in sizes]) > MOST_ELEMENTS or _has_own_function(given):
        return
    if isinstance(prior, (priors.Categorical, priors.RelaxedOneHotCategorical)):
        size = prior.latent_variables * prior.categories
        if size > MOST_ELEMENTS:
            return
    elif isinstance(prior, priors.LogisticNormal):
        size = prior.categories
        if size**2 > MOST_ELEMENTS:
            return
    else:
        size = 5 if isinstance(prior, priors.CategoricalJoint) else 2
    if isinstance(prior, (priors.VampPrior, priors.VectorQuantized)):
        return
    prior.build([size])
    z = prior.distribution().sample(3, seed=[0, 1])
    assert z.shape == (3, size)
    assert np.isfinite(z).all()


def _is_a_prior_given_y(prior, given):
    _round_trip(prior, given)
    if given.get("trunk") is not None:
        return
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([3]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4])),
        prior=prior,
        condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
    )
    assert vae.prior([0, 2]).sample(seed=0).shape == (2, 2)


def _gives_terms(objective, given):
    _round_trip(objective, given)
    if getattr(objective, "sample_size", 1) > 10:
        return
    if getattr(objective, "importance_sample_size", 1) > 10:
        return
    if getattr(objective, "leapfrog_steps", 1) > 10:
        return
    batch = fuzzed_models.model("binary").distributions(fuzzed_models.BINARY)
    terms = objective(
        batch.x, posterior=batch.posterior, prior=batch.prior, likelihood_fn=batch.likelihood_fn,
        seed=0, step=3,
    )  # fmt: skip
    for values in terms:
        assert values.shape == (fuzzed_models.ROWS,)
    assert np.isfinite(terms.elbo).all()


def _networks_output(shape_of, own=FEATURES):
    def check(network, given):
        if _has_own_function(given) or shape_of(given) is None:
            return
        answer = network(own)
        assert answer.shape == shape_of(given)
        assert np.isfinite(answer).all()

    return check


def _mlp_shape(given):
    widths = [int(width) for width in given["units"]]
    return (2, (widths or [3])[-1]) if np.prod(widths or [1.0]) < MOST_ELEMENTS else None


def _small(given):
    numbers = [v for v in given.values() if isinstance(v, (int, np.integer))]
    return all(number < 10 for number in numbers) and max(given["filters"]) < 100


def _conv_shape(given):
    return (2, *networks.conv(**given)(_IMAGES).shape[1:]) if _small(given) else None


def _transposed_shape(given):
    event = [int(size) for size in given["event_shape"]]
    if not _small(given) or max(event) > 50:
        return None
    return (2, *event[:2], given["filters"][-1])


def _scores_codes(likelihood, given):
    if max(likelihood.classes, likelihood.recurrent_units, *likelihood.event_shape) > 50:
        _round_trip(likelihood, given)
    else:
        _scores(likelihood, given)


def _few(given, *names):
    """Tells whether sizes are small enough to try the network, with none that XLA would unroll."""
    sizes = [size for name in names for size in np.ravel(given.get(name, 1))]
    return all(float(size) < 10 for size in sizes)


def _recurrent_shape(given):
    width = given["units"][-1] * (1 + bool(given.get("bidirectional")))
    return (2, width) if _few(given, "units") else None


def _steps_shape(name):
    def shape(given):
        if not _few(given, name, "event_shape", "kernel_size", "blocks", "heads"):
            return None
        return (2, given["event_shape"][0], np.ravel(given[name])[-1])

    return shape


def _pooled_shape(name):
    def shape(given):
        if not _few(given, name, "kernel_size", "blocks", "heads"):
            return None
        return (2, 2 * np.ravel(given[name])[-1])

    return shape


_STEPS = np.zeros([2, 4, 3], "float32")
_IMAGES = np.zeros([2, 5, 5, 1], "float32")
_EVEN_IMAGES = np.zeros([2, 4, 4, 1], "float32")


def _residual_shape(given):
    strides = float(given.get("strides", 2))
    if not _small(given) or 4 % strides ** len(given["filters"]):
        return None
    side = int(4 // strides ** len(given["filters"]))
    return (2, side, side, given["filters"][-1])


def _made_shape(given):
    if not isinstance(given.get("order", ""), str) and len(given["order"]) != FEATURES.shape[-1]:
        return None
    widths = [float(width) for width in given["units"]]
    parameters = float(given["parameters"])
    return (2, 3, int(parameters)) if np.prod([parameters, *widths]) < MOST_ELEMENTS else None


def _encoded_shape(given):
    is_of_features = list(given["event_shape"]) == [3]
    return (2, 3) if is_of_features and given.get("transform") != "log" else None


def _adds_nothing_yet(path, given):
    sizes = [size for shape in given["parameter_shapes"].values() for size in shape]
    if np.prod([float(size) for size in sizes]) > MOST_ELEMENTS:
        return
    added = path(FEATURES)
    assert set(added) == set(given["parameter_shapes"])
    for name, values in added.items():
        leading = (2,) if name in given["linear"] else ()
        assert values.shape == (*leading, *given["parameter_shapes"][name])
        assert not np.any(values)


def _normals(size=2, rows=3):
    return tfd.MultivariateNormalDiag(np.zeros([rows, size], "f4"), np.ones([rows, size], "f4"))


def _prior():
    return tfd.MultivariateNormalDiag(np.zeros(2, "f4"), np.ones(2, "f4"))


def _pair(**more):
    return lambda: {"posterior": _normals(), "prior": _prior(), **more}


_DRAWS = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(4, 3, 2)
_SCHEDULE = objectives.LinearWarmUp


def _objective_call(**given):
    return objectives.ELBO()(**given)


def _keeps_its_shape(layer):
    assert layer(np.ones([3, 4]), seed=0).shape == (3, 4)
    _round_trip(layer, {})


CALLS = {
    **{
        f"likelihoods.{name}": Call(
            getattr(likelihoods, name), lambda more=more: {"event_shape": [4], **more}, _scores
        )
        for name, more in {
            "Bernoulli": {}, "ContinuousBernoulli": {}, "Poisson": {}, "Laplace": {},
            "NegativeBinomial": {}, "ZeroInflatedNegativeBinomial": {}, "StudentT": {},
            "Gamma": {}, "Multinomial": {}, "DirichletMultinomial": {},
            "DiscretizedLogistic": {"levels": 8}, "DiscretizedLogisticMixture": {"levels": 8},
            "Categorical": {"classes": 3}, "Normal": {},
        }.items()
    },
    "likelihoods.AutoregressiveCategorical": Call(
        likelihoods.AutoregressiveCategorical,
        lambda: {"event_shape": [4], "classes": 3, "recurrent_units": 4},
        _scores_codes,
    ),
    "likelihoods.Product": Call(
        likelihoods.Product,
        lambda: {
            "parts": [([0], likelihoods.Normal([1])), ([1, 2], likelihoods.Bernoulli([2]))]
        },
        _round_trip,
    ),
    "likelihoods.get": Call(
        likelihoods.get, lambda: {"name": "normal", "event_shape": [4]}, _scores
    ),
    "likelihoods.for_values": Call(
        likelihoods.for_values,
        lambda: {"name": "normal", "x": fuzzed_models.REAL},
        _scores,
        tolerance=None,
    ),
    "likelihoods.candidates": Call(
        likelihoods.candidates,
        lambda: {"x": fuzzed_models.COUNTS},
        lambda answer, given: [
            _suits(each.make(np.shape(given["x"])[1:]), given["x"]) for each in answer
        ],
        tolerance=None,
    ),
    "likelihoods.marginal_distribution": Call(
        likelihoods.marginal_distribution,
        lambda: {"likelihood": likelihoods.Normal([4]), "x": fuzzed_models.REAL},
        # Of the model's own, which has checked it.
        not_fuzzed=("observed",),
    ),
    "likelihoods.suggest_columns": Call(
        likelihoods.suggest_columns,
        lambda: {
            "x": fuzzed_models.COUNTS,
            "choices": [
                [likelihoods.Candidate("Normal", likelihoods.Normal, "")]
                for _ in range(fuzzed_models.COUNTS.shape[1])
            ],
        },
        lambda answer, given: _suits(answer.likelihood, given["x"]),
        tolerance=None,
    ),
    "likelihoods.suggest": Call(
        likelihoods.suggest,
        lambda: {"x": fuzzed_models.COUNTS},
        lambda answer, given: _suits(answer.likelihood, given["x"]),
        tolerance=None,
    ),
    "posteriors.CategoricalJoint": Call(
        posteriors.CategoricalJoint,
        lambda: {
            "categorical": posteriors.Categorical(3),
            "continuous": posteriors.MultivariateNormalDiag(2),
            "trunk": None,
        },
        _draws,
    ),
    "priors.CategoricalJoint": Call(
        priors.CategoricalJoint,
        lambda: {"categorical": priors.Categorical(3), "continuous": priors.Normal()},
        _draws_alone,
    ),
    **{
        f"posteriors.{name}": Call(
            getattr(posteriors, name), lambda given=given: dict(given), _draws
        )
        for name, given in {
            "MultivariateNormalDiag": {"latent_size": 2},
            "MultivariateNormalDiagPlusLowRank": {"latent_size": 2},
            "MultivariateNormalTriL": {"latent_size": 2},
            "PlanarFlow": {"latent_size": 2, "steps": 2},
            "PowerSpherical": {"latent_size": 3},
            "SpatialNormal": {"latent_shape": [1, 2, 1]},
            "RadialFlow": {"latent_size": 2, "steps": 2},
            "VonMisesFisher": {"latent_size": 3},
            "HyperbolicNormal": {"latent_size": 2},
            "Beta": {"latent_size": 2},
            "Gamma": {"latent_size": 2},
            "LinearMarkovChain": {"time_steps": 3, "state_size": 2},
            "LogisticNormal": {"categories": 3},
            "InverseAutoregressiveFlow": {
                "latent_size": 2, "steps": 1, "units": [4], "context_size": 3,
            },
            "RelaxedOneHotCategorical": {"latent_variables": 2, "categories": 3},
            "Categorical": {"categories": 3, "latent_variables": 2},
            "VectorQuantized": {
                "codes": 3, "code_size": 2, "positions": 2, "decay": 0.9, "restart_below": 0.1,
            },
        }.items()
    },
    **{
        f"priors.{name}": Call(getattr(priors, name), lambda given=given: dict(given), _draws_alone)
        for name, given in {
            "MaskedAutoregressiveFlow": {"steps": 1, "units": [4]},
            "NeuralSplineFlow": {"steps": 1, "units": [4], "bins": 3},
            "RealNVP": {"steps": 1, "units": [4]},
            "MixtureOfGaussians": {"components": 3},
            "DeepMarkovChain": {"time_steps": 2, "units": [4]},
            "GaussianProcess": {"time_steps": 2},
            "LinearMarkovChain": {"time_steps": 2},
            "Normal": {},
            "Beta": {},
            "Gamma": {},
            "LogisticNormal": {"categories": 3},
            "VampPrior": {"pseudo_inputs": 3},
            "RelaxedOneHotCategorical": {"latent_variables": 2, "categories": 3},
            "Categorical": {"categories": 3, "latent_variables": 2},
            "VectorQuantized": {"codes": 3, "positions": 2, "filters": 4, "layers": 1},
        }.items()
    },
    "priors.ConditionalNormal": Call(
        priors.ConditionalNormal, lambda: {"scale_floor": 0.1}, _is_a_prior_given_y
    ),
    **{
        f"objectives.{name}": Call(
            getattr(objectives, name), lambda given=given: dict(given), _gives_terms
        )
        for name, given in {
            "ELBO": {}, "IWAE": {}, "BetaTCVAE": {"data_size": 6}, "InfoVAE": {"mmd_weight": 1.0},
            "HamiltonianELBO": {"leapfrog_steps": 1},
            "CIWAE": {}, "PIWAE": {}, "Renyi": {}, "CapacityELBO": {"capacity": 1.0},
            "ControlVAE": {"kl_target": 1.0}, "FactorVAE": {},
            "DIPVAE": {"off_diagonal_weight": 1.0, "diagonal_weight": 1.0},
        }.items()
    },
    "objectives.LinearWarmUp": Call(
        objectives.LinearWarmUp, lambda: {"steps": 10}, _round_trip
    ),
    "networks.mlp": Call(
        networks.mlp, lambda: {"units": [4, 3]}, _networks_output(_mlp_shape), not_fuzzed=("name",)
    ),
    "networks.conv": Call(
        networks.conv, lambda: {"filters": [2]}, _networks_output(_conv_shape, _IMAGES),
        not_fuzzed=("name",),
    ),
    "networks.conv_transpose": Call(
        networks.conv_transpose,
        lambda: {"filters": [2], "event_shape": [5, 5, 1]},
        _networks_output(_transposed_shape),
        not_fuzzed=("name",),
    ),
    "networks.recurrent": Call(
        networks.recurrent,
        lambda: {"units": [4]},
        _networks_output(_recurrent_shape, _STEPS),
        not_fuzzed=("name",),
    ),
    "networks.recurrent_decoder": Call(
        networks.recurrent_decoder,
        lambda: {"units": [4], "event_shape": [5, 2]},
        _networks_output(_steps_shape("units")),
        not_fuzzed=("name",),
    ),
    "networks.temporal_conv": Call(
        networks.temporal_conv,
        lambda: {"filters": [4]},
        _networks_output(_pooled_shape("filters"), _STEPS),
        not_fuzzed=("name",),
    ),
    "networks.temporal_conv_decoder": Call(
        networks.temporal_conv_decoder,
        lambda: {"filters": [4], "event_shape": [5, 2]},
        _networks_output(_steps_shape("filters")),
        not_fuzzed=("name",),
    ),
    "networks.transformer": Call(
        networks.transformer,
        lambda: {"width": 4, "heads": 2},
        _networks_output(_pooled_shape("width"), _STEPS),
        not_fuzzed=("name",),
    ),
    "networks.transformer_decoder": Call(
        networks.transformer_decoder,
        lambda: {"width": 4, "heads": 2, "event_shape": [5, 2]},
        _networks_output(_steps_shape("width")),
        not_fuzzed=("name",),
    ),
    "networks.SequenceEncoder": Call(
        networks.SequenceEncoder, lambda: {"layers": [networks.LastAndLargest()]}, _round_trip
    ),
    "networks.NextCode": Call(
        networks.NextCode, lambda: {"classes": 3, "units": 4}, _round_trip
    ),
    "networks.residual": Call(
        networks.residual, lambda: {"filters": [2], "blocks": 1},
        _networks_output(_residual_shape, _EVEN_IMAGES), not_fuzzed=("name",),
    ),
    "networks.residual_transpose": Call(
        networks.residual_transpose,
        lambda: {"filters": [2], "event_shape": [4, 4, 1], "blocks": 1},
        _networks_output(_transposed_shape),
        not_fuzzed=("name",),
    ),
    "networks.ResidualBlock": Call(
        networks.ResidualBlock,
        lambda: {"kernel_size": 3},
        _networks_output(
            lambda given: _EVEN_IMAGES.shape if float(given["kernel_size"]) < 50 else None,
            _EVEN_IMAGES,
        ),
    ),
    "networks.GaussianCorruption": Call(
        networks.GaussianCorruption,
        lambda: {"stddev": 0.5},
        lambda answer, given: _keeps_its_shape(answer),
    ),
    "networks.MaskingCorruption": Call(
        networks.MaskingCorruption,
        lambda: {"rate": 0.5},
        lambda answer, given: _keeps_its_shape(answer),
    ),
    "networks.MADE": Call(
        networks.MADE, lambda: {"parameters": 2, "units": [4]}, _networks_output(_made_shape)
    ),
    "networks.MaskedDense": Call(
        networks.MaskedDense,
        lambda: {"input_degrees": [1, 2, 3], "degrees": [0, 1]},
        _networks_output(
            lambda given: (2, len(given["degrees"])) if len(given["input_degrees"]) == 3 else None
        ),
    ),
    "networks.Standardization": Call(
        networks.Standardization, lambda: {"event_shape": [3]}, _networks_output(_encoded_shape)
    ),
    "networks.OneHot": Call(
        networks.OneHot,
        lambda: {"classes": 3},
        _networks_output(
            lambda given: (
                (2, 3 * int(given["classes"])) if given["classes"] < MOST_ELEMENTS else None
            )
        ),
    ),
    "networks.ColumnEncodings": Call(
        networks.ColumnEncodings,
        lambda: {"parts": [([0, 2], networks.Standardization([2])), ([1], networks.OneHot(3))]},
        _round_trip,
    ),
    "networks.LinearPath": Call(
        networks.LinearPath,
        lambda: {"parameter_shapes": {"loc": (2,), "scale": (2,)}, "linear": ["loc"]},
        _adds_nothing_yet,
    ),
    "objectives, called": Call(
        _objective_call,
        lambda: {
            "x": fuzzed_models.BINARY, "posterior": _normals(rows=6), "prior": _prior(),
            "likelihood_fn": fuzzed_models.model("binary").decoder, "seed": 0,
        },
        of=lambda x, posterior, prior, likelihood_fn, seed: None,
    ),
    **{
        f"divergences.{name}": Call(getattr(divergences, name), _pair(**more), propagates=True)
        for name, more in {
            "exact_kl_divergence": {}, "kl_divergence_per_dimension": {}, "declaration": {},
            "sampled_kl_divergence": {"z": _DRAWS}, "kl_divergence_per_layer": {"z": _DRAWS},
            "decomposed_kl_divergence": {"z": _DRAWS, "data_size": 3},
        }.items()
    },
    "divergences.latent_factors": Call(
        divergences.latent_factors, lambda: {"distribution": _normals()}
    ),
    "divergences.squared_maximum_mean_discrepancy": Call(
        divergences.squared_maximum_mean_discrepancy,
        lambda: {"z": _DRAWS, "prior": _prior(), "seed": tf.constant([0, 1])},
        propagates=True,
    ),
    "divergences.active_units": Call(
        divergences.active_units, lambda: {"means": np.array([[0.0, 1.0], [0.5, -1.0]])}
    ),
}  # fmt: skip


def _suits(likelihood, x):
    values = np.asarray(x)
    assert likelihood.event_shape == values.shape[1:]
    assert not likelihood.support.outside(values.astype(np.float64)).any()
