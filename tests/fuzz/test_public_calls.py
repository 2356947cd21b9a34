"""Every public call, given anything: it answers rightly, or says in one sentence what is wrong.

A case is a call with right arguments but for one. An answer has finite numbers and the right shape,
and is that for the same numbers as a plain array of float64; what is refused, is refused by a
ValueError or TypeError that names the argument, what was expected and what came.
"""

import contextlib
import faulthandler
import importlib.util
import os
import warnings
import zlib

import pytest
import tensorflow as tf
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import calls, public_names

OF_EXTRAS = {"datasets.from_anndata": "anndata"}
"""The packages that some calls need, without which they cannot be fuzzed."""
CALLS = {
    name: call
    for name, call in calls.CALLS.items()
    if name not in OF_EXTRAS or importlib.util.find_spec(OF_EXTRAS[name])
}
OTHER_FITS = ("VAE.fit, counts", "VAE.fit, grey", "VAE.fit, holes", "VAE.fit, binary")
"""Fits that differ from the others in their rows alone, and would take half of the time."""
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
PROMISED = 5000 if NIGHTLY else 300
CASES = -(-PROMISED // len(CALLS))
LONGEST_CASE_SECONDS = 600


@pytest.fixture(autouse=True)
def eagerly_in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Runs without compiling, which takes a second for every new shape."""
    monkeypatch.chdir(tmp_path)
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_every_public_call_is_fuzzed():
    fuzzed = {name.partition(",")[0] for name in {**CALLS, **OF_EXTRAS}}
    assert public_names.public_calls() - fuzzed == set()


def test_a_call_that_is_not_fuzzed_is_seen(monkeypatch):
    monkeypatch.setattr(public_names, "PAGE", public_names.PAGE.replace("`fit(X)`", "`fits(X)`"))
    assert "sklearn.VAETransformer.fits" in public_names.public_calls()


@contextlib.contextmanager
def case():
    """Ends the run where a case hangs, and shows where; warnings are none of its concern."""
    faulthandler.dump_traceback_later(LONGEST_CASE_SECONDS, exit=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.mark.nightly
@pytest.mark.parametrize("name", [name for name in CALLS if name not in OTHER_FITS])
def test_every_value_for_every_argument_is_answered_or_explained(name):
    call = CALLS[name]
    wrong = []
    with warnings.catch_warnings():
        # What makes a value may warn as well.
        warnings.simplefilter("ignore")
        for argument, brought in call.every_case():
            try:
                with case():
                    call.judge(argument, brought)
            except Exception as error:
                wrong.append(f"{argument}={brought!r}: {type(error).__name__}: {error}")
    assert wrong == []


@pytest.mark.parametrize("name", CALLS)
def test_it_answers_or_explains(name):
    call = CALLS[name]
    outcomes = []

    @settings(max_examples=CASES)
    @given(st.data())
    def judged(data):
        with case():
            argument, brought = data.draw(call.cases())
            outcomes.append(call.judge(argument, brought))

    # Without a seed of their own, all calls would be given the same.
    (judged if NIGHTLY else seed(zlib.crc32(name.encode()))(judged))()
    assert len(outcomes) >= CASES
    assert len(CALLS) * CASES >= PROMISED
