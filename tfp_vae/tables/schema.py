"""The schema of a table: its columns, and the way from frames to arrays and back."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd

from tfp_vae import checks
from tfp_vae.error_text import described
from tfp_vae.likelihoods import Suggestion
from tfp_vae.tables.column import Column, Kind
from tfp_vae.tables.frames import as_pandas
from tfp_vae.tables.inference import inferred, of_kind
from tfp_vae.tables.likelihood_choice import chosen_likelihood
from tfp_vae.tables.schema_text import text_of


@keras.saving.register_keras_serializable(package="tfp_vae.tables")
class Schema:
    """The columns of a table, and how they become the array that a model takes.

    `encode` makes an array `[N, D]` of the D columns that are modelled, NaN where a cell is blank;
    `decode` makes a frame of an array, with the dtypes, categories, dates and decimals of the table
    that the schema was inferred from. Constants come back, identifiers do not. It is a
    Keras-serialisable object: a model that was made from a frame saves it in its `.keras` file.

    Args:
      columns: The columns, in the order of the table.
      score_quantiles: The 0 %, 1 %, ..., 100 % quantiles of log p(x) of the training rows, in nats,
        once they are known.

    Raises:
      TypeError: If `columns` holds anything but columns.
      ValueError: If no column is modelled.

    Example:
      >>> schema = tables.Schema.infer(people)
      >>> print(schema)  # doctest: +ELLIPSIS
      column  kind ...
      >>> x = schema.encode(people)
      >>> bool((schema.decode(x)["country"] == people["country"]).all())
      True
    """

    def __init__(
        self, columns: Sequence[Column], score_quantiles: Sequence[float] | None = None
    ) -> None:
        if not isinstance(columns, (list, tuple)):
            raise TypeError(
                "`columns` must be a list of columns, such as Schema.infer(frame).columns; got "
                f"{described(columns)}."
            )
        self.columns = tuple(
            checks.instance_of(each, Column, "columns", "Schema.infer(frame).columns")
            for each in columns
        )
        self.modelled = tuple(each for each in self.columns if each.modelled)
        if not self.modelled:
            raise ValueError(f"`columns` {_nothing_to_model(self.columns)}")
        self.score_quantiles: tuple[float, ...] | None = None
        if score_quantiles is not None:
            values = checks.array(score_quantiles, "score_quantiles").astype(np.float64)
            checks.finite(values, "score_quantiles")
            if values.shape != (101,):
                raise ValueError(
                    "`score_quantiles` must be 101 numbers, for 0 % to 100 %; got shape "
                    f"{list(values.shape)}."
                )
            self.score_quantiles = tuple(values.tolist())

    @classmethod
    def infer(
        cls, frame: Any, kinds: Mapping[Any, str] | None = None, *, name: str = "frame"
    ) -> "Schema":
        """Infers the schema of a data frame from its dtypes and values.

        Args:
          frame: A data frame of pandas, or one with `to_pandas`, such as those of polars and
            pyarrow. Its index is no column.
          kinds: The kinds of columns that are not to be inferred, by name.
          name: The caller's name for the frame.

        Returns:
          The schema; print it to see what was found, and why.

        Raises:
          TypeError: If `frame` is no data frame, or a column has values of several types.
          ValueError: If it has fewer than two rows, two columns of one name, names of several
            levels, an infinite number, or nothing to model; or if `kinds` names a column or a kind
            that is not there, or that does not fit.

        Example:
          >>> schema = tables.Schema.infer(people, kinds={"age": "real"})
          >>> schema["age"].reason
          'given'
        """
        table = as_pandas(frame, name)
        if len(table) < 2:
            raise ValueError(
                f"`{name}` must have at least two rows to infer a schema from; got {len(table)}."
            )
        given = _checked_dict(kinds, "kinds", '{"age": "count"}')
        for column, kind in given.items():
            checks.one_of(str(kind), [str(each) for each in Kind], "kinds")
            _check_name(column, table.columns, "kinds")
        columns = [
            of_kind(table[column], Kind(given[column]), "given")
            if column in given
            else inferred(table[column], name)
            for column in table.columns
        ]
        if not any(column.modelled for column in columns):
            raise ValueError(f"`{name}` {_nothing_to_model(columns)}")
        return cls(columns)

    def __getitem__(self, name: Any) -> Column:
        """Returns the column of that name."""
        _check_name(name, [each.name for each in self.columns], "name")
        column: Column = next(each for each in self.columns if each.name == name)
        return column

    def __iter__(self) -> Iterator[Column]:
        """Yields the columns in the order of the table."""
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash(tuple(each.name for each in self.columns))

    def __str__(self) -> str:
        return text_of(self.columns)

    def __repr__(self) -> str:
        return f"<Schema of {len(self.columns)} columns, {len(self.modelled)} of them modelled>"

    @property
    def names(self) -> list[Any]:
        """The names of the columns that are modelled, in the order of the array.

        Example:
          >>> tables.Schema.infer(people).names
          ['age', 'country', 'height']
        """
        return [each.name for each in self.modelled]

    def index(self, name: Any, argument: str = "name") -> int:
        """Returns the place of a modelled column in the array.

        Args:
          name: The name of the column.
          argument: The caller's name for it.

        Returns:
          An int.

        Raises:
          ValueError: If there is no such column, or it is left out.

        Example:
          >>> tables.Schema.infer(people).index("country")
          1
        """
        _check_name(name, [each.name for each in self.columns], argument)
        column = self[name]
        if not column.modelled:
            raise ValueError(
                f"`{argument}` must name a column of the model; got {name!r}, which is left out, "
                f"as {column.kind}: {column.reason}."
            )
        return self.names.index(column.name)

    def encode(self, frame: Any, name: str = "frame") -> np.ndarray:
        """Returns the array of a frame, `[N, D]` of float64, NaN where a cell is blank.

        Args:
          frame: A data frame with the columns of the schema, in any order. Columns that are left
            out may be missing.
          name: The caller's name for it.

        Raises:
          TypeError: If `frame` is no data frame.
          ValueError: If it lacks a column or has another one, or a cell does not belong to its
            column: an unknown category, a word among numbers, an infinite number.

        Example:
          >>> tables.Schema.infer(people).encode(people).shape
          (40, 3)
        """
        table = as_pandas(frame, name)
        known = {each.name: each for each in self.columns}
        for column in table.columns:
            if column not in known:
                raise ValueError(
                    f"`{name}` must have the columns of the model's table; got another one, "
                    f"{column!r}."
                )
        for each in self.modelled:
            if each.name not in table.columns:
                raise ValueError(
                    f"`{name}` must have the columns of the model's table; it lacks {each.name!r}."
                )
        for each in self.columns:
            if each.kind is Kind.CONSTANT and each.name in table.columns:
                each.encode(table[each.name], name)
        return np.stack([each.encode(table[each.name], name) for each in self.modelled], axis=1)

    def decode(self, x: Any, index: Any = None) -> pd.DataFrame:
        """Returns the frame of an array, with the columns of the table but its identifiers.

        Numbers are rounded to the grid of their column, and codes to the nearest category.

        Args:
          x: An array `[N, D]`, NaN where a cell is blank.
          index: The index of the frame; by default 0 to N - 1.

        Raises:
          TypeError: If `x` holds no numbers.
          ValueError: If it has another number of columns.

        Example:
          >>> schema = tables.Schema.infer(people)
          >>> schema.decode(np.array([[41.3, 0.0, np.nan]]))
             age country  height
          0   41      DE     NaN
        """
        values = np.asarray(checks.array(x), np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.modelled):
            raise ValueError(
                f"`x` must have shape [rows, {len(self.modelled)}]; got shape {list(values.shape)}."
            )
        places = {each.name: at for at, each in enumerate(self.modelled)}
        blank = np.full(len(values), np.nan)
        series = [
            each.decode(values[:, places[each.name]] if each.modelled else blank)
            for each in self.columns
            if each.kind is not Kind.IDENTIFIER
        ]
        frame = (
            pd.concat(series, axis=1)
            if len(values)
            else pd.DataFrame(dict(zip((e.name for e in series), series, strict=True)))
        )
        return frame if index is None else frame.set_axis(index, axis=0)

    def suggest(self, x: np.ndarray, likelihoods: Mapping[Any, str] | None = None) -> Suggestion:
        """Chooses the likelihood of each column by held-out evidence, among those of its kind.

        Args:
          x: The array of the table, `[N, D]`, as `encode` returns it.
          likelihoods: The likelihoods of columns for which nothing is to be chosen, by name, such
            as {"age": "gamma"}.

        Returns:
          A `likelihoods.Suggestion`, whose likelihood is a `Product`.

        Raises:
          ValueError: If `likelihoods` names a column or a likelihood that is not there, or one
            whose support does not hold the column.

        Example:
          >>> schema = tables.Schema.infer(people)
          >>> found = schema.suggest(schema.encode(people), {"age": "poisson"})
          >>> type(found.likelihood).__name__
          'Product'
        """
        given = _checked_dict(likelihoods, "likelihoods", '{"age": "gamma"}')
        for name in given:
            self.index(name, "likelihoods")
        return chosen_likelihood(self.modelled, np.asarray(x, np.float64), given)

    def with_likelihoods(self, suggestion: Suggestion) -> "Schema":
        """Returns the schema with the names of chosen likelihoods, for print.

        Args:
          suggestion: What `suggest` returned.

        Returns:
          Another `Schema`.

        Example:
          >>> schema = tables.Schema.infer(people)
          >>> found = schema.suggest(schema.encode(people), {"age": "poisson"})
          >>> schema.with_likelihoods(found)["age"].likelihood
          'Poisson'
        """
        chosen: dict[int, str] = {}
        if not suggestion.table:
            chosen = dict.fromkeys(range(len(self.names)), type(suggestion.likelihood).__name__)
        for each in suggestion.table:
            if each.columns is not None:
                chosen.setdefault(each.columns[0], each.name.partition(" of ")[0])
        names = dict(
            zip(self.names, (chosen.get(at) for at in range(len(self.names))), strict=True)
        )
        columns = [
            dataclasses.replace(each, likelihood=names.get(each.name)) for each in self.columns
        ]
        return Schema(columns, self.score_quantiles)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal schema, as JSON can hold them."""
        return {
            "columns": [each.get_config() for each in self.columns],
            "score_quantiles": None if self.score_quantiles is None else [*self.score_quantiles],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Schema":
        """Makes the schema of which `get_config` returned this."""
        columns = [Column.from_config(each) for each in config["columns"]]
        return cls(columns, config["score_quantiles"])


def _nothing_to_model(columns: Sequence[Column]) -> str:
    """Returns the rest of the error for columns none of which is modelled."""
    left_out = "; ".join(f"{each.name!r}: {each.reason}" for each in columns[:5])
    listed = f": {left_out}" if left_out else ""
    return f"must hold a column to model; got none but constants and identifiers{listed}."


def _checked_dict(value: Any, name: str, example: str) -> dict[Any, Any]:
    if not isinstance(value, (Mapping, type(None))):
        raise TypeError(
            f"`{name}` must be a dict by the names of columns, such as {example}; got "
            f"{described(value)}."
        )
    return dict(value or {})


def _check_name(name: Any, names: Any, argument: str) -> None:
    known = list(names)
    if name not in known:
        listed = ", ".join(repr(each) for each in known[:10]) + (", ..." if known[10:] else "")
        raise ValueError(f"`{argument}` must name a column, one of {listed}; got {name!r}.")
