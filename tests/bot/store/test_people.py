"""Sign-in and sessions."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from bot.conversation.messages import Role
from bot.store.clock import utc_now
from bot.store.engine import Store
from bot.store.people import (
    add_person,
    close_session,
    open_session,
    person_by_id,
    session_of,
    sign_in,
)
from bot.store.schema import Person, WebSession


def test_only_the_right_password_signs_in(store: Store) -> None:
    """Wrong, empty and unknown get nothing; what is stored is no password."""
    with store.write() as session:
        ann = add_person(session, "demo", Role.MERCHANT, "ann", "Ann", "right horse")
        add_person(session, "demo", Role.CUSTOMER, "bob", "Bob", "")
        signed_in = sign_in(session, "ann", "right horse")
        assert signed_in
        assert (signed_in.person, signed_in.shop, signed_in.role) == (ann, "demo", Role.MERCHANT)
        wrong = (("ann", "wrong"), ("ann", ""), ("bob", ""), ("nobody", "x"))
        assert [sign_in(session, *pair) for pair in wrong] == [None] * 4
        assert "right horse" not in session.scalars(select(Person.password_hash)).all()


def test_a_login_of_two_shops_is_told_apart_by_its_password(store: Store) -> None:
    """The same name may be taken in every shop."""
    with store.write() as session:
        add_person(session, "demo", Role.MERCHANT, "ann", "Ann", "one password")
        add_person(session, "other", Role.MERCHANT, "ann", "Ann", "another password")
        shops = [
            sign_in(session, "ann", password) for password in ("one password", "another password")
        ]
    assert [person.shop for person in shops if person] == ["demo", "other"]


def test_a_session_lasts_until_it_is_closed_or_too_old(store: Store) -> None:
    """The cookie's secret itself is not stored."""
    with store.write() as session:
        ann = add_person(session, "demo", Role.MERCHANT, "ann", "Ann", "secret")
        token, csrf = open_session(session, ann)
        second, _ = open_session(session, ann)
        found = session_of(session, token)
        assert found
        assert (found.person, found.csrf) == (ann, csrf)
        assert token not in session.scalars(select(WebSession.token_hash)).all()
        close_session(session, token)
        assert session_of(session, token) is None
        session.execute(update(WebSession).values(expires_at=utc_now() - timedelta(seconds=1)))
        session.expire_all()
        assert session_of(session, second) is None


def test_a_person_is_only_found_in_their_own_shop(store: Store) -> None:
    """An id of another shop is as good as none."""
    with store.write() as session:
        ann = add_person(session, "demo", Role.MERCHANT, "ann", "Ann", "")
        assert person_by_id(session, "demo", ann)
        assert person_by_id(session, "other", ann) is None
