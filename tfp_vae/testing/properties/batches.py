"""The batch: no row depends on another, on its place, or on how many there are."""

import numpy as np

from tfp_vae import divergences, seeds
from tfp_vae.testing.properties.subject import NotApplicable, Subject, expect


def rows_do_not_depend_on_one_another(subject: Subject) -> None:
    """Changing the first row changes the terms of no other row."""
    places = subject.everywhere
    differ = [place for place in places if np.any(subject.x[place] != subject.x[0])]
    if not differ:
        raise NotApplicable("x has one row" if len(subject.x) == 1 else "all rows of x are equal")
    other = np.concatenate([differ[-1:], places[1:]])
    before = subject.elbo(subject.x, places, sample_size=2, seed=7)
    after = subject.elbo(subject.x[other], other, sample_size=2, seed=7)
    for name, one, another in zip(before._fields, before, after, strict=True):
        subject.expect_close(one[1:], another[1:], name)


def order_and_size_of_the_batch_change_nothing(subject: Subject) -> None:
    """With given latents, permuting or splitting the batch permutes or splits the terms.

    The latents are given because every place of a batch has noise of its own.
    """
    places = subject.everywhere
    if len(places) < 2 or subject.vae.preprocess is not None:
        raise NotApplicable("x has one row, or a preprocess layer may draw")
    z = subject.distributions(places).posterior.sample(2, seed=seeds.as_seed(16))

    def scores(chosen: np.ndarray) -> np.ndarray:
        batch = subject.distributions(chosen)
        kl = divergences.exact_kl_divergence(batch.posterior, batch.prior)
        weights = batch.log_weights(np.asarray(z)[:, chosen])
        return np.concatenate([weights, weights[:1] if kl is None else kl[None]])

    together, cut = scores(places), len(places) // 2
    reverse = places[::-1]
    subject.expect_close(scores(reverse), together[:, reverse], "a permuted batch")
    apart = np.concatenate([scores(places[:cut]), scores(places[cut:])], axis=1)
    subject.expect_close(apart, together, "a batch in two parts")


def samples_and_rows_are_not_exchanged(subject: Subject) -> None:
    """Latents `[S, B, L]` give what each of the S draws gives by itself; here S is B."""
    batch = subject.distributions(subject.everywhere)
    z = np.asarray(batch.posterior.sample(len(subject.x), seed=seeds.as_seed(22)))
    together = batch.likelihood_fn(z).log_prob(batch.x)
    apart = np.concatenate(
        [batch.likelihood_fn(each[None]).log_prob(batch.x) for each in z], axis=0
    )
    subject.expect_close(together, apart, "log p(x|z)")


def evaluate_is_the_mean_over_examples(subject: Subject) -> None:
    """`evaluate` returns the mean of the KL over examples, also with a smaller last batch."""
    if subject.condition is not None or subject.vae.preprocess is not None:
        raise NotApplicable("the data of `evaluate` has a condition, or a preprocess layer draws")
    places = subject.everywhere
    batch = subject.distributions(places)
    kl = divergences.exact_kl_divergence(batch.posterior, batch.prior)
    if kl is None or len(places) < 2:
        raise NotApplicable("x has one row, or no exact KL is known")
    copy = subject.copy()
    copy.compile(run_eagerly=True)
    log = copy.evaluate(subject.x, batch_size=len(places) - 1, verbose=0, return_dict=True)
    apart = abs(log["kl_divergence"] - np.mean(kl))
    expect(apart <= 1e-3 * (1.0 + np.mean(kl)), f"the KL is off by {apart:g} nats")
    apart = abs(log["elbo"] - (log["log_likelihood"] - log["kl_divergence"]))
    expect(apart <= 1e-3 * (1.0 + abs(log["elbo"])), f"elbo is off by {apart:g} nats")
