"""`tfp_vae.load` on archives with foreign, missing, cut or altered members."""

import io
import zipfile

import numpy as np
import pytest

import tfp_vae
from tests.support import untrusted_models
from tests.support.untrusted_models import CONFIG, WEIGHTS
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


def test_a_pickle_is_never_read(tmp_path, path):
    marker = tmp_path / "marker"
    untrusted_models.refused(
        untrusted_models.pickle_file(tmp_path / "pickle.keras", marker), "not a zip file"
    )
    untrusted_models.refused(
        untrusted_models.with_pickled_weights(path, marker), "'model.weights.npz', which Keras"
    )
    assert not marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "/etc/x",
        "C:\\x",
        "..\\x",
        "assets/../../x",
        "assets/./../x",
        "assets//x",
        "x.py",
        "config.json/x",
        "Config.json",
        "assets/\n",
    ],
)
def test_members_that_keras_does_not_write_are_refused(tmp_path, path, name):
    before = sorted(tmp_path.parent.rglob("*"))
    untrusted_models.refused(
        untrusted_models.with_member(path, name, b"x"), "which Keras does not write"
    )
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_two_members_of_one_name_are_refused(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(CONFIG, b"{}")
    untrusted_models.refused(path, "2 members 'config.json'")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_member_that_is_not_there_is_named(path, name):
    members = untrusted_models.members_of(path)
    del members[name]
    untrusted_models.refused(untrusted_models.archive_of(members, path), f"no member '{name}'")


def test_a_bomb_is_not_unpacked(path):
    members = {**untrusted_models.members_of(path), "assets/zeros": bytes(2**24)}
    untrusted_models.archive_of(members, path, zipfile.ZIP_DEFLATED)
    untrusted_models.refused(path, r"its archive of \d+ bytes declares \d+ bytes")
