"""Files products of the catalogue under what their photos show, after a yes; and takes that back.

A photo belongs to the product whose SKU or name its file or its folder is called after: `MUG-RED.jpg`, `MUG-RED_2.jpg`,
`MUG-RED/front.jpg`, `front.jpg` in `MUG-RED.zip`. What is in doubt and what nobody decided is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy.orm import Session

from bot.skills.photos.classify import Classified, Fingerprint, Marked
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


@dataclass(frozen=True)
class Proposal:
    """A product, the category that its photos show, and these photos."""

    product: ProductInfo
    filed: Filed
    photos: tuple[Classified, ...]

    @property
    def changes(self) -> bool:
        """Whether the product is in another category today."""
        return self.filed != filed_now(self.product)


def filed_now(product: ProductInfo) -> Filed:
    """The category that a product is in."""
    return Filed(product.category, product.category_zh, product.taxonomy_id)


class ByName:
    """Finds the product that a photo is called after."""

    def __init__(self, known: Iterable[ProductInfo]) -> None:
        self._skus: dict[str, ProductInfo] = {}
        self._names: dict[str, ProductInfo] = {}
        for product in known:
            self._skus[product.sku.casefold()] = product
            for name in (product.name, product.name_zh, *product.aliases):
                self._names.setdefault(_plain(name), product)
        longest_first = sorted(filter(None, self._skus), key=len, reverse=True)
        self._sku = re.compile(
            rf"({'|'.join(map(re.escape, longest_first))})(?![^\W_])" if longest_first else r"(?!)"
        )

    def product(self, photo: str) -> ProductInfo | None:
        """By the file's name, then by those of its folders and its archive."""
        path = PurePosixPath(photo)
        folders = reversed(path.parts[:-1])
        for part in (path.stem, *folders):
            begins = self._sku.match(part.casefold())
            found = self._skus[begins[1]] if begins else self._names.get(_plain(part))
            if found:
                return found
        return None


def _plain(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.replace("_", " ").casefold()))


def settled(seen: SeenInfo) -> Filed | None:
    """What a photo shows as far as that is settled: what a person chose, else what the model is sure of."""
    if seen.decided is not None:
        return Filed(**seen.decided) if seen.decided.get("category") else None
    photo = Classified.from_json(seen.body)
    if seen.doubtful or not photo.top:
        return None
    category = photo.top[0].category
    return Filed(category.name, category.name_zh, category.taxonomy_id)


def proposals(session: Session, shop: str, job: str) -> tuple[Proposal, ...]:
    """What could be filed after a job, by SKU; where photos of a product differ, the likelier category."""
    known = ByName(products(session, shop))
    votes: defaultdict[str, defaultdict[Filed, float]] = defaultdict(lambda: defaultdict(float))
    photos: defaultdict[str, list[Classified]] = defaultdict(list)
    found: dict[str, ProductInfo] = {}
    for seen in seen_photos(session, shop, job):
        filed = settled(seen)
        photo = Classified.from_json(seen.body)
        product = known.product(photo.name) if filed else None
        if filed and product:
            found[product.sku] = product
            votes[product.sku][filed] += 1.0 if seen.decided else photo.top[0].confidence
            photos[product.sku].append(photo)
    return tuple(
        Proposal(found[sku], max(votes[sku], key=votes[sku].__getitem__), tuple(photos[sku]))
        for sku in sorted(found)
    )


def file_products(session: Session, turn: Turn, job: str, model: str) -> tuple[str, ...]:
    """File what can be filed after a job; the SKUs that are in another category or have new photos now.

    A turn that is tried again gets the same answer and changes nothing. `model` names what made the embeddings.
    """
    for change in changes_of_message(session, turn.shop, turn.message):
        if change.name == FILED:
            return tuple((change.after or {})["skus"])
    every = proposals(session, turn.shop, job)
    have = {(sku, body["hash"]) for sku, body in product_photos(session, turn.shop)}
    marks = [
        (one.product.sku, _mark(photo.name, photo.fingerprint, model))
        for one in every
        for photo in one.photos
        if photo.fingerprint and (one.product.sku, photo.fingerprint.hash) not in have
    ]
    changed = [one for one in every if one.changes]
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
    for sku, before in (change.before or {}).items():
        if sku in known and vars(filed_now(known[sku])) == after["filed"][sku]:
            file_product(session, turn.shop, sku, Filed(**before))
    remove_product_photos(session, turn.shop, after["photos"])
    mark_undone(session, turn.shop, change.id, turn.now)
    return tuple(after["skus"])


def catalogue_marks(session: Session, shop: str, model: str) -> tuple[Marked, ...]:
    """The photos of the catalogue as what tells them again; embeddings of another model tell nothing."""
    return tuple(
        (f"{sku} ({body['name']})", Fingerprint.from_json(body, body["model"] == model))
        for sku, body in product_photos(session, shop)
    )


def _mark(name: str, mark: Fingerprint, model: str) -> Mapping[str, Any]:
    return {"name": PurePosixPath(name).name, "model": model, **mark.to_json()}
