"""The calls of `tfp_vae.tables`."""

import functools

import numpy as np

import tfp_vae
from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call
from tests.fuzz.fuzzed_models import people
from tests.fuzz.written_files import FOLDER, written
from tfp_vae import tables


@functools.cache
def _table():
    vae = tfp_vae.VAE.for_data(people(), latent_size=2, verbose=0)
    vae.schema = tables.Schema(vae.schema.columns, np.linspace(-9.0, 0.0, 101))
    return vae


CALLS = {
    "tables.Schema": Call(
        tables.Schema,
        lambda: {"columns": tables.Schema.infer(people()).columns},
        lambda answer, given: answer.encode(people()),
    ),
    "tables.with_random_blanks": Call(
        # Its blanks are not finite.
        lambda **given: np.nan_to_num(tables.with_random_blanks(**given)),
        lambda: {"x": fuzzed_models.REAL},
        of=tables.with_random_blanks,
    ),
    "tables.read": Call(
        lambda **given: tables.read(**given).frame.to_numpy(np.float64),
        lambda: {"path": written()["table"]},
        of=tables.read,
        paths=("path",),
    ),
    "tables.write": Call(
        tables.write,
        lambda: {"frame": people(), "path": FOLDER / "people.tsv"},
        paths=("path",),
    ),
    "tables.rows_of": Call(tables.rows_of, lambda: {"vae": _table(), "frame": people()}),
    "tables.sample": Call(
        tables.sample,
        lambda: {"vae": _table(), "sample_size": 3, "given": {"city": "a"}, "seed": 0},
        lambda answer, given: answer["age"].astype(float),
    ),
    "tables.impute": Call(
        tables.impute,
        lambda: {
            "vae": _table(), "frame": people().assign(age=np.nan), "seed": 0,
            "importance_sample_size": 5,
        },
        may_miss=("probability",),
    ),
    **{
        f"tables.{name}": Call(
            getattr(tables, name),
            lambda: {"vae": _table(), "frame": people(), "importance_sample_size": 5},
        )
        for name in ("score", "explain")
    },
    "tables.score_quantiles": Call(
        tables.score_quantiles,
        lambda: {
            "vae": _table(), "x": _table().schema.encode(people()), "importance_sample_size": 5,
        },
    ),
    "tables.percentiles": Call(
        tables.percentiles, lambda: {"vae": _table(), "scores": np.array([0.0, -1.0])}
    ),
}  # fmt: skip
