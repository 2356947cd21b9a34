"""Rows are judged where they lie: the same scores as of the dense array."""

import h5py
import numpy as np
import pytest
import scipy.sparse

from tests.support.small_models import BINARY, small_vae
from tfp_vae import evaluation

ROWS = np.tile(BINARY, [3, 1])
OF_A_MODEL = {
    "elbo": lambda vae, x: evaluation.elbo(vae, x, batch_size=10),
    "log_marginal_likelihood": lambda vae, x: evaluation.log_marginal_likelihood(
        vae, x, importance_sample_size=5, seed=0
    ),
    "latent_usage": lambda vae, x: evaluation.latent_usage(vae, x, draws=5),
    "reconstruction_error": evaluation.reconstruction_error,
    "rate_distortion": evaluation.rate_distortion,
    "compare": lambda vae, x: evaluation.compare({"one": vae, "other": vae}, x),
    "out_of_distribution": lambda vae, x: evaluation.out_of_distribution(vae, x, ROWS[:5]),
    "a stored reference": lambda vae, x: evaluation.out_of_distribution(vae, ROWS[:5], x),
    "baselines": lambda vae, x: evaluation.baselines(vae, x, x),
    "disentanglement": lambda vae, x: evaluation.disentanglement(
        vae, x, factors=np.stack([np.arange(69) % 3, np.arange(69) % 2], axis=1), votes=5
    ),
    "posterior_predictive_check": lambda vae, x: evaluation.posterior_predictive_check(
        vae, x, np.mean, replicates=3
    ),
}


@pytest.fixture(scope="module")
def vae():
    return small_vae()


@pytest.mark.parametrize("name", OF_A_MODEL)
def test_sparse_rows_have_the_scores_of_dense_ones(name, vae):
    dense, sparse = (OF_A_MODEL[name](vae, rows) for rows in (ROWS, scipy.sparse.csr_matrix(ROWS)))
    for one, other in zip(dense, sparse, strict=True):
        np.testing.assert_array_equal(one, other)


def test_rows_of_a_file_have_the_scores_of_dense_ones(vae, tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        stored = file.create_dataset("x", data=ROWS)
        assert evaluation.elbo(vae, stored) == evaluation.elbo(vae, ROWS)


def test_a_wrong_stored_row_is_named(vae):
    wrong = ROWS.copy()
    wrong[7, 2] = 3.0
    with pytest.raises(ValueError, match="`x` must hold only values that are 0 or 1; got 3"):
        evaluation.elbo(vae, scipy.sparse.csr_matrix(wrong))
    with pytest.raises(ValueError, match="`x` must have shape"):
        evaluation.elbo(vae, scipy.sparse.csr_matrix(wrong[:, :3]))
