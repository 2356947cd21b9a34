"""Drawn pictures with known independent factors: shape, scale, orientation and place."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfp_vae import checks

_FACTORS = ("shape", "scale", "orientation", "x", "y")
_SHAPES = 3
_POINTS = 8
"""Points of a pixel along each of its sides, of which its grey value is the share inside."""

_SMALLEST, _LARGEST = 0.2, 0.32
"""The side of the square, as a share of the picture's; all shapes have its area."""

_ROOM = 0.48
"""The share of the picture's side over which centres lie, so that every shape stays inside."""

_LARGEST_SIDE = 256
_MOST_PICTURES = 1_000_000


class Sprites(NamedTuple):
    """Pictures of a white shape on black, and their factors.

    Attributes:
      images: Grey values in [0, 1], `[N, side, side, 1]` of float32.
      factors: Whole numbers from 0, `[N, 5]` of int: the shape (square, ellipse, heart), the scale
        (growing), the orientation (clockwise), x (to the right) and y (downwards).
      factor_names: The names of the columns of `factors`.

    Example:
      >>> sprites = datasets.sprites(rows=100)
      >>> sprites.images.shape, sprites.factors.shape, sprites.factor_names[0]
      ((100, 32, 32, 1), (100, 5), 'shape')
    """

    images: np.ndarray
    factors: np.ndarray
    factor_names: tuple[str, ...] = _FACTORS


def sprites(
    rows: int | None = None,
    values: Sequence[int] = (3, 4, 8, 8, 8),
    side: int = 32,
    seed: int = 0,
) -> Sprites:
    """Draws pictures in the manner of dSprites (Matthey et al. 2017), whose factors are known.

    Every combination of the factors is one picture, so that they are independent over all of them.
    Shapes of one scale have the same area, and their centroid is their place. Orientations are
    spread over a quarter turn, after which a square is itself again: those of dSprites are spread
    over a full turn, where a square looks the same at four of them.

    Pixels at the edge are grey; `images > 0.5` are binary.

    Args:
      rows: The number of pictures, a random choice of different ones; None for all.
      values: The number of values of each factor: shapes, of which there are three, scales,
        orientations, and places along x and y.
      side: The number of pixels of a side, at most 256.
      seed: The seed of the choice.

    Returns:
      The pictures and their factors, by default all 6,144; without `rows` in the order of the
      factors, of which the last changes fastest.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `values` are not five positive ints, there are more shapes than three or more
        places than the picture has room for, `rows` is more than there are, or there are more than
        a million and `rows` is None.

    Example:
      >>> images, factors, _ = datasets.sprites(values=(3, 1, 1, 2, 2), side=16)
      >>> images.shape, factors[0], factors[-1]
      ((12, 16, 16, 1), array([0, 0, 0, 0, 0]), array([2, 0, 0, 1, 1]))
    """
    counts = checks.positive_ints(values, "values")
    side = checks.positive_int(side, "side")
    seed = checks.whole_number(seed, "seed")
    _check_counts(counts, side)
    total = math.prod(counts)
    if rows is None:
        if total > _MOST_PICTURES:
            raise ValueError(
                f"`rows` must be given where `values` make more than {_MOST_PICTURES} pictures; "
                f"got None for {total}."
            )
        chosen = np.arange(total)
    else:
        rows = checks.positive_int(rows, "rows")
        if rows > total:
            raise ValueError(
                f"`rows` must be at most {total}, the number of combinations of `values`; got "
                f"{rows}."
            )
        chosen = np.random.default_rng(seed).choice(total, rows, replace=False)
    factors = np.stack(np.unravel_index(chosen, counts), axis=1)
    return Sprites(_drawn(factors, counts, side), factors)


