"""What the actions of this process share: the store, the files, the order parser, the shops' readers."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

from sqlalchemy.orm import Session

from bot.conversation.messages import Language
from bot.skills.answers.answering import Desk
from bot.skills.answers.desks import Desks
from bot.skills.answers.knowledge import BadKnowledge
from bot.skills.orders.reading import Reader
from bot.skills.orders.views import Look
from bot.skills.photos.teaching import ShopClassifiers
from bot.skills.turn import Turn
from bot.store.catalogue import ProductInfo, products
from bot.store.engine import Store
from bot.store.files import FileStore
from bot.store.shops import access_shop
from ml.orders.parse import OrderParser
from ml.photos.classifier import PhotoClassifier, shipped

logger = logging.getLogger(__name__)


@dataclass
class App:
    """Made once at start and given to every action."""

    store: Store
    files: FileStore
    parser: OrderParser
    desks: Desks = field(default_factory=Desks)
    _readers: dict[str, tuple[tuple[ProductInfo, ...], Reader]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def reader(self, session: Session, shop: str) -> Reader:
        """The order reader of a shop; indexed anew only where its catalogue changed."""
        found = products(session, shop)
        known = self._readers.get(shop)
        if known and known[0] == found:  # whatever the stock is
            return known[1]
        reader = Reader.of(self.parser, found)
        with self._lock:
            self._readers[shop] = (found, reader)
        return reader

    @cached_property
    def photos(self) -> ShopClassifiers:
        """What photos are put into categories by; loaded when it is first asked for."""
        return ShopClassifiers(PhotoClassifier.load(shipped()))

    def look(self, session: Session, turn: Turn) -> Look:
        """How this turn's replies look."""
        shop = access_shop(session, turn.shop)
        return Look(shop, self.reader(session, turn.shop).products, Language(turn.language))

    def desk(self, session: Session, shop: str) -> Desk | None:
        """What answers a shop's questions; None (and a line in the log) where its files are broken."""
        reader = self.reader(session, shop)
        try:
            return self.desks.desk(
                session, access_shop(session, shop), reader.catalogue, reader.products
            )
        except BadKnowledge as error:
            logger.error("Questions to shop %s cannot be answered: %s", shop, error)
            return None
