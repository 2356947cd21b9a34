"""`audit` of losses and of models: its exit code and what it prints."""

import inspect
import json
import sys

import pytest

from tests.cli.program import lines, run
from tests.support import hand_written_vae

LOSSES = """
import tensorflow as tf

def right(x, probs, mean, log_variance):
    nll = -tf.reduce_sum(
        x * tf.math.log(probs + 1e-7) + (1 - x) * tf.math.log(1 - probs + 1e-7), -1)
    kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, -1)
    return tf.reduce_mean(nll + kl)

def wrong(x, probs, mean, log_variance):
    kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, -1)
    return right(x, probs, mean, log_variance) - 2 * tf.reduce_mean(kl)

def sampler(mean, s):
    return mean + s * tf.random.normal(tf.shape(mean), dtype=mean.dtype)

def broken(x, probs, mean, log_variance):
    raise RuntimeError("no such thing")
"""


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["user_losses:right"], 0, "measured to compute"),
        (["user_losses:wrong"], 1, "kl-sign"),
        (["user_losses:right", "--sampler", "user_losses:sampler"], 1, "scale-mismatch"),
        (["user_losses:broken"], 2, "no such thing"),
        (["user_losses:absent"], 2, "absent"),
        (["no_such_module:loss"], 2, "no_such_module"),
        (["user_losses:right", "--likelihood", "gauss"], 2, "gauss"),
        (["user_losses:right", "--event-shape", "x"], 2, "--event-shape"),
    ],
)
def test_audit_ends_with_its_code(tmp_path, run_here, monkeypatch, arguments, code, word):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "user_losses.py").write_text(LOSSES)
    sizes = [] if "--event-shape" in arguments else ["--event-shape", "12", "--latent-size", 2]
    done = run_here("audit", *arguments, *sizes, cwd=tmp_path)
    sys.modules.pop("user_losses", None)
    assert done.returncode == code, done.stderr
    assert word in (done.stdout if code < 2 else done.stderr)
    if code == 2:
        assert len(lines(done.stderr)) == 1


MODELS = f"""{inspect.getsource(hand_written_vae)}

def make():
    return HandWrittenVAE(3.0)

class NeedsASize:
    def __init__(self, size):
        pass

def raises():
    raise KeyError("size")

model = HandWrittenVAE()
"""


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["user_models.py:model"], 0, "fixed-scale"),
        (["user_models.py:make"], 1, "kl-weight"),
        (["user_models:make", "--kl-weight", 3], 0, "fixed-scale"),
        (["user_models.py:HandWrittenVAE", "--likelihood", "bernoulli"], 1, "likelihood-formula"),
        (["user_models.py:HandWrittenVAE", "--prior", "wide"], 2, "--prior"),
        (["user_models.py:HandWrittenVAE", "--set", "epoch"], 2, "--set"),
        (["user_models.py:HandWrittenVAE", "--step", "no_such"], 2, "`step`"),
        (["no_such_file.py:VAE"], 2, "a file that exists"),
        (["user_models.py:NeedsASize"], 2, "a class that needs arguments"),
        (["user_models.py:raises"], 2, "raises KeyError: 'size'"),
        (["half_a_line.py:make"], 2, "raises SyntaxError"),
    ],
)
def test_audit_takes_a_model_or_what_makes_one(
    tmp_path, run_here, monkeypatch, arguments, code, word
):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "user_models.py").write_text(MODELS)
    (tmp_path / "half_a_line.py").write_text("def make(:")
    done = run_here("audit", *arguments, "--event-shape", "6", cwd=tmp_path)
    sys.modules.pop("user_models", None)
    assert done.returncode == code, done.stderr
    assert word in (done.stdout if code < 2 else done.stderr)


