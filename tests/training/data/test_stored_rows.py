"""Rows in files, sparse matrices and PyTorch datasets give the batches of an array of them."""

from importlib import import_module

import h5py
import keras
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

import tfp_vae
from tests.support.small_models import small_vae
from tfp_vae import likelihoods
from tfp_vae.training.data import (
    ArraySource,
    Rows,
    StoredRows,
    StoredSource,
    initial_rows,
    stored_rows,
)

COUNTS = np.random.default_rng(0).poisson(1.0, size=[53, 4])
WEIGHTS = np.random.default_rng(1).uniform(size=53)
Y = np.arange(53) % 3


def hdf5(tmp_path, **options):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file.create_dataset("x", data=COUNTS, **options)
    return h5py.File(tmp_path / "rows.h5")["x"]


def in_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    return zarr.create_array(tmp_path / "rows.zarr", data=COUNTS, chunks=(10, 4))


def backed_anndata(tmp_path):
    anndata = pytest.importorskip("anndata")
    anndata.AnnData(scipy.sparse.csr_matrix(COUNTS)).write_h5ad(tmp_path / "cells.h5ad")
    return anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r").X


def torch_dataset(tmp_path):
    torch = pytest.importorskip("torch")
    return torch.utils.data.TensorDataset(torch.tensor(COUNTS))


KINDS = {
    "csr matrix": lambda _: scipy.sparse.csr_matrix(COUNTS),
    "in coordinates": lambda _: scipy.sparse.coo_array(COUNTS),
    "HDF5": hdf5,
    "HDF5 in chunks": lambda path: hdf5(path, chunks=(7, 4), compression="gzip"),
    "big-endian HDF5": lambda path: hdf5(path, dtype=">i8"),
    "zarr": in_zarr,
    "backed AnnData": backed_anndata,
    "PyTorch dataset": torch_dataset,
}


@pytest.fixture
def small_parts(monkeypatch):
    """At most two batches of ten rows are in memory, and runs of at most four rows are read."""
    memory = import_module("tfp_vae.training.data.stored_rows")
    reading = import_module("tfp_vae.training.data.row_readers")
    monkeypatch.setattr(memory, "_BLOCK_BYTES", 20 * 16)
    monkeypatch.setattr(reading, "_MOST_RUN_BYTES", 4 * 16)
    monkeypatch.setattr(reading, "_MOST_GAP_BYTES", 2 * 16)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("kind", KINDS)
def test_every_batch_is_that_of_the_array(kind, tmp_path):
    stored = stored_rows(KINDS[kind](tmp_path))
    assert isinstance(stored, StoredRows)
    assert stored.shape == (53, 4)
    of_array = ArraySource(Rows(COUNTS, WEIGHTS, Y), "float32", 10, shuffle=True)
    source = StoredSource(Rows(stored, WEIGHTS, Y), "float32", 10, shuffle=True)
    assert source.count == of_array.count == 6
    for key in (None, [1, 2]):
        batches = list(source.epoch(3, key))
        for batch, expected in zip(batches, of_array.epoch(3, key), strict=True):
            tf.nest.map_structure(np.testing.assert_array_equal, batch, expected)
            assert tf.nest.map_structure(lambda part: part.dtype, batch) == (
                tf.nest.map_structure(lambda part: part.dtype, expected)
            )


@pytest.mark.usefixtures("small_parts")
def test_parts_have_room_for_two_batches_and_hold_every_row_once():
    stored = stored_rows(scipy.sparse.csr_matrix(COUNTS))
    source = StoredSource(Rows(stored), "float32", 10, shuffle=True)
    order = source.order_of(0, [1, 2])
    parts = list(source.parts(order, 512))
    assert [len(data) for data, _ in parts] == [20, 20, 20]
    rows = np.concatenate([tf.gather(data, indices).numpy() for data, indices in parts])
    np.testing.assert_array_equal(rows, COUNTS[order])


