"""Models of tables: a VAE that keeps the schema of the frame that it was made from."""

from typing import Any

import numpy as np

from tfp_vae import checks
from tfp_vae.model import VAE
from tfp_vae.tables.schema import Schema


def schema_of(vae: Any) -> Schema:
    """Returns the schema of a model.

    Raises:
      TypeError: If `vae` is no VAE.
      ValueError: If it was not made from a data frame.
    """
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(frame)")
    schema = vae.schema
    if not isinstance(schema, Schema):
        raise ValueError(
            "`vae` must be a model of a data frame, such as tfp_vae.VAE.for_data(frame); got one "
            "without a schema."
        )
    return schema


def rows_of(vae: Any, frame: Any, name: str = "frame") -> np.ndarray:
    """Returns the array of a frame, `[N, D]`, each cell of which the model can score.

    Args:
      vae: A model that was made from a data frame.
      frame: A data frame with the columns of that one.
      name: The caller's name for it.

    Returns:
      An array of float64, NaN where a cell is blank.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the frame does not fit the model; column and row are named.

    Example:
      >>> table = tfp_vae.VAE.for_data(people, latent_size=2, verbose=0)
      >>> tables.rows_of(table, people).shape
      (40, 3)
    """
    schema = schema_of(vae)
    x = schema.encode(frame, name)
    support = vae.decoder.likelihood.support
    outside = support.outside(np.where(np.isnan(x), support.inner_value, x))
    if outside.any():
        row, place = (int(each[0]) for each in np.nonzero(outside))
        column = schema.modelled[place]
        raise ValueError(
            f"`{name}` must have values in the support of the model; got {x[row, place]:g} in row "
            f"{row} of column {column.name!r}, under {column.likelihood}."
        )
    return x
