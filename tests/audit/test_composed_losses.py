"""Every composed loss is read back as exactly what it was composed of."""

import pytest
from hypothesis import given, note, settings

from tests.audit.composed_losses import compositions
from tests.audit.expected_codes import expected_codes
from tests.audit.meant_losses import meant_losses
from tfp_vae.audit import audit

# Half of them with mistakes, half with what is meant.
IN_CI = 200
NIGHTLY = 2000


def check(loss, codes):
    report = audit(loss.loss(), loss.sampler(), **loss.arguments())
    note(str(report))
    assert report.codes == codes
    assert not report.undetermined
    assert not report.not_checked


@settings(max_examples=IN_CI)
@given(compositions())
def test_a_composition_yields_exactly_its_codes(composition):
    check(composition, expected_codes(composition))


@settings(max_examples=IN_CI)
@given(meant_losses())
def test_what_is_meant_is_no_mistake(loss):
    check(loss, loss.codes())


@pytest.mark.nightly
@settings(max_examples=NIGHTLY, derandomize=False)
@given(compositions())
def test_many_compositions_yield_exactly_their_codes(composition):
    check(composition, expected_codes(composition))


@pytest.mark.nightly
@settings(max_examples=NIGHTLY, derandomize=False)
@given(meant_losses())
def test_much_that_is_meant_is_no_mistake(loss):
    check(loss, loss.codes())
