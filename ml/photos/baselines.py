"""What the network has to beat: histograms of oriented gradients and a linear support vector machine."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from ml.photos.look import squared

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_SIDE, _CELL, _BINS = 64, 8, 8


def hog(photo: Bytes) -> Floats:
    """Gradients (Dalal, Triggs 2005; 9 directions in cells of 8) at 64 pixels, and colours: (1764 + 512,)."""
    small = squared(photo, _SIDE)
    side, cell, step = (_SIDE, _SIDE), (_CELL, _CELL), (_CELL, _CELL)
    gradients = cv2.HOGDescriptor(side, (2 * _CELL, 2 * _CELL), step, cell, 9).compute(small)
    bins = [_BINS] * 3
    colours = (
        cv2.calcHist([small], [0, 1, 2], None, bins, [0, 256] * 3).ravel() / small[..., 0].size
    )
    return np.concatenate([np.ravel(gradients), np.sqrt(colours)]).astype(np.float32)


def hogs(photos: Bytes) -> Floats:
    """Of many photos (N, H, W, 3)."""
    return np.stack([hog(photo) for photo in photos])


def support_vectors(seed: int) -> Pipeline:
    """A linear SVM over standardised features."""
    return make_pipeline(StandardScaler(), LinearSVC(C=0.001, random_state=seed, dual=True))
