"""Draws: they come from the seed alone, however TensorFlow runs."""

import numpy as np
import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.distributions import OneHotCategorical
from tfp_vae.testing.properties.subject import Subject, expect

_DRAWS = 30


def the_same_seed_gives_the_same_draw(subject: Subject, seed: int = 9) -> None:
    """The same seed gives the same terms, another seed other ones.

    Args:
      subject: A model, and rows that it can score.
      seed: The seed of the draws.
    """
    first, again, another = (
        subject.elbo(subject.x, subject.everywhere, seed=number, sample_size=_DRAWS)
        for number in (seed, seed, seed + 1)
    )
    equal = np.array_equal(first.elbo, again.elbo)
    expect(equal, f"two calls with seed {seed} gave different bounds")
    if np.array_equal(first.log_likelihood, another.log_likelihood):
        # That is right where all latents are summed over, or where the decoder leaves them out of
        # account, but for rounding.
        batch = subject.distributions(subject.everywhere)
        if isinstance(batch.posterior, OneHotCategorical):
            return
        z = batch.posterior.sample(_DRAWS, seed=seeds.as_seed(seed))
        log_likelihood = batch.likelihood_fn(z).log_prob(batch.x).numpy()
        least = subject.tolerance * (1.0 + np.abs(log_likelihood[0]))
        alike = bool((np.ptp(log_likelihood, axis=0) < least).all())
        expect(alike, f"seeds {seed} and {seed + 1} gave the same log-likelihood")


def graph_and_xla_agree_with_eager(subject: Subject, seed: int = 11) -> None:
    """The same seed gives the same terms however TensorFlow runs.

    Args:
      subject: A model, and rows that it can score.
      seed: The seed of the draws.
    """
    eager = subject.vae.elbo(subject.rows, sample_size=2, seed=seed, condition=subject.condition)
    for how in ("in a graph", "under XLA"):
        compiled = tf.function(
            lambda x: subject.vae.elbo(x, sample_size=2, seed=seed, condition=subject.condition),
            jit_compile=how == "under XLA",
            autograph=False,
        )
        found = compiled(subject.rows)
        for name, one, another in zip(eager._fields, eager, found, strict=True):
            # Under XLA the inverse error function is computed by another polynomial.
            apart = np.max(np.abs(one - another) / (1.0 + np.abs(one)))
            expect(
                apart <= 1e-3,
                f"{name} {how}, where draws must come from `seed` alone, is off by a share of "
                f"{apart:g}",
            )
