"""The terms: their shape, and what they have to do with one another."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae.testing.properties.subject import Subject, expect


def terms_have_shape_batch(subject: Subject) -> None:
    """Every term is `[B]`, also in a graph that does not know B."""
    rows = len(subject.x)
    for sample_size in (1, 3):
        terms = subject.elbo(subject.x, subject.everywhere, sample_size=sample_size, seed=0)
        for name, term in terms._asdict().items():
            expect(term.shape == [rows], f"{name} has shape {term.shape} for {rows} rows")
    y = None if subject.condition is None else tf.convert_to_tensor(subject.condition)
    given = [part for part in (subject.rows, y) if part is not None]
    unknown = [tf.TensorSpec([None, *part.shape[1:]], part.dtype) for part in given]

    @tf.function(input_signature=unknown, autograph=False)
    def graph(x: tf.Tensor, y: tf.Tensor | None = None) -> Any:
        terms = subject.vae.elbo(x, condition=y, sample_size=2, seed=0)
        for name, term in terms._asdict().items():
            expect(term.shape.rank == 1, f"{name} has shape {term.shape} where B is not known")
        return terms

    for name, term in graph(*given)._asdict().items():
        expect(term.shape == [rows], f"{name} has shape {term.shape} where B was not known")


def terms_are_finite(subject: Subject) -> None:
    """No term is NaN or infinite."""
    terms = subject.elbo(subject.x, subject.everywhere, sample_size=2, seed=1)
    for name, term in terms._asdict().items():
        expect(np.isfinite(term).all(), f"{name} is {np.asarray(term)}")


def elbo_is_log_likelihood_less_kl_divergence(subject: Subject) -> None:
    """`elbo` is `log_likelihood - kl_divergence`, whatever the objective."""
    for training in (False, True):
        terms = subject.objective_terms(training)
        subject.expect_close(terms.elbo, terms.log_likelihood - terms.kl_divergence, "elbo")
