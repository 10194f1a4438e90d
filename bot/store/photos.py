"""What photo jobs saw, and the photos that products of the catalogue have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from bot.store.clock import new_id
from bot.store.engine import NotFound
from bot.store.schema import ProductPhoto, SeenPhoto


@dataclass(frozen=True)
class SeenInfo:
    """A photo of a job: its number there, what was seen, whether a person should look, and what one chose."""

    number: int
    body: Mapping[str, Any]
    doubtful: bool
    decided: Mapping[str, Any] | None


def keep_seen(
    session: Session,
    shop: str,
    job: str,
    first: int,
    seen: Sequence[tuple[Mapping[str, Any], bool]],
) -> None:
    """Keep what was seen in the photos from `first` on, and whether each is doubtful; what was kept of them goes."""
    session.execute(delete(SeenPhoto).where(*_of(shop, job), SeenPhoto.number >= first))
    rows = [
        {
            "shop_id": shop,
            "job_id": job,
            "number": first + place,
            "body": dict(body),
            "doubtful": doubtful,
        }
        for place, (body, doubtful) in enumerate(seen)
    ]
    if rows:
        session.execute(insert(SeenPhoto), rows)


def seen_photos(session: Session, shop: str, job: str) -> tuple[SeenInfo, ...]:
    """All photos of a job by number."""
    columns = (SeenPhoto.number, SeenPhoto.body, SeenPhoto.doubtful, SeenPhoto.decided)
    rows = session.execute(select(*columns).where(*_of(shop, job)).order_by(SeenPhoto.number))
    return tuple(SeenInfo(*row) for row in rows)


def seen_photo(session: Session, shop: str, job: str, number: int) -> SeenInfo:
    """One photo of a job; raises `NotFound`."""
    row = session.get(SeenPhoto, (job, number))
    if row is None or row.shop_id != shop:
        raise NotFound(f"no photo {number} of job {job!r}")
    return SeenInfo(row.number, row.body, row.doubtful, row.decided)


def next_in_doubt(session: Session, shop: str, job: str, after: int = -1) -> SeenInfo | None:
    """The first photo after a number that a person should still look at."""
    number = session.scalar(
        select(func.min(SeenPhoto.number)).where(*_of(shop, job), *_OPEN, SeenPhoto.number > after)
    )
    return None if number is None else seen_photo(session, shop, job, number)


def count_in_doubt(session: Session, shop: str, job: str) -> int:
    """How many photos a person should still look at."""
    query = select(func.count()).select_from(SeenPhoto).where(*_of(shop, job), *_OPEN)
    return session.scalar(query) or 0


def decide_photo(
    session: Session, shop: str, job: str, number: int, decided: Mapping[str, Any]
) -> None:
    """Keep what a person chose for a photo."""
    session.execute(
        update(SeenPhoto)
        .where(*_of(shop, job), SeenPhoto.number == number)
        .values(decided=dict(decided))
    )


def product_photos(session: Session, shop: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """SKU and mark of every photo of the catalogue, in the order in which they came."""
    rows = session.execute(
        select(ProductPhoto.sku, ProductPhoto.body)
        .where(ProductPhoto.shop_id == shop)
        .order_by(ProductPhoto.sku, ProductPhoto.id)
    )
    return tuple((sku, body) for sku, body in rows)


def add_product_photos(
    session: Session, shop: str, marks: Sequence[tuple[str, Mapping[str, Any]]]
) -> tuple[str, ...]:
    """Give products (by SKU) these photos; the ids, by which they can be taken away."""
    ids = tuple(new_id() for _ in marks)
    rows = [
        {"id": id_, "shop_id": shop, "sku": sku, "body": dict(body)}
        for id_, (sku, body) in zip(ids, marks, strict=True)
    ]
    if rows:
        session.execute(insert(ProductPhoto), rows)
    return ids


def remove_product_photos(session: Session, shop: str, ids: Sequence[str]) -> None:
    """Take photos away from their products."""
    session.execute(
        delete(ProductPhoto).where(ProductPhoto.shop_id == shop, ProductPhoto.id.in_(list(ids)))
    )


def _of(shop: str, job: str) -> tuple[Any, Any]:
    return SeenPhoto.shop_id == shop, SeenPhoto.job_id == job


_OPEN = (SeenPhoto.doubtful.is_(True), SeenPhoto.decided.is_(None))