def _check_counts(counts: tuple[int, ...], side: int) -> None:
    if side > _LARGEST_SIDE:
        raise ValueError(f"`side` must be at most {_LARGEST_SIDE} pixels; got {side}.")
    if len(counts) != len(_FACTORS):
        raise ValueError(
            f"`values` must hold five numbers, those of {', '.join(_FACTORS)}; got {len(counts)}."
        )
    if counts[0] > _SHAPES:
        raise ValueError(f"`values` must begin with at most {_SHAPES} shapes; got {counts[0]}.")
    most = int(_ROOM * side * _POINTS) + 1
    if max(counts[3:]) > most:
        raise ValueError(
            f"`values` must end with at most {most} places along x and y, for pictures of {side} "
            f"pixels; got {max(counts[3:])}."
        )
    if math.prod(counts) > np.iinfo(np.int64).max:
        raise ValueError(f"`values` must have a product below 2^63; got {math.prod(counts)}.")


def _drawn(factors: np.ndarray, counts: tuple[int, ...], side: int) -> np.ndarray:
    """Returns the pictures, `[N, side, side, 1]`.

    Every shape, scale and orientation is drawn once, in points, in the middle of a canvas of twice
    the side, of which each picture is a window.
    """
    points = side * _POINTS
    along = np.arange(-points, points) + 0.5
    images = np.empty([len(factors), side, side, 1], np.float32)
    drawn, kinds = np.unique(factors[:, :3], axis=0, return_inverse=True)
    for kind, (shape, scale, orientation) in enumerate(drawn):
        angle = math.pi / 2.0 * orientation / counts[2]
        cosine, sine = math.cos(angle), math.sin(angle)
        right = along[None, :] / (points * _size(scale, counts[1]))
        down = along[:, None] / (points * _size(scale, counts[1]))
        inside = _INSIDE[shape](cosine * right + sine * down, cosine * down - sine * right)
        # The number of points above and to the left, so that four of them count a pixel's.
        before = np.pad(inside.cumsum(axis=0).cumsum(axis=1), [[1, 0], [1, 0]])
        for row in np.flatnonzero(kinds.ravel() == kind):
            left, top = (
                points - _centre(factors[row, place], counts[place], points) for place in (3, 4)
            )
            corners = before[top : top + points + 1 : _POINTS, left : left + points + 1 : _POINTS]
            images[row, :, :, 0] = np.diff(np.diff(corners, axis=0), axis=1) / _POINTS**2
    return images


def _size(scale: int, scales: int) -> float:
    """Returns the side of the square, as a share of the picture's; one scale is the largest."""
    share = int(scale) / (scales - 1) if scales > 1 else 1.0
    return _SMALLEST + (_LARGEST - _SMALLEST) * share


def _centre(place: int, places: int, points: int) -> int:
    """Returns the centre of a place, in points from the edge; the places are equally far apart."""
    step = int(_ROOM * points) // max(places - 1, 1)
    return (points - step * (places - 1)) // 2 + step * int(place)


def _in_square(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    inside: np.ndarray = np.maximum(np.abs(right), np.abs(down)) <= 0.5
    return inside


def _in_ellipse(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """An ellipse twice as wide as high."""
    inside: np.ndarray = (right / 2.0) ** 2 + down**2 <= 1.0 / (2.0 * math.pi)
    return inside


def _in_heart(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """A square on its tip, with half discs on its upper sides: of half the side a, (4 + pi) a²."""
    half = 1.0 / math.sqrt(4.0 + math.pi)
    # The centroid along either upper side's normal, from the centre of the square.
    centroid = half * (math.pi / 2.0 + 2.0 / 3.0) / (4.0 + math.pi)
    one = (right - down) / math.sqrt(2.0) + centroid
    other = (-right - down) / math.sqrt(2.0) + centroid
    inside: np.ndarray = (
        (np.maximum(np.abs(one), np.abs(other)) <= half)
        | ((one - half) ** 2 + other**2 <= half**2)
        | (one**2 + (other - half) ** 2 <= half**2)
    )
    return inside


_INSIDE = (_in_square, _in_ellipse, _in_heart)
