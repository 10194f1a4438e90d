"""What is wrong with a photo for a shop: blurred, dark, too bright, tiny, cluttered, framed.

Thresholds were set on photos of the training collections, as they are and made worse on purpose; see `docs/quality.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
BLURRED, DARK, BRIGHT, TINY, CLUTTERED, FRAMED = (
    "blurred", "dark", "bright", "tiny", "cluttered", "framed",
)  # fmt: skip
WARNINGS = (BLURRED, DARK, BRIGHT, TINY, CLUTTERED, FRAMED)
SIDE = 256
"""Photos are measured with their longer side so long, so that the measures mean the same for every file."""
FEWEST_PIXELS = 120


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured of a photo.

    `sharpness` is the spread of the Laplacian (Pech-Pacheco et al. 2000) in the sharpest of nine fields; `dark` and
    `light` the grey (0..255) that one in twenty pixels is above or below; `edges` the part of the outer ring that is
    edges; `frame` the part of the height or width that straight bars on both sides take.
    """

    sharpness: float
    dark: float
    light: float
    edges: float
    frame: float


BLUR_BELOW, DARK_BELOW, LIGHT_ABOVE, EDGES_ABOVE, FRAME_ABOVE = 12.0, 110.0, 150.0, 0.27, 0.03


def warnings_of(photo: Bytes, width: int, height: int) -> tuple[str, ...]:
    """Keys of `WARNINGS` for a photo (H, W, 3) whose file is `width` by `height` pixels."""
    found = measured(photo)
    flags = {
        BLURRED: found.sharpness < BLUR_BELOW,
        DARK: found.dark < DARK_BELOW,
        BRIGHT: found.light > LIGHT_ABOVE,
        TINY: min(width, height) < FEWEST_PIXELS,
        CLUTTERED: found.edges > EDGES_ABOVE,
        FRAMED: found.frame > FRAME_ABOVE,
    }
    return tuple(name for name, flag in flags.items() if flag)


def measured(photo: Bytes) -> Measures:
    """The measures of a photo (H, W, 3), RGB."""
    scale = SIDE / max(photo.shape[:2])
    if scale < 1:
        photo = np.asarray(
            cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        )
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
    waves = cv2.Laplacian(grey, cv2.CV_32F)
    fields = [part for rows in np.array_split(waves, 3) for part in np.array_split(rows, 3, axis=1)]
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel().cumsum() / grey.size
    return Measures(
        sharpness=max(float(part.std()) for part in fields if part.size),
        dark=float(np.searchsorted(counts, 0.95)),
        light=float(np.searchsorted(counts, 0.05)),
        edges=_edges_around(grey),
        frame=max(_bars(grey), _bars(np.ascontiguousarray(grey.T))),
    )


def _edges_around(grey: Bytes) -> float:
    """The part of the outer fifth on every side that is edges."""
    edges = cv2.Canny(grey, 80, 160) > 0
    high, wide = (max(length // 5, 1) for length in grey.shape)
    ring = np.ones(grey.shape, bool)
    ring[high:-high, wide:-wide] = False
    return float(edges[ring].mean())


def _bars(grey: Bytes) -> float:
    """The part of the height that bars of one grey take, at the top and at the bottom; 0 where one is missing."""
    top, bottom = _bar(grey), _bar(grey[::-1])
    return (top + bottom) / len(grey) if top and bottom else 0.0


def _bar(grey: Bytes) -> int:
    """How many rows from the top are of one grey, where the picture behind them begins along a straight line."""
    lines = grey[: len(grey) // 3].astype(np.float32)
    if len(lines) < 5:
        return 0
    plain = (lines.max(axis=1) - lines.min(axis=1) < 12) & (
        np.abs(lines.mean(axis=1) - lines[0].mean()) < 6
    )
    count = int(np.argmin(plain)) if not plain.all() else 0
    if count < 2 or count + 2 >= len(lines):
        return 0
    behind = np.abs(lines[count + 1] - lines[count - 1])
    return count if float((behind > 12).mean()) > 0.6 else 0
