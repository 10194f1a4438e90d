"""Keeps what answering needs of each shop, and makes it anew only where files or the catalogue changed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from bot.skills.answers.answering import Desk
from bot.skills.answers.knowledge import (
    SHIPPED,
    BadKnowledge,
    Knowledge,
    load_folders,
    load_knowledge,
)
from bot.skills.answers.mentions import Namer
from bot.skills.answers.models import Versions
from bot.skills.answers.ranking import Ranker, RankerOf, candidates, learned
from bot.store.catalogue import ProductInfo, stock_of
from bot.store.clock import utc_now
from bot.store.shops import ShopInfo
from ml.orders.catalogue import Catalogue


class Desks:
    """The desks of all shops of a process; used by many threads."""

    def __init__(self, ranker_of: RankerOf = learned) -> None:
        self._ranker_of = ranker_of
        self._rankers: WeakKeyDictionary[Knowledge, dict[Path, Ranker]] = WeakKeyDictionary()
        self._namers: WeakKeyDictionary[Catalogue, Namer] = WeakKeyDictionary()
        self._lock = Lock()

    def desk(
        self,
        session: Session,
        shop: ShopInfo,
        catalogue: Catalogue,
        products: Mapping[str, ProductInfo],
    ) -> Desk:
        """The desk of a shop as its files and its model are now; raises `BadKnowledge`."""
        knowledge = load_knowledge(shop.id)
        return Desk(
            shop,
            knowledge,
            self._ranker(knowledge, Versions(shop.id).in_place()),
            self._namer(catalogue, shop),
            products,
            lambda sku: stock_of(session, shop.id, [sku]).get(sku),
            utc_now(),
        )

    def warm_up(self) -> None:
        """Make what every shop without files of its own shares; broken files are told when one is asked."""
        from ml.answers.answerer import (
            shipped,
        )  # late: a command that only refuses a file needs no model

        with suppress(BadKnowledge):
            self._ranker(load_folders(SHIPPED, SHIPPED / "none"), shipped())

    def _ranker(self, knowledge: Knowledge, model: Path) -> Ranker:
        with self._lock:
            known = self._rankers.setdefault(knowledge, {})
            if model not in known:
                known[model] = self._ranker_of(list(candidates(knowledge)), model)
            return known[model]

    def _namer(self, catalogue: Catalogue, shop: ShopInfo) -> Namer:
        with self._lock:
            known = self._namers.get(catalogue)
            if known is None:
                known = Namer(catalogue, (shop.name, shop.name_zh))
                self._namers[catalogue] = known
            return known