@pytest.mark.usefixtures("small_parts")
@pytest.mark.nightly
@pytest.mark.parametrize("jit_compile", [True, False])
def test_training_and_evaluation_end_bit_for_bit_as_with_the_array(jit_compile):
    def trained(x):
        keras.utils.set_random_seed(0)
        vae = small_vae(likelihoods.Poisson([4]))
        vae.compile("adam", jit_compile=jit_compile)
        history = vae.fit(x, batch_size=10, epochs=2, validation_split=0.3, verbose=0)
        scores = vae.evaluate(x, batch_size=10, verbose=0, return_dict=True)
        return vae.get_weights(), history.history, scores, vae.encode(x)

    for one, other in zip(trained(COUNTS), trained(scipy.sparse.csr_matrix(COUNTS)), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def test_a_model_for_stored_rows_is_that_for_the_array():
    def made(x):
        keras.utils.set_random_seed(0)
        vae = tfp_vae.VAE.for_data(x, latent_size=2, likelihood="poisson")
        vae.adapt(x)
        return vae.get_weights()

    stored = scipy.sparse.csr_matrix(COUNTS)
    for one, other in zip(made(COUNTS), made(stored), strict=True):
        np.testing.assert_array_equal(one, other)


def test_of_many_stored_rows_some_are_drawn_for_the_choice(monkeypatch):
    monkeypatch.setattr(import_module("tfp_vae.model.defaults"), "_MOST_VALUES", 100)
    monkeypatch.setattr(import_module("tfp_vae.training.data.initial_rows"), "_MOST_ROWS", 30)
    stored = scipy.sparse.csr_matrix(COUNTS)
    assert len(initial_rows(stored_rows(stored), 4)) == 30
    vae = tfp_vae.VAE.for_data(stored, latent_size=2, likelihood="poisson")
    assert vae.event_shape == (4,)


def test_the_condition_is_the_second_part_of_an_item(tmp_path):
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.tensor(COUNTS), torch.tensor(Y))

    def trained(*data):
        keras.utils.set_random_seed(0)
        vae = small_vae(
            likelihoods.Poisson([4]),
            condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
        )
        vae.compile("adam", run_eagerly=True)
        vae.fit(*data, verbose=0)
        return vae.get_weights()

    for one, other in zip(trained(COUNTS, Y), trained(pairs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_targets_in_a_pytorch_dataset_are_refused():
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.tensor(COUNTS), torch.tensor(Y))
    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam")
    with pytest.raises(ValueError, match=r"no targets; got a TensorDataset of pairs: pass"):
        vae.fit(pairs, verbose=0)


def test_what_pytorch_cannot_index_is_to_come_in_a_loader():
    torch = pytest.importorskip("torch")

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(COUNTS)

    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam", run_eagerly=True)
    with pytest.raises(TypeError, match="got a Stream: pass a DataLoader of it"):
        vae.fit(Stream(), verbose=0)
    vae.fit(torch.utils.data.DataLoader(Stream(), batch_size=10), verbose=0)


def test_a_loader_of_pairs_is_refused_and_leaves_the_weights(tmp_path):
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.tensor(COUNTS), torch.tensor(Y))
    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam", run_eagerly=True)
    before = vae.get_weights()
    with pytest.raises(ValueError, match="with a DataLoader a `collate_fn` that keeps x"):
        vae.fit(torch.utils.data.DataLoader(pairs, batch_size=10), verbose=0)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_pytorch_loader_is_read_anew_in_every_epoch(shuffle):
    torch = pytest.importorskip("torch")
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.tensor(COUNTS)), batch_size=10, shuffle=shuffle
    )
    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam", run_eagerly=True)
    history = vae.fit(loader, epochs=2, verbose=0).history
    assert len(history["elbo"]) == 2
    assert vae.marginal_elbo is not None
    assert len(vae.encode(loader)) == 53


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (scipy.sparse.csr_matrix(COUNTS)[:0], ValueError, r"at least one row; got shape \[0, 4\]"),
        (scipy.sparse.csr_matrix(COUNTS - 1), ValueError, "whole numbers of at least 0; got -1"),
        (scipy.sparse.csr_matrix(COUNTS[:, :3]), ValueError, r"shape \[batch, 4\]; got shape"),
        (scipy.sparse.csr_matrix(COUNTS + 1j), TypeError, "an array of real numbers"),
    ],
)
def test_stored_rows_that_do_not_fit_are_refused_before_training(x, error, words):
    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam")
    before = vae.get_weights()
    with pytest.raises(error, match=words):
        vae.fit(x, verbose=0)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_whole_anndata_is_refused_with_what_to_pass():
    anndata = pytest.importorskip("anndata")
    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam")
    with pytest.raises(TypeError, match=r"such as adata\.X"):
        vae.fit(anndata.AnnData(scipy.sparse.csr_matrix(COUNTS)), verbose=0)


def test_a_closed_file_is_named(tmp_path):
    rows = hdf5(tmp_path)
    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam", jit_compile=False)
    rows.file.close()
    with pytest.raises(ValueError, match="`x` must be a dataset of an open file; got one that is"):
        vae.fit(rows, verbose=0)


@pytest.mark.parametrize("library", ["h5py", "zarr"])
def test_a_whole_file_is_refused_with_what_it_holds(library, tmp_path):
    if library == "h5py":
        group = hdf5(tmp_path).file
    else:
        group = pytest.importorskip("zarr").open_group(tmp_path / "rows.zarr", mode="w")
        group.create_array("x", data=COUNTS)
    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam", jit_compile=False)
    with pytest.raises(
        TypeError, match=r"one array of a file, such as file\['x'\]; got a \w+ of 'x"
    ):
        vae.fit(group, verbose=0)


def test_items_that_are_dicts_are_named():
    torch = pytest.importorskip("torch")

    class Rows(torch.utils.data.Dataset):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return {"image": COUNTS[index], "label": index}

    vae = small_vae(likelihoods.Poisson([4]))
    vae.compile("adam", jit_compile=False)
    for data in (Rows(), torch.utils.data.DataLoader(Rows(), batch_size=2)):
        with pytest.raises(TypeError, match=r"one array .* a dict of 'image', 'label': keep the"):
            vae.fit(data, verbose=0)
