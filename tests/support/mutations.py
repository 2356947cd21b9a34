"""Known mistakes in the code, each of which certain checks must see."""

import pytest


class Replaced:
    """A module with some of its functions replaced."""

    def __init__(self, module, **replaced):
        self._module, self._replaced = module, replaced

    def __getattr__(self, name):
        return self._replaced.get(name) or getattr(self._module, name)


def assert_killed(changes, checks):
    """Fails unless every check raises an `AssertionError` where the code is changed.

    Any other exception is an error: a mutation is to compute a wrong number, and a check to see it.

    Args:
        changes: (owner, attribute, replacement) for everything that is replaced.
        checks: The checks that must fail, by their names; they take no arguments.
    """
    assert checks, "a mutation names the checks that must fail"
    with pytest.MonkeyPatch.context() as patch:
        for owner, attribute, replacement in changes:
            patch.setattr(owner, attribute, replacement)
        for name, check in checks.items():
            try:
                check()
            except AssertionError:
                continue
            pytest.fail(f"the check {name!r} passes on the mutated code")
