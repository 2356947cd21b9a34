"""Draws: they come from the seed alone, however TensorFlow runs."""

import numpy as np
import tensorflow as tf

from tfp_vae.testing.properties.subject import Subject, expect


def the_same_seed_gives_the_same_draw(subject: Subject, seed: int = 9) -> None:
    """The same seed, the same terms; another seed, others."""
    first, again, another = (
        subject.elbo(subject.x, subject.everywhere, seed=number)
        for number in (seed, seed, seed + 1)
    )
    equal = np.array_equal(first.elbo, again.elbo)
    expect(equal, f"two calls with seed {seed} gave different bounds")
    same = np.array_equal(first.log_likelihood, another.log_likelihood)
    expect(not same, f"seeds {seed} and {seed + 1} gave the same log-likelihood")


def graph_and_xla_agree_with_eager(subject: Subject, seed: int = 11) -> None:
    """The same seed gives the same terms however TensorFlow runs."""
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
