"""Latent traversals and interpolations, on decoders that show their latents."""

import matplotlib
import numpy as np
import pytest

import tfp_vae
from tests.support.small_models import REAL, small_vae
from tfp_vae import likelihoods, networks, plotting, posteriors, priors
from tfp_vae.plotting import latent_traversals

matplotlib.use("Agg")


def showing(latents=3, **options):
    """A model whose decoder's mean is z itself, with latents that mean something apart."""
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([]), posteriors.MultivariateNormalDiag(latents)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([latents], scale=1.0)),
        **options,
    )
    vae.encoder.posterior.heads["loc"].set_weights(
        [np.diag(np.arange(1.0, latents + 1.0)), np.zeros(latents)]
    )
    vae.decoder.likelihood.heads["loc"].set_weights([np.eye(latents), np.zeros(latents)])
    return vae


def sheet_of(axes):
    return axes.images[0].get_array().filled(np.nan)


def test_a_line_moves_one_latent_and_leaves_the_others_at_the_first_row():
    x = np.random.default_rng(0).normal(size=[20, 3])
    axes = plotting.traversals(showing(), x, steps=5, span=1.5)
    lines = sheet_of(axes)
    lines = np.concatenate([lines, np.full([1, 3], np.nan)]).reshape(3, 6, 3)[:, :5]
    start = x[0] * [1.0, 2.0, 3.0]
    # The latent that varies most comes first.
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [
        "latent 2",
        "latent 1",
        "latent 0",
    ]
    for line, latent in zip(lines, (2, 1, 0), strict=True):
        others = np.delete(np.arange(3), latent)
        np.testing.assert_allclose(line[:, others], np.tile(start[others], [5, 1]), rtol=1e-5)
        # The prior's mean and scale are those of 1000 draws: errors of 0.03 and 0.02.
        np.testing.assert_allclose(line[:, latent], np.linspace(-1.5, 1.5, 5), atol=0.3)
        assert (np.diff(line[:, latent]) > 0).all()


def test_chosen_latents_are_drawn_in_their_order():
    axes = plotting.traversals(showing(), np.ones([1, 3]), latents=[1, 0])
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["latent 1", "latent 0"]
    assert plotting.traversals(showing(), np.ones([1, 3]), ax=axes) is axes


def test_an_interpolation_is_a_straight_line_between_the_means():
    x = np.random.default_rng(0).normal(size=[4, 3])
    lines = sheet_of(plotting.interpolation(showing(), x, steps=5))
    lines = np.concatenate([lines, np.full([1, 3], np.nan)]).reshape(2, 6, 3)[:, :5]
    means = x * [1.0, 2.0, 3.0]
    for line, start, end in zip(lines, means[::2], means[1::2], strict=True):
        np.testing.assert_allclose(line, np.linspace(start, end, 5), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dimensions", [2, 3, 7])
def test_an_arc_stays_on_the_sphere_at_even_steps(dimensions):
    start, end = np.random.default_rng(dimensions).normal(size=[2, dimensions])
    share = np.linspace(0.0, 1.0, 9)[:, None]
    arc = latent_traversals._arc(start, end, share)
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), 1.0)
    np.testing.assert_allclose(arc[0], start / np.linalg.norm(start))
    np.testing.assert_allclose(arc[-1], end / np.linalg.norm(end))
    steps = np.linalg.norm(np.diff(arc, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])


@pytest.mark.parametrize("start", [np.array([1.0, 0.0]), np.ones(3)])
def test_an_arc_between_equal_or_opposite_ends_stays_on_the_sphere(start):
    share = np.linspace(0.0, 1.0, 5)[:, None]
    unit = start / np.linalg.norm(start)
    np.testing.assert_allclose(
        latent_traversals._arc(start, start, share), np.tile(unit, [5, 1]), atol=1e-7
    )
    arc = latent_traversals._arc(start, -start, share)
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), 1.0)
    np.testing.assert_allclose(arc[-1], -unit, atol=1e-7)


def test_latents_on_a_sphere_are_walked_along_and_not_one_by_one():
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.PowerSpherical(3)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([4], scale=1.0)),
        prior=priors.SphericalUniform(),
    )
    assert plotting.interpolation(vae, REAL[:2]).images
    with pytest.raises(ValueError, match="vectors of length 1"):
        plotting.traversals(vae, REAL[:2])


def test_images_stand_side_by_side():
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihoods.Bernoulli([5, 6])),
    )
    x = np.ones([4, 5, 6])
    assert sheet_of(plotting.interpolation(vae, x, steps=3)).shape == (2 * 6 - 1, 3 * 7 - 1)
    assert sheet_of(plotting.traversals(vae, x, steps=4)).shape == (2 * 6 - 1, 4 * 7 - 1)


def test_two_layers_move_the_latents_that_the_decoder_sees():
    vae = tfp_vae.HierarchicalVAE.from_mlps(
        likelihoods.Normal([4]), latent_sizes=[3, 2], units=[[4], [4]]
    )
    axes = plotting.traversals(vae, REAL)
    assert sorted(tick.get_text() for tick in axes.get_yticklabels()) == [
        "latent 0",
        "latent 1",
        "latent 2",
    ]
    with pytest.raises(ValueError, match="from 0 to 2"):
        plotting.traversals(vae, REAL, latents=[3])


def test_wrong_arguments_are_named():
    vae = small_vae(likelihoods.Normal([4]))
    with pytest.raises(ValueError, match="even number"):
        plotting.interpolation(vae, REAL[:3])
    with pytest.raises(ValueError, match="at least 2"):
        plotting.interpolation(vae, REAL[:2], steps=1)
    with pytest.raises(TypeError, match="`latents`"):
        plotting.traversals(vae, REAL, latents=[0.5])
    with pytest.raises(ValueError, match="`span`"):
        plotting.traversals(vae, REAL, span=0.0)
    assert plotting.traversals(vae, REAL, span=2**64)
    with pytest.raises(TypeError, match="`vae`"):
        plotting.traversals(None, REAL)
