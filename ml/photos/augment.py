"""Photos made anew while a network learns from them: other crops, colours, lost parts, two in one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_RATIO = np.log(4 / 3)


@dataclass(frozen=True, slots=True)
class Views:
    """How far views go from their photo: the smallest part of its area that they show, how strongly light and colours
    change (1 is strong), and the part of them that loses a field."""

    least: float = 0.35
    strength: float = 1.0
    erased: float = 0.25


def augmented(photo: Bytes, size: int, views: Views, rng: np.random.Generator) -> Bytes:
    """A (size, size, 3) view of a photo (H, W, 3)."""
    cropped = _cropped(photo, size, views.least, rng)
    return _erased(_coloured(cropped, views.strength, rng), views.erased, rng)


def _cropped(photo: Bytes, size: int, least: float, rng: np.random.Generator) -> Bytes:
    """A part of another shape (Szegedy et al. 2015), turned over and a few degrees, in one resampling."""
    height, width = photo.shape[:2]
    area, ratio = rng.uniform(least, 1), np.exp(rng.uniform(-_RATIO, _RATIO))
    wide, high = min(1.0, np.sqrt(area * ratio)), min(1.0, np.sqrt(area / ratio))
    centre = [
        rng.uniform(wide / 2, 1 - wide / 2) * width,
        rng.uniform(high / 2, 1 - high / 2) * height,
    ]
    angle = np.deg2rad(rng.normal(0, 8)) if rng.random() < 0.5 else 0.0
    across = wide * width / size * (1 if rng.random() < 0.5 else -1)
    down = high * height / size
    matrix = np.array(
        [
            [np.cos(angle) * across, -np.sin(angle) * down],
            [np.sin(angle) * across, np.cos(angle) * down],
        ]
    )
    shift = np.array(centre) - matrix @ np.array([size / 2, size / 2])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    made = np.column_stack([matrix, shift])
    turned = cv2.warpAffine(
        photo, made, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(turned, np.uint8)


def _coloured(photo: Bytes, strength: float, rng: np.random.Generator) -> Bytes:
    """Two of six changes of light and colour, as strong as chance has it (after Cubuk et al. 2020, RandAugment)."""
    if rng.random() < 0.2:
        return photo
    flow = photo.astype(np.float32)
    for change in rng.choice(6, 2, replace=False):
        flow = _changed(flow, int(change), strength, rng)
    return np.clip(flow, 0, 255).astype(np.uint8)


def _changed(flow: Floats, change: int, strength: float, rng: np.random.Generator) -> Floats:
    far = strength * rng.uniform(-1, 1)
    made: npt.ArrayLike = flow
    if change == 0:  # brightness
        made = flow * (1 + 0.4 * far)
    elif change == 1:  # contrast
        mean = flow.mean()
        made = (flow - mean) * (1 + 0.4 * far) + mean
    elif change == 2:  # saturation
        grey = (flow @ _GREY)[..., None]
        made = grey + (flow - grey) * (1 + 0.8 * far)
    elif change == 3:  # colour of the light
        made = flow * (1 + 0.15 * strength * rng.uniform(-1, 1, 3))
    elif change == 4:  # gamma
        made = 255 * (np.clip(flow, 0, 255) / 255) ** np.exp(0.5 * far)
    elif rng.random() < 0.5:
        made = cv2.GaussianBlur(flow, (0, 0), 0.3 + 0.9 * strength * rng.random())
    return np.asarray(made, np.float32)


def _erased(photo: Bytes, part: float, rng: np.random.Generator) -> Bytes:
    """Random erasing (Zhong et al. 2020) in a part of the views."""
    if rng.random() >= part:
        return photo
    height, width = photo.shape[:2]
    area, ratio = rng.uniform(0.03, 0.2) * height * width, np.exp(rng.uniform(-1, 1))
    high, wide = (
        int(min(height - 1, np.sqrt(area * ratio))),
        int(min(width - 1, np.sqrt(area / ratio))),
    )
    top, left = int(rng.integers(0, height - high)), int(rng.integers(0, width - wide))
    lost = photo.copy()
    lost[top : top + high, left : left + wide] = rng.integers(0, 256, 3)
    return lost


def mixed(photos: Floats, labels: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A batch (B, S, S, 3) in pairs, with labels (B, L) in the same shares.

    Half of the times they are laid over each other (MixUp, Zhang et al. 2018), else a part of one is put into the other
    (CutMix, Yun et al. 2019).
    """
    other = rng.permutation(len(photos))
    if rng.random() < 0.5:
        share = rng.beta(0.3, 0.3)
        photos = share * photos + (1 - share) * photos[other]
    else:
        size = photos.shape[1]
        side = int(size * np.sqrt(1 - rng.beta(1, 1)))
        top, left = (int(place) for place in rng.integers(0, size - side + 1, 2))
        part = np.s_[:, top : top + side, left : left + side]
        photos = photos.copy()
        photos[part] = photos[other][part]
        share = 1 - side * side / size**2
    mixed_labels = share * labels + (1 - share) * labels[other]
    return np.asarray(photos, np.float32), np.asarray(mixed_labels, np.float32)
