"""A wrong name of a function is refused in the words of `load_callable`; a right one is not."""

import sys

import pytest

from tfp_vae.audit import load_callable
from tfp_vae_cli.console import CommandError
from tfp_vae_cli.function_reference import check_reference


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "losses_of_mine.py").write_text("def loss(): ...\n")
    (tmp_path / "package_of_mine").mkdir()
    (tmp_path / "package_of_mine" / "losses.py").write_text("def loss(): ...\n")


@pytest.mark.parametrize("argument", ["loss", "sampler"])
@pytest.mark.parametrize(
    "reference",
    [
        "",
        "losses",
        "losses:",
        ":loss",
        "no_such_module:loss",
        "no_such_package.x:loss",
        "none.py:loss",
    ],
)
def test_the_messages_are_those_of_the_import(reference, argument):
    with pytest.raises((ImportError, ValueError)) as expected:
        load_callable(reference, argument)
    with pytest.raises(CommandError) as refused:
        check_reference(reference, argument)
    assert str(refused.value) == str(expected.value)
    assert refused.value.code == 2


@pytest.mark.parametrize(
    "reference",
    [
        "losses_of_mine:loss",
        "losses_of_mine.py:loss",
        "package_of_mine.losses:loss",
        "math:sqrt",
        "json.tool:main",
    ],
)
def test_what_can_be_imported_is_not_refused_and_not_imported(reference):
    before = set(sys.modules)
    check_reference(reference, "loss")
    assert set(sys.modules) == before
    assert callable(load_callable(reference, "loss"))


@pytest.mark.parametrize("reference", [".losses:loss", "json.absent:loss", "math:absent"])
def test_what_only_the_import_can_tell_is_left_to_it(reference):
    check_reference(reference, "loss")
