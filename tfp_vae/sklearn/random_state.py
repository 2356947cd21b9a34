"""From scikit-learn's `random_state` to seeds, without changing a global random state."""

from typing import Any

from sklearn.utils import check_random_state


def seed_of(random_state: Any) -> int:
    """Returns a seed of 31 bits: of an int or None a new generator's, of a generator its next."""
    return int(check_random_state(random_state).randint(2**31 - 1))
