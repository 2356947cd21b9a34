"""The public calls of models and of the parts that they are made of."""

import warnings
from collections.abc import Iterator

import keras
import numpy as np
import scipy.sparse

import tfp_vae
from tests.fuzz import answers, fuzzed_models
from tests.fuzz.calls import Call, row_count
from tests.fuzz.fuzzed_models import DATA, KINDS, LATENTS, ROWS, WITH_Y, fresh, model
from tfp_vae import likelihoods, networks, objectives, posteriors, priors


def _given(kind, **more):
    """Returns right arguments of a call on rows."""
    own = {"condition": fuzzed_models.LABELS} if kind in WITH_Y else {}
    return {"x": DATA[kind], **own, **more}


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

    own = {"condition": fuzzed_models.LABELS} if kind in WITH_Y else {}
    return Call(
        lambda **given: model(kind).sample(**given),
        lambda: {"sample_size": ROWS, "seed": 1, **own},
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


def _forecast():
    def check(answer, given):
        wanted = (row_count(given["x"]), int(given["steps"]), 2)
        assert answer.mean.shape == answer.stddev.shape == wanted
        assert answer.draws.shape == (int(given["sample_size"]), *wanted)

    def forecast(**given):
        for name in ("steps", "sample_size"):
            if isinstance(given[name], (int, np.integer)) and given[name] > MOST_FORECASTS:
                raise ValueError(f"`{name}` must not fill the memory of the tests.")
        return model("series").forecast(**given)

    return Call(
        forecast,
        lambda: {"x": DATA["series"], "steps": 3, "sample_size": 2, "seed": 0},
        check,
        of=model("series").forecast,
    )


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

    own = {"y": fuzzed_models.LABELS} if kind in WITH_Y else {}
    also = {} if kind in WITH_Y else {"validation_data": DATA[kind][:3]}
    return Call(
        fit,
        lambda: {
            "x": DATA[kind], **own, **also, "epochs": 1, "batch_size": 8, "initial_epoch": 0,
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
    own = {"y": fuzzed_models.LABELS} if kind in WITH_Y else {}

    def check(answer, given):
        _loss, elbo, log_likelihood, kl = answer
        np.testing.assert_allclose(elbo, log_likelihood - kl, rtol=1e-3, atol=1e-3)

    return Call(
        lambda **given: model(kind).evaluate(verbose=0, **given),
        lambda: {
            "x": DATA[kind], **own, "sample_weight": np.ones(ROWS), "batch_size": 8, "steps": None,
        },
        check,
        of=model(kind).evaluate,
    )  # fmt: skip


def _predicted(kind):
    def check(answer, given):
        if not isinstance(given["x"], Iterator):
            assert answer.shape == (row_count(given["x"]), *model(kind).event_shape)

    own = {"condition": fuzzed_models.LABELS} if kind in WITH_Y else {}
    return Call(
        lambda **given: model(kind).predict(verbose=0, **given),
        lambda: {"x": DATA[kind], **own, "batch_size": 8, "steps": None},
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

    own = {"condition": fuzzed_models.LABELS} if kind in WITH_Y else {}
    return Call(
        lambda **given: getattr(model(kind), method)(verbose=0, **given),
        lambda: {rows: right[method], **own, "seed": 0, "batch_size": 8, "steps": None},
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
    own = {"condition": fuzzed_models.LABELS} if kind in WITH_Y else {}
    return Call(
        lambda **given: model(kind).refine(**given),
        lambda: {"x": DATA[kind], **own, "steps": 2, "sample_size": 2, "batch_size": 4},
        _is_distribution_of_rows,
        of=model(kind).refine,
        tolerance=None,
    )


def _drawn_by_chains(**given):
    """Returns draws of chains too short to agree, of which they warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The chains of a row disagree")
        return model("real").posterior_samples(**given)


def _encoder():
    return tfp_vae.Encoder(networks.mlp([3]), posteriors.MultivariateNormalDiag(2))


def _decoder():
    return tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4]))


def _transition(size=2):
    return tfp_vae.Transition(networks.mlp([3]), posteriors.MultivariateNormalDiag(size))


def _scores(vae, given):
    """Checks of a model just made that it scores rows of its own support."""
    rows = np.full([3, *vae.event_shape], vae.decoder.likelihood.support.inner_value)
    if isinstance(vae.condition, keras.Model):
        y = np.zeros([3, *vae.condition.input_shape[1:]])
    else:
        y = None if vae.condition is None else np.zeros([3])
    try:
        terms = vae.elbo(rows, seed=0, condition=y)
    except (TypeError, ValueError) as error:
        # What a layer makes of rows is known when it first sees some.
        if vae.preprocess is None or not answers.is_explained(error, ["preprocess"]):
            raise
    else:
        assert np.isfinite(terms.elbo).all()


def _fits_data(vae, given):
    if isinstance(vae.preprocess, keras.layers.Layer):
        return
    known, x = vae.schema, given["x"]
    if scipy.sparse.issparse(x):
        x = x.toarray()
    x = np.asarray(x) if known is None else known.encode(x)
    assert vae.event_shape == x.shape[1:]
    if vae.condition is not None:
        return
    assert np.isfinite(vae.elbo(x[:2].astype("float64"), seed=0).elbo).all()


def _is_of_series(vae, given):
    """Checks of a model of series just made that it scores rows of its own support."""
    rows = np.full([3, *vae.event_shape], vae.decoder.likelihood.support.inner_value)
    assert np.isfinite(vae.elbo(rows, seed=0).elbo).all()


def _same_vae(vae):
    return {
        "encoder": _encoder(), "decoder": _decoder(), "prior": priors.StandardNormal(),
        "objective": objectives.ELBO(), "preprocess": None, "missing_values": None,
        "condition": None, "classification_weight": None,
    }  # fmt: skip


def _of_perceptrons(**given):
    return tfp_vae.HierarchicalVAE.from_mlps(**given)


def _views():
    return {"a": DATA["binary"][:, :3], "b": DATA["real"][:, :1]}


def _coders(coder):
    return {"a": coder(), "b": coder()}


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
    "VAE.forecast, series": _forecast(),
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
    "VAE.refit_prior": Call(
        lambda **given: model("real").refit_prior(**given),
        lambda: {"prior": priors.Normal(), "x": DATA["real"], "epochs": 1},
        lambda answer, given: None,
        of=tfp_vae.VAE.refit_prior,
        not_fuzzed=("verbose",),
    ),
    "VAE.cluster": _clustered("cluster", "clusters"),
    "VAE.predict_labels": _clustered("predict_labels", "labelled"),
    **{f"VAE.decode, {kind}": _coded("decode", kind) for kind in ("real", "conditional")},
    "VAE.compile": Call(
        lambda **given: fresh("binary").compile(**given),
        lambda: {"optimizer": "adam", "run_eagerly": True},
    of=tfp_vae.VAE.compile,
    ),
    "VAE": Call(tfp_vae.VAE, lambda: _same_vae(None), _scores),
    "VAE.for_data": Call(
        tfp_vae.VAE.for_data, lambda: {"x": DATA["real"], "latent_size": 2}, _fits_data,
        tolerance=None,
    ),
    "HierarchicalVAE": Call(
        tfp_vae.HierarchicalVAE,
        lambda: {
            "encoders": [_encoder(), _transition(3)], "decoders": [_decoder(), _transition(2)],
        },
        _scores,
    ),
    "HierarchicalVAE.from_mlps": Call(
        tfp_vae.HierarchicalVAE.from_mlps,
        lambda: {
            "likelihood": likelihoods.Bernoulli([4]), "latent_sizes": [2, 2], "units": [[3], [3]],
        },
        _scores,
    ),
    "StateSpaceVAE": Call(
        tfp_vae.StateSpaceVAE,
        lambda: {
            "encoder": tfp_vae.Encoder(networks.mlp([3]), posteriors.LinearMarkovChain(2, 1)),
            "decoder": tfp_vae.Decoder(keras.layers.Reshape([2, 1]), likelihoods.Normal([2, 2])),
            "prior": priors.LinearMarkovChain(2),
        },
        _is_of_series,
    ),
    "StateSpaceVAE.from_gru": Call(
        tfp_vae.StateSpaceVAE.from_gru,
        lambda: {"likelihood": likelihoods.Normal([2, 2]), "state_size": 2, "units": 3},
        _is_of_series,
    ),
    "MultimodalVAE": Call(
        tfp_vae.MultimodalVAE,
        lambda: {
            "encoders": _coders(_encoder), "decoders": _coders(_decoder), "experts": "mixture",
            "view_dropout": 0.5, "missing_values": np.nan,
        },
        _scores,
    ),
    "MultimodalVAE.from_mlps": Call(
        tfp_vae.MultimodalVAE.from_mlps,
        lambda: {
            "likelihoods": {"a": likelihoods.Bernoulli([4]), "b": likelihoods.Normal([2])},
            "latent_size": 2, "units": [3],
        },
        _scores,
    ),
    "MultimodalVAE.join": Call(
        lambda **given: model("views").join(**given),
        lambda: {"views": _views()},
        of=tfp_vae.MultimodalVAE.join,
    ),
    "MultimodalVAE.split": Call(
        lambda **given: model("views").split(**given),
        lambda: {"x": DATA["binary"]},
        lambda answer, given: None,
        of=tfp_vae.MultimodalVAE.split,
    ),
    "MultimodalVAE.translate": Call(
        lambda **given: model("views").translate(verbose=0, **given),
        lambda: {"views": DATA["real"][:, :1], "to": "a", "seed": 0, "batch_size": 8},
        lambda answer, given: None,
        of=tfp_vae.MultimodalVAE.translate,
    ),
    "HierarchicalVAE.ladder_from_mlps": Call(
        tfp_vae.HierarchicalVAE.ladder_from_mlps,
        lambda: {
            "likelihood": likelihoods.Bernoulli([4]), "latent_sizes": [2, 2], "units": [[3], [3]],
        },
        _scores,
    ),
    "Encoder": Call(
        tfp_vae.Encoder,
        lambda: {"trunk": networks.mlp([3]), "posterior": posteriors.MultivariateNormalDiag(2)},
    ),
    "Decoder": Call(
        tfp_vae.Decoder,
        lambda: {"trunk": networks.mlp([3]), "likelihood": likelihoods.Bernoulli([4])},
    ),
    "Transition": Call(
        tfp_vae.Transition,
        lambda: {"trunk": networks.mlp([3]), "posterior": posteriors.MultivariateNormalDiag(2)},
    ),
}  # fmt: skip
