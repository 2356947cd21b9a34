"""Models whose log p(x), posterior and ELBO are known exactly, each in NumPy alone.

`LinearGaussian` is the VAE with an affine decoder and a Normal likelihood of fixed scale.
`Enumerable` is a model of binary latents, where every expectation is a sum over a handful of z.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from scipy import special, stats
from tensorflow_probability import distributions as tfd

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors


@dataclass(frozen=True)
class LinearGaussian:
    """z ~ N(0, I) and x|z ~ N(weights z + offset, scale² I).

    With orthogonal columns in `weights`, as `drawn` makes them, the exact posterior has
    independent latents, so that a diagonal posterior can equal it.
    """

    weights: np.ndarray
    """`[D, L]`."""
    offset: np.ndarray
    """`[D]`."""
    scale: float

    @classmethod
    def drawn(cls, seed=0, event_size=4, latent_size=2, scale=0.7):
        """Draws a model with orthogonal columns of different lengths."""
        rng = np.random.default_rng(seed)
        columns, _ = np.linalg.qr(rng.normal(size=[event_size, latent_size]))
        lengths = rng.uniform(0.5, 2.0, size=latent_size)
        return cls(columns * lengths, rng.normal(size=event_size), scale)

    @property
    def event_size(self):
        return self.weights.shape[0]

    @property
    def latent_size(self):
        return self.weights.shape[1]

    def draws(self, count, seed=0):
        """Draws x from the model, `[count, D]`."""
        rng = np.random.default_rng([seed, 1])
        z = rng.normal(size=[count, self.latent_size])
        noise = rng.normal(size=[count, self.event_size])
        return z @ self.weights.T + self.offset + self.scale * noise

    def log_marginal_likelihood(self, x):
        """Returns log p(x) in nats, `[B]`."""
        covariance = self.weights @ self.weights.T + self.scale**2 * np.eye(self.event_size)
        return np.atleast_1d(stats.multivariate_normal(self.offset, covariance).logpdf(x))

    def posterior_variance(self):
        """Returns the variances of the exact posterior, `[L]`; they do not depend on x."""
        precision = np.eye(self.latent_size) + self.weights.T @ self.weights / self.scale**2
        assert np.allclose(precision, np.diag(np.diag(precision))), "the columns are not orthogonal"
        return 1.0 / np.diag(precision)

    def posterior_gain(self):
        """Returns the matrix `[L, D]` that takes x - offset to the mean of the exact posterior."""
        return self.posterior_variance()[:, None] * self.weights.T / self.scale**2

    def log_likelihood(self, x, mean, stddev):
        """Returns the expectation of log p(x|z) under N(mean, stddev²), `[B]`."""
        error = x - mean @ self.weights.T - self.offset
        spread = (stddev**2) @ (self.weights**2).sum(axis=0)
        return (
            -0.5 * self.event_size * np.log(2 * np.pi * self.scale**2)
            - 0.5 * ((error**2).sum(axis=-1) + spread) / self.scale**2
        )

    def vae(self, loc_shift=0.0, scale_factor=1.0, **options):
        """Makes a `tfp_vae.VAE` of this model whose posterior is exact, or off by so much.

        Args:
          loc_shift: What is added to the posterior's mean.
          scale_factor: What the posterior's scale is multiplied by.
          **options: More arguments of `tfp_vae.VAE`.
        """
        vae = tfp_vae.VAE(
            tfp_vae.Encoder(
                networks.mlp([]),
                posteriors.MultivariateNormalDiag(self.latent_size, scale_floor=0.0),
            ),
            tfp_vae.Decoder(
                networks.mlp([]), likelihoods.Normal([self.event_size], scale=self.scale)
            ),
            **options,
        )
        gain = self.posterior_gain()
        stddev = scale_factor * np.sqrt(self.posterior_variance())
        heads = vae.encoder.posterior.heads
        heads["loc"].set_weights([gain.T, loc_shift - gain @ self.offset])
        inverse_softplus = np.log(np.expm1(stddev))
        heads["scale"].set_weights([np.zeros_like(gain.T), inverse_softplus])
        vae.decoder.likelihood.heads["loc"].set_weights([self.weights.T, self.offset])
        return vae

    def posterior_moments(self, x, loc_shift=0.0, scale_factor=1.0):
        """Returns mean and standard deviation `[B, L]` of the posterior that `vae` is given."""
        mean = (x - self.offset) @ self.posterior_gain().T + loc_shift
        return mean, np.broadcast_to(scale_factor * np.sqrt(self.posterior_variance()), mean.shape)


def normal_kl_divergence(mean, stddev, prior_mean=0.0, prior_stddev=1.0):
    """Returns KL(N(mean, stddev²)‖N(prior_mean, prior_stddev²)) of every latent, in nats."""
    variance, prior_variance = np.square(stddev), np.square(prior_stddev)
    ratio = variance / prior_variance
    return 0.5 * (ratio + np.square(mean - prior_mean) / prior_variance - 1.0 - np.log(ratio))


def diagonal_normal(mean, stddev):
    """Makes TensorFlow Probability's own normal, which shares no code with ours."""
    return tfd.MultivariateNormalDiag(tf.convert_to_tensor(mean), tf.convert_to_tensor(stddev))


