"""The weights of a saved model: checks of the HDF5 file and of the model that takes them."""

import contextlib
import io
from collections.abc import Iterator

import h5py
import numpy as np
import tensorflow as tf

_SLACK_BYTES = 2**24


def read_weights(content: bytes) -> dict[str, np.ndarray]:
    """Reads every array of a weights file as Keras writes it.

    Args:
      content: The HDF5 file.

    Returns:
      The arrays by path; bfloat16 as raw bytes.

    Raises:
      OSError: If it is no HDF5 file.
      ValueError: If it has an external link, an object in two places, an array of anything but
        numbers, or one that is compressed or stored in another file.
    """
    with h5py.File(io.BytesIO(content), "r") as file:
        weights: dict[str, np.ndarray] = {}
        seen: set[int] = set()
        room = len(content)
        for path, dataset in _datasets(file, "", seen):
            _check_array(path, dataset)
            room -= dataset.nbytes
            if room < 0:
                raise ValueError("its arrays declare more bytes than the file of weights has")
            weights[path] = dataset[()]
    return weights


def _datasets(group: h5py.Group, path: str, seen: set[int]) -> Iterator[tuple[str, h5py.Dataset]]:
    address = h5py.h5o.get_info(group.id).addr
    if address in seen:
        raise ValueError(f"its weights have {path!r} in two places")
    seen.add(address)
    if isinstance(group, h5py.Dataset):
        yield path, group
        return
    for name in group:
        inner = f"{path}/{name}"
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"its weights have a link at {inner!r}, which Keras does not write")
        yield from _datasets(group[name], inner, seen)


def _check_array(path: str, dataset: h5py.Dataset) -> None:
    is_bfloat16 = dataset.dtype.kind == "V" and dataset.attrs.get("dtype") == "bfloat16"
    if dataset.dtype.kind not in "biuf" and not is_bfloat16:
        raise ValueError(f"its weights at {path!r} must be numbers; got {dataset.dtype}")
    elsewhere = dataset.external is not None or dataset.is_virtual
    if (
        dataset.shape is None
        or elsewhere
        or dataset.chunks is not None
        or dataset.id.get_storage_size() != dataset.nbytes
    ):
        raise ValueError(f"its weights at {path!r} are not stored as Keras stores them")


def check_same(saved: dict[str, np.ndarray], loaded: dict[str, np.ndarray]) -> None:
    """Checks that a model has exactly the weights of its file.

    Raises:
      ValueError: If not, naming the first that differs.
    """
    for path in sorted(saved.keys() | loaded.keys()):
        if path not in saved:
            raise ValueError(f"the file lacks the weights at {path!r}")
        if path not in loaded:
            raise ValueError(f"the model has no place for the weights at {path!r}")
        one, other = saved[path], loaded[path]
        if one.shape != other.shape or one.dtype != other.dtype:
            raise ValueError(
                f"the weights at {path!r} must be {other.dtype} of shape {list(other.shape)}; got "
                f"{one.dtype} of shape {list(one.shape)}"
            )
        if one.tobytes() != other.tobytes():
            raise ValueError(f"the model did not take the weights at {path!r}")


@contextlib.contextmanager
def room_for(weights: dict[str, np.ndarray]) -> Iterator[None]:
    """Limits the memory of variables created inside the block to about that of `weights`.

    A configuration of a few bytes can request any number of weights; they are refused before their
    memory is allocated.

    Raises:
      ValueError: If a variable exceeds the limit.
    """
    most = _SLACK_BYTES + 4 * sum(values.nbytes for values in weights.values())
    taken = 0

    def within_the_room(next_creator, **options):  # type: ignore[no-untyped-def]
        nonlocal taken
        value = options["initial_value"]
        if callable(value):
            # Tracing gives the shape of a value without computing it.
            described = tf.function(value, autograph=False).get_concrete_function()
            value = described.structured_outputs
        value = tf.convert_to_tensor(value)
        taken += value.dtype.size * (value.shape.num_elements() or 0)
        if taken > most:
            raise ValueError("its configuration asks for more weights than the file holds")
        return next_creator(**options)

    with tf.variable_creator_scope(within_the_room):
        yield
