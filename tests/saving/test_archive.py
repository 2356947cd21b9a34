"""`tfp_vae.load` on files that were cut or altered: refused, or the very same model."""

import io
import zipfile

import numpy as np

import tfp_vae
from tests.support import untrusted_models
from tests.support.untrusted_models import WEIGHTS
from tfp_vae.saving.archive import read_members


def test_a_file_of_weights_that_is_cut_or_altered_within_is_refused(path):
    members = untrusted_models.members_of(path)
    weights = members[WEIGHTS]
    for size in np.linspace(0, len(weights) - 1, 12).astype(int):
        cut = {**members, WEIGHTS: weights[:size]}
        untrusted_models.refused(untrusted_models.archive_of(cut, path), "cannot be loaded")


def test_a_truncated_archive_is_refused(path):
    content = path.read_bytes()
    for size in {*np.linspace(0, len(content) - 1, 200).astype(int), *range(1, 30)}:
        path.write_bytes(content[:size])
        untrusted_models.refused(path, "cannot be loaded")


def flipped(content, bit):
    altered = bytearray(content)
    altered[bit // 8] ^= 1 << bit % 8
    return bytes(altered)


def header_bytes(content):
    """Returns the places of what is not the members themselves: their headers and directory."""
    places = set(range(len(content)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            first = entry.header_offset + 30 + len(entry.filename)
            places -= set(range(first, first + entry.file_size))
    return sorted(places)


def test_a_flipped_bit_is_refused_or_changes_no_member(path):
    content, whole = path.read_bytes(), read_members(path)
    generator = np.random.default_rng(0)
    places = header_bytes(content)
    bits = [8 * place + bit for place in places[::2] for bit in range(8)]
    harmless = []
    for bit in [*bits, *generator.integers(0, 8 * len(content), 500)]:
        path.write_bytes(flipped(content, bit))
        try:
            members = read_members(path)
        except Exception:
            continue
        assert members == whole
        harmless.append(bit)
    assert 0 < len(harmless) < len(bits), "either every flip is harmless or none is"
    assert {bit // 8 for bit in harmless} <= set(places)


def test_a_model_with_a_flipped_bit_is_refused_or_has_the_same_weights(path):
    content, before = path.read_bytes(), tfp_vae.load(path)
    generator = np.random.default_rng(1)
    places = header_bytes(content)
    bits = [*generator.integers(0, 8 * len(content), 100), *generator.choice(places, 20) * 8]
    outcomes = set()
    for bit in bits:
        path.write_bytes(flipped(content, bit))
        try:
            loaded = tfp_vae.load(path)
        except ValueError:
            outcomes.add("refused")
            continue
        for one, other in zip(before.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
        outcomes.add("the same")
    assert outcomes == {"refused", "the same"}
