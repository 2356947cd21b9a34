"""How a strategy makes an object of Keras, and the numbers that most of them draw."""

import contextlib
import functools
import random
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

activations = st.sampled_from(["relu", "tanh", "elu"])


@contextlib.contextmanager
def own_random_state(seed: int = 0) -> Iterator[None]:
    """Seeds the `random` module, from which Keras takes its seeds, and restores it afterwards.

    Hypothesis owns the state of that module, and warns of a strategy that changes it.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def builds(make: Callable[..., Any], *args: Any, **kwargs: Any) -> st.SearchStrategy:
    """Is `hypothesis.strategies.builds` for objects of Keras, which take a seed as they are made.

    Args:
      make: A class or function.
      *args: Strategies of its arguments.
      **kwargs: Strategies of its arguments by name.

    Example:
      >>> from hypothesis import strategies as st
      >>> from tfp_vae.testing import strategies
      >>> scales = st.sampled_from([0.1, "learned"])
      >>> layers = strategies.builds(likelihoods.Normal, st.just([3]), scale=scales)
    """

    @functools.wraps(make, updated=())
    def made(*drawn_args: Any, **drawn: Any) -> Any:
        with own_random_state():
            return make(*drawn_args, **drawn)

    return st.builds(made, *args, **kwargs)


def latent_sizes() -> st.SearchStrategy[int]:
    """Draws a small number of latents."""
    return st.integers(1, 3)


def event_shapes() -> st.SearchStrategy[list[int]]:
    """Draws the shape of a row: a vector, a table or an image, of up to six numbers."""
    return st.sampled_from([[2], [3], [5], [2, 3], [2, 2, 1]])


def seeds() -> st.SearchStrategy[int]:
    """Draws what a function of tfp_vae takes as its `seed`."""
    return st.integers(0, 2**63)
