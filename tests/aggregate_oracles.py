"""Aggregate posteriors that are known exactly, in NumPy alone: mixtures of normals over a data set.

Expectations over a normal are Gauss-Hermite sums, and those over batches are enumerations.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

NODES = 48


@dataclass(frozen=True)
class AggregatePosterior:
    """The posteriors of all N examples: q(z|n) = N(mean[n], stddev[n]²)."""

    mean: np.ndarray
    """`[N, L]`."""
    stddev: np.ndarray
    """`[N, L]`."""

    @classmethod
    def drawn(cls, seed=0, data_size=5, latent_size=2):
        """Draws posteriors whose aggregate has dependent latents."""
        rng = np.random.default_rng(seed)
        common = rng.normal(size=[data_size, 1])
        mean = common + 0.5 * rng.normal(size=[data_size, latent_size])
        return cls(mean, rng.uniform(0.3, 1.0, size=mean.shape))

    @property
    def data_size(self):
        return len(self.mean)

    def log_densities(self, z):
        """Returns log q(z_j|n) of every latent under every example, `[..., N, L]`."""
        return stats.norm.logpdf(z[..., None, :], self.mean, self.stddev)

    def log_parts(self, z, own, weights):
        """Returns log q(z|own), log q(z), Σ log q(z_j) and log p(z), for a weighted mixture.

        Args:
          z: `[..., L]`.
          own: The number of the example that z was drawn from.
          weights: The weight of every example, `[N]`.
        """
        densities = self.log_densities(z)
        joint = special.logsumexp(densities.sum(axis=-1), axis=-1, b=weights)
        marginals = special.logsumexp(densities, axis=-2, b=weights[:, None])
        return (
            densities[..., own, :].sum(axis=-1),
            joint,
            marginals.sum(axis=-1),
            stats.norm.logpdf(z).sum(axis=-1),
        )

    def exact_decomposition(self):
        """Returns the mutual information, total correlation and dimension-wise KL of the data."""
        nodes, node_weights = np.polynomial.hermite_e.hermegauss(NODES)
        grid = np.stack(np.meshgrid(*[nodes] * self.mean.shape[1], indexing="ij"), axis=-1)
        grids = np.meshgrid(*[node_weights / node_weights.sum()] * self.mean.shape[1])
        volume = np.prod(grids, axis=0)
        uniform = np.full(self.data_size, 1.0 / self.data_size)
        rows = []
        for own in range(self.data_size):
            z = self.mean[own] + self.stddev[own] * grid
            parts = self.log_parts(z, own, uniform)
            rows.append([np.sum(volume * (a - b)) for a, b in itertools.pairwise(parts)])
        return np.mean(rows, axis=0)

    def estimates(self, z, batch, weights_of):
        """Returns the three differences for draws of a batch, `[3, S, B]`.

        Args:
          z: `[S, B, L]`.
          batch: The numbers of the examples in the batch, `[B]`.
          weights_of: From an example of the batch to the weights of all, `[N]`.
        """
        estimates = []
        for place, own in enumerate(batch):
            parts = self.log_parts(z[:, place], own, weights_of(own))
            estimates.append([a - b for a, b in itertools.pairwise(parts)])
        return np.stack(estimates, axis=-1)


def minibatch_weights(estimator, data_size, batch):
    """Returns the weights that an estimator gives to all examples, for the draws of each."""

    def weights_of(own):
        weights = np.zeros(data_size)
        if estimator == "minibatch_weighted":
            weights[list(batch)] = 1.0 / (data_size * len(batch))
        else:
            if len(batch) > 1:
                weights[list(batch)] = (data_size - 1) / data_size / (len(batch) - 1)
            weights[own] = 1.0 / data_size
        return weights

    return weights_of


def squared_discrepancy(mean, stddev, prior_mean, prior_stddev, bandwidth):
    """Returns the squared maximum mean discrepancy of two diagonal normals, in closed form.

    The Gaussian kernel's expectation over z ~ N(m, s²) and z' ~ N(n, t²) is, for every axis,
    √(h² / (h² + s² + t²)) exp(-(m - n)² / (2 (h² + s² + t²))).
    """

    def expected_kernel(mean, variance, other_mean, other_variance):
        width = bandwidth**2 + variance + other_variance
        square = (mean - other_mean) ** 2
        return np.prod(np.sqrt(bandwidth**2 / width) * np.exp(-0.5 * square / width), axis=-1)

    own, prior = (mean, stddev**2), (prior_mean, prior_stddev**2)
    return (
        expected_kernel(*own, *own)
        + expected_kernel(*prior, *prior)
        - 2.0 * expected_kernel(*own, *prior)
    )
