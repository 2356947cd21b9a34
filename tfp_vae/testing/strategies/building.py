"""How a strategy makes an object of Keras, and the numbers that most of them draw."""

import functools
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tfp_vae.seeds import keras_seeded

activations = st.sampled_from(["relu", "tanh", "elu"])


def builds(make: Callable[..., Any], *args: Any, **kwargs: Any) -> st.SearchStrategy:
    """Is `hypothesis.strategies.builds` for objects of Keras, which take a seed as they are made.

    Args:
      make: A class or function.
      *args: Strategies of its arguments.
      **kwargs: Strategies of its arguments by name.

    Returns:
      A strategy of what `make` makes.

    Example:
      >>> from hypothesis import strategies as st
      >>> from tfp_vae.testing import strategies
      >>> scales = st.sampled_from([0.1, "learned"])
      >>> layers = strategies.builds(likelihoods.Normal, st.just([3]), scale=scales)
    """

    @functools.wraps(make, updated=())
    def made(*drawn_args: Any, **drawn: Any) -> Any:
        # Hypothesis owns the state of `random`, and warns of a strategy that changes it.
        with keras_seeded():
            return make(*drawn_args, **drawn)

    return st.builds(made, *args, **kwargs)


def latent_sizes() -> st.SearchStrategy[int]:
    """Draws a small number of latents.

    Returns:
      A strategy of ints.

    Example:
      >>> from tfp_vae.testing import strategies
      >>> strategies.latent_sizes()
      integers(min_value=1, max_value=3)
    """
    return st.integers(1, 3)


def divisors(number: int) -> list[int]:
    """Returns all whole numbers that divide another, the smallest first."""
    return [each for each in range(1, number + 1) if number % each == 0]


def event_shapes() -> st.SearchStrategy[list[int]]:
    """Draws the shape of a row: a vector, a table or an image, of up to six numbers.

    Returns:
      A strategy of lists of ints.

    Example:
      >>> from tfp_vae.testing import strategies
      >>> strategies.event_shapes()
      sampled_from([[2], [3], [5], [2, 3], [2, 2, 1]])
    """
    return st.sampled_from([[2], [3], [5], [2, 3], [2, 2, 1]])


def seeds() -> st.SearchStrategy[int]:
    """Draws what a function of tfp_vae takes as its `seed`.

    Returns:
      A strategy of ints of up to 64 bits.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> find(strategies.seeds(), lambda seed: seed > 2**32) >> 32
      1
    """
    return st.integers(0, 2**63)
