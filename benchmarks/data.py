"""The training data of every peer: one file of binary images, so that all see the same pixels."""

from pathlib import Path

import numpy as np

_SHARED = Path(__file__).parents[1] / ".." / "shared" / "data"
MNIST = _SHARED / "mnist.npz"
STATIC_MNIST = _SHARED / "static_mnist.npz"


def write(destination: Path, mnist: Path) -> str:
    """Writes binary `x_train` and `x_valid` to `destination`, and returns a description of them.

    Grey images are thresholded at half of their range, once.

    Args:
      destination: The .npz file to write.
      mnist: An .npz of `x_train` and `x_test`, bytes `[N, 28, 28]`, as Keras distributes MNIST. If
        there is none, scikit-learn's digits are taken.
    """
    if mnist.exists():
        name = "MNIST"
        with np.load(mnist) as arrays:
            x, x_valid = (_binary(arrays[key], 255) for key in ("x_train", "x_test"))
    else:
        from sklearn.datasets import load_digits

        name = "scikit-learn's digits"
        images = _binary(load_digits().data, 16)
        images = images[np.random.default_rng(0).permutation(len(images))]
        x, x_valid = images[:1500], images[1500:]
    np.savez(destination, x_train=x, x_valid=x_valid)
    return (
        f"{name}: {len(x):,} training images and {len(x_valid):,} held-out images of "
        f"{x.shape[1]} pixels, cut at half of their range"
    )


def _binary(images: np.ndarray, largest: int) -> np.ndarray:
    return (images.reshape(len(images), -1) >= 0.5 * largest).astype(np.uint8)
