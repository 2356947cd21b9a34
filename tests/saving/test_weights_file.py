"""`tfp_vae.load` on weights that were made by hand, their checksums right."""

import h5py
import numpy as np
import pytest

from tests.support import untrusted_models

DENSE = "decoder/trunk/layers/dense/vars/0"


def replaced(name, value, **options):
    def edit(file):
        file.pop(name, None)
        file.create_dataset(name, data=value, **options)

    return edit


def removed(name):
    return lambda file: file.__delitem__(name)


def linked(link):
    return lambda file: (file.__delitem__(DENSE), file.__setitem__(DENSE, link))


def elsewhere(file):
    del file[DENSE]
    file.create_dataset(DENSE, [2, 5], "f4", external=[("/etc/hostname", 0, 40)])


def unallocated(file):
    file.create_dataset("decoder/more", [2**40], "f4")


def twice(file):
    file["decoder/again"] = file[DENSE]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (removed(DENSE), "cannot be loaded"),
        (removed("decoder/trunk"), "cannot be loaded"),
        (removed("optimizer"), "cannot be loaded"),
        (removed("optimizer/vars/5"), "cannot be loaded"),
        (replaced(DENSE, np.zeros([2, 6], "float32")), "cannot be loaded"),
        (replaced(DENSE, np.zeros([10], "float32")), "cannot be loaded"),
        (replaced(DENSE, np.float32(0.0)), "cannot be loaded"),
        (replaced(DENSE, np.zeros([2, 5])), "must be float32 of shape .*; got float64"),
        (replaced(DENSE, np.zeros([2, 5], "complex64")), "must be numbers; got complex64"),
        (replaced(DENSE, [["text"] * 5] * 2), "must be numbers; got object"),
        (replaced(DENSE, np.zeros([2, 5], "f4"), chunks=(1, 5)), "not stored as Keras stores"),
        (replaced(DENSE, np.zeros([2, 5], "f4"), compression="gzip"), "not stored as Keras"),
        (replaced("extra", np.zeros(3, "f4")), "no place for the weights at '/extra'"),
        (replaced("optimizer/vars/5", np.zeros(7, "f4")), "cannot be loaded"),
        (linked(h5py.SoftLink("/optimizer/vars/3")), "a link at .*, which Keras does not write"),
        (linked(h5py.ExternalLink("/etc/hostname", "/x")), "a link at"),
        (elsewhere, "not stored as Keras stores"),
        (unallocated, "not stored as Keras stores"),
        (twice, "in two places"),
        (lambda file: file.__setitem__("loop", file["decoder"]), "in two places"),
    ],
)  # fmt: skip
def test_weights_are_whole_or_refused(path, edit, message):
    untrusted_models.refused(untrusted_models.with_weights(path, edit), message)
