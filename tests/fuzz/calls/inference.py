"""The calls that ask a trained model of rows, of latents, or for draws."""

import warnings
from collections.abc import Iterator

import keras
import numpy as np

import tfp_vae
from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call, row_count
from tests.fuzz.fuzzed_models import DATA, KINDS, LATENTS, ROWS, labels_of, model


def _given(kind, **more):
    """Returns right arguments of a call on rows."""
    return {"x": DATA[kind], **labels_of(kind), **more}


def _has_rows(answer, given):
    rows = row_count(given["x"])
    assert answer.elbo.shape == (rows,)
    np.testing.assert_allclose(
        answer.elbo, answer.log_likelihood - answer.kl_divergence, rtol=1e-4, atol=1e-4
    )


def _is_distribution_of_rows(answer, given):
    if isinstance(given["x"], keras.KerasTensor):
        return
    assert answer.batch_shape[0] == row_count(given["x"])


def _elbo(kind):
    return Call(
        lambda **given: model(kind).elbo(**given),
        lambda: _given(kind, sample_size=2, seed=3),
        _has_rows,
        of=model(kind).elbo,
    )


def _on_rows(method, kind, check=None, of=None, **more):
    return Call(
        getattr(model(kind), method),
        lambda: _given(kind, **more),
        check,
        of=of or getattr(model(kind), method),
    )


def _encoded(kind):
    inside = DATA[kind].astype("float32")
    return Call(lambda x: model(kind).encoder(x), lambda: {"x": inside}, _is_distribution_of_rows)


def _decoded(kind):
    latents = np.arange(8.0).reshape(4, LATENTS) / 4.0

    def check(answer, given):
        assert answer.batch_shape == np.asarray(given["z"]).shape[:-1]
        assert answer.event_shape == model(kind).event_shape

    return Call(lambda z: model(kind).decoder(z), lambda: {"z": latents}, check)


def _sampled(kind):
    def check(answer, given):
        assert answer.shape == (int(given["sample_size"]), *model(kind).event_shape)

    return Call(
        lambda **given: model(kind).sample(**given),
        lambda: {"sample_size": ROWS, "seed": 1, **labels_of(kind)},
        check,
        of=model(kind).sample,
        not_fuzzed=("mean",),
    )


def _imputed():
    def check(answer, given):
        x = np.asarray(given["x"], np.float64)
        seen = np.isfinite(x)
        np.testing.assert_allclose(answer.mean[seen], x[seen], rtol=1e-3)
        assert (answer.stddev[seen] == 0).all()

    return Call(
        lambda **given: model("holes").impute(**given),
        lambda: {"x": DATA["holes"], "sample_size": 2, "importance_sample_size": 5, "seed": 0},
        check,
        of=model("holes").impute,
    )


MOST_FORECASTS = 20


def _forecast(kind):
    def check(answer, given):
        wanted = (row_count(given["x"]), int(given["steps"]), 2)
        assert answer.mean.shape == answer.stddev.shape == wanted
        assert answer.draws.shape == (int(given["sample_size"]), *wanted)

    def forecast(**given):
        for name in ("steps", "sample_size"):
            if isinstance(given[name], (int, np.integer)) and given[name] > MOST_FORECASTS:
                raise ValueError(f"`{name}` must not fill the memory of the tests.")
        return model(kind).forecast(**given)

    return Call(
        forecast,
        lambda: {"x": DATA[kind], "steps": 3, "sample_size": 2, "seed": 0},
        check,
        of=model(kind).forecast,
    )


def _predicted(kind):
    def check(answer, given):
        if not isinstance(given["x"], Iterator):
            assert answer.shape == (row_count(given["x"]), *model(kind).event_shape)

    return Call(
        lambda **given: model(kind).predict(verbose=0, **given),
        lambda: _given(kind, batch_size=8, steps=None),
        check,
        of=model(kind).predict,
    )


