"""Photographs are turned upright as their EXIF data says, as Pillow turns them."""

import io

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import tensorflow as tf

from tfp_vae import datasets
from tfp_vae.datasets import exif_orientation

TAG = 0x0112
PIXELS = np.kron(np.arange(6).reshape(2, 3) * 40, np.ones([16, 16])).astype(np.uint8)


def photograph(orientation, byte_order="big"):
    exif = PIL.Image.Exif()
    exif[TAG] = orientation
    exif.endian = {"big": ">", "little": "<"}[byte_order]
    content = io.BytesIO()
    PIL.Image.fromarray(PIXELS).save(content, "JPEG", exif=exif, quality=95)
    return content.getvalue()


@pytest.mark.parametrize("byte_order", ["big", "little"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_does(orientation, byte_order, tmp_path):
    path = tmp_path / "photograph.jpg"
    path.write_bytes(photograph(orientation, byte_order))
    with PIL.Image.open(path) as image:
        expected = np.asarray(PIL.ImageOps.exif_transpose(image))
    (read,) = datasets.from_files(tmp_path, shuffle=False)
    assert read.shape[1:3] == expected.shape
    np.testing.assert_allclose(255.0 * read[0, :, :, 0], expected, atol=2.0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a\n",
        tf.io.encode_jpeg(PIXELS[..., None]).numpy(),
        photograph(0),
        photograph(9),
        photograph(6).replace(b"II*\0", b"IIII").replace(b"MM\0*", b"XX\0*"),
    ],
)
def test_without_a_known_orientation_an_image_stays_as_it_is(content):
    assert exif_orientation.orientation(content) == 1


def test_a_cut_or_altered_file_has_some_orientation():
    content = photograph(6)
    for size in range(len(content)):
        assert exif_orientation.orientation(content[:size]) in (1, 6)
    generator = np.random.default_rng(0)
    for place in generator.integers(2, 120, 300):
        altered = bytearray(content)
        altered[place] ^= 1 << int(generator.integers(8))
        assert exif_orientation.orientation(bytes(altered)) in range(1, 9)
