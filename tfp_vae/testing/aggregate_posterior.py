"""Aggregate posteriors of a few examples, with the exact decomposition of their KL."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import special, stats

from tfp_vae import checks

NODES = 48
"""Nodes of the Gauss-Hermite rule, for every latent."""


@dataclass(frozen=True)
class AggregatePosterior:
    """Normal posteriors q(z|n) = N(mean[n], stddev[n]²) of N examples, and a standard normal prior.

    The aggregate posterior q(z) is their mean. Its mutual information of example and code, total
    correlation and dimension-wise KL are Gauss-Hermite sums, in NumPy and SciPy alone: the oracle
    of an objective that decomposes the KL, such as β-TCVAE. The grid has 48 points for every
    latent, so that three latents are the practical limit.

    Attributes:
      mean: `[N, L]`.
      stddev: `[N, L]`.

    Source: Chen et al. (2018), equation 2, for the three parts.

    Example:
      >>> aggregate = tfp_vae.testing.AggregatePosterior.drawn(data_size=5, latent_size=2)
      >>> parts = aggregate.exact_decomposition()
      >>> kl = tfp_vae.testing.normal_kl_divergence(aggregate.mean, aggregate.stddev)
      >>> bool(np.isclose(parts.sum(), kl.sum(axis=1).mean()))
      True
      >>> aggregate.log_densities(aggregate.mean).shape, aggregate.data_size
      ((5, 5, 2), 5)
      >>> weights = np.full(5, 1 / 5)
      >>> [part.shape for part in aggregate.log_parts(aggregate.mean[:1], 0, weights)]
      [(1,), (1,), (1,), (1,)]
      >>> aggregate.estimates(aggregate.mean[None], range(5), lambda own: weights).shape
      (3, 1, 5)
      >>> aggregate.minibatch_weights("minibatch_stratified", batch=[1, 3])(3).round(2).tolist()
      [0.0, 0.8, 0.0, 0.2, 0.0]
    """

    mean: np.ndarray
    stddev: np.ndarray

    @classmethod
    def drawn(cls, seed: int = 0, data_size: int = 5, latent_size: int = 2) -> Self:
        """Draws posteriors whose aggregate has dependent latents.

        Args:
          seed: The seed of NumPy's generator.
          data_size: N, the number of examples.
          latent_size: L, the number of latents.

        Returns:
          An `AggregatePosterior`.
        """
        rng = np.random.default_rng(seed)
        common = rng.normal(size=[data_size, 1])
        mean = common + 0.5 * rng.normal(size=[data_size, latent_size])
        return cls(mean, rng.uniform(0.3, 1.0, size=mean.shape))

    @property
    def data_size(self) -> int:
        """The number N of examples."""
        return len(self.mean)

    def log_densities(self, z: np.ndarray) -> np.ndarray:
        """Returns log q(z_j|n) in nats of every latent under every example, `[..., N, L]`.

        Args:
          z: `[..., L]`.
        """
        densities: np.ndarray = stats.norm.logpdf(z[..., None, :], self.mean, self.stddev)
        return densities

    def log_parts(
        self, z: np.ndarray, own: int, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Returns log q(z|own), log q(z), Σ log q(z_j) and log p(z) in nats, `[...]` each.

        Args:
          z: `[..., L]`.
          own: The index of the example that z was drawn from.
          weights: The weight of every example in the mixture, `[N]`; 1/N each for q(z) itself.
        """
        densities = self.log_densities(z)
        joint = special.logsumexp(densities.sum(axis=-1), axis=-1, b=weights)
        marginals = special.logsumexp(densities, axis=-2, b=np.asarray(weights)[:, None])
        return (
            densities[..., own, :].sum(axis=-1),
            joint,
            marginals.sum(axis=-1),
            stats.norm.logpdf(z).sum(axis=-1),
        )

    def exact_decomposition(self) -> np.ndarray:
        """Returns mutual information, total correlation and dimension-wise KL in nats, `[3]`."""
        size = self.mean.shape[1]
        nodes, node_weights = np.polynomial.hermite_e.hermegauss(NODES)
        grid = np.stack(np.meshgrid(*[nodes] * size, indexing="ij"), axis=-1)
        volume = np.prod(np.meshgrid(*[node_weights / node_weights.sum()] * size), axis=0)
        uniform = np.full(self.data_size, 1.0 / self.data_size)
        rows = []
        for own in range(self.data_size):
            parts = self.log_parts(self.mean[own] + self.stddev[own] * grid, own, uniform)
            rows.append([np.sum(volume * (a - b)) for a, b in itertools.pairwise(parts)])
        decomposition: np.ndarray = np.mean(rows, axis=0)
        return decomposition

    def estimates(
        self, z: np.ndarray, batch: Sequence[int], weights_of: Callable[[int], np.ndarray]
    ) -> np.ndarray:
        """Returns estimates of the three parts for the draws of a batch, `[3, S, B]`, in nats.

        Args:
          z: Draws of the posteriors of the batch, `[S, B, L]`.
          batch: The indices of the B examples in the batch.
          weights_of: From the index of an example in the batch to the weights of all, `[N]`.
        """
        estimates = []
        for index, own in enumerate(batch):
            parts = self.log_parts(z[:, index], own, weights_of(own))
            estimates.append([a - b for a, b in itertools.pairwise(parts)])
        return np.stack(estimates, axis=-1)

    def minibatch_weights(
        self, estimator: str, batch: Sequence[int]
    ) -> Callable[[int], np.ndarray]:
        """Returns the `weights_of` of a minibatch estimator, for `estimates`.

        Args:
          estimator: "minibatch_weighted": 1 / (N B) for every example of the batch. Or
            "minibatch_stratified": 1 / N for the example that z was drawn from, and
            (N - 1) / (N (B - 1)) for each other one in the batch.
          batch: The indices of the B examples in the batch.

        Returns:
          A function from the index of an example in the batch to the weights of all, `[N]`.

        Raises:
          ValueError: If `estimator` is neither.

        Source: Chen et al. (2018), equation 3 and appendix C.2.
        """
        checks.one_of(estimator, ["minibatch_weighted", "minibatch_stratified"], "estimator")
        size, members = self.data_size, list(batch)

        def weights_of(own: int) -> np.ndarray:
            weights = np.zeros(size)
            if estimator == "minibatch_weighted":
                weights[members] = 1.0 / (size * len(members))
            else:
                if len(members) > 1:
                    weights[members] = (size - 1) / size / (len(members) - 1)
                weights[own] = 1.0 / size
            return weights

        return weights_of
