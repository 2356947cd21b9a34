"""Images of any size are cut or padded to one, without a change of their proportions."""

import numpy as np
import pytest
import tensorflow as tf

from tfp_vae import datasets


def write(path, height, width, channels=1):
    """Writes an image with a white middle third and black sides."""
    pixels = np.zeros([height, width, channels], np.uint8)
    pixels[:, width // 3 : width - width // 3] = 255
    path.write_bytes(tf.io.encode_png(pixels).numpy())


def read(folder, **options):
    return np.concatenate(list(datasets.from_files(folder, 2, shuffle=False, **options)))


def test_crop_takes_the_centre_and_pad_keeps_all_of_it(tmp_path):
    write(tmp_path / "wide.png", 30, 90)
    cropped = read(tmp_path, size=(10, 10))[0, :, :, 0]
    np.testing.assert_array_equal(cropped, 1.0)
    padded = read(tmp_path, size=(30, 30), resize="pad")[0, :, :, 0]
    np.testing.assert_array_equal(padded[:10], 0.0)
    np.testing.assert_array_equal(padded[20:], 0.0)
    np.testing.assert_array_equal(padded[10:20, 10:20], 1.0)
    np.testing.assert_array_equal(padded[10:20, :10], 0.0)


@pytest.mark.parametrize("resize", ["crop", "pad"])
@pytest.mark.parametrize("sizes", [(7, 50), (50, 7), (1, 1), (200, 3), (16, 12)])
def test_any_size_becomes_the_one_wanted_within_the_range(resize, sizes, tmp_path):
    write(tmp_path / "one.png", *sizes, channels=3)
    images = read(tmp_path, size=(16, 12), resize=resize)
    assert images.shape == (1, 16, 12, 3)
    assert 0.0 <= images.min() <= images.max() <= 1.0
    if sizes == (16, 12):
        np.testing.assert_array_equal(images, read(tmp_path))


def test_a_smaller_image_is_the_mean_of_the_larger_one(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, [64, 64, 1], dtype=np.uint8)
    (tmp_path / "noise.png").write_bytes(tf.io.encode_png(pixels).numpy())
    expected = (pixels / 255.0).reshape(16, 4, 16, 4, 1).mean(axis=(1, 3))
    images = read(tmp_path, size=(16, 16))
    np.testing.assert_allclose(images[0], expected, atol=0.501 / 255.0)
    np.testing.assert_allclose(255.0 * images, np.round(255.0 * images), atol=1e-4)


def test_images_that_differ_in_size_and_colour_become_alike(tmp_path):
    write(tmp_path / "a.png", 20, 20, 1)
    write(tmp_path / "b.png", 40, 20, 3)
    assert read(tmp_path, size=(8, 8)).shape == (2, 8, 8, 1)
    assert read(tmp_path, size=(8, 8), channels=3).shape == (2, 8, 8, 3)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"size": 64}, TypeError, "`size` must be a list of positive ints"),
        ({"size": (64,)}, ValueError, r"`size` must be \[height, width\].*got 1 numbers"),
        ({"size": (0, 4)}, ValueError, "`size` must be a positive int"),
        (
            {"size": (8, 8), "resize": "stretch"},
            ValueError,
            "`resize` must be one of 'crop', 'pad'",
        ),
    ],
)
def test_wrong_sizes_are_named(options, error, words, tmp_path):
    write(tmp_path / "a.png", 20, 20)
    with pytest.raises(error, match=words):
        datasets.from_files(tmp_path, **options)


def test_videos_beside_images_are_left_out_with_a_reason(tmp_path):
    write(tmp_path / "a.png", 4, 4)
    (tmp_path / "film.mp4").write_bytes(b"")
    with pytest.warns(
        UserWarning, match=r"1 video is left out, such as '.*film\.mp4': a row is one"
    ):
        assert read(tmp_path).shape == (1, 4, 4, 1)
