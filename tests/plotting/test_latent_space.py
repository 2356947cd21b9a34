"""Posterior means in the plane."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tests.support.small_models import BINARY, small_vae
from tfp_vae import plotting


@pytest.fixture(autouse=True)
def figures_closed():
    yield
    plt.close("all")


def points(vae, x):
    return plotting.latent(vae, x).collections[0].get_offsets()


def test_more_than_two_latents_are_shown_by_principal_components():
    vae = small_vae(latent_size=4)
    means = vae.posterior(BINARY).mean().numpy()
    centred = means - means.mean(axis=0)
    _, _, directions = np.linalg.svd(centred.astype(np.float64))
    shown = points(vae, BINARY)
    for place in range(2):
        expected = centred @ directions[place]
        sign = np.sign(expected @ shown[:, place])
        np.testing.assert_allclose(shown[:, place], sign * expected, atol=1e-5)


@pytest.mark.parametrize("latent_size", [1, 2, 3, 5])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows_are_shown(rows, latent_size):
    shown = points(small_vae(latent_size=latent_size), BINARY[:rows])
    assert shown.shape == (rows, 2)
    assert np.isfinite(shown).all()
