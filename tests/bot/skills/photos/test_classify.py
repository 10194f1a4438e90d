"""From files to categories: order, duplicates, refusals, and the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from bot.skills.photos.classify import Classified, Fingerprint, Guess, classify, with_duplicates
from bot.skills.photos.decoding import Lookers, Refused
from ml.photos.categories import Category
from ml.photos.classifier import PhotoClassifier
from tests.bot.test_cli import refused, shopclerk
from tests.ml.photos.pictures import coded, picture


def classified(
    files: list[tuple[str, bytes | Refused]], classifier: PhotoClassifier, lookers: Lookers
) -> dict[str, Classified]:
    return {one.name: one for one in with_duplicates(classify(files, classifier, lookers))}


def test_every_photo_gets_three_categories_in_order(
    classifier: PhotoClassifier, lookers: Lookers
) -> None:
    files: list[tuple[str, bytes | Refused]] = [(f"{n}.jpg", coded(picture(n))) for n in range(40)]
    found = classified(files, classifier, lookers)
    assert list(found) == [name for name, _ in files]
    for photo in found.values():
        sure = [guess.confidence for guess in photo.top]
        assert len(sure) == 3
        assert sure == sorted(sure, reverse=True)
        assert 0 < sum(sure) <= 1.0001


def test_the_same_photo_is_found_again_in_another_size_and_format(
    classifier: PhotoClassifier, lookers: Lookers
) -> None:
    smaller = np.asarray(Image.fromarray(picture(1)).resize((200, 150)))
    found = classified(
        [
            ("a.jpg", coded(picture(1))),
            ("b.jpg", coded(picture(2))),
            ("c.png", coded(smaller, "PNG")),
            ("d.jpg", coded(picture(1), quality=35)),
        ],
        classifier,
        lookers,
    )
    assert {name: photo.duplicate_of for name, photo in found.items()} == {
        "a.jpg": None,
        "b.jpg": None,
        "c.png": "a.jpg",
        "d.jpg": "a.jpg",
    }


def test_the_same_thing_in_other_colours_is_not_the_same_photo(
    classifier: PhotoClassifier, lookers: Lookers
) -> None:
    """The hash is of the grey picture; a mug may come in five colours."""
    files: list[tuple[str, bytes | Refused]] = []
    for colour in ((200, 30, 30), (30, 30, 200), (30, 140, 30), (20, 20, 20)):
        mug = np.full((160, 160, 3), 245, np.uint8)
        mug[40:120, 40:120] = colour
        files.append((str(colour), coded(mug)))
    found = classified(files, classifier, lookers)
    assert {one.duplicate_of for one in found.values()} == {None}


def test_refused_files_keep_their_place_and_reason(
    classifier: PhotoClassifier, lookers: Lookers
) -> None:
    files: list[tuple[str, bytes | Refused]] = [
        ("a.jpg", b"none"),
        ("b.jpg", coded(picture(1))),
        ("c.jpg", Refused("link")),
    ]
    found = classified(files, classifier, lookers)
    assert [photo.refused for photo in found.values()] == ["unreadable", "", "link"]
    assert not found["a.jpg"].top


def test_many_photos_are_compared_with_all_before() -> None:
    rng = np.random.default_rng(1)
    unlike = np.eye(4, dtype=np.float32)
    grey = np.full(48, 128, np.uint8)
    hashes = [int(h) for h in rng.integers(0, 2**63, 700)]
    photos = [
        Classified(str(n), fingerprint=Fingerprint(hash_, unlike[n % 4], grey))
        for n, hash_ in enumerate(hashes)
    ]
    again = Classified("again", fingerprint=Fingerprint(hashes[600] ^ 0b101, unlike[0], grey))
    found = {one.name: one.duplicate_of for one in with_duplicates([*photos, again])}
    assert found.pop("again") == "600"
    assert set(found.values()) == {None}


def test_photos_that_another_model_saw_are_told_by_their_hash() -> None:
    grey = np.full(48, 128, np.uint8)
    none, new = np.zeros(0, np.float32), np.eye(4, dtype=np.float32)
    photos = [
        Classified(name, fingerprint=Fingerprint(hash_, embedding, grey))
        for name, hash_, embedding in (
            ("old", 0, none),
            ("same", 1, new[0]),
            ("other", 2**40 - 1, new[1]),
            ("old again", 2**40 - 1, none),
        )
    ]
    before = [("kept", Fingerprint(2**63 - 1, none, grey))]
    found = [one.duplicate_of for one in with_duplicates(photos, before)]
    assert found == [None, "old", None, "other"]


def test_what_a_job_keeps_of_a_photo_is_the_photo() -> None:
    guess = Guess(Category("tea", "aa-1", "Tea", "茶", ()), 0.75)
    mark = Fingerprint(2**64 - 1, np.array([0.5, -0.25], np.float32), np.arange(48, dtype=np.uint8))
    photo = Classified("a.jpg", (guess,), False, ("tiny",), fingerprint=mark)
    again = Classified.from_json(json.loads(json.dumps(photo.to_json())))
    assert (again.name, again.top, again.review, again.warnings) == (
        "a.jpg",
        (guess,),
        False,
        ("tiny",),
    )
    assert again.fingerprint
    assert again.fingerprint.hash == mark.hash
    np.testing.assert_array_equal(again.fingerprint.embedding, mark.embedding)
    np.testing.assert_array_equal(again.fingerprint.colours, mark.colours)
    refused_ = Classified("b.jpg", refused="link")
    assert Classified.from_json(refused_.to_json()) == refused_


def test_the_command_gives_a_line_for_each_photo(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(coded(picture(1)))
    (tmp_path / "b.jpg").write_bytes(b"none")
    done = shopclerk("classify", "--json", str(tmp_path))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(row["path"]).name for row in rows] == ["a.jpg", "b.jpg"]
    assert {"category", "taxonomy_id", "name", "name_zh", "confidence"} == set(rows[0]["top"][0])
    assert rows[1]["warnings"] == ["unreadable"]
    assert "JPEG" in rows[1]["error"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no such file" in refused("classify", str(tmp_path / "gone"))
    assert "no photos" in refused("classify", str(empty))
