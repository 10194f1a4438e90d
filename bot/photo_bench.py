"""`shopclerk bench photos`: photos a second from JPEG files to categories, the bare network beside it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil

from bot.skills.photos.classify import BATCH, classify, with_duplicates
from bot.skills.photos.decoding import Lookers
from bot.skills.photos.sources import given
from ml.photos.classifier import PhotoClassifier, shipped

_SIDES = (256, 192)
_DIFFERENT = 64


def bench_photos(photos: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Time both on made-up photos (blurred noise, long side 256), which cost what real ones cost."""
    classifier = PhotoClassifier.load(shipped())
    size = classifier.settings.size
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number:05}.jpg" for number in range(photos)]
        _written(files)
        with Lookers(size) as lookers:
            for _ in classify(given(files[:BATCH]), classifier, lookers):
                pass  # the processes are started, the network is warm
            tell(f"classifying {photos} photos")
            before = _memory()
            began = time.perf_counter()
            seen = sum(1 for _ in with_duplicates(classify(given(files), classifier, lookers)))
            whole = time.perf_counter() - began
            more = _memory() - before
    pixels = np.random.default_rng(7).integers(0, 256, (BATCH, size, size, 3), np.uint8)
    began = time.perf_counter()
    for _ in range(max(photos // BATCH, 1)):
        classifier.see(pixels)
    bare = (time.perf_counter() - began) / (max(photos // BATCH, 1) * BATCH)
    return {
        "photos": seen,
        "photos_per_second": round(seen / whole, 1),
        "network_alone_per_second": round(1 / bare, 1),
        "more_memory_mb": round(more / 2**20, 1),
    }


def _memory() -> int:
    """Bytes of this process and of those that look at the photos."""
    here = psutil.Process()
    return sum(one.memory_info().rss for one in (here, *here.children(recursive=True)))


def _written(files: list[Path]) -> None:
    """Pictures that differ: smooth noise, as hard to decode as a photo."""
    rng = np.random.default_rng(7)
    coded = []
    for _ in range(min(_DIFFERENT, len(files))):
        small = rng.integers(0, 256, (_SIDES[1] // 4, _SIDES[0] // 4, 3), np.uint8)
        photo = cv2.resize(small, _SIDES, interpolation=cv2.INTER_CUBIC)
        coded.append(cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())
    for number, file in enumerate(files):
        file.write_bytes(coded[number % len(coded)])
