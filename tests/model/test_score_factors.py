"""Models of logits, or of logarithms of means, begin near exponential-family factor analysis."""

import itertools
from unittest import mock

import keras
import numpy as np
import pytest
from scipy import linalg, special, stats

import tfp_vae
from tests.support.small_models import small_vae, vae_with
from tfp_vae import likelihoods, networks, posteriors, priors

FACTORS = np.random.default_rng(3).normal(size=[400, 2])
LOADINGS = np.random.default_rng(4).normal(size=[2, 6])
SIGNAL = FACTORS @ LOADINGS
GENERATOR = np.random.default_rng(5)


def _classes(signal):
    return (signal > -0.5).astype(float) + (signal > 0.5)


CASES = {
    "Bernoulli": (
        lambda: likelihoods.Bernoulli([6]),
        GENERATOR.random(SIGNAL.shape) < special.expit(2.0 * SIGNAL),
    ),
    "ContinuousBernoulli": (
        lambda: likelihoods.ContinuousBernoulli([6]),
        special.expit(SIGNAL + GENERATOR.normal(size=SIGNAL.shape)),
    ),
    "Categorical": (
        lambda: likelihoods.Categorical([6], 3),
        _classes(SIGNAL + 0.5 * GENERATOR.normal(size=SIGNAL.shape)),
    ),
    "Poisson": (lambda: likelihoods.Poisson([6]), GENERATOR.poisson(np.exp(1.0 + 0.5 * SIGNAL))),
    "NegativeBinomial": (
        lambda: likelihoods.NegativeBinomial([6]),
        GENERATOR.poisson(GENERATOR.gamma(5.0, np.exp(0.5 * SIGNAL))),
    ),
    "ZeroInflatedNegativeBinomial": (
        lambda: likelihoods.ZeroInflatedNegativeBinomial([6]),
        GENERATOR.poisson(np.exp(1.5 + SIGNAL)) * (GENERATOR.random(SIGNAL.shape) < 0.9),
    ),
    "Gamma": (lambda: likelihoods.Gamma([6]), GENERATOR.gamma(5.0, np.exp(0.5 * SIGNAL))),
    "Product": (
        lambda: likelihoods.Product(
            [
                ([5, 0, 1], likelihoods.Bernoulli([3])),
                ([2, 4], likelihoods.Categorical([2], 3)),
                ([3], likelihoods.Poisson([1])),
            ]
        ),
        np.column_stack(
            [
                *(SIGNAL[:, :2] + 0.5 * GENERATOR.normal(size=[400, 2]) > 0.0).T,
                _classes(SIGNAL[:, 2]),
                GENERATOR.poisson(np.exp(1.0 + 0.5 * SIGNAL[:, 3])),
                _classes(SIGNAL[:, 4]),
                SIGNAL[:, 5] + 0.5 * GENERATOR.normal(size=400) > 0.0,
            ]
        ),
    ),
}


@pytest.mark.parametrize("posterior", ["MultivariateNormalDiag", "MultivariateNormalTriL"])
@pytest.mark.parametrize("name", CASES)
def test_columns_that_share_factors_begin_above_their_marginals(name, posterior):
    make, x = CASES[name]
    vae = vae_with(getattr(posteriors, posterior)(2), priors.StandardNormal(), make())
    vae.adapt(x.astype("float32"))
    terms = vae.elbo(x.astype("float32"), sample_size=50, seed=0)
    # The standard error of the mean of 50 draws of 400 rows each is about 0.01 nats.
    assert np.mean(terms.elbo) > vae.marginal_elbo + 0.02
    assert np.mean(terms.kl_divergence) > 0.1
    assert vae.decoder.linear_path.is_linear


def test_the_beginning_spans_the_factors_of_the_data():
    rng = np.random.default_rng(0)
    loadings, offset = rng.normal(size=[12, 2]), rng.normal(size=12)
    logits = rng.normal(size=[4000, 2]) @ loadings.T + offset
    x = (rng.random(logits.shape) < special.expit(logits)).astype("float32")
    vae = vae_with(
        posteriors.MultivariateNormalDiag(2), priors.StandardNormal(), likelihoods.Bernoulli([12])
    )
    vae.adapt(x)
    (kernel,) = vae.decoder.linear_path.kernels
    angles = linalg.subspace_angles(np.array(kernel).T, loadings)
    # Two random planes in 12 dimensions are more than a radian apart.
    assert np.max(angles) < 0.2


