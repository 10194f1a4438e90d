"""What matters in a photo is found where it is."""

from __future__ import annotations

import numpy as np

from ml.photos.occlusion import Bytes, Floats, occlusion


def red(views: Bytes) -> Floats:
    """How much of each view is red."""
    return np.asarray((views[..., 0] > 200).mean(axis=(1, 2)), np.float32)


def test_the_part_that_speaks_for_a_category_is_bright() -> None:
    photo = np.full((64, 64, 3), 90, np.uint8)
    photo[40:56, 8:24, 0] = 255
    light = occlusion(photo, red)
    assert light.shape == (64, 64)
    assert (light.min(), light.max()) == (0.0, 1.0)
    assert light[48, 16] > 0.8
    assert light[:24].max() < 0.1


def test_where_nothing_matters_all_is_dark() -> None:
    photo = np.full((64, 64, 3), 90, np.uint8)
    assert not occlusion(photo, red).any()
