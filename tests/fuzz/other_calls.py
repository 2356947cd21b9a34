"""The public calls around a model: files, callbacks, audit, tests, scikit-learn."""

import contextlib
import functools
import importlib
import tempfile
import unittest.mock
from pathlib import Path

import keras
import matplotlib as mpl
import numpy as np
import pandas as pd
import tensorflow as tf

import tfp_vae
from tests.fuzz import fuzzed_models
from tests.fuzz.calls import Call
from tests.fuzz.fuzzed_models import DATA, model
from tfp_vae import callbacks, datasets, tables, testing
from tfp_vae.sklearn import TableVAE, VAETransformer

mpl.use("Agg")
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
_FILES = {"table": FOLDER / "rows.csv", "rows": FOLDER / "rows.npy", "model": FOLDER / "vae.keras"}


@functools.cache
def _written():
    np.save(_FILES["rows"], fuzzed_models.REAL)
    np.savetxt(_FILES["table"], fuzzed_models.REAL, delimiter=",")
    model("binary").save(_FILES["model"])
    return _FILES


def _post_loss(x, decoded, mean, scale):
    cross_entropy = -tf.reduce_sum(
        x * tf.math.log(decoded) + (1.0 - x) * tf.math.log(1.0 - decoded), axis=-1
    )
    kl = 0.5 * tf.reduce_sum(mean**2 + scale**2 - 2.0 * tf.math.log(scale) - 1.0, axis=-1)
    return tf.reduce_mean(cross_entropy + kl)


def _audited(report, given):
    assert report.ok, report


class _PostModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.layers.Dense(4)
        self.decoder = keras.layers.Dense(4, activation="sigmoid")

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, s = tf.split(self.encoder(x), 2, axis=-1)
            decoded = self.decoder(mean + tf.exp(s / 2.0) * tf.random.normal(tf.shape(mean)))
            cross_entropy = 4.0 * keras.losses.binary_crossentropy(x, decoded)
            kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(s) - s - 1.0, axis=-1)
            loss = tf.reduce_mean(cross_entropy + kl)
        tape.gradient(loss, self.trainable_variables)
        return {"loss": loss}


def _model_audited(x, **given):
    return tfp_vae.audit_model(_PostModel(), x, **given)


def _tensors_audited(**given):
    x = keras.Input([4])
    mean, s = keras.layers.Dense(2)(x), keras.layers.Dense(2)(x)
    d = keras.layers.Dense(4)(mean)
    kl = 0.5 * keras.ops.sum(mean**2 + keras.ops.exp(s) - s - 1.0, axis=-1)
    loss = keras.ops.sum((x - d) ** 2, axis=-1) + kl
    return tfp_vae.audit_tensors(loss, x=x, decoder_output=d, encoder_outputs=(mean, s), **given)


def _asserted(**given):
    """Says whether the loss is one: this one is not finite at scales of 0."""
    try:
        testing.assert_loss_is_negative_elbo(**given)
    except AssertionError as error:
        if "mistake" not in str(error):
            raise


def _people():
    return pd.DataFrame({"age": [3, 4, 5, 9], "city": ["a", "b", "a", "b"]})


@functools.cache
def _table():
    vae = tfp_vae.VAE.for_data(_people(), latent_size=2, verbose=0)
    vae.schema = tables.Schema(vae.schema.columns, np.linspace(-9.0, 0.0, 101))
    return vae


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
        return TableVAE(**parameters).fit(_people())


def _cells_taken(**given):
    anndata = importlib.import_module("anndata")
    if given["source"] is None:
        given["source"] = anndata.AnnData(fuzzed_models.REAL)
    return np.asarray(datasets.from_anndata(**given).x)


def _write_records(**given):
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        if isinstance(given["path"], str) and given["path"] == "right":
            given["path"] = f"{folder}/rows.tfrecord"
        count = datasets.write_records(**given)
        if not isinstance(given["path"], str) or not given["path"].startswith(folder):
            return count
        batches = list(datasets.from_files(given["path"], feature=given["feature"], shuffle=False))
        rows = np.concatenate(batches)
        assert len(rows) == count
        # Missing values are written as they are.
        return np.nan_to_num(rows)


def _read_files(**given):
    return [batch.numpy() for batch in datasets.from_files(**given)]


