"""AnnData: its matrix as rows, a column of its observations as their condition."""

import numpy as np
import pytest
import scipy.sparse

import tfp_vae
from tfp_vae import datasets

anndata = pytest.importorskip("anndata", reason="the extra `anndata` is not installed")

COUNTS = np.random.default_rng(0).poisson(1.0, size=[40, 5]).astype("float32")


@pytest.fixture
def cells():
    made = anndata.AnnData(scipy.sparse.csr_matrix(np.log1p(COUNTS)))
    made.layers["counts"] = scipy.sparse.csr_matrix(COUNTS)
    made.obs["batch"] = ["b", "a"] * 20
    made.obs["depth"] = COUNTS.sum(axis=1)
    made.obs["treated"] = [True, False, False, True] * 10
    made.obs["blank"] = [None, "a"] * 20
    return made


def test_a_layer_and_a_column_are_taken(cells):
    x, y, categories = datasets.from_anndata(cells, layer="counts", condition="batch")
    np.testing.assert_array_equal(x.toarray(), COUNTS)
    np.testing.assert_array_equal(y, [1, 0] * 20)
    assert categories == ["a", "b"]
    depth = datasets.from_anndata(cells, condition="depth")
    np.testing.assert_array_equal(depth.y, COUNTS.sum(axis=1))
    assert depth.categories is None
    assert datasets.from_anndata(cells, condition="treated").categories == [False, True]
    assert datasets.from_anndata(cells).y is None


def test_a_file_is_read_where_it_is_and_its_latents_go_into_obsm(cells, tmp_path):
    cells.write_h5ad(tmp_path / "cells.h5ad")
    backed = datasets.from_anndata(tmp_path / "cells.h5ad").x
    assert not isinstance(backed, (np.ndarray, scipy.sparse.spmatrix))
    x, _, _ = datasets.from_anndata(tmp_path / "cells.h5ad", layer="counts")
    vae = tfp_vae.VAE.for_data(x, latent_size=2, verbose=0)
    assert "NegativeBinomial" in repr(vae.decoder.likelihood) or "Poisson" in repr(
        vae.decoder.likelihood
    )
    vae.compile("adam", run_eagerly=True)
    vae.fit(x, verbose=0)
    cells.obsm["X_vae"] = vae.encode(x)
    assert cells.obsm["X_vae"].shape == (40, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"layer": "raw"}, r"`layer` must be a layer; got 'raw'\. There is 'counts'\."),
        ({"condition": "cluster"}, r"`condition` must be a column of obs; got 'cluster'\. There"),
        ({"condition": np.ones([2, 2])}, r"`condition` must be a column of obs; got a ndarray\. T"),
        ({"condition": "blank"}, "column without blanks; got 'blank' with 20 of 40 blank"),
    ],
)
def test_what_is_not_there_is_named(arguments, words, cells):
    with pytest.raises(ValueError, match=words):
        datasets.from_anndata(cells, **arguments)


def test_what_is_no_anndata_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"`source` must be an anndata\.AnnData.*; got"):
        datasets.from_anndata(COUNTS)
    with pytest.raises(FileNotFoundError, match=r"absent\.h5ad"):
        datasets.from_anndata(tmp_path / "absent.h5ad")
    (tmp_path / "broken.h5ad").write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match=r"broken\.h5ad' cannot be read as \.h5ad"):
        datasets.from_anndata(tmp_path / "broken.h5ad")
