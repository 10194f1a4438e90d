"""The processes that look at photos: in order, bounded, and a photo that ends one costs itself alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from bot.skills.photos import decoding
from bot.skills.photos.decoding import Lookers, Refused
from bot.skills.photos.looking import HEAD
from ml.photos.look import Look
from tests.ml.photos.pictures import coded, picture


@pytest.fixture(scope="module")
def lookers() -> Iterator[Lookers]:
    with Lookers(32, 2) as made:
        yield made


def children() -> set[int]:
    """The processes that look."""
    mine = psutil.Process().children(recursive=True)
    return {child.pid for child in mine if "bot.skills.photos.looking" in " ".join(child.cmdline())}


def test_photos_are_looked_at_in_order_and_refused_ones_keep_their_place(lookers: Lookers) -> None:
    sizes = [(40 + n, 30) for n in range(60)]
    files: list[tuple[object, bytes | Refused]] = [
        (n, coded(picture(n, *size))) for n, size in enumerate(sizes)
    ]
    files[7], files[20] = (7, b"none"), (20, Refused("link"))
    found = list(lookers.looks(files))
    assert [key for key, _ in found] == list(range(60))
    assert (found[7][1], found[20][1]) == (Refused("unreadable"), Refused("link"))
    widths = [look.width for _, look in found if isinstance(look, Look)]
    assert widths == [40 + n for n in range(60) if n not in (7, 20)]


def test_no_more_photos_are_taken_than_are_under_way(lookers: Lookers) -> None:
    """A batch of any length needs the memory of a few."""
    taken = 0

    def files() -> Iterator[tuple[int, bytes]]:
        nonlocal taken
        for taken in range(1000):
            yield taken, coded(picture(1, 40, 30))

    looks = lookers.looks(files())
    next(looks)
    assert taken <= decoding.AHEAD * 2 + 1


def test_a_photo_that_ends_the_process_is_broken_and_the_next_is_looked_at(
    lookers: Lookers,
) -> None:
    photo = coded(picture())
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    found = [look for _, look in lookers.looks((n, photo) for n in range(6))]
    assert sum(isinstance(look, Refused) for look in found) <= 2
    assert isinstance(found[-1], Look)


def test_a_photo_that_takes_too_long_is_refused_and_its_process_replaced(
    lookers: Lookers, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = children()
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(decoding, "SECONDS", 0.3)
    found = [look for _, look in lookers.looks((n, coded(picture())) for n in range(2))]
    assert Refused("too_slow") in found
    monkeypatch.setattr(decoding, "SECONDS", 20.0)
    assert all(isinstance(look, Look) for _, look in lookers.looks([(1, coded(picture()))]))
    assert children() != before


def test_nothing_that_such_a_process_says_is_taken_on_trust() -> None:
    looker = object.__new__(decoding._Looker)
    looker._size = 32
    for answer in (b"", b"x", HEAD.pack(1, 1, 1, 1, 1), HEAD.pack(0, 0, 0, 0, 0) + b"../policy"):
        assert looker._read(answer) == Refused("broken")


def test_the_processes_end_with_the_block() -> None:
    before = children()
    with Lookers(32, 1):
        assert len(children()) == len(before) + 1
    assert children() == before