def without_exact_kl(distribution):
    """Makes an equal distribution, as a mixture of one, for which no exact KL is registered."""
    axis = distribution.batch_shape.rank
    component = tfd.BatchReshape(distribution, [*distribution.batch_shape, 1])
    weights = tfd.Categorical(logits=tf.zeros([*distribution.batch_shape, 1], distribution.dtype))
    assert component.batch_shape.rank == axis + 1
    return tfd.MixtureSameFamily(weights, component)


@dataclass(frozen=True)
class Enumerable:
    """L binary latents with prior probabilities, and D binary observations with affine logits."""

    prior_probs: np.ndarray
    """`[L]`."""
    weights: np.ndarray
    """`[D, L]`."""
    offset: np.ndarray
    """`[D]`."""

    @classmethod
    def drawn(cls, seed=0, event_size=3, latent_size=2):
        rng = np.random.default_rng(seed)
        return cls(
            rng.uniform(0.2, 0.8, size=latent_size),
            rng.normal(scale=2.0, size=[event_size, latent_size]),
            rng.normal(size=event_size),
        )

    def all_latents(self):
        """Returns every z, `[2**L, L]`."""
        return np.array(list(itertools.product([0.0, 1.0], repeat=len(self.prior_probs))))

    def all_observations(self):
        """Returns every x, `[2**D, D]`."""
        return np.array(list(itertools.product([0.0, 1.0], repeat=len(self.offset))))

    def log_likelihoods(self, x):
        """Returns log p(x|z) in nats of every row and every z, `[B, 2**L]`."""
        logits = self.all_latents() @ self.weights.T + self.offset
        signs = 2.0 * x[:, None, :] - 1.0
        return special.log_expit(signs * logits[None]).sum(axis=-1)

    def log_prior(self):
        """Returns log p(z) of every z, `[2**L]`."""
        return _log_bernoulli(self.all_latents(), self.prior_probs)

    def log_marginal_likelihood(self, x):
        """Returns log p(x) in nats, `[B]`."""
        return special.logsumexp(self.log_likelihoods(x) + self.log_prior(), axis=1)

    def exact_terms(self, x, posterior_probs):
        """Returns E[log p(x|z)], KL(q‖p) and KL(q‖exact posterior) for q of `[B, L]`."""
        log_q = _log_bernoulli(self.all_latents()[None], posterior_probs[:, None, :])
        q = np.exp(log_q)
        log_joint = self.log_likelihoods(x) + self.log_prior()
        log_exact = log_joint - self.log_marginal_likelihood(x)[:, None]
        return (
            (q * self.log_likelihoods(x)).sum(axis=1),
            (q * (log_q - self.log_prior())).sum(axis=1),
            (q * (log_q - log_exact)).sum(axis=1),
        )

    def prior(self):
        return self.posterior(self.prior_probs)

    def posterior(self, probs):
        return tfd.Independent(tfd.Bernoulli(probs=tf.constant(probs), dtype=tf.float64), 1)

    def likelihood_fn(self, z):
        logits = tf.linalg.matvec(self.weights, z) + self.offset
        return tfd.Independent(tfd.Bernoulli(logits=logits, dtype=tf.float64), 1)


def _log_bernoulli(values, probs):
    return (values * np.log(probs) + (1.0 - values) * np.log1p(-probs)).sum(axis=-1)
