"""What `evaluation.latent_usage` must say of models whose aggregate posterior is known."""

import numpy as np

from tfp_vae import evaluation
from tfp_vae.testing import AggregatePosterior, LinearGaussian, normal_kl_divergence
from tfp_vae.testing.assertions import LIMIT

MODEL = LinearGaussian.drawn(3)


def check_numbers_of_every_latent():
    x = MODEL.draws(60)
    mean, stddev = MODEL.posterior_moments(x, 0.3, 0.8)
    usage = evaluation.latent_usage(MODEL.vae(0.3, 0.8), x, batch_size=25)
    kl = normal_kl_divergence(mean, stddev)
    np.testing.assert_allclose(usage.kl_per_dimension, kl.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(
        usage.kl_standard_error, kl.std(axis=0, ddof=1) / np.sqrt(60), rtol=1e-9
    )
    np.testing.assert_allclose(usage.variance_of_means, mean.var(axis=0, ddof=1), rtol=1e-9)
    np.testing.assert_array_equal(usage.active, mean.var(axis=0, ddof=1) > 0.01)


def check_information_of_few_rows():
    """The aggregate is that of the rows: its expectations are Gauss-Hermite sums."""
    x = MODEL.draws(5, seed=4)
    mean, stddev = MODEL.posterior_moments(x, 0.3, 1.5)
    parts = AggregatePosterior(mean, stddev).exact_decomposition()
    rows = np.tile(x, [300, 1])
    usage = evaluation.latent_usage(MODEL.vae(0.3, 1.5), rows, draws=len(rows), batch_size=1000)
    errors = usage.mutual_information_standard_error, usage.aggregate_kl_standard_error
    scores = np.subtract(
        [usage.mutual_information, usage.aggregate_kl], [parts[0], parts[1] + parts[2]]
    )
    # Two comparisons: they fail by chance in 8e-8 of all seeds.
    assert (np.abs(scores) < LIMIT * np.array(errors)).all()
    assert max(errors) < 0.05


def check_information_of_a_population():
    """The rows come from the model: the aggregate posterior is a normal known in closed form."""
    factor, shift = 0.7, 0.4
    own = factor**2 * MODEL.posterior_variance()
    aggregate = 1.0 - MODEL.posterior_variance() + own
    information = 0.5 * np.log(aggregate / own).sum()
    aggregate_kl = normal_kl_divergence(shift, np.sqrt(aggregate)).sum()
    x = MODEL.draws(3000, seed=8)
    usage = evaluation.latent_usage(MODEL.vae(shift, factor), x, draws=1500, batch_size=1000)
    error = usage.mutual_information_standard_error
    assert 0.005 < error < 0.05
    assert usage.mutual_information < usage.mutual_information_upper
    assert usage.mutual_information_upper - usage.mutual_information < 3.0 * error
    assert usage.mutual_information < information + LIMIT * error
    assert usage.mutual_information_upper > information - LIMIT * error
    assert abs(usage.aggregate_kl - aggregate_kl) < LIMIT * usage.aggregate_kl_standard_error
    assert usage.aggregate_kl_standard_error < 0.1
