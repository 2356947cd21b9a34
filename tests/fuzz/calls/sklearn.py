"""The estimators of `tfp_vae.sklearn`, and their methods."""

import contextlib
import functools

import tensorflow as tf

from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call
from tests.fuzz.fuzzed_models import people
from tfp_vae.sklearn import TableVAE, VAETransformer


def _estimator(**more):
    return VAETransformer(latent_size=2, hidden_layer_sizes=[3], epochs=1, random_state=0, **more)


@functools.cache
def _fitted():
    return _estimator().fit(fuzzed_models.REAL)


@contextlib.contextmanager
def _compiled_if_long(epochs):
    """Compiles where `fit` trains until convergence, which takes many minutes step by step."""
    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(eager and epochs is not None)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(eager)


def _fit_estimator(X, **parameters):  # noqa: N803
    estimator = VAETransformer(**parameters)
    with _compiled_if_long(parameters["epochs"]):
        return estimator.fit(X).transform(X)


def _fit_table(**parameters):
    with _compiled_if_long(parameters["epochs"]):
        return TableVAE(**parameters).fit(people())


def _signature_of_estimator(
    X,  # noqa: N803
    latent_size, likelihood, hidden_layer_sizes, activation, kl_weight, epochs, batch_size,
    learning_rate, importance_sample_size, random_state,
):  # fmt: skip
    """Has the arguments of `fit` and of the constructor, which `fit` checks."""


_ESTIMATOR = Call(
    _fit_estimator,
    lambda: {
        "X": fuzzed_models.REAL,
        "latent_size": 2,
        "hidden_layer_sizes": [3],
        "epochs": 1,
        "random_state": 0,
    },
    of=_signature_of_estimator,
    explains=False,
    tolerance=1e-2,
    keeps_dtype=True,
)


CALLS = {
    "sklearn.TableVAE": Call(
        _fit_table,
        lambda: {"latent_size": 2, "hidden_layer_sizes": [3], "epochs": 1, "random_state": 0},
        lambda answer, given: answer.score(people()),
        of=TableVAE,
        explains=False,
    ),
    **dict.fromkeys(["sklearn.VAETransformer", "sklearn.VAETransformer.fit"], _ESTIMATOR),
    **{
        f"sklearn.VAETransformer.{method}": Call(
            lambda method=method, **given: getattr(_fitted(), method)(**given),
            lambda of=of, rows=rows: {of: rows},
            of=(lambda X: None) if of == "X" else (lambda Z: None),  # noqa: N803
            explains=False, tolerance=1e-2,
        )
        for method, of, rows in (
            ("transform", "X", fuzzed_models.REAL), ("score_samples", "X", fuzzed_models.REAL),
            ("score", "X", fuzzed_models.REAL),
            ("inverse_transform", "Z", fuzzed_models.REAL[:, :2]),
        )
    },
    "sklearn.VAETransformer.sample": Call(
        lambda **given: _fitted().sample(**given),
        lambda: {"n_samples": 3, "random_state": 0},
        lambda answer, given: None,
        of=lambda n_samples, random_state: None,
        explains=False,
    ),
}  # fmt: skip
