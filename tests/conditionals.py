"""The normal distribution of missing values given observed ones, in NumPy."""

import numpy as np
from scipy import stats


def observed_log_density(mean, covariance, x):
    """Returns the log-density of the values of a row that are not NaN."""
    seen = ~np.isnan(x)
    if not seen.any():
        return 0.0
    return stats.multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)]).logpdf(x[seen])


def of_missing(mean, covariance, x):
    """Returns mean and covariance of the values of a row that are NaN, given the others."""
    gone, seen = np.isnan(x), ~np.isnan(x)
    gain = covariance[np.ix_(gone, seen)] @ np.linalg.inv(covariance[np.ix_(seen, seen)])
    return (
        mean[gone] + gain @ (x[seen] - mean[seen]),
        covariance[np.ix_(gone, gone)] - gain @ covariance[np.ix_(seen, gone)],
    )
