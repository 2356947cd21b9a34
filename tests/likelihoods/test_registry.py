"""Likelihoods by their names."""

import pytest

from tfp_vae import likelihoods
from tfp_vae.likelihoods import registry
from tfp_vae.testing.strategies.likelihood import LIKELIHOODS


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_likelihood_by_its_name(name):
    if name == "product":
        likelihood = likelihoods.get(name, parts=[(range(3), likelihoods.Normal([3]))])
    else:
        options = {"classes": 4} if name.endswith("categorical") else {}
        likelihood = likelihoods.get(name, [3], **options)
    assert likelihood.event_shape == (3,)
    assert type(likelihood).__name__.lower() == name.replace("_", "")


def test_every_public_likelihood_has_a_name():
    assert set(registry.NAMES.values()) == set(LIKELIHOODS)
