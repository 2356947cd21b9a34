"""Samples of features, normal and with moments that are given exactly."""

import numpy as np


def normals(seed, *shape):
    """Returns standard normal features."""
    return np.random.default_rng(seed).normal(size=shape)


def with_moments(mean, covariance, rows=50, seed=0):
    """Returns rows whose sample mean and covariance are given exactly."""
    x = normals(seed, rows, len(mean))
    x -= x.mean(axis=0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return mean + x @ np.linalg.cholesky(covariance).T


def turned(x, seed):
    """Returns rows after a random rotation."""
    return x @ np.linalg.qr(normals(seed, x.shape[1], x.shape[1]))[0]