def test_with_few_effects_it_is_near_the_exact_model_with_its_exact_posterior():
    rng = np.random.default_rng(0)
    loadings, offset = np.array([0.9, -0.7, 0.8, 0.6, -0.9]), np.array([0.0, 1.0, -1.0, 0.5, 0.2])
    logits = rng.normal(size=[4000, 1]) * loadings + offset
    x = (rng.random(logits.shape) < special.expit(logits)).astype("float32")
    vae = vae_with(
        posteriors.MultivariateNormalDiag(1), priors.StandardNormal(), likelihoods.Bernoulli([5])
    )
    vae.adapt(x)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    combinations = np.array(list(itertools.product([0.0, 1.0], repeat=5)))

    def log_marginals(of_nodes):
        log_prob = combinations @ of_nodes.T - np.logaddexp(0.0, of_nodes).sum(axis=1)
        return special.logsumexp(log_prob, b=weights, axis=1)

    ours = vae.decoder(nodes[:, None]).distribution.logits.numpy().astype("float64")
    exact, begun = log_marginals(nodes[:, None] * loadings + offset), log_marginals(ours)
    divergence = np.sum(np.exp(exact) * (exact - begun))
    shares = stats.bernoulli(x.mean(axis=0)).pmf(combinations).prod(axis=1)
    apart = np.sum(np.exp(exact) * (exact - np.log(shares)))
    assert divergence < 0.1 * apart
    elbo = vae.elbo(combinations, sample_size=2000, seed=0).elbo.numpy()
    gap = np.sum(np.exp(exact) * (begun - elbo))
    # The standard error of 2,000 draws is about 0.005 nats.
    assert abs(gap) < 0.05


def test_columns_that_share_nothing_begin_at_their_marginals():
    # Every combination once: no two columns are correlated.
    x = np.array(list(itertools.product([0.0, 1.0], repeat=5)), "float32")
    vae = small_vae(likelihoods.Bernoulli([5]))
    vae.adapt(x)
    assert not vae.decoder.linear_path.is_linear
    terms = vae.elbo(x, seed=0)
    np.testing.assert_allclose(terms.elbo, 5.0 * np.log(0.5), rtol=1e-5)
    np.testing.assert_allclose(terms.kl_divergence, 0.0, atol=1e-5)
    lines = []
    vae.summary(print_fn=lines.append)
    assert any(line.endswith("training begins at its marginals") for line in lines)
    vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    before = vae.get_weights()
    vae.fit(x, epochs=2, batch_size=8, verbose=0)
    assert any(np.any(a != b) for a, b in zip(before, vae.get_weights(), strict=True))


def _mixed(scale="per_value"):
    return likelihoods.Product(
        [
            ([4, 1], likelihoods.Bernoulli([2])),
            ([0, 5], likelihoods.Normal([2], scale=scale)),
            ([2], likelihoods.Categorical([1], 3)),
            ([3], likelihoods.StudentT([1])),
        ]
    )


MIXED = np.column_stack(
    [
        10.0 + 3.0 * SIGNAL[:, 0] + GENERATOR.normal(size=400),
        SIGNAL[:, 1] + 0.5 * GENERATOR.normal(size=400) > 0.0,
        _classes(SIGNAL[:, 2]),
        0.1 * SIGNAL[:, 3] + 0.05 * GENERATOR.normal(size=400),
        SIGNAL[:, 4] + 0.5 * GENERATOR.normal(size=400) > 0.0,
        -SIGNAL[:, 5] + 0.3 * GENERATOR.normal(size=400),
    ]
)


@pytest.mark.parametrize(
    ("scale", "missing", "gain"),
    [
        ("per_value", False, 0.3),
        ("learned", False, 0.3),
        ("shared", False, 0.3),
        (0.5, False, 0.3),
        ("shared", True, 0.15),
        # Factor analysis of a mean in place of a value gains nothing here, and must lose nothing.
        ("per_value", True, -0.05),
    ],
)
def test_locations_and_logits_begin_at_factors_that_they_share(scale, missing, gain):
    x = MIXED.astype("float32")
    hole = np.nan if missing else None
    if missing:
        x[np.random.default_rng(0).random(x.shape) < 0.1] = hole

    def begun(likelihood):
        vae = small_vae(likelihood, missing_values=hole)
        vae.adapt(x)
        # The standard error of the mean of 50 draws of 400 rows each is about 0.02 nats.
        return vae, float(np.mean(vae.elbo(x, sample_size=50, seed=0).elbo))

    vae, both = begun(_mixed(scale))
    with mock.patch.object(likelihoods.Bernoulli, "mean_name", None):
        alone, of_locations = begun(_mixed(scale))
    assert alone.decoder.linear_path.linear == ("1.loc", "3.loc")
    assert vae.decoder.linear_path.linear == ("0.logits", "1.loc", "2.logits", "3.loc")
    assert both > of_locations + gain


