"""Every public building block must stand among the strategies that the properties draw from."""

import keras
import pytest

import strategies
from tfp_vae import likelihoods, networks, posteriors, priors


def test_every_public_building_block_has_a_strategy():
    assert strategies.missing() == set()


def test_the_check_sees_a_new_class(monkeypatch):
    class Laplace(likelihoods.Normal):
        pass

    monkeypatch.setattr(likelihoods, "Laplace", Laplace, raising=False)
    monkeypatch.setattr(likelihoods, "__all__", [*likelihoods.__all__, "Laplace"])
    assert strategies.missing() == {"tfp_vae.likelihoods.Laplace"}


def test_the_check_sees_a_new_network(monkeypatch):
    monkeypatch.setattr(networks, "__all__", [*networks.__all__, "resnet"])
    assert strategies.missing() == {"tfp_vae.networks.resnet"}


@pytest.mark.parametrize(
    ("registry", "kind"),
    [
        (strategies.POSTERIORS, posteriors.MultivariateNormalDiag),
        (strategies.PRIORS, priors.StandardNormal),
        (strategies.LIKELIHOODS, likelihoods.Bernoulli),
    ],
)
def test_the_check_sees_a_class_without_a_strategy(registry, kind, monkeypatch):
    monkeypatch.delitem(registry, kind)
    assert [name.rsplit(".", 1)[1] for name in strategies.missing()] == [kind.__name__]


def test_abstract_classes_need_no_strategy():
    found = strategies.public_classes(priors, keras.layers.Layer)
    assert priors.StandardNormal in found
    assert priors.Prior not in found
