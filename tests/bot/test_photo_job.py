"""The worker on photos: looked at to the end, also when it is killed in the middle; nothing is doubled."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import select

from bot.conversation.messages import Language, Role
from bot.photo_job import CHUNK
from bot.skills.photos.filing import file_products
from bot.skills.turn import Turn
from bot.store.catalogue import Filed
from bot.store.engine import Store
from bot.store.files import FileStore
from bot.store.jobs import JobInfo, JobState, access_job, enqueue
from bot.store.photos import decide_photo
from bot.store.schema import OutboxReply
from bot.store.taught import taught
from bot.texts import say
from tests.bot.waiting import until
from tests.ml.photos.pictures import coded, picture

JOB = "photos-m1"
Start = Callable[[], subprocess.Popen[bytes]]


def queue(
    store: Store,
    home: Path,
    *photos: tuple[str, str, bytes],
    job_id: str = JOB,
    name: str = "",
) -> FileStore:
    """Files and a job for them."""
    files = FileStore((home / "files").as_uri())
    with store.write() as session:
        kept = [
            files.put(session, "demo", data, name, kind, "demo-merchant")
            for name, kind, data in photos
        ]
        arguments = {"files": [asdict(file) for file in kept], "message": "m1", "name": name}
        enqueue(
            session, "demo", job_id, job_id.partition("-")[0], arguments,
            conversation="demo-merchant", language="en", total=len(kept),
        )  # fmt: skip
    return files


def archive(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for n in range(count):
            made.writestr(f"p{n:04}.jpg", coded(picture(n, 64, 48), quality=80))
        made.writestr("../x.jpg", b"x")
    return file.getvalue()


def job(store: Store, job_id: str = JOB) -> JobInfo:
    with store.read() as session:
        return access_job(session, "demo", job_id)


def replies(store: Store) -> list[dict[str, Any]]:
    with store.read() as session:
        query = select(OutboxReply).where(OutboxReply.conversation_id == "demo-merchant")
        return [row.body for row in session.scalars(query.order_by(OutboxReply.number))]


def test_a_killed_worker_goes_on_and_doubles_no_photo(
    shop: Store,
    start: Start,
    tmp_path: Path,
) -> None:
    """kill -9 after some chunks of an archive; then a single photo beside it, and all pictures, table and CSV."""
    many = 5 * CHUNK
    alone = ("MUG-BLU.jpg", "image/jpeg", coded(picture(3, 64, 48)))
    files = queue(shop, tmp_path, ("a.zip", "application/zip", archive(many)), alone)
    first = start()
    until(lambda: job(shop).done >= CHUNK)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert job(shop).state is JobState.RUNNING
    start()
    until(lambda: job(shop).state is JobState.DONE)
    told = replies(shop)
    kinds = [one["kind"] for one in told]
    assert kinds == ["progress", "text", "image", "image", "table", "file", "buttons"]
    assert told[0]["done"] == told[0]["total"] == many + 2
    assert f"{many + 2} photos" in told[1]["text"]
    assert "1 that could not be read" in told[1]["text"]
    with shop.read() as session:
        pictures = [files.read(session, "demo", one["file"])[1] for one in told[2:4]]
        _, data = files.read(session, "demo", told[5]["file"])
    assert all(Image.open(io.BytesIO(png)).width > 500 for png in pictures)
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    names = [row["photo"] for row in rows]
    assert names == [*(f"a.zip/p{n:04}.jpg" for n in range(many)), "a.zip/../x.jpg", "MUG-BLU.jpg"]
    assert rows[-1]["duplicate_of"] == "a.zip/p0003.jpg"
    assert rows[-2]["warnings"] == say("photo_outside_zip", Language.EN)


def test_a_photo_that_the_catalogue_has_is_named(shop: Store, start: Start, tmp_path: Path) -> None:
    """Its mark is that of a job before, as "write it to the catalogue" keeps it."""
    photo = coded(picture(5))
    queue(shop, tmp_path, ("MUG-BLU.jpg", "image/jpeg", photo))
    start()
    until(lambda: job(shop).state is JobState.DONE)
    with shop.write() as session:
        decide_photo(session, "demo", JOB, 0, asdict(Filed("Mugs", "马克杯", "")))
        turn = Turn("demo", Role.MERCHANT, "p", "m2", "demo-merchant", Language.EN)
        assert file_products(session, turn, JOB) == ("MUG-BLU",)
    queue(
        shop, tmp_path, ("new.jpg", "image/jpeg", coded(picture(5), quality=60)), job_id="photos-m3"
    )
    until(lambda: job(shop, "photos-m3").state is JobState.DONE)
    table = [one for one in replies(shop) if one["kind"] == "table"][-1]
    assert "MUG-BLU (MUG-BLU.jpg)" in table["rows"][0][3]


def test_an_archive_that_is_none_says_so_and_the_rest_goes_on(
    shop: Store,
    start: Start,
    tmp_path: Path,
) -> None:
    photo = ("b.jpg", "image/jpeg", coded(picture(1)))
    queue(shop, tmp_path, ("a.zip", "application/zip", b"PK\x03\x04 none"), photo)
    start()
    until(lambda: job(shop).state is JobState.DONE)
    told = replies(shop)
    assert "2 photos" in told[1]["text"]
    assert any("archive cannot be read" in row[3] for row in told[4]["rows"])


def test_a_category_is_taught_in_parts(shop: Store, start: Start, tmp_path: Path) -> None:
    """Too few at first, then enough, with a file that is none; more than a category may have are not learnt."""
    start()
    parts = {
        "teach-1": (("a.zip", "application/zip", archive(3)),),
        "teach-2": tuple((f"{n}.jpg", "image/jpeg", coded(picture(n))) for n in range(50, 53)),
        "teach-3": (("c.zip", "application/zip", archive(250)),),
    }
    said = []
    for job_id, photos in parts.items():
        queue(shop, tmp_path, *photos, job_id=job_id, name="Rings")
        until(lambda job_id=job_id: job(shop, job_id).state is JobState.DONE)
        said.append(replies(shop)[-1]["text"])
    assert "3 of 5 photos so far (new: 3)" in said[0]
    assert "a.zip/../x.jpg: its name points out of the archive" in said[0]
    assert "photos in all: 6, new: 3" in said[1]
    assert "may have 200 photos, and that would be more" in said[2]
    with shop.read() as session:
        assert [(one.name, len(one.photos)) for one in taught(session, "demo")] == [("Rings", 6)]
