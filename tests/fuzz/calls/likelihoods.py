"""The calls of `tfp_vae.likelihoods`."""

import numpy as np

from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call
from tests.fuzz.part_checks import FEATURES, MOST_ELEMENTS, round_trip
from tfp_vae import likelihoods


def _scores(likelihood, given):
    round_trip(likelihood, given)
    count = 0
    for shape in likelihood.parameter_shapes().values():
        count += int(np.prod([float(size) for size in shape]))
    if count > MOST_ELEMENTS:
        return
    made = likelihood(FEATURES)
    assert made.event_shape == likelihood.event_shape
    rows = np.full([2, *likelihood.event_shape], likelihood.support.inner_value, "float32")
    assert np.isfinite(made.log_prob(rows)).all()


def _scores_codes(likelihood, given):
    if max(likelihood.classes, likelihood.recurrent_units, *likelihood.event_shape) > 50:
        round_trip(likelihood, given)
    else:
        _scores(likelihood, given)


def _suits(likelihood, x):
    values = np.asarray(x)
    assert likelihood.event_shape == values.shape[1:]
    assert not likelihood.support.outside(values.astype(np.float64)).any()


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
        round_trip,
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
        not_fuzzed=("observed", "exposure"),
    ),
    "likelihoods.marginal_distribution_fn": Call(
        likelihoods.marginal_distribution_fn,
        lambda: {"likelihood": likelihoods.Normal([4]), "x": fuzzed_models.REAL},
        # Of the model's own, which has checked it.
        not_fuzzed=("observed", "exposure"),
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
}  # fmt: skip
