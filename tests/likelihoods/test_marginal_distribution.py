"""Independent columns of data that does not suit."""

import numpy as np
import pytest

from tfp_vae import likelihoods


def test_numbers_beyond_the_dtype_are_refused():
    x = np.array([[0.0, 1e300], [1.0, 2.0]])
    with pytest.raises(ValueError, match=r"`x` must .*1e\+300"):
        likelihoods.marginal_distribution(likelihoods.Normal([2]), x)