ONE = np.eye(1, 30)[0]
HARD = {
    "a rare value": (likelihoods.Bernoulli, np.column_stack([ONE, ONE, 1.0 - ONE])),
    "all zeros": (likelihoods.Bernoulli, np.zeros([30, 3])),
    "equal columns": (likelihoods.Bernoulli, np.tile(np.arange(30)[:, None] % 2, [1, 3])),
    "one row": (likelihoods.Bernoulli, np.array([[0.0, 1.0, 1.0]])),
    "more columns than rows": (likelihoods.Bernoulli, np.arange(180).reshape(6, 30) % 7 == 0),
    "an outlier": (likelihoods.Poisson, np.column_stack([1e6 * ONE, 1e6 * ONE, ONE])),
    "huge counts": (likelihoods.NegativeBinomial, np.arange(90.0).reshape(30, 3) * 1e7),
    "no counts": (likelihoods.Poisson, np.zeros([30, 3])),
    "tiny numbers": (likelihoods.Gamma, 1e-20 * (1.0 + np.arange(90.0).reshape(30, 3))),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_rows_give_a_finite_model_that_trains(name):
    kind, x = HARD[name]
    x = x.astype("float32")
    vae = small_vae(kind(x.shape[1:]), latent_size=3)
    vae.adapt(x)
    assert all(np.isfinite(np.asarray(weight)).all() for weight in vae.get_weights())
    # On so few rows the ELBO of the beginning was compared with that of the marginals on all.
    draws = vae.elbo(x, sample_size=200, seed=0).elbo
    scale = max(1.0, abs(vae.marginal_elbo))
    assert np.mean(draws) > vae.marginal_elbo - 0.05 * scale
    vae.compile(run_eagerly=True)
    vae.fit(x, epochs=2, verbose=0)
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()


def test_images_with_a_condition_and_missing_values_begin_above_their_marginals():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 3
    logits = 3.0 * rng.normal(size=[200, 1, 1, 1]) + np.zeros([1, 8, 8, 1])
    x = (rng.random(logits.shape) < special.expit(logits)).astype("float32")
    x[rng.random(x.shape) < 0.2] = np.nan
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.conv([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.conv_transpose([4], [8, 8, 1]), likelihoods.Bernoulli([8, 8, 1])),
        condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
        missing_values=np.nan,
    )
    vae.adapt(x)
    assert np.mean(vae.elbo(x, seed=0, condition=y).elbo) > vae.marginal_elbo + 5.0
    whole = np.where(np.isnan(x), 0.0, x)
    plain = tfp_vae.VAE(
        tfp_vae.Encoder(networks.conv([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.conv_transpose([4], [8, 8, 1]), likelihoods.Bernoulli([8, 8, 1])),
        condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
    )
    plain.adapt(whole)
    assert np.mean(plain.elbo(whole, seed=0, condition=y).elbo) > plain.marginal_elbo + 5.0


def test_exposures_and_totals_of_rows_are_known_there():
    rng = np.random.default_rng(0)
    exposure = rng.uniform(1.0, 20.0, size=300).astype("float32")
    rates = np.exp(0.7 * rng.normal(size=[300, 1]) * [1.0, -1.0, 1.0, -1.0])
    x = rng.poisson(exposure[:, None] * rates).astype("float32")
    exposed = small_vae(likelihoods.Poisson([4], offset="exposure"))
    exposed.adapt(x, condition=exposure)
    elbo = exposed.elbo(x, seed=0, condition=exposure).elbo
    assert np.mean(elbo) > exposed.marginal_elbo + 0.5
    kept = x[x.sum(axis=1) > 0]
    totalled = small_vae(likelihoods.Poisson([4], offset="total"))
    totalled.adapt(kept)
    assert np.mean(totalled.elbo(kept, seed=0).elbo) > totalled.marginal_elbo + 0.5


def test_a_file_keeps_the_beginning(tmp_path):
    make, x = CASES["Poisson"]
    vae = small_vae(make())
    vae.adapt(x.astype("float32"))
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    rows = x[:50].astype("float32")
    np.testing.assert_array_equal(loaded.elbo(rows, seed=0).elbo, vae.elbo(rows, seed=0).elbo)
    lines = []
    loaded.summary(print_fn=lines.append)
    expected = "training begins at exponential-family factor analysis"
    assert any(line.endswith(expected) for line in lines)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_where_one_part_is_frozen_the_other_has_no_linear_part(part):
    make, x = CASES["Bernoulli"]
    vae = small_vae(make())
    getattr(vae, part).trainable = False
    before = getattr(vae, part).get_weights()
    vae.adapt(x.astype("float32"))
    assert not vae.decoder.linear_path.is_linear
    assert not vae.encoder.linear_path.is_linear
    for one, other in zip(before, getattr(vae, part).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: small_vae(likelihoods.NegativeBinomial([4], dispersion="shared")),
        lambda: small_vae(likelihoods.Multinomial([4])),
        lambda: vae_with(posteriors.PowerSpherical(3), priors.SphericalUniform()),
        lambda: tfp_vae.HierarchicalVAE.from_mlps(likelihoods.Bernoulli([4]), [3, 2], [[8], [4]]),
    ],
    ids=["shared dispersion", "multinomial", "sphere", "two layers"],
)
def test_which_models_have_a_linear_path(make):
    vae = make()
    has_one = isinstance(vae.decoder.likelihood, likelihoods.NegativeBinomial)
    assert bool(vae.decoder.linear_path.linear) == has_one
    assert (vae.encoder.linear_path is not None) == has_one
