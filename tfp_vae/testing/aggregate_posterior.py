"""Aggregate posteriors of a handful of examples, whose parts of the KL are known exactly."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import special, stats

from tfp_vae import checks

NODES = 48
"""Points of the Gauss-Hermite rule, for every latent."""


@dataclass(frozen=True)
class AggregatePosterior:
    """Normal posteriors q(z|n) = N(mean[n], stddev[n]²) of N examples, and a standard normal prior.

    The aggregate posterior q(z) is their mean. The mutual information of example and code, the
    total correlation and the dimension-wise KL of q(z) are then Gauss-Hermite sums, in NumPy and
    SciPy alone: what an objective that takes the KL apart, as β-TCVAE does, is compared with. The
    grid has 48 points for every latent, so that there may be three of them.

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

    def log_densities(self, z: Any) -> np.ndarray:
        """Returns log q(z_j|n) in nats of every latent under every example, `[..., N, L]`.

        Args:
          z: `[..., L]`.
        """
        return stats.norm.logpdf(z[..., None, :], self.mean, self.stddev)

    def log_parts(
        self, z: Any, own: int, weights: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Returns log q(z|own), log q(z), Σ log q(z_j) and log p(z) in nats, `[...]` each.

        Args:
          z: `[..., L]`.
          own: The number of the example that z was drawn from.
          weights: What every example counts in the mixture, `[N]`; each 1/N for q(z) itself.
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
        return np.mean(rows, axis=0)

    def estimates(
        self, z: Any, batch: Sequence[int], weights_of: Callable[[int], Any]
    ) -> np.ndarray:
        """Returns the three differences of `log_parts` for the draws of a batch, `[3, S, B]`.

        Args:
          z: Draws of the posteriors of the batch, `[S, B, L]`.
          batch: The numbers of the examples in the batch, B of them.
          weights_of: From an example of the batch to the weights of all, `[N]`.
        """
        estimates = []
        for place, own in enumerate(batch):
            parts = self.log_parts(z[:, place], own, weights_of(own))
            estimates.append([a - b for a, b in itertools.pairwise(parts)])
        return np.stack(estimates, axis=-1)

    def minibatch_weights(
        self, estimator: str, batch: Sequence[int]
    ) -> Callable[[int], np.ndarray]:
        """Returns the `weights_of` by which a batch stands for the data, for `estimates`.

        Args:
          estimator: "minibatch_weighted": 1 / (N B) for every example of the batch. Or
            "minibatch_stratified": 1 / N for the example that was drawn from, and for each other
            one of the batch (N - 1) / (N (B - 1)).
          batch: The numbers of the examples in the batch, B of them.

        Returns:
          A function from the number of an example of the batch to the weights of all, `[N]`.

        Raises:
          ValueError: If `estimator` is another.

        Source: Chen et al. (2018), equation 3 and appendix C.2.
        """
        checks.one_of(estimator, ["minibatch_weighted", "minibatch_stratified"], "estimator")
        size, places = self.data_size, list(batch)

        def weights_of(own: int) -> np.ndarray:
            weights = np.zeros(size)
            if estimator == "minibatch_weighted":
                weights[places] = 1.0 / (size * len(places))
            else:
                if len(places) > 1:
                    weights[places] = (size - 1) / size / (len(places) - 1)
                weights[own] = 1.0 / size
            return weights

        return weights_of