UNBUILT = """
import keras
import tensorflow as tf

class VAE(keras.Model):
    def __init__(self, last):
        super().__init__()
        self.z_mean = keras.layers.Dense(2)
        self.z_log_var = keras.layers.Dense(2)
        self.decoder = keras.Sequential([keras.layers.Dense(5, activation="relu"), *last])

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, log_var = self.z_mean(x), self.z_log_var(x)
            z = mean + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mean))
            error = tf.reduce_sum((x - self.decoder(z)) ** 2, -1)
            kl = tf.reduce_sum(mean**2 + tf.exp(log_var) - log_var - 1, -1)
            loss = tf.reduce_mean(error + kl)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return {"loss": loss}

def dense():
    return VAE([keras.layers.Dense(9)])

def reshaped():
    return VAE([keras.layers.Dense(9), keras.layers.Reshape([3, 3]), keras.layers.Conv1D(4, 2)])

class OfImages(VAE):
    def train_step(self, x):
        if len(x.shape) == 2:
            return {"loss": tf.reduce_mean(x)}
        return super().train_step(tf.reshape(x, [-1, 784]))

def of_images():
    return OfImages([keras.layers.Dense(784)])

encoder = keras.Sequential([keras.layers.Dense(4)])
decoder = keras.Sequential([keras.layers.Dense(9)])
optimizer = keras.optimizers.Adam()

@tf.function
def train_step(x):
    with tf.GradientTape() as tape:
        mean, log_var = tf.split(encoder(x), 2, axis=-1)
        z = mean + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mean))
        error = tf.reduce_sum((x - decoder(z)) ** 2, -1)
        loss = tf.reduce_mean(error + tf.reduce_sum(mean**2 + tf.exp(log_var) - log_var - 1, -1))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
    return loss

class Coders(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

model = Coders()

def compute_loss(model, x, training=True):
    mean, log_var = tf.split(model.encoder(x), 2, axis=-1)
    z = mean + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mean))
    error = tf.reduce_mean((x - model.decoder(z)) ** 2, -1)
    return tf.reduce_mean(error + tf.reduce_sum(mean**2 + tf.exp(log_var) - log_var - 1, -1))

def train_on(model, images, optimizer):
    with tf.GradientTape() as tape:
        loss = compute_loss(model, images)
    optimizer.apply_gradients(zip(tape.gradient(loss, model.weights), model.weights))
"""


def test_the_shape_of_an_example_is_that_of_the_last_dense_layer(tmp_path, run_here):
    (tmp_path / "unbuilt.py").write_text(UNBUILT)
    done = run_here("audit", "unbuilt.py:dense", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "fixed-scale" in done.stdout


def test_where_no_usual_shape_fits_the_option_for_it_is_named(tmp_path, run_here):
    (tmp_path / "unbuilt.py").write_text(UNBUILT)
    done = run_here("audit", "unbuilt.py:reshaped", cwd=tmp_path)
    assert done.returncode == 2
    assert "--event-shape" in done.stderr
    assert len(lines(done.stderr)) == 1


def test_a_shape_at_which_the_model_has_no_parts_is_not_the_last_that_is_tried(tmp_path, run_here):
    (tmp_path / "unbuilt.py").write_text(UNBUILT)
    done = run_here("audit", "unbuilt.py:of_images", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "fixed-scale" in done.stdout


def test_a_training_step_is_read(tmp_path, run_here):
    (tmp_path / "unbuilt.py").write_text(UNBUILT)
    done = run_here("audit", "unbuilt.py:train_step", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 · [½ Σ(x - d)²] + 2 · [½ Σ(μ² + eˢ - s - 1)]" in done.stdout


@pytest.mark.parametrize("name", ["compute_loss", "train_on"])
def test_a_function_of_a_model_is_read_with_that_of_its_module(tmp_path, run_here, name):
    (tmp_path / "unbuilt.py").write_text(UNBUILT)
    done = run_here("audit", f"unbuilt.py:{name}", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "0.2222 · [½ Σ(x - d)²] + 2 · [½ Σ(μ² + eˢ - s - 1)]" in done.stdout


@pytest.mark.nightly
def test_audit_prints_json_from_a_process(tmp_path):
    (tmp_path / "user_losses.py").write_text(LOSSES)
    done = run("audit", "user_losses:wrong", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert "kl-sign" in report["codes"]
    assert not report["ok"]
