"""The calls that train a model, and that evaluate it while it trains."""

import warnings
from collections.abc import Iterator

import numpy as np

import tfp_vae
from tests.fuzz.call import Call
from tests.fuzz.fuzzed_models import DATA, ROWS, WITH_Y, fresh, labels_of, model
from tfp_vae import priors

VALIDATION_TERMS = ("val_elbo", "val_log_likelihood", "val_kl_divergence", "val_loss")
"""A huge row or weight throws the weights far away, and infinite terms of other rows are told."""


def _fit_that_tells_of_nan(vae, **given):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", RuntimeWarning)
        history = vae.fit(**given)
    is_told = any("was NaN in" in str(warning.message) for warning in told)
    assert is_told or not any(np.isnan(values).any() for values in history.history.values())
    return history


def _fitted(kind):
    """A fit of one step; a refused one leaves all weights as they are."""
    vae = model(kind)

    def fit(**given):
        vae = fresh(kind)
        before = vae.get_weights()
        try:
            history = _fit_that_tells_of_nan(vae, **{"verbose": 0, **given})
        except (ValueError, TypeError):
            if isinstance(given.get("validation_data"), Iterator):
                # Batches are checked as they are read, which is after an epoch of training.
                raise
            for one, other in zip(before, vae.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)
            raise
        for each in vae.get_weights():
            assert np.isfinite(each).all()
        return history

    def check(history, given):
        epochs = max(int(given["epochs"]) - int(given["initial_epoch"]), 0)
        assert len(history.history.get("loss", [])) == epochs

    also = {} if kind in WITH_Y else {"validation_data": DATA[kind][:3]}
    return Call(
        fit,
        lambda: {
            "x": DATA[kind], **labels_of(kind, "y"), **also, "epochs": 1, "batch_size": 8,
            "initial_epoch": 0,
            "sample_weight": np.arange(1.0, ROWS + 1), "validation_batch_size": 3, "shuffle": True,
            "validation_freq": 1, "steps_per_epoch": None, "callbacks": None, "verbose": 0,
        },
        check,
        of=vae.fit,
        not_fuzzed=("shuffle",),
        may_miss=VALIDATION_TERMS,
        tolerance=1e-3,
    )  # fmt: skip


def _split_fit():
    return Call(
        lambda **given: _fit_that_tells_of_nan(fresh("real"), verbose=0, batch_size=8, **given),
        lambda: {"x": DATA["real"], "validation_split": 0.5, "validation_steps": None},
        of=lambda x, validation_split, validation_steps: None,
        may_miss=VALIDATION_TERMS,
        tolerance=1e-3,
    )


def _evaluated(kind):

    def check(answer, given):
        _loss, elbo, log_likelihood, kl = answer
        np.testing.assert_allclose(elbo, log_likelihood - kl, rtol=1e-3, atol=1e-3)

    return Call(
        lambda **given: model(kind).evaluate(verbose=0, **given),
        lambda: {
            "x": DATA[kind], **labels_of(kind, "y"), "sample_weight": np.ones(ROWS),
            "batch_size": 8, "steps": None,
        },
        check,
        of=model(kind).evaluate,
    )  # fmt: skip


CALLS = {
    **{
        f"VAE.fit, {kind}": _fitted(kind)
        for kind in (
            "binary", "real", "counts", "grey", "holes", "conditional", "hierarchical", "clusters",
            "labelled", "views",
        )
    },
    "VAE.fit, split": _split_fit(),
    **{
        f"VAE.evaluate, {kind}": _evaluated(kind)
        for kind in ("binary", "real", "conditional", "labelled")
    },
    "VAE.refit_prior": Call(
        lambda **given: model("real").refit_prior(**given),
        lambda: {"prior": priors.Normal(), "x": DATA["real"], "epochs": 1},
        lambda answer, given: None,
        of=tfp_vae.VAE.refit_prior,
        not_fuzzed=("verbose",),
    ),
    "VAE.compile": Call(
        lambda **given: fresh("binary").compile(**given),
        lambda: {"optimizer": "adam", "run_eagerly": True},
    of=tfp_vae.VAE.compile,
    ),
}  # fmt: skip
