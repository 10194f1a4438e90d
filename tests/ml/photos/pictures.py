"""Made-up pictures: shapes in colours, as files of many kinds."""

from __future__ import annotations

import io

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]


def picture(seed: int = 1, width: int = 320, height: int = 240) -> Bytes:
    """Rings and bars on a light ground: (height, width, 3), RGB."""
    rng = np.random.default_rng(seed)
    photo = np.full((height, width, 3), 225, np.uint8)
    for _ in range(14):
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        x, y = (
            int(rng.integers(width // 5, width * 4 // 5)),
            int(rng.integers(height // 5, height * 4 // 5)),
        )
        if rng.random() < 0.5:
            cv2.circle(photo, (x, y), int(rng.integers(6, 40)), colour, int(rng.integers(1, 9)))
        else:
            far = int(rng.integers(0, width)), int(rng.integers(0, height))
            cv2.line(photo, (x, y), far, colour, int(rng.integers(1, 7)))
    return photo


def coded(photo: Bytes, kind: str = "JPEG", **options: object) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()