def _parts_all_rows(answer, given):
    every = np.concatenate(answer)
    np.testing.assert_array_equal(np.sort(every), np.arange(given["rows"]))


def _loaded(vae, given):
    for one, other in zip(vae.get_weights(), model("binary").get_weights(), strict=True):
        assert one.shape == other.shape


def _save(filepath):
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        is_right = isinstance(filepath, str) and filepath == "right"
        own = f"{folder}/vae.keras" if is_right else filepath
        model("binary").save(own)
        if is_right:
            tfp_vae.load(own)


class _Archive:
    """What Keras exports with; here it makes an empty folder."""

    def track(self, model):
        del model

    def add_endpoint(self, *_, **__):
        pass

    def write_out(self, folder, verbose):
        del verbose
        Path(folder).mkdir()


def _export(**given):
    with unittest.mock.patch("keras.export.ExportArchive", _Archive):
        model("binary").export(**given)


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
    # Missing values are repeated as they are.
    "datasets.repeated": Call(
        lambda **given: np.nan_to_num(datasets.repeated(**given)),
        lambda: {"x": fuzzed_models.REAL, "batch_size": 3, "steps": 5},
        of=datasets.repeated,
    ),
    # Of missing values, rows are filled up with them.
    "datasets.padded": Call(
        lambda **given: np.nan_to_num(datasets.padded(**given)),
        lambda: {"rows": fuzzed_models.REAL, "length": 6},
        of=datasets.padded,
    ),
    "datasets.unpadded": Call(
        lambda **given: np.concatenate(datasets.unpadded(**given)),
        lambda: {"x": fuzzed_models.BINARY, "missing_values": 2.0},
        of=datasets.unpadded,
    ),
    "datasets.sprites": Call(
        datasets.sprites,
        lambda: {"rows": 5, "values": (3, 2, 2, 2, 2), "side": 8, "seed": 0},
        scalars=("rows",),
    ),
    "datasets.photographs": Call(
        lambda **given: datasets.photographs(**given).test.shape,
        lambda: {"side": 64, "step": 64},
        of=datasets.photographs,
        scalars=("side", "step"),
    ),
    "datasets.from_anndata": Call(
        _cells_taken, lambda: {"source": None}, of=datasets.from_anndata, paths=("source",)
    ),
    "datasets.from_file": Call(
        datasets.from_file, lambda: {"path": _written()["rows"]}, paths=("path",)
    ),
    "datasets.from_files": Call(
        _read_files,
        lambda: {"source": _written()["rows"]},
        of=datasets.from_files,
        not_fuzzed=("shuffle",),
        paths=("source",),
    ),
    "datasets.split": Call(
        datasets.split, lambda: {"rows": 30, "valid": 0.1, "test": 0.2, "seed": 0},
        _parts_all_rows, scalars=("rows",),
    ),
    "datasets.write_records": Call(
        _write_records,
        lambda: {"path": "right", "rows": fuzzed_models.REAL, "feature": "x"},
        of=datasets.write_records,
        paths=("path",),
    ),
    "callbacks.Checkpoint": Call(
        callbacks.Checkpoint,
        lambda: {"filepath": FOLDER / "run.checkpoint", "data": fuzzed_models.REAL},
        tolerance=None, paths=("filepath",),
    ),
    "callbacks.LossAudit": Call(
        callbacks.LossAudit, lambda: {"x": DATA["binary"]}, tolerance=None
    ),
    "callbacks.PosteriorCollapseWarning": Call(
        callbacks.PosteriorCollapseWarning,
        lambda: {"x": fuzzed_models.REAL, "condition": fuzzed_models.LABELS}, tolerance=None,
    ),
    "callbacks.Convergence": Call(callbacks.Convergence, lambda: {"patience": 3}),
    "callbacks.MixtureInitialization": Call(
        callbacks.MixtureInitialization,
        lambda: {"x": DATA["binary"], "epochs": 3, "condition": None, "seed": 0},
    ),
    "callbacks.EarlyStopping": Call(callbacks.EarlyStopping, lambda: {"patience": 3}),
    "callbacks.SaveOnTermination": Call(
        callbacks.SaveOnTermination,
        lambda: {"checkpoint": callbacks.Checkpoint(FOLDER / "run.checkpoint")},
    ),
    "callbacks.TensorBoardImages": Call(
        callbacks.TensorBoardImages,
        lambda: {"log_dir": FOLDER, "x": fuzzed_models.REAL}, tolerance=None, paths=("log_dir",),
    ),
    "audit": Call(
        tfp_vae.audit,
        lambda: {"loss": _post_loss, "event_shape": (4,), "latent_size": 2, "data": DATA["binary"]},
        tolerance=None,
    ),
    "audit_model": Call(
        _model_audited,
        lambda: {"x": DATA["binary"]},
        of=tfp_vae.audit_model,
        tolerance=None,
        not_fuzzed=("model",),
    ),
    "audit_tensors": Call(
        _tensors_audited,
        lambda: {"likelihood": "normal"},
        of=tfp_vae.audit_tensors,
        tolerance=None,
        not_fuzzed=("loss", "x", "decoder_output", "encoder_outputs", "z"),
    ),
    "testing.assert_loss_is_negative_elbo": Call(
        _asserted,
        lambda: {"loss": _post_loss, "event_shape": (4,), "latent_size": 2},
        of=testing.assert_loss_is_negative_elbo,
    ),
    "testing.check_elbo": Call(
        testing.check_elbo, lambda: {"vae": model("binary"), "x": fuzzed_models.BINARY[:3]},
        tolerance=None,
    ),
    "tables.Schema": Call(
        tables.Schema,
        lambda: {"columns": tables.Schema.infer(_people()).columns},
        lambda answer, given: answer.encode(_people()),
    ),
    "tables.with_random_blanks": Call(
        # Its blanks are not finite.
        lambda **given: np.nan_to_num(tables.with_random_blanks(**given)),
        lambda: {"x": fuzzed_models.REAL},
        of=tables.with_random_blanks,
    ),
    "datasets.text_format": Call(
        datasets.text_format, lambda: {"path": _written()["table"]}, paths=("path",)
    ),
    "tables.read": Call(
        lambda **given: tables.read(**given).frame.to_numpy(np.float64),
        lambda: {"path": _written()["table"]},
        of=tables.read,
        paths=("path",),
    ),
    "tables.write": Call(
        tables.write,
        lambda: {"frame": _people(), "path": FOLDER / "people.tsv"},
        paths=("path",),
    ),
    "tables.rows_of": Call(tables.rows_of, lambda: {"vae": _table(), "frame": _people()}),
    "tables.sample": Call(
        tables.sample,
        lambda: {"vae": _table(), "sample_size": 3, "given": {"city": "a"}, "seed": 0},
        lambda answer, given: answer["age"].astype(float),
    ),
    "tables.impute": Call(
        tables.impute,
        lambda: {
            "vae": _table(), "frame": _people().assign(age=np.nan), "seed": 0,
            "importance_sample_size": 5,
        },
        may_miss=("probability",),
    ),
    **{
        f"tables.{name}": Call(
            getattr(tables, name),
            lambda: {"vae": _table(), "frame": _people(), "importance_sample_size": 5},
        )
        for name in ("score", "explain")
    },
    "tables.score_quantiles": Call(
        tables.score_quantiles,
        lambda: {
            "vae": _table(), "x": _table().schema.encode(_people()), "importance_sample_size": 5,
        },
    ),
    "tables.percentiles": Call(
        tables.percentiles, lambda: {"vae": _table(), "scores": np.array([0.0, -1.0])}
    ),
    "sklearn.TableVAE": Call(
        _fit_table,
        lambda: {"latent_size": 2, "hidden_layer_sizes": [3], "epochs": 1, "random_state": 0},
        lambda answer, given: answer.score(_people()),
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
    "load": Call(
        tfp_vae.load, lambda: {"path": _written()["model"]}, _loaded, paths=("path",)
    ),
    "VAE.save": Call(_save, lambda: {"filepath": "right"}, paths=("filepath",)),
    "VAE.export": Call(
        _export,
        lambda: {"filepath": FOLDER / "served", "format": "tf_saved_model"},
        of=lambda filepath, format: None,  # noqa: A006
        paths=("filepath",),
    ),
    "VAE.summary": Call(
        lambda **given: model("binary").summary(**given),
        lambda: {"print_fn": lambda *_, **__: None},
        of=lambda print_fn: None,
    ),
}  # fmt: skip
