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


def labelled(
    mnist: Path, binary: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns MNIST's training images and classes, and its test images and classes.

    Args:
      mnist: The .npz file, as Keras distributes MNIST.
      binary: Whether pixels are cut at half of their range, and not numbers from 0 to 1.
    """
    with np.load(mnist) as arrays:
        images = [arrays[name] for name in ("x_train", "x_test")]
        classes = [arrays[name].astype(int) for name in ("y_train", "y_test")]
    train, test = (
        _binary(x, 255).astype(np.float32)
        if binary
        else x.reshape(len(x), -1).astype(np.float32) / 255.0
        for x in images
    )
    return train, classes[0], test, classes[1]


def _binary(images: np.ndarray, largest: int) -> np.ndarray:
    return (images.reshape(len(images), -1) >= 0.5 * largest).astype(np.uint8)
