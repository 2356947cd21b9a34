"""Checks of arguments and data: errors that say what was expected and what came."""

from tfp_vae.checks.arguments import (
    finite_number,
    instance_of,
    one_of,
    positive_int,
    positive_ints,
    whole_number,
)
from tfp_vae.checks.arrays import (
    array,
    batch_shape,
    finite,
    is_symbolic,
    largest_representable,
    observations,
    representable,
)

__all__ = [
    "array",
    "batch_shape",
    "finite",
    "finite_number",
    "instance_of",
    "is_symbolic",
    "largest_representable",
    "observations",
    "one_of",
    "positive_int",
    "positive_ints",
    "representable",
    "whole_number",
]
