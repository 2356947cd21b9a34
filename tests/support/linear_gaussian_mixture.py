"""A linear decoder under a Gaussian mixture of latents: p(x) is a Gaussian mixture, too."""

import numpy as np
import tensorflow as tf
from scipy import special, stats
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions


class LinearGaussianMixture:
    """c ~ probs, z|c ~ N(means[c], diag(scales[c]²)), x|z ~ N(weights z, noise² I), in NumPy.

    The columns of `weights` are orthogonal, so that the exact q(z|x, c) is diagonal.
    """

    def __init__(self, seed=0, clusters=3, latent_size=2, event_size=4, noise=0.7):
        rng = np.random.default_rng(seed)
        columns, _ = np.linalg.qr(rng.normal(size=[event_size, latent_size]))
        self.weights = columns * rng.uniform(0.5, 2.0, size=latent_size)
        self.probs = rng.dirichlet(np.full(clusters, 5.0))
        self.means = rng.normal(scale=2.0, size=[clusters, latent_size])
        self.scales = rng.uniform(0.3, 1.5, size=[clusters, latent_size])
        self.noise = noise

    def draws(self, count, seed=1):
        """Returns rows of data, `[count, D]`."""
        rng = np.random.default_rng(seed)
        c = rng.choice(len(self.probs), size=count, p=self.probs)
        z = self.means[c] + self.scales[c] * rng.normal(size=[count, self.means.shape[1]])
        return z @ self.weights.T + self.noise * rng.normal(size=[count, len(self.weights)])

    def log_prob_of_each(self, x):
        """Returns log p(x|c), `[N, K]`."""
        return np.stack(
            [
                stats.multivariate_normal.logpdf(
                    x,
                    self.weights @ mean,
                    self.weights @ np.diag(scale**2) @ self.weights.T
                    + self.noise**2 * np.eye(len(self.weights)),
                )
                for mean, scale in zip(self.means, self.scales, strict=True)
            ],
            axis=1,
        )

    def log_prob(self, x):
        """Returns log p(x), `[N]`."""
        return special.logsumexp(self.log_prob_of_each(x) + np.log(self.probs), axis=1)

    def cluster_probs(self, x):
        """Returns p(c|x), `[N, K]`."""
        joint = self.log_prob_of_each(x) + np.log(self.probs)
        return np.exp(joint - self.log_prob(x)[:, None])

    def prior(self):
        """Returns p(c, z)."""
        means, scales = tf.constant(self.means), tf.constant(self.scales)
        return distributions.CategoricalJoint(
            distributions.OneHotCategorical(np.log(self.probs)[None]),
            lambda c: distributions.MultivariateNormalDiag(c @ means, c @ scales),
            latent_size=self.means.shape[1],
        )

    def posterior(self, x, logits=None, shift=0.0):
        """Returns q(c, z|x): the exact one, or with other logits of c, `[N, K]`, or z moved."""
        logits = np.log(self.cluster_probs(x)) if logits is None else logits
        lengths = (self.weights**2).sum(axis=0)
        precision = 1.0 / self.scales**2 + lengths / self.noise**2
        weighed = tf.constant((x @ self.weights) / self.noise**2)
        of_means = tf.constant(self.means / self.scales**2)
        stddev = tf.constant(precision**-0.5)

        def continuous(c):
            own = tf.einsum("...c,cl->...l", c, stddev)
            mean = own**2 * (weighed + tf.einsum("...c,cl->...l", c, of_means))
            return distributions.MultivariateNormalDiag(mean + shift, own)

        return distributions.CategoricalJoint(
            distributions.OneHotCategorical(tf.convert_to_tensor(logits)[:, None]),
            continuous,
            latent_size=self.means.shape[1],
        )

    def likelihood_fn(self, latents):
        """Returns p(x|z) of latents `[..., K + L]`."""
        z = latents[..., len(self.probs) :]
        loc = tf.einsum("...l,dl->...d", z, tf.constant(self.weights))
        return tfd.Independent(tfd.Normal(loc, tf.constant(self.noise, tf.float64)), 1)
