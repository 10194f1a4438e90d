"""Categories that a shop has taught, with their photos: small ones, from which any later model can learn too."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.store.engine import NotFound
from bot.store.schema import TaughtCategory, TaughtPhoto

LONGEST_NAME = 60
MOST_PHOTOS = 200
MOST_CATEGORIES = 100


class TooMany(Exception):
    """A shop or a category is full: `what` are "photos" of a category, or "categories", and `most` how many may be."""

    def __init__(self, most: int, what: str) -> None:
        super().__init__(f"{most} {'photos of a category' if what == 'photos' else what}")
        self.most, self.what = most, what


@dataclass(frozen=True)
class TaughtName:
    """A category without its photos, of which there are `photos`."""

    id: str
    name: str
    photos: int


@dataclass(frozen=True)
class TaughtInfo:
    """A category with its photos (PNG), in the order in which they came."""

    id: str
    name: str
    photos: tuple[bytes, ...]


def clean_name(name: str) -> str:
    """A name as it is kept: one line without control characters; empty where nothing is left."""
    plain = "".join(
        " " if unicodedata.category(sign)[0] in "CZ" else sign
        for sign in unicodedata.normalize("NFKC", name)
    )
    return " ".join(plain.split())[:LONGEST_NAME].strip()


def teach_photos(
    session: Session, shop: str, name: str, photos: Sequence[bytes]
) -> tuple[int, int]:
    """Add photos (PNG) to a category, new or known; how many were new, and how many it has now.

    One that it has already is not added again. Raises `TooMany`.
    """
    row = _named(session, shop, name)
    if row is None:
        if _count(session, TaughtCategory, shop) >= MOST_CATEGORIES:
            raise TooMany(MOST_CATEGORIES, "categories")
        row = TaughtCategory(shop_id=shop, name=clean_name(name))
        session.add(row)
        session.flush()
    known = set(session.scalars(select(TaughtPhoto.hash).where(TaughtPhoto.category_id == row.id)))
    new = {hash_: png for png in photos if (hash_ := _hash(png)) not in known}
    if len(known) + len(new) > MOST_PHOTOS:
        raise TooMany(MOST_PHOTOS, "photos")
    for hash_, png in new.items():
        session.add(TaughtPhoto(shop_id=shop, category_id=row.id, hash=hash_, png=png))
        session.flush()
    return len(new), len(known) + len(new)


def taught(session: Session, shop: str) -> tuple[TaughtInfo, ...]:
    """A shop's categories by name."""
    rows = session.scalars(
        select(TaughtCategory).where(TaughtCategory.shop_id == shop).order_by(TaughtCategory.name)
    ).all()
    photos = session.scalars(
        select(TaughtPhoto).where(TaughtPhoto.shop_id == shop).order_by(TaughtPhoto.number)
    ).all()
    return tuple(
        TaughtInfo(row.id, row.name, tuple(p.png for p in photos if p.category_id == row.id))
        for row in rows
    )


def taught_names(session: Session, shop: str) -> tuple[TaughtName, ...]:
    """A shop's categories by name; cheap."""
    count = func.count(TaughtPhoto.number)
    rows = session.execute(
        select(TaughtCategory.id, TaughtCategory.name, count)
        .outerjoin(TaughtPhoto, TaughtPhoto.category_id == TaughtCategory.id)
        .where(TaughtCategory.shop_id == shop)
        .group_by(TaughtCategory.id, TaughtCategory.name)
        .order_by(TaughtCategory.name)
    )
    return tuple(TaughtName(*row) for row in rows)


def taught_mark(session: Session, shop: str) -> tuple[object, ...]:
    """Another value as soon as anything that a shop has taught is another; cheap."""
    names = session.execute(
        select(TaughtCategory.id, TaughtCategory.name).where(TaughtCategory.shop_id == shop)
    )
    count, last = session.execute(
        select(func.count(), func.max(TaughtPhoto.number)).where(TaughtPhoto.shop_id == shop)
    ).one()
    return (*sorted(map(tuple, names)), count, last)


def rename_taught(session: Session, shop: str, name: str, new: str) -> None:
    """Call a category otherwise; where the new name is another category's, the two become one.

    Raises `NotFound`, and `TooMany` where the two have too many photos together.
    """
    row = _existing(session, shop, name)
    other = _named(session, shop, new)
    if other is None or other.id == row.id:
        row.name = clean_name(new)
        return
    known = set(
        session.scalars(select(TaughtPhoto.hash).where(TaughtPhoto.category_id == other.id))
    )
    mine = (TaughtPhoto.shop_id == shop, TaughtPhoto.category_id == row.id)
    new_ones = select(func.count()).select_from(TaughtPhoto)
    more = session.scalar(new_ones.where(*mine, TaughtPhoto.hash.not_in(known))) or 0
    if len(known) + more > MOST_PHOTOS:
        raise TooMany(MOST_PHOTOS, "photos")
    session.execute(delete(TaughtPhoto).where(*mine, TaughtPhoto.hash.in_(known)))
    session.execute(update(TaughtPhoto).where(*mine).values(category_id=other.id))
    session.delete(row)


def forget_taught(session: Session, shop: str, name: str) -> None:
    """Forget a category and its photos. Raises `NotFound`."""
    row = _existing(session, shop, name)
    session.execute(
        delete(TaughtPhoto).where(TaughtPhoto.shop_id == shop, TaughtPhoto.category_id == row.id)
    )
    session.delete(row)


def _hash(png: bytes) -> str:
    return sha256(png).hexdigest()[:16]


def _named(session: Session, shop: str, name: str) -> TaughtCategory | None:
    """Whatever of its letters are capitals, the one that is written so before others."""
    rows = session.scalars(select(TaughtCategory).where(TaughtCategory.shop_id == shop))
    wanted = clean_name(name)
    found = [row for row in rows if row.name.casefold() == wanted.casefold()]
    return min(found, key=lambda row: (row.name != wanted, row.id), default=None)


def _existing(session: Session, shop: str, name: str) -> TaughtCategory:
    row = _named(session, shop, name)
    if row is None:
        raise NotFound(f"no category {clean_name(name)!r} was taught")
    return row


def _count(session: Session, table: type[TaughtCategory], shop: str) -> int:
    return session.scalar(select(func.count()).select_from(table).where(table.shop_id == shop)) or 0
