"""Who may sign in, and their sessions: passwords as argon2 hashes, cookies as SHA-256 only."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.conversation.messages import Language, Role
from bot.store.clock import utc_now
from bot.store.schema import Person, WebSession


@dataclass(frozen=True)
class SignedIn:
    """A signed-in person; `buyer` is whose orders a customer may see."""

    person: str
    shop: str
    role: Role
    name: str
    language: Language
    csrf: str = ""
    buyer: str | None = None


def add_person(
    session: Session,
    shop: str,
    role: Role,
    login: str,
    name: str,
    password: str,
    language: Language = Language.EN,
    buyer_id: str | None = None,
) -> str:
    """Add someone who can sign in and return their id; an empty password allows no sign-in by password."""
    row = Person(
        shop_id=shop,
        role=role,
        login=login,
        name=name,
        password_hash=_hasher().hash(password) if password else "",
        language=language,
        buyer_id=buyer_id,
    )
    session.add(row)
    session.flush()
    return row.id


def sign_in(session: Session, login: str, password: str) -> SignedIn | None:
    """The person of a login and password, or None; an unknown login takes as long as a wrong password."""
    rows = session.scalars(
        select(Person).where(Person.login == login, Person.password_hash != "")
    ).all()
    for row in rows:
        if _matches(row.password_hash, password):
            return _signed_in(row)
    if not rows:
        _matches(_nobody(), password)
    return None


def person_by_login(session: Session, shop: str, login: str) -> SignedIn | None:
    """The person of a login in a shop, e.g. the merchant for whom the command line speaks."""
    row = session.scalar(select(Person).where(Person.shop_id == shop, Person.login == login))
    return _signed_in(row) if row else None


def person_by_id(session: Session, shop: str, person: str) -> SignedIn | None:
    """The person with this id in a shop."""
    row = session.get(Person, person)
    return _signed_in(row) if row and row.shop_id == shop else None


def open_session(session: Session, person_id: str, days: int = 14) -> tuple[str, str]:
    """Open a browser session; returns the secret token of its cookie and its CSRF token."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    person = session.get_one(Person, person_id)
    session.execute(delete(WebSession).where(WebSession.expires_at < utc_now()))
    session.add(
        WebSession(
            token_hash=_digest(token),
            shop_id=person.shop_id,
            person_id=person_id,
            csrf=csrf,
            expires_at=utc_now() + timedelta(days=days),
        )
    )
    return token, csrf


def session_of(session: Session, token: str) -> SignedIn | None:
    """Whose session a cookie belongs to, if it is still open."""
    row = session.get(WebSession, _digest(token))
    if row is None or row.expires_at < utc_now():
        return None
    return _signed_in(session.get_one(Person, row.person_id), row.csrf)


def close_session(session: Session, token: str) -> None:
    """End a browser session."""
    session.execute(delete(WebSession).where(WebSession.token_hash == _digest(token)))


def set_language(session: Session, shop: str, person: str, language: Language) -> None:
    """Remember the language a person chose."""
    row = session.get(Person, person)
    if row and row.shop_id == shop:
        row.language = language


def _signed_in(row: Person, csrf: str = "") -> SignedIn:
    return SignedIn(
        row.id,
        row.shop_id,
        Role(row.role),
        row.name,
        Language(row.language),
        csrf,
        row.buyer_id,
    )


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@lru_cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))
