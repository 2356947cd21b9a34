"""How ratios of speeds are written."""


def verdict(ratio: float, goal: float | None) -> str:
    """Compares a ratio of speeds, ours to theirs, with 1 and with its goal."""
    standing = f"ahead: {ratio:.2f}x" if ratio >= 1 else f"behind by {(1 - ratio):.0%}"
    if goal is None:
        return standing
    if ratio >= goal:
        return f"{standing}, goal {goal:g}x met"
    missed = 1.0 - ratio / goal
    return f"{standing}, goal {goal:g}x missed by {missed:.{0 if missed >= 0.01 else 1}%}"


def range_of(values: dict[str, float], digits: int = 0) -> str:
    """Writes the range of a spread, as of `results.spread`."""
    return f"{values['lowest']:,.{digits}f} to {values['highest']:,.{digits}f}"
