"""A few photos and a name make a category that is known at once, beside the shipped ones."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from bot.skills.photos import teaching
from bot.skills.photos.classify import classify
from bot.skills.photos.decoding import Lookers
from bot.skills.photos.teaching import learn, of_shop, shots_of
from bot.store.engine import Store
from bot.store.taught import TooMany, taught
from ml.photos.classifier import PhotoClassifier
from tests.bot.test_cli import refused, shopclerk
from tests.ml.photos.pictures import Bytes, coded, picture


def teapot(seed: int) -> Bytes:
    """A red disc with a handle, somewhere on a light ground: nothing that a photo network was shown."""
    rng = np.random.default_rng(seed)
    photo = np.full((200, 200, 3), int(rng.integers(200, 250)), np.uint8)
    x, y = (int(place) for place in rng.integers(80, 120, 2))
    cv2.circle(photo, (x, y), int(rng.integers(45, 60)), (200, 30, 40), -1)
    cv2.circle(photo, (x + 55, y), 22, (200, 30, 40), 8)
    return photo


def test_more_photos_than_a_category_may_have_are_not_left_out_silently(
    lookers: Lookers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "MOST_PHOTOS", 2)
    files = [(f"{n}.jpg", coded(teapot(n))) for n in range(3)]
    assert len(shots_of(files[:2], lookers).photos) == 2
    with pytest.raises(TooMany):
        shots_of(files, lookers)


def test_a_taught_category_is_known_from_the_next_photo_on(
    store: Store, classifier: PhotoClassifier, lookers: Lookers
) -> None:
    files = [(f"{n}.jpg", coded(teapot(n))) for n in range(6)]
    shots = shots_of([*files, ("x.jpg", b"none")], lookers)
    with store.write() as session:
        lesson = learn(session, "demo", "tea pots", shots)
        assert (lesson.photos, lesson.ready) == (6, True)
        assert lesson.refused == (("x.jpg", "unreadable"),)
    with store.read() as session:
        own, others = of_shop(session, "demo", classifier), of_shop(session, "other", classifier)
    assert others is classifier
    asked = [("new.jpg", coded(teapot(50))), *((f"p{n}", coded(picture(n))) for n in range(5))]
    found = {one.name: one.top[0].category.name for one in classify(asked, own, lookers)}
    assert found.pop("new.jpg") == "tea pots"
    assert "tea pots" not in found.values()
    shares = own.see(np.stack([look.pixels for _, look in lookers.looks(asked)]))  # type: ignore[union-attr]
    np.testing.assert_allclose(shares.probabilities.sum(axis=1), 1, atol=1e-4)


def test_fewer_photos_than_it_takes_are_kept_but_not_used_yet(
    store: Store, classifier: PhotoClassifier, lookers: Lookers
) -> None:
    with store.write() as session:
        lesson = learn(session, "demo", "pots", shots_of([("a", coded(teapot(1)))], lookers))
        assert not lesson.ready
        assert of_shop(session, "demo", classifier) is classifier
        assert len(taught(session, "demo")) == 1


def test_the_command_teaches_renames_and_forgets(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.jpg").write_bytes(coded(teapot(n)))
    home = tmp_path / "home"
    done = json.loads(shopclerk("teach", "茶壶", str(tmp_path), "--json", home=home).stdout)
    assert (done["category"], done["photos"], done["ready"]) == ("茶壶", 5, True)
    photo = tmp_path / "new.jpg"
    photo.write_bytes(coded(teapot(77)))
    row = json.loads(shopclerk("classify", "--json", str(photo), home=home).stdout)
    assert (row["top"][0]["category"], row["top"][0]["taxonomy_id"]) == ("茶壶", "")
    assert shopclerk("teach", "茶壶", "--rename", "teapots", home=home).returncode == 0
    assert shopclerk("teach", "teapots", "--forget", home=home).returncode == 0
    gone = shopclerk("teach", "teapots", "--forget", home=home)
    assert (gone.returncode, b"taught are: none" in gone.stderr) == (2, True)
    assert "photos to teach from" in refused("teach", "x")
    assert "needs a name" in refused("teach", "x", "--rename", " \t")
