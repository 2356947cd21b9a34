"""Folders of images as data of the command line."""

import numpy as np
import PIL.Image
import pytest
from rich.console import Console

from tfp_vae_cli.actions.images import read_images
from tfp_vae_cli.actions.inputs import read_data


@pytest.fixture
def folder(tmp_path):
    """Six grey images of two sizes, the left half of each black and the right half white."""
    for number in range(6):
        pixels = np.zeros([80 + 20 * (number % 2), 120], np.uint8)
        pixels[:, 60:] = 255
        PIL.Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    return tmp_path


def read(folder, shape=None, size=None):
    console = Console(record=True, width=500)
    return read_images(folder, shape, size, console), console.export_text()


def test_images_of_several_sizes_are_cut_to_64_pixels_and_it_is_said(folder):
    images, said = read(folder)
    assert images.shape == (6, 64, 64, 1)
    assert said == "6 grey images of 64 by 64 pixels, brought to this size (--image-size)\n"
    np.testing.assert_array_equal(images[:, :, :30], 0.0)
    np.testing.assert_array_equal(images[:, :, 34:], 1.0)


def test_images_of_one_size_stay_as_they_are(folder):
    for number in (1, 3, 5):
        (folder / f"{number}.png").unlink()
    images, said = read(folder)
    assert images.shape == (3, 80, 120, 1)
    assert said == "3 grey images of 80 by 120 pixels\n"


def test_one_image_in_colour_makes_all_of_them_colour(folder):
    PIL.Image.new("RGB", [50, 50], (255, 0, 0)).save(folder / "red.jpg")
    images, said = read(folder, size=(8, 16))
    assert images.shape == (7, 8, 16, 3)
    assert "7 colour images of 8 by 16" in said


def test_photographs_on_their_side_have_the_size_that_is_looked_at(folder):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    for number in range(6):
        (folder / f"{number}.png").unlink()
    PIL.Image.new("L", (30, 20)).save(folder / "turned.jpg", exif=exif)
    PIL.Image.new("L", (20, 30)).save(folder / "upright.jpg")
    images, said = read(folder)
    assert images.shape == (2, 30, 20, 1)
    assert said == "2 grey images of 30 by 20 pixels\n"


def test_a_model_of_images_gets_them_in_its_own_shape(folder):
    images, _ = read(folder, shape=(10, 12, 3))
    assert images.shape == (6, 10, 12, 3)
    with pytest.raises(ValueError, match=r"must be one of images.* shape \[5\]"):
        read(folder, shape=(5,))


def test_what_is_no_image_and_what_is_a_video_is_named(folder):
    (folder / "film.mp4").write_bytes(b"")
    assert "Warning: 1 video is left out" in read(folder)[1]
    (folder / "bad.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"bad\.png' cannot be read: it is no image"):
        read(folder)


def test_other_files_and_the_plots_of_a_run_are_left_out(folder):
    (folder / "labels.csv").write_text("0,1\n")
    (folder / "notes.txt").write_text("none")
    (folder / "run").mkdir()
    for name in ("vae.keras", "plot.png"):
        (folder / "run" / name).write_bytes(b"no image")
    images, said = read(folder)
    assert images.shape == (6, 64, 64, 1)
    assert said.startswith(f"left out of {folder.name}: labels.csv and 1 more, no images\n")


def test_cells_of_a_file_are_read_as_an_array(tmp_path):
    anndata = pytest.importorskip("anndata", reason="the extra `anndata` is not installed")
    sparse = pytest.importorskip("scipy.sparse")
    counts = np.random.default_rng(0).poisson(1.0, [9, 4]).astype("float32")
    for name, matrix in (("dense", counts), ("sparse", sparse.csr_matrix(counts))):
        anndata.AnnData(matrix).write_h5ad(tmp_path / f"{name}.h5ad")
        dataset = read_data(str(tmp_path / f"{name}.h5ad"))
        np.testing.assert_array_equal(dataset.x, counts)


@pytest.mark.nightly
def test_a_model_is_trained_on_a_folder_and_evaluates_another(folder, tmp_path, run_here):
    for number in range(6, 40):
        pixels = np.random.default_rng(number).integers(0, 255, [70, 90, 3], dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(folder / f"{number}.png")
    options = ["--image-size", "16", "--epochs", 1, "--latent-size", 2, "-o", tmp_path / "run"]
    done = run_here("train", folder, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "40 colour images of 16 by 16 pixels" in done.stdout
    done = run_here("evaluate", tmp_path / "run", folder, "--no-report", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "40 rows" in done.stdout
