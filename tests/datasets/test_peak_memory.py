"""The peak of memory of `fit` on files, measured on files of several sizes."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.support.processes import ENVIRONMENT, command
from tfp_vae import datasets

COLUMNS, ROWS_PER_FILE = 1000, 12_500
FILE_MEGABYTES = 4 * COLUMNS * ROWS_PER_FILE // 10**6
MEGABYTES = (100, 400, 1600)
IMAGE = (100, 125, 1)
REPEATS = 3
ERRORS_OF_A_DIFFERENCE = 5.0
WINDOW_MEGABYTES = 2**25 / 10**6

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc"),
]


def write_npy(path, rows):
    """Writes rows to a file, and returns how many they are; as do those below."""
    np.save(path.with_suffix(".npy"), rows)
    return len(rows)


def write_records(path, rows):
    datasets.write_records(path.with_suffix(".tfrecord"), rows)
    return len(rows)


def write_images(path, rows):
    path.mkdir()
    images = (np.clip(rows, 0.0, 1.0) * 255.0).astype(np.uint8).reshape(-1, *IMAGE)
    for number, image in enumerate(images):
        tf.io.write_file(str(path / f"{number:04}.png"), tf.io.encode_png(image, compression=1))
    return len(images)


def peak_megabytes(folder, rows):
    """Returns the peak of a process that trains on the files of a folder, which hold `rows`."""
    done = subprocess.run(
        command("fit_from_files", folder),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    seen, kilobytes = map(int, done.stdout.split())
    assert seen == rows
    return kilobytes / 1000.0


@pytest.mark.parametrize("write", [write_npy, write_records, write_images])
def test_the_peak_does_not_depend_on_the_number_of_rows(write, tmp_path):
    generator = np.random.default_rng(0)
    peaks = {}
    written = count = 0
    for megabytes in MEGABYTES:
        while written * FILE_MEGABYTES < megabytes:
            rows = generator.standard_normal([ROWS_PER_FILE, COLUMNS], np.float32)
            count += write(tmp_path / f"{written:03}", rows)
            written += 1
        peaks[megabytes] = [peak_megabytes(tmp_path, count) for _ in range(REPEATS)]
    print("peak of memory, MB:", peaks)  # noqa: T201 - the figures of docs/reliability.md
    # Four times the rows may cost no more than the noise, and what one window of a shuffle takes.
    fewer, more = (np.array(peaks[size]) for size in MEGABYTES[-2:])
    noise = np.sqrt((fewer.var(ddof=1) + more.var(ddof=1)) / REPEATS)
    assert more.mean() - fewer.mean() < ERRORS_OF_A_DIFFERENCE * noise + WINDOW_MEGABYTES
