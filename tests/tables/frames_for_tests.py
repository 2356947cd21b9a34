"""Frames with columns of every kind."""

import datetime

import numpy as np
import pandas as pd

ROWS = 60
RNG = np.random.default_rng(0)


def with_blanks(values, dtype=None, every=7):
    """Returns a column with a blank in every seventh row."""
    return pd.Series(list(values), dtype=dtype).mask(np.arange(ROWS) % every == 3)


def every_kind():
    """Returns a frame with a column of every kind and dtype that a table may have."""
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 400, ROWS), "D")
    stamps = pd.Series(pd.date_range("2023-05-01 12:00:01", periods=ROWS, freq="37min"))
    words = RNG.choice(["red", "green", "blue"], ROWS)
    return pd.DataFrame(
        {
            "id": np.arange(1, ROWS + 1),
            "name": [f"person {index}" for index in range(ROWS)],
            "same": 7,
            "empty": np.nan,
            "real": RNG.normal(size=ROWS),
            "float32": RNG.normal(size=ROWS).round(1).astype("float32"),
            "decimals": with_blanks((RNG.gamma(2.0, 10.0, ROWS) + 0.1).round(1)),
            "share": RNG.random(ROWS),
            "grams": RNG.integers(100, 250, ROWS) * 25,
            "children": RNG.poisson(3.0, ROWS),
            "nullable count": with_blanks(RNG.poisson(9.0, ROWS), "Int64"),
            "small": RNG.integers(-90, 90, ROWS).astype("int8"),
            "huge": RNG.integers(2**60, 2**60 + 10**6, ROWS),
            "smoker": RNG.random(ROWS) < 0.3,
            "nullable flag": with_blanks(RNG.random(ROWS) < 0.5, "boolean"),
            "zero or one": RNG.integers(0, 2, ROWS).astype(float),
            "yes or no": with_blanks(RNG.choice(["yes", "no"], ROWS), object),
            "words": words,
            "rating": RNG.integers(1, 6, ROWS),
            "category": with_blanks(pd.Categorical(words, ["blue", "red", "green", "grey"])),
            "size": pd.Categorical(
                RNG.choice(["L", "S", "M"], ROWS), ["S", "M", "L"], ordered=True
            ),
            "interval": pd.cut(RNG.normal(size=ROWS), [-9, -1, 0, 1, 9]),
            "day": days,
            "stamp": stamps,
            "zoned": stamps.dt.tz_localize("UTC").dt.tz_convert("Europe/Paris"),
            "duration": with_blanks(stamps - stamps[0]),
            "month": pd.period_range("2020-01", periods=ROWS, freq="M"),
            "written": pd.Series(days).dt.strftime("%d.%m.%Y"),
            "date": with_blanks([datetime.date(2024, 1, 1 + index % 28) for index in range(ROWS)]),
        }
    ).astype({"category": pd.CategoricalDtype(["blue", "red", "green", "grey"])})


KINDS = {
    "id": "identifier",
    "name": "identifier",
    "same": "constant",
    "empty": "constant",
    "real": "real",
    "float32": "real",
    "decimals": "positive",
    "share": "proportion",
    "grams": "positive",
    "children": "count",
    "nullable count": "count",
    "small": "real",
    "huge": "positive",
    "smoker": "binary",
    "nullable flag": "binary",
    "zero or one": "binary",
    "yes or no": "binary",
    "words": "categorical",
    "rating": "ordered",
    "category": "categorical",
    "size": "ordered",
    "interval": "ordered",
    "day": "date",
    "stamp": "date",
    "zoned": "date",
    "duration": "date",
    "month": "date",
    "written": "date",
    "date": "date",
}
