"""Unsupervised disentanglement ranking, of linear models whose latents are known."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tfp_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors, priors
from tfp_vae.evaluation.disentanglement_scores.relative_strength import (
    SIMILARITIES,
    lasso_similarity,
    relative_strength,
    spearman_similarity,
)

X = np.random.default_rng(0).normal(size=[300, 3])
TURN = np.linalg.qr(np.random.default_rng(3).normal(size=[3, 3]))[0]
ranking_of = evaluation.unsupervised_disentanglement_ranking


def model(matrix, noise=0.1, prior=None):
    """A model whose posterior has the mean x @ matrix and the scale `noise`."""
    matrix = np.asarray(matrix, float)
    latents = matrix.shape[1]
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([]), posteriors.MultivariateNormalDiag(latents)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([3], scale=1.0)),
        prior=prior,
    )
    heads = vae.encoder.posterior.heads
    heads["loc"].set_weights([matrix, np.zeros(latents)])
    heads["scale"].set_weights(
        [np.zeros_like(matrix), np.broadcast_to(np.log(np.expm1(noise)), latents)]
    )
    return vae


@pytest.mark.parametrize(
    ("similarity", "strength"),
    [
        (np.eye(3), 1.0),
        ([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 2.0 / 3.0),
        (np.ones([3, 3]), 1.0 / 3.0),
        (np.zeros([3, 3]), 0.0),
        # Two latents of one model for one of the other: 1/2 for the one, 1 for each of the two.
        ([[1.0], [1.0]], 0.75),
        (0.9 * np.eye(2), 0.9),
    ],
)
def test_relative_strength(similarity, strength):
    """The first four, and their values, are those of disentanglement_lib."""
    assert relative_strength(np.asarray(similarity)) == pytest.approx(strength)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_neither_order_nor_side_matters_to_the_strength(one, other, seed):
    rng = np.random.default_rng(seed)
    similarity = rng.random([one, other])
    mixed = rng.permutation(rng.permutation(similarity, axis=0), axis=1)
    assert relative_strength(mixed) == pytest.approx(relative_strength(similarity))
    assert relative_strength(similarity.T) == pytest.approx(relative_strength(similarity))


@pytest.mark.parametrize("name", SIMILARITIES)
def test_similarities_of_uniform_latents(name):
    """Of disentanglement_lib: the identity, and latents of which one has the place of another."""
    one = 10.0 * np.random.default_rng(0).random([1000, 3])
    other = one[:, [0, 0, 2]]
    np.testing.assert_allclose(SIMILARITIES[name](one, one), np.eye(3), atol=0.11)
    expected = [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    np.testing.assert_allclose(SIMILARITIES[name](one, other), expected, atol=0.11)


def test_the_similarities_are_those_of_the_definitions():
    rng = np.random.default_rng(1)
    one = rng.normal(size=[200, 1])
    other = np.hstack([-np.exp(one), np.full([200, 1], 0.1)])
    # Ranks see a monotone function as equal, and a constant latent is like none.
    np.testing.assert_allclose(spearman_similarity(one, other), [[1.0, 0.0]], atol=1e-12)
    # The lasso of standardised latents shrinks the correlation by the penalty.
    correlation = abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1])
    np.testing.assert_allclose(lasso_similarity(one, other), [[correlation - 0.1, 0.0]], atol=1e-6)


@pytest.mark.parametrize(("similarity", "most"), [("lasso", 0.9), ("spearman", 1.0)])
def test_order_signs_and_scales_of_latents_do_not_matter(similarity, most):
    vaes = [model(np.eye(3)), model([[0.0, -2.0, 0.0], [0.0, 0.0, 0.5], [1.0, 0.0, 0.0]])]
    found = ranking_of(vaes, X, similarity, batch_size=70)
    assert found.score == pytest.approx([most, most], abs=0.1)
    assert np.isnan(np.diag(found.pairwise_score)).all()
    assert found.pairwise_score[0, 1] == found.score[0]
    assert found.informative_latents.tolist() == [3, 3]


def test_a_turned_model_is_the_last():
    vaes = [model(TURN), model(np.eye(3)), model(np.eye(3)[[2, 0, 1]]), model(-np.eye(3))]
    found = ranking_of(vaes, X)
    assert found.best == np.argmax(found.score) != 0
    assert found.score[0] < found.score[1:].min() - 0.3
    assert found.score == pytest.approx(np.nanmedian(found.pairwise_score, axis=1))
    lines = str(found).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        str(place) for place in np.argsort(-found.score, kind="stable")
    ]
    assert all(f"{score:.3f}" in str(found) for score in found.score)


def test_a_row_predicts_the_latents_of_its_own_model():
    # Of one latent two follow, each exactly; of both together neither weight is 0.9.
    one, two = model([[1.0], [0.0], [0.0]]), model([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    pairwise = ranking_of([one, two], X).pairwise_score
    means = [np.asarray(vae.encode(X)) for vae in (one, two)]
    assert pairwise[0, 1] == pytest.approx(relative_strength(lasso_similarity(means[1], means[0])))
    assert pairwise[1, 0] == pytest.approx(relative_strength(lasso_similarity(means[0], means[1])))
    assert abs(pairwise[0, 1] - pairwise[1, 0]) > 0.01


def test_latents_without_information_are_left_out():
    # The KL of the second is 1e-6 nats, though its mean follows x; that of the third 0.02 nats.
    matrix = [[1.0, 0.0, 0.0], [0.0, 1e-3, 0.0], [0.0, 0.0, 0.2]]
    vaes = [model(matrix, noise=[0.1, 1.0, 1.0]), model(np.eye(3)[:, [0, 2]])]
    found = ranking_of(vaes, X, "spearman")
    assert found.informative_latents.tolist() == [2, 2]
    assert found.score == pytest.approx([1.0, 1.0], abs=0.1)


def test_a_model_without_information_scores_nothing():
    found = ranking_of([model(np.eye(3)), model(np.zeros([3, 2]), noise=1.0)], X)
    assert found.score.tolist() == [0.0, 0.0]
    assert found.informative_latents.tolist() == [3, 0]


def test_where_the_kl_has_no_parts_active_latents_are_compared():
    mixture = priors.MixtureOfGaussians(2)
    vaes = [model(np.diag([1.0, 0.05, 1.0]), prior=mixture), model(np.eye(3))]
    assert ranking_of(vaes, X).informative_latents.tolist() == [2, 3]


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"pip install 'tfp-vae\[sklearn\]'"):
        ranking_of([model(np.eye(3))] * 2, X)


def test_wrong_arguments_are_named():
    vae = model(np.eye(3))
    with pytest.raises(ValueError, match="`vaes` must hold two models or more; got 1"):
        ranking_of([vae], X)
    with pytest.raises(TypeError, match=r"`vaes` must be a Sequence, such as \[vae, other_vae\]"):
        ranking_of(vae, X)
    with pytest.raises(TypeError, match=r"`vaes\[1\]` must be a VAE"):
        ranking_of([vae, "vae"], X)
    with pytest.raises(ValueError, match="`similarity` must be one of 'lasso', 'spearman'"):
        ranking_of([vae, vae], X, similarity="pearson")
    with pytest.raises(ValueError, match="`x` must hold at least two rows"):
        ranking_of([vae, vae], X[:1])
    with pytest.raises(ValueError, match="`x` must have shape"):
        ranking_of([vae, vae], X[:, :2])
