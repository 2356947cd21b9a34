"""Every public building block must stand among the strategies that the properties draw from."""

import keras
import pytest

from tests.support import registry
from tfp_vae import likelihoods, networks, posteriors, priors


def test_every_public_building_block_has_a_strategy():
    assert registry.missing() == set()


def test_the_check_sees_a_new_class(monkeypatch):
    class Laplace(likelihoods.Normal):
        pass

    monkeypatch.setattr(likelihoods, "Laplace", Laplace, raising=False)
    monkeypatch.setattr(likelihoods, "__all__", [*likelihoods.__all__, "Laplace"])
    assert registry.missing() == {"tfp_vae.likelihoods.Laplace"}


def test_the_check_sees_a_new_network(monkeypatch):
    monkeypatch.setattr(networks, "__all__", [*networks.__all__, "resnet"])
    assert registry.missing() == {"tfp_vae.networks.resnet"}


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        (registry.POSTERIORS, posteriors.MultivariateNormalDiag),
        (registry.PRIORS, priors.StandardNormal),
        (registry.LIKELIHOODS, likelihoods.Bernoulli),
    ],
)
def test_the_check_sees_a_class_without_a_strategy(entries, kind, monkeypatch):
    monkeypatch.delitem(entries, kind)
    assert [name.rsplit(".", 1)[1] for name in registry.missing()] == [kind.__name__]


def test_abstract_classes_need_no_strategy():
    found = registry.public_classes(priors, keras.layers.Layer)
    assert priors.StandardNormal in found
    assert priors.Prior not in found
