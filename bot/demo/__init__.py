"""The demo shop: generated from a seed, synthetic through and through, and labelled so wherever it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from bot.conversation.messages import Language, Role
from bot.store.engine import NotFound, Store
from bot.store.people import add_person
from bot.store.shops import ShopInfo, access_shop

DEMO = ShopInfo(
    id="demo",
    name="Lantern & Loom (synthetic demo shop)",
    name_zh="灯与布（合成演示店）",
    currency="USD",
    country="US",
    time_zone="America/Los_Angeles",
    synthetic=True,
)


@dataclass(frozen=True)
class SignIn:
    """A demo sign-in. Its password is public on purpose: the shop behind it is made up."""

    role: Role
    login: str
    password: str
    name: str


SIGN_INS = (
    SignIn(Role.MERCHANT, "merchant", "lantern-and-loom", "Demo merchant"),
    SignIn(Role.AGENT, "agent", "lantern-and-loom", "Demo agent"),
    SignIn(Role.CUSTOMER, "customer", "lantern-and-loom", "Grace Miller"),
)


def ensure_demo_shop(store: Store, today: date) -> ShopInfo:
    """Make the demo shop where it is not there yet, with a year of orders up to `today`."""
    with store.read() as session:
        if known := _known(session):
            return known
    with store.write() as session:
        if known := _known(session):
            return known
        from bot.demo.generate import fill

        customer = fill(session, DEMO, today)
        for sign_in in SIGN_INS:
            buyer = customer if sign_in.role is Role.CUSTOMER else None
            add_person(
                session,
                DEMO.id,
                sign_in.role,
                sign_in.login,
                sign_in.name,
                sign_in.password,
                Language.EN,
                buyer,
            )
    return DEMO


def _known(session: Session) -> ShopInfo | None:
    try:
        return access_shop(session, DEMO.id)
    except NotFound:
        return None
