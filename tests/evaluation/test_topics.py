"""Topics and the coherence of their words, by hand."""

import keras
import numpy as np
import pytest

import tfp_vae
from tests.support.small_models import small_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors, priors

CORPUS = np.array(
    [
        [2, 1, 0, 1],
        [1, 3, 0, 1],
        [1, 0, 0, 1],
        [0, 0, 4, 1],
        [0, 1, 1, 1],
    ]
)
WORDS = ["sea", "ship", "wood", "the"]


def test_the_coherence_of_three_words_by_hand():
    """Of five documents three have word 0, three 1, two 2; 0 and 1 meet in two, 1 and 2 in one."""
    sea_ship = np.log(0.4 / (0.6 * 0.6)) / -np.log(0.4)
    ship_wood = np.log(0.2 / (0.6 * 0.4)) / -np.log(0.2)
    found = evaluation.topic_coherence([[0, 1, 2], [2, 1, 0]], CORPUS)
    np.testing.assert_allclose(found, np.mean([sea_ship, ship_wood, -1.0]), rtol=1e-12)


def test_a_word_that_all_documents_have_is_independent_of_others():
    np.testing.assert_allclose(evaluation.topic_coherence([[0, 3]], CORPUS), 0.0, atol=1e-15)
    assert evaluation.topic_coherence([[0, 1]], np.ones([3, 2])) == 0.0
    assert evaluation.topic_coherence([[0, 1]], np.zeros([3, 2])) == -1.0


def _model(likelihood=None, trunk=None, posterior=None, prior=None):
    keras.utils.set_random_seed(0)
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posterior or posteriors.LogisticNormal(3)),
        tfp_vae.Decoder(
            trunk or keras.layers.Identity(), likelihood or likelihoods.Multinomial([4])
        ),
        prior=prior or priors.LogisticNormal(3),
    )


@pytest.mark.parametrize("kind", [likelihoods.Multinomial, likelihoods.Poisson])
def test_a_topic_is_the_softmax_of_its_row_of_the_kernel(kind):
    vae = _model(kind([4]))
    vae.elbo(CORPUS, seed=0)
    name = "logits" if kind is likelihoods.Multinomial else "log_rate"
    kernel = np.random.default_rng(0).normal(size=[3, 4])
    bias = np.array([1.0, 0.0, -1.0, 0.5])
    vae.decoder.likelihood.heads[name].set_weights([kernel, bias])
    found = evaluation.topics(vae, CORPUS, WORDS, top=3)
    weights = np.exp(kernel + bias)
    expected = weights / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-5)
    best = np.argsort(-expected, axis=1)[:, :3]
    assert found.top_words == tuple(tuple(WORDS[word] for word in topic) for topic in best)
    np.testing.assert_allclose(found.coherence, evaluation.topic_coherence(best, CORPUS))
    assert evaluation.topics(vae, CORPUS, top=2).top_words[0] == tuple(best[0, :2])
    assert " ".join(found.top_words[0]) in str(found)


def test_what_has_no_topics_is_refused():
    counts = np.ones([5, 4], "float32")
    with pytest.raises(ValueError, match="latents that are shares"):
        evaluation.topics(small_vae(likelihoods.Multinomial([4])), counts)
    with pytest.raises(ValueError, match="a likelihood of counts of event shape"):
        evaluation.topics(_model(likelihoods.Bernoulli([4])), counts)
    with pytest.raises(ValueError, match="whole numbers of at least 0"):
        evaluation.topics(_model(), counts - 0.5)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"top": 1}, ValueError, "`top` must be at least 2"),
        ({"top": 5}, ValueError, "`top` must be at least 2 and at most 4"),
        ({"words": ["sea"]}, ValueError, "`words` must have one name"),
        ({"words": "sea!"}, TypeError, "`words` must be a list"),
    ],
)
def test_wrong_arguments_are_named(given, error, message):
    with pytest.raises(error, match=message):
        evaluation.topics(_model(), CORPUS, **{"top": 3, **given})


@pytest.mark.parametrize(
    ("top_words", "x", "message"),
    [
        ([[0, 4]], CORPUS, "indices of the 4 columns"),
        ([[0, 0]], CORPUS, "no word twice"),
        ([0, 1], CORPUS, "shape .topics, words."),
        ([[0]], CORPUS, "shape .topics, words."),
        ([[0, 1]], CORPUS - 1, "must hold counts"),
        ([[0, 1]], CORPUS[0], "shape .N, words."),
    ],
)
def test_wrong_words_and_documents_are_named(top_words, x, message):
    with pytest.raises(ValueError, match=message):
        evaluation.topic_coherence(top_words, x)
