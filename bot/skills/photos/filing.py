"""Files products of the catalogue under what their photos show, after a yes; and takes that back.

A photo belongs to the product whose SKU or name its file or its folder is called after: `MUG-RED.jpg`, `MUG-RED_2.jpg`,
`MUG-RED/front.jpg`, `front.jpg` in `MUG-RED.zip`. What is in doubt and what nobody decided is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy.orm import Session

from bot.skills.photos.classify import Fingerprint, Marked
from bot.skills.turn import Turn
from bot.store.catalogue import Filed, ProductInfo, file_product, products
from bot.store.changes import ChangeInfo, changes_of_message, mark_undone, record
from bot.store.photos import (
    SeenInfo,
    add_product_photos,
    product_photos,
    remove_product_photos,
    seen_photos,
)

FILED = "catalogue.photos"
LONGEST_SKU = 64


@dataclass(frozen=True)
class Proposal:
    """A product, the category that its photos show, and these photos as their job kept them."""

    product: ProductInfo
    filed: Filed
    photos: tuple[Mapping[str, Any], ...]

    @property
    def changes(self) -> bool:
        """Whether the product is in a category of another name today."""
        return (self.product.category, self.product.category_zh) != (
            self.filed.category, self.filed.category_zh,
        )  # fmt: skip


def filed_now(product: ProductInfo) -> Filed:
    """The category that a product is in."""
    return Filed(product.category, product.category_zh, product.taxonomy_id)


class ByName:
    """Finds the product that a photo is called after; what two products share finds neither."""

    def __init__(self, known: Iterable[ProductInfo]) -> None:
        every = tuple(known)
        self._skus = _unambiguous((one.sku.casefold(), one) for one in every)
        self._names = _unambiguous(
            (_plain(name), one) for one in every for name in {one.name, one.name_zh, *one.aliases}
        )

    def product(self, photo: str) -> ProductInfo | None:
        """By the file's name, then by those of its folders and its archive."""
        path = PurePosixPath(unicodedata.normalize("NFC", photo))
        folders = (part.removesuffix(".zip") for part in reversed(path.parts[:-1]))
        for part in (path.stem, *folders):
            if found := self._begins(part.casefold()) or self._names.get(_plain(part)):
                return found
        return None

    def _begins(self, part: str) -> ProductInfo | None:
        """The longest SKU that a name begins with, where no letter or digit follows."""
        for end in range(min(len(part), LONGEST_SKU), 0, -1):
            if part[end : end + 1].isalnum():
                continue
            if found := self._skus.get(part[:end]):
                return found
        return None


def _unambiguous(pairs: Iterable[tuple[str, ProductInfo]]) -> dict[str, ProductInfo]:
    found: dict[str, ProductInfo | None] = {}
    for name, product in pairs:
        if name:
            found[name] = product if found.get(name, product) == product else None
    return {name: product for name, product in found.items() if product}


def _plain(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.replace("_", " ").casefold()))


def settled(seen: SeenInfo) -> Filed | None:
    """What a photo shows as far as that is settled: what a person chose, else what the model is sure of."""
    if seen.decided is not None:
        return Filed(**seen.decided) if seen.decided.get("category") else None
    guesses = seen.body["top"]
    if seen.doubtful or not guesses:
        return None
    _, taxonomy_id, name, name_zh, _ = guesses[0]
    return Filed(name, name_zh, taxonomy_id)


def proposals(session: Session, shop: str, job: str) -> tuple[Proposal, ...]:
    """What could be filed after a job, by SKU; where photos of a product differ, the likelier category."""
    known = ByName(products(session, shop))
    votes: defaultdict[str, defaultdict[Filed, float]] = defaultdict(lambda: defaultdict(float))
    photos: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    found: dict[str, ProductInfo] = {}
    for seen in seen_photos(session, shop, job):
        filed = settled(seen)
        product = known.product(seen.body["name"]) if filed else None
        if filed and product:
            found[product.sku] = product
            votes[product.sku][filed] += 1.0 if seen.decided else seen.body["top"][0][-1]
            photos[product.sku].append(seen.body)
    return tuple(
        Proposal(found[sku], max(votes[sku], key=votes[sku].__getitem__), tuple(photos[sku]))
        for sku in sorted(found)
    )


def file_products(session: Session, turn: Turn, job: str) -> tuple[str, ...]:
    """File what can be filed after a job; the SKUs that are in another category or have new photos now.

    A turn that is tried again gets the same answer and changes nothing.
    """
    for change in changes_of_message(session, turn.shop, turn.message):
        if change.name == FILED:
            return tuple((change.after or {})["skus"])
    every = proposals(session, turn.shop, job)
    have = {(sku, body["hash"]) for sku, body in product_photos(session, turn.shop)}
    marks = [
        (one.product.sku, _mark(photo))
        for one in every
        for photo in one.photos
        if photo["mark"] and (one.product.sku, photo["mark"]["hash"]) not in have
    ]
    changed = [one for one in every if one.filed != filed_now(one.product)]
    for one in changed:
        file_product(session, turn.shop, one.product.sku, one.filed)
    skus = sorted({one.product.sku for one in changed} | {sku for sku, _ in marks})
    if skus:
        ids = add_product_photos(session, turn.shop, marks)
        record(
            session,
            turn.shop,
            turn.author,
            FILED,
            job,
            now=turn.now,
            before={one.product.sku: vars(filed_now(one.product)) for one in changed},
            after={
                "filed": {one.product.sku: vars(one.filed) for one in changed},
                "photos": list(ids),
                "skus": skus,
            },
        )
    return tuple(skus)


def take_back(session: Session, turn: Turn, change: ChangeInfo) -> tuple[str, ...]:
    """Undo one filing; the SKUs that are as before. What was filed otherwise since stays as it is."""
    after = change.after or {}
    known = {product.sku: product for product in products(session, turn.shop)}
    otherwise = set()
    for sku, before in (change.before or {}).items():
        if sku in known and vars(filed_now(known[sku])) == after["filed"][sku]:
            file_product(session, turn.shop, sku, Filed(**before))
        else:
            otherwise.add(sku)
    remove_product_photos(session, turn.shop, after["photos"])
    mark_undone(session, turn.shop, change.id, turn.now)
    return tuple(sku for sku in after["skus"] if sku not in otherwise)


def catalogue_marks(session: Session, shop: str, model: str) -> tuple[Marked, ...]:
    """The photos of the catalogue as what tells them again; embeddings of another model tell nothing."""
    return tuple(
        (f"{sku} ({body['name']})", Fingerprint.from_json(body, body["model"] == model))
        for sku, body in product_photos(session, shop)
    )


def _mark(photo: Mapping[str, Any]) -> Mapping[str, Any]:
    name = PurePosixPath(photo["name"]).name
    return {"name": name, "model": photo["model"], **photo["mark"]}
