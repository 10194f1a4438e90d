"""What is wrong with a photo is told, and nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ml.photos.care import warnings_of
from tests.ml.photos.pictures import Bytes, picture

PLAIN = picture()


def noise() -> Bytes:
    return np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)


@pytest.mark.parametrize(
    ("photo", "warning"),
    [
        (cv2.GaussianBlur(PLAIN, (0, 0), 4), "blurred"),
        ((PLAIN * 0.3).astype(np.uint8), "dark"),
        ((PLAIN * 0.3 + 178).astype(np.uint8), "bright"),
        (noise(), "cluttered"),
        (cv2.copyMakeBorder(PLAIN, 25, 25, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0)), "framed"),
        (
            cv2.copyMakeBorder(PLAIN, 0, 0, 25, 25, cv2.BORDER_CONSTANT, value=(20, 20, 90)),
            "framed",
        ),
    ],
)
def test_each_fault_is_told(photo: Bytes, warning: str) -> None:
    assert warning in warnings_of(photo, 1000, 800)


def test_a_good_photo_has_none_and_a_tiny_one_is_tiny() -> None:
    assert warnings_of(PLAIN, 1000, 800) == ()
    assert warnings_of(PLAIN, 100, 80) == ("tiny",)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 3), (2, 900)])
def test_any_shape_is_measured(shape: tuple[int, int]) -> None:
    warnings_of(np.zeros((*shape, 3), np.uint8), shape[1], shape[0])
