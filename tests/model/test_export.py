"""Exported models run in plain TensorFlow, without tfp_vae and Keras."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import BINARY, small_vae
from tfp_vae import likelihoods, networks

_SERVER = '''
import sys

class Without:
    """Finds what another finder finds, but for some packages."""

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tfp_vae", "keras", "tf_keras", "tensorflow_probability"):
            return None
        return self.finder.find_spec(name, path, target)

sys.meta_path = [Without(finder) for finder in sys.meta_path]
for name in ("tfp_vae", "keras"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{name} is there after all")
import numpy as np
import tensorflow as tf

requests = np.load(sys.argv[1])
answers = {}
loaded = {}
for name in requests["calls"]:
    model, signature, _ = name.split("/")
    served = loaded.setdefault(model, tf.saved_model.load(model))
    inputs = {
        key.rpartition("/")[2]: tf.constant(requests[key])
        for key in requests.files
        if key.startswith(name + "/")
    }
    for output, value in served.signatures[signature](**inputs).items():
        answers[f"{name}/{output}"] = value.numpy()
np.savez(sys.argv[2], **answers)
'''
SEED = 9
SERVED_SEED = np.array([0, SEED], np.int32)
BATCH_SIZES = (1, 3, 70)
SIGNATURES = ("encode", "decode", "sample", "elbo")


def mixed_columns():
    return likelihoods.Product(
        [([0, 2], likelihoods.Normal([2])), ([1, 3], likelihoods.Bernoulli([2]))]
    )


def data(rows):
    return np.random.default_rng(rows).integers(0, 2, [rows, 4]).astype(np.float32)


def conditions(rows):
    return np.random.default_rng(rows).integers(0, 3, [rows]).astype(np.float32)


MODELS = {
    "plain": small_vae,
    "conditional": lambda: small_vae(
        condition=keras.layers.Embedding(3, 2), preprocess=networks.StochasticBinarization()
    ),
    "table": lambda: small_vae(mixed_columns()),
    "holes": lambda: small_vae(likelihoods.Normal([4]), missing_values=0.0),
    "grey": lambda: small_vae(likelihoods.ContinuousBernoulli([4])),
}
NIGHTLY = ("holes", "grey")


def expected(vae, signature, rows):
    """Returns the inputs of a call and what the model itself makes of them."""
    x, y = data(rows), None if vae.condition is None else conditions(rows)
    given = {} if y is None else {"condition": y}
    if signature == "encode":
        posterior = vae.posterior(x, **given)
        return {"x": x, **given}, {"mean": posterior.mean(), "stddev": posterior.stddev()}
    if signature == "decode":
        z = vae.posterior(x, **given).mean()
        return {"z": z, **given}, {"mean": vae.reconstruct(x, **given).mean()}
    if signature == "sample":
        inputs = {"sample_size": np.int32(rows), "seed": SERVED_SEED, **given}
        return inputs, {"x": vae.sample(rows, seed=SEED, **given)}
    terms = vae.elbo(x, seed=SEED, **given)
    return {"x": x, "seed": SERVED_SEED, **given}, terms._asdict()


@pytest.fixture(scope="module")
def served(tmp_path_factory, request):
    """Exports the models, and lets a process of plain TensorFlow answer all calls."""
    folder = tmp_path_factory.mktemp("served")
    requests, wanted = {}, {}
    for name, make in MODELS.items():
        if name in NIGHTLY and not request.config.getoption("--nightly"):
            continue
        vae = make()
        vae.export(folder / name, verbose=False)
        for signature in SIGNATURES:
            for rows in BATCH_SIZES:
                call = f"{name}/{signature}/{rows}"
                inputs, outputs = expected(vae, signature, rows)
                requests |= {f"{call}/{key}": np.asarray(value) for key, value in inputs.items()}
                wanted[call] = {key: np.asarray(value) for key, value in outputs.items()}
    np.savez(folder / "requests.npz", calls=np.array(list(wanted)), **requests)
    run = subprocess.run(
        [sys.executable, "-c", _SERVER, "requests.npz", "answers.npz"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return wanted, np.load(folder / "answers.npz")


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.nightly if name in NIGHTLY else ()) for name in MODELS],
)
def test_plain_tensorflow_serves_what_the_model_gives_for_any_batch_size(served, name, signature):
    wanted, answers = served
    for rows in BATCH_SIZES:
        call = f"{name}/{signature}/{rows}"
        found = {key for key in answers.files if key.startswith(call + "/")}
        assert found == {f"{call}/{key}" for key in wanted[call]}
        for key, value in wanted[call].items():
            np.testing.assert_allclose(answers[f"{call}/{key}"], value, rtol=1e-4, atol=1e-5)


def test_a_signature_names_its_inputs(tmp_path):
    small_vae(condition=keras.layers.Embedding(3, 2)).export(tmp_path / "served", verbose=False)
    signatures = tf.saved_model.load(tmp_path / "served").signatures
    names = {name: set(each.structured_input_signature[1]) for name, each in signatures.items()}
    names.pop("serving_default")
    assert names == {
        "encode": {"x", "condition"},
        "decode": {"z", "condition"},
        "sample": {"sample_size", "seed", "condition"},
        "elbo": {"x", "seed", "condition"},
    }


def test_the_exported_signatures_give_what_the_model_gives(tmp_path):
    vae = small_vae()
    vae.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served").signatures
    seed = tf.constant([0, 9])
    encoded = served["encode"](x=tf.constant(BINARY))
    np.testing.assert_allclose(encoded["mean"], vae.posterior(BINARY).mean(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(encoded["stddev"], vae.posterior(BINARY).stddev(), rtol=1e-5)
    decoded = served["decode"](z=encoded["mean"])
    np.testing.assert_allclose(decoded["mean"], vae.predict(BINARY, verbose=0), rtol=1e-5)
    terms = served["elbo"](x=tf.constant(BINARY), seed=seed)
    np.testing.assert_allclose(terms["elbo"], vae.elbo(BINARY, seed=9).elbo, rtol=1e-3)
    for size in (3, 5):
        drawn = served["sample"](sample_size=tf.constant(size), seed=seed)["x"].numpy()
        assert drawn.shape == (size, 4)
        assert set(np.unique(drawn)) <= {0.0, 1.0}


def test_another_export_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`format` must be 'tf_saved_model'; got 'onnx'"):
        small_vae().export(tmp_path / "served", format="onnx")
    with pytest.raises(
        ValueError, match=r"`filepath` must be a folder.*got .vae.onnx.: .* of ONNX"
    ):
        small_vae().export(tmp_path / "vae.onnx")
    assert not list(tmp_path.iterdir())
