"""Arrays of the kinds that callers bring: other dtypes, layouts, shapes, containers and numbers."""

import array as standard_array
import collections
import decimal

import ml_dtypes
import numpy as np
import pandas as pd
import scipy.sparse
import tensorflow as tf
from hypothesis import strategies as st

MANY = 700

NUMBERS = (
    np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e-40, 1e-8, 0.5, -1, 2, 7, 255, 256, 65504, 1e6, 2**31,
    1e19, -1e19, 2**53 + 1, 1e38, -3e38, 1e300, -1e300,
)  # fmt: skip

DTYPES = (
    "float64", "float32", "float16", ml_dtypes.bfloat16, "longdouble", ">f4", ">f8", ">i2",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
)  # fmt: skip

NO_NUMBERS = (
    "complex64",
    "U8",
    "S8",
    "M8[s]",
    "m8[s]",
    "V4",
    "texts in objects",
    "None in objects",
)


def _corrupted(x, number, everywhere):
    x = np.array(x, np.float64)
    if everywhere:
        x[...] = number
    elif x.size:
        x.reshape(-1)[x.size // 2] = number
    return x


SHAPES = {
    "one row": lambda x: x[:1],
    "two rows": lambda x: x[:2],
    "no rows": lambda x: x[:0],
    "many rows": lambda x: np.resize(x, (MANY, *x.shape[1:])),
    "a row": lambda x: x[0],
    "a number": lambda x: np.float64(x.flat[0]),
    "flat": lambda x: x.reshape(-1),
    "transposed": lambda x: x.T,
    "an axis more": lambda x: x[..., None],
    "an axis before": lambda x: x[None],
    "a column more": lambda x: np.concatenate([x, x[..., :1]], axis=-1),
    "a column less": lambda x: x[..., :-1],
    "no columns": lambda x: x[..., :0],
    "rank 9": lambda x: x.reshape(-1, *[1] * 8),
}


def _misaligned(x):
    buffer = bytearray(1) + bytearray(np.ascontiguousarray(x).tobytes())
    return np.frombuffer(buffer, x.dtype, offset=1).reshape(x.shape)


def _strided(x):
    doubled = np.repeat(x, 2, axis=0) if x.ndim else x
    return doubled[::2] if x.ndim else x


def _read_only(x):
    x = np.array(x)
    x.setflags(write=False)
    return x


LAYOUTS = {
    "contiguous": np.ascontiguousarray,
    "in Fortran's order": np.asfortranarray,
    "every second row": _strided,
    "backwards": lambda x: np.flip(np.flip(x).copy()),
    "read-only": _read_only,
    "misaligned": _misaligned,
    "without a stride": lambda x: np.broadcast_to(x[:1], x.shape) if x.ndim and len(x) else x,
}


class _Duck:
    """Something that NumPy turns into an array, and nothing else knows."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


class _Refusing:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array today")


def _ragged_list(x):
    rows = [list(np.ravel(row)) for row in np.atleast_2d(x)]
    return [rows[0], *([row[:-1] for row in rows[1:]] or [[1.0]])]


def _looped(_):
    looped = []
    looped.append(looped)
    return looped


SAME_NUMBERS = {
    "array": lambda x: x,
    "list": lambda x: x.tolist(),
    "tuple of arrays": lambda x: tuple(x) if x.ndim else x,
    "list of tensors": lambda x: [tf.constant(row) for row in x] if x.ndim and len(x) else x,
    "tensor": tf.constant,
    "variable": tf.Variable,
    "objects": lambda x: x.astype(object),
    "decimals": lambda x: (
        np.vectorize(lambda v: decimal.Decimal(float(v)), [object])(x) if x.size else x
    ),
    "frame": lambda x: pd.DataFrame(x) if x.ndim == 2 else x,
    "series": lambda x: pd.Series(x) if x.ndim == 1 else x,
    "matrix": lambda x: np.asmatrix(x) if x.ndim == 2 else x,
    "memory view": lambda x: (
        memoryview(np.ascontiguousarray(x)) if x.ndim and x.size and x.dtype.kind in "biuf" else x
    ),
    "an object with __array__": _Duck,
    "deque": lambda x: collections.deque(x.tolist()) if x.ndim else x,
}

OTHER_THINGS = {
    "nothing": lambda x: None,
    "text": lambda x: "x.npy",
    "bytes": lambda x: np.asarray(x).tobytes(),
    "ragged list": _ragged_list,
    "ragged objects": lambda x: np.array([*_ragged_list(x), None], dtype=object),
    "ragged tensor": lambda x: tf.ragged.constant(_ragged_list(x)),
    "sparse tensor": lambda x: tf.sparse.from_dense(np.atleast_2d(x)),
    "sparse matrix": lambda x: scipy.sparse.csr_matrix(np.atleast_2d(x).reshape(len(x), -1)),
    "sparse array": lambda x: scipy.sparse.coo_array(np.atleast_2d(x).reshape(len(x), -1)),
    "masked array": lambda x: np.ma.masked_equal(x, np.ravel(x)[0]),
    "records": lambda x: np.zeros(len(x), [("a", "f4"), ("b", "i4")]),
    "frame of words": lambda x: pd.DataFrame([{"a": 1.0, "b": "one"}] * len(x)),
    "frame with a gap": lambda x: pd.DataFrame({"a": [1, None] * len(x)}, dtype="Int64"),
    "dict": lambda x: {"x": x},
    "set": lambda x: {1.0, 2.0},
    "list of dicts": lambda x: [{"a": 1.0}] * len(x),
    "generator": lambda x: (row for row in [x]),
    "a function": lambda x: np.sum,
    "a class": lambda x: dict,
    "an object": lambda x: object(),
    "itself": _looped,
    "an object that refuses": lambda x: _Refusing(),
    "array of the standard library": lambda x: standard_array.array("d", [1.0, 2.0]),
}


class Rows:
    """Rows made of right ones by what is named.

    Attributes:
      told: What was done, for a report.
      value: What is passed.
      plain: The same numbers as a contiguous array of float64, or None if that is not known.
    """

    def __init__(self, told, value, plain):
        self.told, self.value, self.plain = told, value, plain

    def __repr__(self):
        return " · ".join(self.told)


def _made(base, number, everywhere, shape, dtype, layout, container):
    told = []
    x = np.asarray(base, np.float64)
    if number is not None:
        told.append(f"{'all' if everywhere else 'one'} {number}")
        x = _corrupted(x, number, everywhere)
    if shape is not None:
        told.append(shape)
        x = SHAPES[shape](x)
    x = np.asarray(x)
    if container in OTHER_THINGS:
        told.append(container)
        return Rows(told, OTHER_THINGS[container](np.asarray(base, np.float64)), None)
    if dtype in NO_NUMBERS:
        told.append(dtype)
        if dtype == "V4":
            return Rows(told, np.zeros(x.shape, "V4"), None)
        if "objects" in dtype:
            filling = "a" if dtype.startswith("texts") else None
            return Rows(told, np.full(x.shape, filling, dtype=object), None)
        return Rows(told, np.nan_to_num(x).astype(dtype), None)
    with np.errstate(all="ignore"):
        x = x.astype(dtype)
        x = np.asarray(LAYOUTS[layout](x), x.dtype)
        told += [str(np.dtype(dtype)), layout, container]
        plain = np.ascontiguousarray(x.astype(np.float64))
        if layout in ("read-only", "misaligned", "backwards") and container != "array":
            layout = "contiguous"
        native = x.astype(x.dtype.newbyteorder("=")) if container in ("tensor", "variable") else x
        if native.dtype == np.longdouble and container != "array":
            native = native.astype(np.float64)
        return Rows(told, SAME_NUMBERS[container](native), plain)


def _often(usual, others):
    return st.one_of(st.just(usual), st.just(usual), st.sampled_from(others))


def rows(base):
    """Draws what a caller may bring in the place of the right rows `base`.

    In half of the cases they are right, or nearly, in another dtype, layout or container.
    """
    base = np.asarray(base)
    nearly_right = st.builds(
        _made,
        st.just(base),
        st.none(),
        st.booleans(),
        _often(None, ("one row", "two rows", "many rows")),
        st.sampled_from(DTYPES),
        st.sampled_from(sorted(LAYOUTS)),
        st.sampled_from(sorted(SAME_NUMBERS)),
    )
    anything = st.builds(
        _made,
        st.just(base),
        _often(None, NUMBERS * 2),
        st.booleans(),
        _often(None, sorted(SHAPES)),
        _often("float64", DTYPES * 2 + NO_NUMBERS),
        st.sampled_from(sorted(LAYOUTS)),
        _often("array", sorted(SAME_NUMBERS) * 2 + sorted(OTHER_THINGS)),
    )
    return st.one_of(nearly_right, anything, anything)


def every_departure(base):
    """Yields right rows, and rows that depart from them in each of the ways that are named here."""
    base = np.asarray(base)
    right = {
        "number": None,
        "everywhere": False,
        "shape": None,
        "dtype": "float64",
        "layout": "contiguous",
        "container": "array",
    }
    departures = [
        {},
        *({"number": number, "everywhere": all_} for number in NUMBERS for all_ in (False, True)),
        *({"shape": shape} for shape in SHAPES),
        *({"dtype": dtype} for dtype in (*DTYPES, *NO_NUMBERS)),
        *({"layout": layout} for layout in LAYOUTS),
        *({"container": container} for container in (*SAME_NUMBERS, *OTHER_THINGS)),
    ]
    for departure in departures:
        yield _made(base, **{**right, **departure})
