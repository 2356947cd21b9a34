"""Images of strangers: other colours than the first image's, inks, and files that are broken."""

import numpy as np
import PIL.Image
import pytest

from tfp_vae import datasets

COLOURS = np.random.default_rng(0).integers(0, 256, [12, 10, 3]).astype(np.uint8)


def read(folder, **options):
    return np.concatenate(list(datasets.from_files(folder, shuffle=False, **options)))


def test_the_inks_of_a_cmyk_file_become_colours_and_grey(tmp_path):
    PIL.Image.fromarray(COLOURS).convert("CMYK").save(tmp_path / "print.jpg", quality=100)
    colour, grey = read(tmp_path)[0], read(tmp_path, channels=1)[0]
    assert grey.shape == (12, 10, 1)
    np.testing.assert_allclose(colour @ np.float32([0.2989, 0.587, 0.114]), grey[..., 0], atol=0.01)


@pytest.mark.parametrize(
    ("other", "advice"),
    [
        ((10, 12), "`channels=3` makes all of them colour, and `channels=1` grey"),
        ((10, 14), r"`size=\(height, width\)` brings images to one size"),
    ],
)
def test_an_image_unlike_the_first_comes_with_the_argument_that_mends_it(other, advice, tmp_path):
    PIL.Image.fromarray(COLOURS).save(tmp_path / "0.png")
    PIL.Image.new("L", other).save(tmp_path / "1.png")
    with pytest.raises(Exception, match=rf"1\.png' cannot be read: .*: {advice}"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\nand no more"])
def test_a_broken_image_is_named_without_the_inside_of_tensorflow(content, tmp_path):
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.png' cannot be read: [A-Z]") as refused:
        datasets.from_files(tmp_path)
    assert "{" not in str(refused.value)
    assert "Op:" not in str(refused.value)
