"""What in a photo speaks for its category: the parts without which it becomes less likely.

Zeiler, Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
FIELDS = 8
"""So many fields across and down are greyed one after the other, each with half of its neighbours."""


def occlusion(photo: Bytes, probability: Callable[[Bytes], Floats]) -> Floats:
    """How much each part of a photo (S, S, 3) matters, (S, S), 0 to 1; all noughts where no part does.

    `probability` gives that of the category for photos (N, S, S, 3): (N,).
    """
    size = len(photo)
    step = size / FIELDS
    grey = photo.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    views = np.repeat(photo[None], FIELDS * FIELDS + 1, axis=0)
    for place, view in enumerate(views[1:]):
        row, column = divmod(place, FIELDS)
        top, left = (max(round((at - 0.5) * step), 0) for at in (row, column))
        bottom, right = (round((at + 1.5) * step) for at in (row, column))
        view[top:bottom, left:right] = grey
    found = probability(views)
    lost = np.maximum(found[0] - found[1:], 0).reshape(FIELDS, FIELDS).astype(np.float32)
    fine = np.clip(cv2.resize(lost, (size, size), interpolation=cv2.INTER_CUBIC), 0, None)
    return np.asarray(fine / max(float(fine.max()), 1e-6), np.float32)
