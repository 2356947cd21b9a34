from hypothesis import given, settings

from tfp_vae.testing import properties, strategies
from tfp_vae.testing.properties import Subject


@settings(max_examples=8)
@given(strategies.vaes_with_data())
def test_every_term_has_shape_batch(vae_and_x):
    properties.terms_have_shape_batch(Subject(*vae_and_x))


@given(strategies.vaes_with_data())
def test_elbo_is_log_likelihood_less_kl_whatever_the_objective(vae_and_x):
    properties.elbo_is_log_likelihood_less_kl_divergence(Subject(*vae_and_x))


@settings(max_examples=5)
@given(strategies.vaes_with_data())
def test_a_decoder_keeps_any_leading_axes(vae_and_x):
    properties.samples_and_rows_are_not_exchanged(Subject(*vae_and_x))
