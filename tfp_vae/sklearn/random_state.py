"""From scikit-learn's `random_state` to seeds, without touching anyone's global random state."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

from sklearn.utils import check_random_state


def seed_of(random_state: Any) -> int:
    """Returns a seed of 31 bits: of an int or None a new generator's, of a generator its next."""
    return int(check_random_state(random_state).randint(2**31 - 1))


@contextlib.contextmanager
def keras_seeded(seed: int) -> Iterator[None]:
    """Makes Keras repeatable inside, and leaves Python's global random state as it was.

    Keras takes the seed of every initializer and generator that was given none from `random`.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
