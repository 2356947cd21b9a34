"""The topics of a model whose latents are shares, and how coherent their words are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, supports
from tfp_vae.error_text import described
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import table
from tfp_vae.model import VAE
from tfp_vae.seeds import as_seed

_ROWS_AT_ONCE = 1000


class Topics(NamedTuple):
    """The topics of a model.

    Attributes:
      probabilities: The probability of every word in a document of one topic alone, `[K, V]`.
      top_words: The most probable words of every topic, the first the most, `[K][top]`: names, or
        indices where no names were given.
      coherence: The mean normalised pointwise mutual information (NPMI) of the pairs of top words
        of every topic, between -1 and 1, `[K]`.

    Example:
      >>> found = evaluation.Topics(np.eye(2), (("sea",), ("wood",)), np.array([0.5, 0.25]))
      >>> print(found)
      topic    coherence
      0: sea       0.500
      1: wood      0.250
      mean         0.375
    """

    probabilities: np.ndarray
    top_words: tuple[tuple[Any, ...], ...]
    coherence: np.ndarray

    def __str__(self) -> str:
        rows = [
            [f"{topic}: {' '.join(map(str, words))}", f"{coherence:.3f}"]
            for topic, (words, coherence) in enumerate(
                zip(self.top_words, self.coherence, strict=True)
            )
        ]
        mean = ["mean", f"{np.mean(self.coherence):.3f}"]
        return table([["topic", "coherence"], *rows, mean])


def topics(vae: VAE, x: Any, words: Sequence[str] | None = None, top: int = 10) -> Topics:
    """Finds the topics of a model whose latents are shares of topics.

    A topic is p(word|z) at the corner z of the simplex where its share is 1: with a decoder that is
    linear in z, such as `Decoder(keras.layers.Identity(), likelihoods.Multinomial([V]))`, the
    softmax of a row of the kernel of `vae.decoder.likelihood.heads["logits"]`, plus the offset that
    all topics share.

    Args:
      vae: The model, with a posterior on the simplex such as `posteriors.LogisticNormal`, and a
        likelihood of counts with event shape `[V]`.
      x: Documents as counts of words, `[N, V]`, by which coherence is measured; better held out.
      words: The names of the words, `[V]`, or None.
      top: How many words of a topic are taken, at least 2 and at most V.

    Returns:
      A `Topics`; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the latents are no shares, the data are no counts `[N, V]`, `words` has another
        length, or `top` is out of range.

    Example:
      >>> corpus = np.random.default_rng(0).poisson(1.0, [20, 6])
      >>> of_topics = tfp_vae.VAE(
      ...     tfp_vae.Encoder(networks.mlp([4]), posteriors.LogisticNormal(2)),
      ...     tfp_vae.Decoder(keras.layers.Identity(), likelihoods.Multinomial([6])),
      ...     prior=priors.LogisticNormal(2))
      >>> evaluation.topics(of_topics, corpus, top=3).probabilities.shape
      (2, 6)

    Source: Srivastava & Sutton (2017), "Autoencoding variational inference for topic models"; of
    the coherence, `evaluation.topic_coherence`.
    """
    rows = checked_rows(vae, x, _ROWS_AT_ONCE, None)
    likelihood, size = vae.decoder.likelihood, vae.latent_size
    space = vae.prior_layer.latent_space
    if space != supports.relaxed_one_hot_vectors(1, size):
        raise ValueError(
            "`vae` must have latents that are shares of a whole, such as those of "
            f"posteriors.LogisticNormal; got {'others' if space is None else space.description}."
        )
    if likelihood.support != supports.COUNTS or len(likelihood.event_shape) != 1:
        raise ValueError(
            "`vae` must have a likelihood of counts of event shape [words], such as "
            f"likelihoods.Multinomial; got a {type(likelihood).__name__} of event shape "
            f"{list(likelihood.event_shape)}."
        )
    count = likelihood.event_shape[0]
    names = _names(words, count)
    mean = vae.decode(np.eye(size), verbose=0).astype(np.float64)
    probabilities = mean / mean.sum(axis=1, keepdims=True)
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, : _checked_top(top, count)]
    present = np.concatenate(
        [batch.x > 0 for batch in row_batches(rows, _ROWS_AT_ONCE, as_seed(0), None)]
    )
    return Topics(
        probabilities,
        tuple(tuple(names[word] for word in topic) for topic in best),
        _coherence(best, present),
    )


def topic_coherence(top_words: Any, x: Any) -> np.ndarray:
    """Measures how often the top words of topics occur in the same documents.

    The coherence of a topic is the mean, over all pairs of its words, of the normalised pointwise
    mutual information log(p(a, b) / (p(a) p(b))) / -log p(a, b), with p the share of documents that
    have a word or both: 1 for words that only occur together, 0 for independent ones, -1 for words
    that never meet. Two words that all documents have are independent: 0.

    Args:
      top_words: The indices of the words of every topic, `[K, top]`, at least two and no word
        twice.
      x: Documents as counts of words, `[N, V]`.

    Returns:
      The coherence of every topic, between -1 and 1, `[K]`.

    Raises:
      TypeError: If an argument holds no real numbers.
      ValueError: If `x` holds no counts, or `top_words` no indices of its columns.

    Example:
      >>> corpus = np.array([[1, 2, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]])
      >>> evaluation.topic_coherence([[0, 1], [1, 2]], corpus)
      array([ 1., -1.])

    Source: Bouma (2009), "Normalized (pointwise) mutual information in collocation extraction";
    Lau et al. (2014), "Machine reading tea leaves", who count in windows of a text rather than in
    documents.
    """
    counts = checks.array(x)
    if counts.ndim != 2 or not counts.size:
        raise ValueError(f"`x` must have shape [N, words]; got shape {list(counts.shape)}.")
    checks.finite(counts, "x")
    wrong = supports.COUNTS.outside(counts)
    if wrong.any():
        raise ValueError(
            f"`x` must hold counts, {supports.COUNTS.description}; got {counts[wrong][0]:g}."
        )
    topics_given = checks.array(top_words, "top_words")
    if topics_given.ndim != 2 or topics_given.shape[1] < 2 or not topics_given.size:
        raise ValueError(
            "`top_words` must have shape [topics, words], two words or more; got shape "
            f"{list(topics_given.shape)}."
        )
    checks.finite(topics_given, "top_words")
    if supports.whole_numbers_to(counts.shape[1] - 1).outside(topics_given).any():
        raise ValueError(
            f"`top_words` must hold indices of the {counts.shape[1]} columns of `x`, from 0; got "
            f"one from {topics_given.min():g} to {topics_given.max():g}."
        )
    places = topics_given.astype(int)
    for topic in places.tolist():
        if len(set(topic)) < len(topic):
            raise ValueError(f"`top_words` must have no word twice in a topic; got {topic}.")
    return _coherence(places, counts > 0)


def _coherence(top_words: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Returns the mean NPMI of the pairs of words of topics `[K, top]`, `[K]`.

    Args:
      top_words: Indices of words.
      present: Which words a document has, `[N, V]`.
    """
    first, second = np.triu_indices(top_words.shape[1], 1)
    found = np.empty(len(top_words))
    for place, topic in enumerate(top_words):
        own = present[:, topic].astype(np.float64)
        joint = own.T @ own / len(own)
        of_both = joint[first, second]
        apart = np.diag(joint)[first] * np.diag(joint)[second]
        scores = np.full(of_both.shape, -1.0)
        met = (of_both > 0.0) & (of_both < 1.0)
        scores[met] = np.log(of_both[met] / apart[met]) / -np.log(of_both[met])
        scores[of_both == 1.0] = 0.0
        found[place] = scores.mean()
    return found


def _names(words: Sequence[str] | None, count: int) -> list[Any]:
    if words is None:
        return list(range(count))
    if not isinstance(words, (list, tuple, np.ndarray)) or getattr(words, "ndim", 1) != 1:
        raise TypeError(f"`words` must be a list of {count} words; got {described(words)}.")
    if len(words) != count:
        raise ValueError(f"`words` must have one name for each of {count} words; got {len(words)}.")
    return list(words)


def _checked_top(top: int, count: int) -> int:
    if not 2 <= checks.positive_int(top, "top") <= count:
        raise ValueError(f"`top` must be at least 2 and at most {count}, all words; got {top}.")
    return top
