"""Drawn sprites: every factor changes in the pictures what it says, and nothing else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfp_vae import datasets

SIDE = 32
SPRITES = datasets.sprites()
IMAGES = SPRITES.images[..., 0].astype(np.float64)
SHAPE, SCALE, ORIENTATION, RIGHT, DOWN = SPRITES.factors.T
MASS = IMAGES.sum(axis=(1, 2))
PIXELS = np.arange(SIDE) + 0.5
"""The centres of the pixels."""


def centroids():
    across, along = IMAGES.sum(axis=1) @ PIXELS, IMAGES.sum(axis=2) @ PIXELS
    return across / MASS, along / MASS


def second_moments():
    """The variances along x and y, and the covariance, of every picture."""
    x, y = centroids()
    right, down = PIXELS - x[:, None], PIXELS - y[:, None]
    return (
        np.einsum("nij,nj->n", IMAGES, right**2) / MASS,
        np.einsum("nij,ni->n", IMAGES, down**2) / MASS,
        np.einsum("nij,ni,nj->n", IMAGES, down, right) / MASS,
    )


def test_every_combination_is_there_once_and_no_picture_twice():
    assert SPRITES.images.shape == (6144, SIDE, SIDE, 1)
    assert SPRITES.images.dtype == np.float32
    assert SPRITES.images.min() == 0.0
    assert SPRITES.images.max() == 1.0
    assert SPRITES.factor_names == ("shape", "scale", "orientation", "x", "y")
    grid = np.indices([3, 4, 8, 8, 8]).reshape(5, -1).T
    np.testing.assert_array_equal(SPRITES.factors, grid)
    assert len(np.unique(IMAGES.reshape(len(IMAGES), -1), axis=0)) == len(IMAGES)


def test_the_centroid_is_the_place_whatever_the_other_factors():
    x, y = centroids()
    # Eight places 17 eighths of a pixel apart, in the middle of the picture.
    np.testing.assert_allclose(x, 8.5 + 2.125 * RIGHT, atol=0.03)
    np.testing.assert_allclose(y, 8.5 + 2.125 * DOWN, atol=0.03)


def test_the_area_is_that_of_the_scale_whatever_the_other_factors():
    side = SIDE * (0.2 + 0.12 * SCALE / 3)
    np.testing.assert_allclose(MASS, side**2, rtol=0.035)
    np.testing.assert_allclose(MASS[SHAPE > 0], side[SHAPE > 0] ** 2, rtol=0.007)


def test_no_shape_is_cut_off():
    """A window of any place has the same pixels as that of the first, moved by whole points."""
    for places in (2, 3):
        other = datasets.sprites(values=(3, 2, 5, places, places))
        mass = other.images.sum(axis=(1, 2, 3))
        kinds = mass.reshape(-1, places**2)
        np.testing.assert_allclose(kinds, np.repeat(kinds[:, :1], places**2, axis=1), rtol=1e-6)


def test_a_square_is_a_square():
    upright = (SHAPE == 0) & (ORIENTATION == 0) & (SCALE == 3)
    for image in IMAGES[upright]:
        rows, columns = image.sum(axis=1), image.sum(axis=0)
        np.testing.assert_allclose(image, np.outer(rows, columns) / image.sum(), atol=1e-12)
        assert np.sum(rows > 0.0) in (11, 12)
    # A uniform square has the variance side² / 12 along every axis.
    first, second, both = (each[SHAPE == 0] for each in second_moments())
    variance = (SIDE * (0.2 + 0.12 * SCALE[SHAPE == 0] / 3)) ** 2 / 12 + 1 / 12
    np.testing.assert_allclose(first, variance, rtol=0.04)
    np.testing.assert_allclose(second, variance, rtol=0.04)
    np.testing.assert_allclose(both, 0.0, atol=0.03)


def test_the_orientation_is_the_angle_of_the_ellipse():
    first, second, both = (each[SHAPE == 1] for each in second_moments())
    angle = np.arctan2(2.0 * both, first - second) / 2.0
    np.testing.assert_allclose(angle, ORIENTATION[SHAPE == 1] * math.pi / 16.0, atol=0.012)
    # Twice as long as wide; the pixels add 1/12 to the variances.
    gap = np.hypot(first - second, 2.0 * both)
    ratio = (first + second - 1 / 6 + gap) / (first + second - 1 / 6 - gap)
    np.testing.assert_allclose(ratio, 4.0, rtol=0.06)


def test_the_orientation_turns_all_shapes_alike():
    """The corner of the square and the tip of the heart: the third moments about the centroid."""
    heart = (SHAPE == 2) & (SCALE == 3)
    x, y = (each[heart] for each in centroids())
    angle = ORIENTATION[heart] * math.pi / 16.0
    right, down = np.meshgrid(PIXELS, PIXELS)
    for image, *centre, turn in zip(IMAGES[heart], x, y, angle, strict=True):
        across = (right - centre[0]) * math.cos(turn) + (down - centre[1]) * math.sin(turn)
        along = (down - centre[1]) * math.cos(turn) - (right - centre[0]) * math.sin(turn)
        # Symmetric about its axis, and heavier above, where it has no tip.
        assert abs((image * across**3).sum() / image.sum()) < 0.5
        assert (image * along**3).sum() / image.sum() > 2.0
    square = (SHAPE == 0) & (SCALE == 3) & (RIGHT == 4) & (DOWN == 4)
    farthest = [np.hypot(right - 17.0, down - 17.0)[image > 0.5].max() for image in IMAGES[square]]
    assert len(set(np.round(farthest, 6))) > 1


@given(st.integers(1, 60), st.integers(0, 2**31 - 1))
def test_some_pictures_are_some_of_all(rows, seed):
    values = (3, 2, 2, 3, 2)
    whole = datasets.sprites(values=values, side=16)
    some = datasets.sprites(rows, values, 16, seed)
    again = datasets.sprites(rows, values, 16, seed)
    np.testing.assert_array_equal(some.images, again.images)
    places = np.ravel_multi_index(some.factors.T, values)
    assert len(set(places)) == rows
    np.testing.assert_array_equal(some.images, whole.images[places])


def test_another_seed_chooses_other_pictures():
    one, other = (datasets.sprites(20, seed=seed).factors for seed in (0, 1))
    assert (one != other).any()


def test_as_many_as_those_of_dsprites_need_no_more_memory_than_the_chosen():
    some = datasets.sprites(rows=5, values=(3, 10**6, 10**6, 32, 32))
    assert some.images.shape == (5, 32, 32, 1)
    assert some.factors[:, 1].max() > 1000


def test_one_value_of_every_factor_is_a_large_square_in_the_middle():
    sprites = datasets.sprites(values=(1, 1, 1, 1, 1), side=25)
    assert sprites.factors.tolist() == [[0, 0, 0, 0, 0]]
    inside = np.abs(np.arange(25) - 12.0)[:, None] <= 3.0
    assert (sprites.images[0, :, :, 0][inside & inside.T] == 1.0).all()
    assert sprites.images.sum() == pytest.approx(64.0)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"values": (4, 4, 8, 8, 8)}, ValueError, "`values` must begin with at most 3 .* got 4"),
        ({"values": (3, 4, 8, 8)}, ValueError, "`values` must hold five numbers, .* got 4"),
        ({"values": (3, 4, 8, 8, 0)}, ValueError, "`values` must be a positive int; got 0"),
        ({"values": 5}, TypeError, "`values` must be a list of positive ints"),
        ({"values": (3, 4, 8, 8, 124)}, ValueError, "at most 123 places .* of 32 pixels; got 124"),
        ({"values": (3, 2**30, 2**30, 2, 2)}, ValueError, "`values` must have a product below"),
        ({"values": (3, 10, 40, 40, 40)}, ValueError, "`rows` must be given .* got None for 1920"),
        ({"rows": 6145}, ValueError, "`rows` must be at most 6144, .* got 6145"),
        ({"rows": 0}, ValueError, "`rows` must be a positive int"),
        ({"side": 257}, ValueError, "`side` must be at most 256 pixels; got 257"),
        ({"seed": -1}, ValueError, "`seed` must be an int of at least 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, kind, words):
    with pytest.raises(kind, match=words):
        datasets.sprites(**arguments)
