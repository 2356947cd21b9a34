from tfp_vae import likelihoods
from tfp_vae_cli.train_options import AUTO, LikelihoodName


def test_the_likelihoods_to_choose_from_are_those_of_the_registry():
    assert [each.value for each in LikelihoodName] == [AUTO, *likelihoods.registry.NAMES]
    assert all(each.name == each.value for each in LikelihoodName)
