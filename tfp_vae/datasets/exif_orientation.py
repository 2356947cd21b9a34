"""Turns photographs upright, as their cameras say in the EXIF data of a JPEG file."""

import struct

import numpy as np

_START, _SCAN, _EXIF_SEGMENT = b"\xff\xd8", 0xDA, 0xE1
_EXIF = b"Exif\0\0"
_ORIENTATION_TAG = 0x0112
_ENTRY_BYTES = 12
_BYTE_ORDERS = {b"II": "<", b"MM": ">"}


def orientation(content: bytes) -> int:
    """Returns the EXIF orientation of an image, 1 to 8; 1, upright, if it has none.

    Source: CIPA DC-008 (Exif 2.32), section 4.6.4, tag 0x0112.

    Args:
      content: The content of a file.
    """
    if not content.startswith(_START):
        return 1
    try:
        found = _in_segments(content)
    except (struct.error, IndexError):
        # The EXIF data ends too early.
        return 1
    return found if found in range(1, 9) else 1


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Returns the pixels of an image as they are looked at.

    Args:
      pixels: The pixels as stored, `[H, W, channels]`.
      orientation: The EXIF orientation, 1 to 8; 5 to 8 exchange height and width.
    """
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _in_segments(content: bytes) -> int:
    """Returns the orientation in the first EXIF segment of a JPEG file; 1 without one."""
    at = len(_START)
    while content[at] == 0xFF and content[at + 1] != _SCAN:
        (size,) = struct.unpack_from(">H", content, at + 2)
        segment = content[at + 4 : at + 2 + size]
        if content[at + 1] == _EXIF_SEGMENT and segment.startswith(_EXIF):
            return _in_directory(segment[len(_EXIF) :])
        at += 2 + size
    return 1


def _in_directory(tiff: bytes) -> int:
    """Returns the orientation in the first directory of TIFF data; 1 without one."""
    order = _BYTE_ORDERS.get(tiff[:2])
    if order is None:
        return 1
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    (entries,) = struct.unpack_from(f"{order}H", tiff, first)
    for number in range(entries):
        tag, _, _, value = struct.unpack_from(
            f"{order}HHIH", tiff, first + 2 + _ENTRY_BYTES * number
        )
        if tag == _ORIENTATION_TAG:
            return int(value)
    return 1
