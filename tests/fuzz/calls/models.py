"""The constructors of models, and what `MultimodalVAE` alone has."""

import keras
import numpy as np
import scipy.sparse

import tfp_vae
from tests.fuzz import answers
from tests.fuzz.call import Call
from tests.fuzz.fuzzed_models import DATA, model
from tfp_vae import likelihoods, networks, objectives, posteriors, priors


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


def _views():
    return {"a": DATA["binary"][:, :3], "b": DATA["real"][:, :1]}


def _coders(coder):
    return {"a": coder(), "b": coder()}


CALLS = {
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
    "VariationalRNN": Call(
        tfp_vae.VariationalRNN,
        lambda: {
            "cell": keras.layers.GRUCell(3), "encoder": _transition(1),
            "decoder": tfp_vae.Decoder(networks.mlp([3]), likelihoods.Normal([2])),
            "prior": _transition(1), "time_steps": 2,
        },
        _is_of_series,
    ),
    "VariationalRNN.from_gru": Call(
        tfp_vae.VariationalRNN.from_gru,
        lambda: {
            "likelihood": likelihoods.Normal([2]), "time_steps": 2, "state_size": 2, "units": 3,
        },
        _is_of_series,
    ),
    "VariationalRNN.steps": Call(
        lambda **given: model("recurrent").steps(**given),
        lambda: {"x": DATA["recurrent"], "seed": 0},
        lambda answer, given: None,
        of=tfp_vae.VariationalRNN.steps,
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
