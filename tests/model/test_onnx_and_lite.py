"""An exported model as ONNX and as TensorFlow Lite: what these give is what the model gives."""

import subprocess
import sys
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import small_vae
from tfp_vae import likelihoods, networks, posteriors, priors

pytestmark = pytest.mark.nightly

G = np.random.default_rng(0)
REAL, COUNTS = G.normal(size=[40, 4]), G.poisson(2.0, size=[40, 4])
DATA = {
    "Bernoulli": (likelihoods.Bernoulli([4]), G.integers(0, 2, [40, 4])),
    "Categorical": (likelihoods.Categorical([4], 3), G.integers(0, 3, [40, 4])),
    "ContinuousBernoulli": (likelihoods.ContinuousBernoulli([4]), G.uniform(size=[40, 4])),
    "DiscretizedLogistic": (likelihoods.DiscretizedLogistic([4]), G.integers(0, 256, [40, 4])),
    "Gamma": (likelihoods.Gamma([4]), G.gamma(2.0, size=[40, 4])),
    "Laplace": (likelihoods.Laplace([4]), REAL),
    "NegativeBinomial": (likelihoods.NegativeBinomial([4]), COUNTS),
    "Normal": (likelihoods.Normal([4]), REAL),
    "Poisson": (likelihoods.Poisson([4]), COUNTS),
    "StudentT": (likelihoods.StudentT([4]), REAL),
    "ZeroInflatedNegativeBinomial": (likelihoods.ZeroInflatedNegativeBinomial([4]), COUNTS),
}
POSTERIORS = {
    "MultivariateNormalDiag": (posteriors.MultivariateNormalDiag(2), None),
    "MultivariateNormalTriL": (posteriors.MultivariateNormalTriL(2), None),
    "MultivariateNormalDiagPlusLowRank": (
        posteriors.MultivariateNormalDiagPlusLowRank(3, 1),
        None,
    ),
}


def decoding(name):
    """Returns a model, the signature that is tried, and what it is given."""
    likelihood, x = DATA[name]
    keras.utils.set_random_seed(0)
    vae = small_vae(likelihood)
    vae.adapt(x)
    return vae, "decode", {"z": np.asarray(G.normal(size=[5, 2]), np.float32)}


def of_a_table(signature):
    """Returns a model of columns of several kinds, and rows without blanks."""
    keras.utils.set_random_seed(0)
    frame = pd.DataFrame(
        {"word": G.choice(["a", "b", "c"], 40), "count": COUNTS[:, 0], "number": REAL[:, 0]}
    )
    vae = tfp_vae.VAE.for_data(frame, latent_size=2, verbose=0)
    x = vae.schema.encode(frame)
    vae.adapt(x)
    given = {"x": x.astype(np.float32)} if signature == "encode" else {"z": np.ones([3, 2], "f")}
    return vae, signature, given


def of_missing_values(code):
    """Returns a model in which a number is the code of a missing value, and rows with some."""
    keras.utils.set_random_seed(0)
    vae = small_vae(likelihoods.Normal([4]), missing_values=code)
    x = np.where(G.uniform(size=REAL.shape) < 0.2, code, REAL).astype(np.float32)
    vae.adapt(x)
    return vae, "encode", {"x": x}


def encoding(name):
    posterior, prior = POSTERIORS[name]
    keras.utils.set_random_seed(0)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5]), posterior),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Normal([4])),
        prior=prior,
    )
    vae.adapt(REAL)
    return vae, "encode", {"x": REAL.astype(np.float32)}


def on_a_sphere():
    keras.utils.set_random_seed(0)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5]), posteriors.PowerSpherical(3)),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Normal([4])),
        prior=priors.SphericalUniform(),
    )
    return vae, "encode", {"x": REAL.astype(np.float32)}


def convolutions(signature):
    keras.utils.set_random_seed(0)
    images = G.uniform(size=[3, 16, 16, 1]).astype(np.float32)
    vae = tfp_vae.VAE.for_data(images, latent_size=2, likelihood="normal", verbose=0)
    given = {"x": images} if signature == "encode" else {"z": np.ones([3, 2], np.float32)}
    return vae, signature, given


CASES = {
    **{f"decode, {name}": (decoding, name) for name in DATA},
    **{f"encode, {name}": (encoding, name) for name in POSTERIORS},
    "encode, table": (of_a_table, "encode"),
    "decode, table": (of_a_table, "decode"),
    "encode, missing values": (of_missing_values, -99.0),
    "encode, convolutions": (convolutions, "encode"),
    "decode, convolutions": (convolutions, "decode"),
}


def served(case, folder):
    """Exports the model of a case, and returns its signature, what it is given, and the answer."""
    vae, signature, given = case
    vae.export(folder, verbose=False)
    loaded = tf.saved_model.load(folder)
    answer = getattr(loaded, signature)(*map(tf.constant, given.values()))
    return signature, given, answer


def of_onnx(signature, given, folder):
    pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    file = folder.parent / f"{signature}.onnx"
    converter = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(folder)]
    options = ["--signature_def", signature, "--output", str(file)]
    done = subprocess.run([*converter, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    session = runtime.InferenceSession(file)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, given), strict=True))


def of_lite(signature, given, folder):
    with warnings.catch_warnings():
        # TensorFlow says that its interpreter will move to a package of its own.
        warnings.simplefilter("ignore")
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(folder), signature_keys=[signature]
        )
        interpreter = tf.lite.Interpreter(model_content=converter.convert())
    return interpreter.get_signature_runner(signature)(**given)


@pytest.mark.parametrize("name", [*CASES, "encode, PowerSpherical"])
def test_onnx_gives_what_the_model_gives(name, tmp_path):
    make, argument = CASES.get(name, (None, None))
    case = on_a_sphere() if make is None else make(argument)
    signature, given, answer = served(case, tmp_path / "served")
    found = of_onnx(signature, given, tmp_path / "served")
    assert set(found) == set(answer)
    for key, value in answer.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_tensorflow_lite_gives_what_the_model_gives(name, tmp_path):
    make, argument = CASES[name]
    signature, given, answer = served(make(argument), tmp_path / "served")
    found = of_lite(signature, given, tmp_path / "served")
    assert set(found) == set(answer)
    for key, value in answer.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-5)
