from hypothesis import given, settings

import properties
import strategies


@settings(max_examples=8)
@given(strategies.vaes_with_data())
def test_every_term_has_shape_batch(vae_and_x):
    properties.check_terms_have_shape_batch(*vae_and_x)


@given(strategies.vaes_with_data())
def test_elbo_is_log_likelihood_less_kl_whatever_the_objective(vae_and_x):
    properties.check_elbo_is_log_likelihood_less_kl(*vae_and_x)


@settings(max_examples=5)
@given(strategies.vaes())
def test_a_decoder_keeps_any_leading_axes(vae):
    properties.check_decoder_keeps_leading_axes(vae.decoder, vae.latent_size)
