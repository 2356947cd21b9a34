"""Data frames: a model stays on arrays, and keeps the schema of the frame that it was made from."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import numpy as np

from tfp_vae.likelihoods import Suggestion


class TableSchema(Protocol):
    """What a model needs of a schema, as `tables.Schema` is one."""

    def encode(self, frame: Any, name: str = "frame") -> np.ndarray:
        """Returns the array of a frame, `[N, D]`, NaN where a cell is blank."""

    def suggest(self, x: np.ndarray, likelihoods: Mapping[Any, str] | None = None) -> Suggestion:
        """Chooses the likelihood of every column of an array `[N, D]`."""

    def with_likelihoods(self, suggestion: Suggestion) -> Self:
        """Returns the schema with the names of the likelihoods that were chosen."""

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal schema, as JSON can hold them."""


class SchemaClass(Protocol):
    """A class of schemas."""

    def infer(
        self, frame: Any, kinds: Mapping[Any, str] | None = None, *, name: str = "frame"
    ) -> Any:
        """Infers the schema of a frame."""

    def from_config(self, config: dict[str, Any]) -> Any:
        """Makes the schema of which `get_config` returned this."""


_loaders: list[Callable[[], SchemaClass]] = []


def take_schema_class(loader: Callable[[], SchemaClass]) -> None:
    """Takes a function that imports the class of schemas, which needs pandas, when it is needed."""
    _loaders[:] = [loader]


def schema_class() -> SchemaClass:
    """Imports the class of schemas.

    Raises:
      ImportError: If pandas is not installed.
    """
    try:
        return _loaders[0]()
    except ImportError as error:
        raise ImportError(
            "A data frame, or the schema of one, needs pandas, of the extra `tables`: "
            f'pip install "tfp-vae[tables]"; {error.__cause__ or error}.'
        ) from error


def is_frame(value: Any) -> bool:
    """Returns whether a value is a data frame, of pandas or of another library."""
    return hasattr(value, "columns") and (hasattr(value, "dtypes") or hasattr(value, "to_pandas"))
