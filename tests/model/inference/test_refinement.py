"""Posteriors of given rows, improved: on models whose exact posterior is known."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings

from tests.support.small_models import BINARY, REAL, small_vae, vae_with
from tfp_vae import HierarchicalVAE, likelihoods, objectives, posteriors, priors
from tfp_vae.testing import LinearGaussian, assert_close, strategies


@pytest.mark.usefixtures("float64")
@settings(max_examples=3)
@given(strategies.linear_gaussians())
def test_a_wrong_encoder_is_refined_to_the_exact_posterior(model):
    """In two batches, the last of which is smaller: every draw's gradient is zero there."""
    vae, x = model.vae(0.3, 1.4), model.draws(7)
    before = vae.get_weights()
    refined = vae.refine(x, steps=300, batch_size=4)
    mean, stddev = model.posterior_moments(x)
    assert_close(refined.mean(), mean, 1e-3, 1e-4)
    assert_close(refined.stddev(), stddev, 1e-3, 1e-4)
    sampled = refined.sample(3, seed=[0, 1])
    log_weights = vae.distributions(x)._replace(posterior=refined).log_weights(sampled)
    assert_close(log_weights, np.tile(model.log_marginal_likelihood(x), [3, 1]), 1e-2, 1e-2)
    for one, another in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, another)


@pytest.mark.usefixtures("float64")
def test_rows_that_are_exact_already_lose_nothing():
    model = LinearGaussian.drawn(2)
    vae, x = model.vae(), model.draws(3)
    refined = vae.refine(x, steps=5)
    z = refined.sample(50, seed=[0, 1])
    log_weights = vae.distributions(x)._replace(posterior=refined).log_weights(z)
    assert_close(np.mean(log_weights, axis=0), model.log_marginal_likelihood(x), 0.0, 1e-3)


@pytest.mark.usefixtures("float64")
def test_a_step_too_large_leaves_the_encoders_posterior():
    model = LinearGaussian.drawn(2)
    vae, x = model.vae(0.01, 1.01), model.draws(3)
    refined = vae.refine(x, steps=2, learning_rate=50.0)
    np.testing.assert_array_equal(refined.mean(), vae.posterior(x).mean())
    np.testing.assert_array_equal(refined.stddev(), vae.posterior(x).stddev())


KINDS = {
    "full normal": lambda: vae_with(posteriors.MultivariateNormalTriL(2), priors.StandardNormal()),
    "flow": lambda: vae_with(
        posteriors.InverseAutoregressiveFlow(2, steps=1, units=[4]), priors.StandardNormal()
    ),
    "categories": lambda: vae_with(posteriors.Categorical(3), priors.Categorical(3)),
    "missing values": lambda: small_vae(missing_values=np.nan),
    "a condition": lambda: small_vae(
        condition=keras.layers.CategoryEncoding(2, output_mode="one_hot")
    ),
    "an input encoding": lambda: small_vae(likelihoods.Normal([4])),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=() if name in ("categories", "a condition") else pytest.mark.nightly
        )
        for name in KINDS
    ],
)
def test_every_kind_of_model_has_a_higher_bound_afterwards(name):
    keras.utils.set_random_seed(0)
    vae = KINDS[name]()
    x = (REAL if name == "an input encoding" else BINARY)[:6].copy()
    if name == "an input encoding":
        vae.adapt(x)
    if name == "missing values":
        x[2, 1] = np.nan
    y = np.arange(6) % 2 if name == "a condition" else None
    refined = vae.refine(x, y, steps=60, sample_size=16)
    known = vae.distributions(x, condition=y)
    bounds = [
        objectives.ELBO(sample_size=200)(
            known.x,
            posterior=posterior,
            prior=known.prior,
            likelihood_fn=known.likelihood_fn,
            seed=0,
        ).elbo.numpy()
        for posterior in (known.posterior, refined)
    ]
    assert type(refined) is type(known.posterior)
    # A Normal model begins as factor analysis, whose posterior is exact.
    if name != "an input encoding":
        assert np.mean(bounds[1] - bounds[0]) > 1e-3
    assert np.all(bounds[1] - bounds[0] > -0.05)


def test_equal_seeds_give_equal_posteriors():
    vae = small_vae()
    first, second, other = (vae.refine(BINARY[:3], steps=5, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.mean(), second.mean())
    assert np.abs(first.mean() - other.mean()).max() > 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "`steps` must be a positive int; got 0"),
        ({"sample_size": 0}, "`sample_size` must be a positive int; got 0"),
        ({"batch_size": 0}, "`batch_size` must be a positive int; got 0"),
        ({"learning_rate": 0.0}, "`learning_rate` must be"),
        ({"condition": BINARY}, "`condition` must be None"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        small_vae().refine(BINARY, **options)


def test_data_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="`x` must have shape"):
        small_vae().refine(BINARY[:, :3])


@pytest.mark.parametrize(
    ("vae", "kind"),
    [
        (
            lambda: HierarchicalVAE.from_mlps(likelihoods.Bernoulli([4]), [4, 2], [[5], [5]]),
            "HierarchicalVAE",
        ),
        (
            lambda: vae_with(
                posteriors.CategoricalJoint(
                    posteriors.Categorical(3), posteriors.MultivariateNormalDiag(2)
                ),
                priors.CategoricalJoint(priors.Categorical(3)),
            ),
            "CategoricalJoint",
        ),
    ],
)
def test_a_posterior_without_parameters_of_a_row_is_refused(vae, kind):
    with pytest.raises(ValueError, match=f"`vae` must have a posterior of one layer.*got a {kind}"):
        vae().refine(BINARY)