def _coded(method, kind):
    vae = model(kind)
    rows = {"encode": "x", "decode": "z"}[method]
    event = {"encode": (vae.latent_size,), "decode": vae.event_shape}[method]
    right = {"encode": DATA[kind], "decode": np.linspace(-1, 1, ROWS)[:, None] * [[1.0, 0.5]]}

    def check(answer, given):
        if not isinstance(given[rows], Iterator) and not given.get("return_stddev"):
            assert answer.shape == (row_count(given[rows]), *event)

    return Call(
        lambda **given: getattr(model(kind), method)(verbose=0, **given),
        lambda: {rows: right[method], **labels_of(kind), "seed": 0, "batch_size": 8, "steps": None},
        check,
        of=getattr(vae, method),
        not_fuzzed=("return_stddev",) if method == "encode" else (),
    )


def _clustered(method, kind):
    def check(answer, given):
        assert answer.shape[1:] == (3,)
        if isinstance(given["x"], np.ndarray):
            assert len(answer) == len(given["x"])
        np.testing.assert_allclose(answer.sum(axis=1), 1.0, rtol=1e-5)

    own = {"seed": 0} if method == "cluster" else {}
    return Call(
        lambda **given: getattr(model(kind), method)(verbose=0, **given),
        lambda: {"x": DATA[kind], **own, "batch_size": 8, "steps": None},
        check,
        of=getattr(model(kind), method),
    )


def _refined(kind):
    return Call(
        lambda **given: model(kind).refine(**given),
        lambda: _given(kind, steps=2, sample_size=2, batch_size=4),
        _is_distribution_of_rows,
        of=model(kind).refine,
        tolerance=None,
    )


def _drawn_by_chains(**given):
    """Returns draws of chains too short to agree, of which they warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The chains of a row disagree")
        return model("real").posterior_samples(**given)


CALLS = {
    **{f"VAE.elbo, {kind}": _elbo(kind) for kind in KINDS},
    **{
        f"VAE.{method}, {kind}": _on_rows(method, kind, _is_distribution_of_rows)
        for method, kind in (
            ("posterior", "images"), ("posterior", "conditional"), ("posterior", "hierarchical"),
            ("reconstruct", "codes"), ("reconstruct", "grey"), ("reconstruct", "real"),
        )
    },
    "VAE.prior": Call(
        lambda **given: model("conditional").prior(**given).mean(),
        lambda: {"condition": fuzzed_models.LABELS},
        of=tfp_vae.VAE.prior,
    ),
    "VAE.distributions, holes": Call(
        lambda **given: model("holes").distributions(**given),
        lambda: _given("holes"),
        lambda answer, given: None,
        of=model("holes").distributions,
        not_fuzzed=("training",),
    ),
    **{f"VAE.encoder, {kind}": _encoded(kind) for kind in ("real", "binary", "hierarchical")},
    **{f"VAE.decoder, {kind}": _decoded(kind) for kind in ("real", "counts", "codes")},
    **{f"VAE.sample, {kind}": _sampled(kind) for kind in ("real", "conditional", "hierarchical")},
    "VAE.impute, holes": _imputed(),
    **{f"VAE.forecast, {kind}": _forecast(kind) for kind in ("series", "recurrent")},
    **{f"VAE.predict, {kind}": _predicted(kind) for kind in ("images", "codes", "conditional")},
    **{f"VAE.encode, {kind}": _coded("encode", kind) for kind in ("binary", "conditional")},
    **{f"VAE.refine, {kind}": _refined(kind) for kind in ("real", "conditional")},
    "VAE.posterior_samples": Call(
        _drawn_by_chains,
        lambda: {"x": DATA["real"], "sample_size": 4, "chains": 2, "warm_up": 2},
        lambda answer, given: None,
        of=tfp_vae.VAE.posterior_samples,
        may_miss=("potential_scale_reduction", "effective_sample_size"),
        tolerance=None,
    ),
    "VAE.cluster": _clustered("cluster", "clusters"),
    "VAE.predict_labels": _clustered("predict_labels", "labelled"),
    **{f"VAE.decode, {kind}": _coded("decode", kind) for kind in ("real", "conditional")},
}  # fmt: skip
