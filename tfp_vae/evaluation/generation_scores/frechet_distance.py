"""Fréchet distance of two samples."""

import numpy as np
from scipy import linalg


def frechet_distance(x: np.ndarray, draws: np.ndarray) -> float:
    """Returns the squared Fréchet distance of the normals with the moments of two samples.

    It is |m - n|² + tr S + tr T - 2 tr (S T)^½ for the means m and n and the sample covariances S
    and T. With S = AᵀA and T = BᵀB, the last trace is the sum of the singular values of A Bᵀ, so
    that no product of covariances is formed, and none need be invertible.

    Args:
      x: Features, `[N, D]`, at least two rows.
      draws: Features, `[M, D]`, at least two rows.

    Source: Dowson & Landau (1982), "The Fréchet distance between multivariate normal
    distributions"; Heusel et al. (2017), "GANs trained by a two time-scale update rule converge to
    a local Nash equilibrium".
    """
    root, other_root = _covariance_root(x), _covariance_root(draws)
    mean_difference = x.mean(axis=0) - draws.mean(axis=0)
    cross = linalg.svdvals(root @ other_root.T).sum()
    squared = np.sum(mean_difference**2) + np.sum(root**2) + np.sum(other_root**2) - 2.0 * cross
    return float(max(squared, 0.0))


def _covariance_root(x: np.ndarray) -> np.ndarray:
    """Returns A, `[min(N, D), D]`, with AᵀA the sample covariance of rows `[N, D]`."""
    root: np.ndarray = np.linalg.qr(x - x.mean(axis=0), mode="r") / np.sqrt(len(x) - 1)
    return root
