"""The durable inbox: stored once, in order, finished once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from bot.conversation.messages import Button, Buttons, Handoff, InboundMessage, Progress, Role, Text
from bot.conversation.ports import Trace
from bot.store.clock import utc_now
from bot.store.engine import NotFound, Store
from bot.store.inbox import StoredInbox
from bot.store.outbox import StoredOutbox, post
from bot.store.schema import ButtonToken, Conversation, Message, OutboxReply
from bot.store.timeline import entries_after, replies_to

HELLO = InboundMessage("demo", "web", "m1", "chat-1", "ann", Role.CUSTOMER, "hello")
PUSHED = replace(HELLO, channel="telegram")


def test_a_repeated_message_is_stored_once(store: Store) -> None:
    """The same external id of the same channel is the same message, even four times at once."""
    inbox = StoredInbox(store)
    with ThreadPoolExecutor(4) as pool:
        accepted = list(pool.map(lambda _: inbox.accept(HELLO), range(8)))
    assert sum(one.new for one in accepted) == 1
    assert len({one.message for one in accepted}) == 1
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_an_external_id_is_only_known_in_its_own_shop_and_channel(store: Store) -> None:
    """Another shop's or channel's message with the same id is another message."""
    inbox = StoredInbox(store)
    others = (HELLO, replace(HELLO, shop="other"), replace(HELLO, channel="telegram"))
    assert all(inbox.accept(message).new for message in others)


def test_an_unknown_shop_is_refused(store: Store) -> None:
    """No row is made for a shop that is not there."""
    with pytest.raises(NotFound):
        StoredInbox(store).accept(replace(HELLO, shop="nobody"))


def test_messages_of_one_conversation_are_claimed_in_order_one_at_a_time(store: Store) -> None:
    """While the first is open nobody gets the second; another conversation's goes on."""
    inbox = StoredInbox(store)
    first = inbox.accept(HELLO)
    inbox.accept(replace(HELLO, external_id="m2", text="again"))
    elsewhere = inbox.accept(replace(HELLO, external_id="m3", chat="chat-2"))

    claimed = inbox.claim("a")
    assert claimed
    assert claimed.id == first.message
    other = inbox.claim("b")
    assert other
    assert other.id == elsewhere.message
    assert inbox.claim("c") is None

    assert inbox.finish(claimed, "a", [Text("hi")], Trace())
    second = inbox.claim("c")
    assert second
    assert second.text == "again"


def test_a_postponed_message_holds_back_the_later_ones(store: Store) -> None:
    """Order is kept even when the first of two must wait."""
    inbox = StoredInbox(store)
    inbox.accept(HELLO)
    inbox.accept(replace(HELLO, external_id="m2"))
    claimed = inbox.claim("a")
    assert claimed
    inbox.postpone(claimed, "a", 60)
    assert inbox.claim("a") is None


def test_a_turn_is_finished_once(store: Store) -> None:
    """Who lost the lease cannot finish; who holds it can, once."""
    inbox = StoredInbox(store)
    accepted = inbox.accept(HELLO)
    slow = inbox.claim("slow")
    assert slow
    with store.write() as session:
        session.execute(update(Conversation).values(leased_until=utc_now() - timedelta(seconds=1)))
    quick = inbox.claim("quick")
    assert quick
    assert quick.id == slow.id

    assert not inbox.finish(slow, "slow", [Text("late")], Trace())
    assert inbox.finish(quick, "quick", [Text("in time")], Trace())
    assert not inbox.finish(quick, "quick", [Text("twice")], Trace())
    with store.read() as session:
        replies = replies_to(session, "demo", accepted.message)
    assert replies is not None
    assert [entry.reply["text"] for entry in replies if entry.reply] == ["in time"]


def test_leases_of_a_killed_gateway_are_dropped_when_it_starts_again(store: Store) -> None:
    """Nobody waits for a lease to run out."""
    inbox = StoredInbox(store)
    inbox.accept(HELLO)
    assert inbox.claim("gateway")
    assert inbox.claim("gateway") is None
    inbox.release("gateway")
    assert inbox.claim("gateway")


def test_a_reply_computed_before_a_takeover_is_void(store: Store) -> None:
    """Owner or epoch changed since the claim: the message is done, the reply is dropped."""
    inbox = StoredInbox(store)
    accepted = inbox.accept(HELLO)
    claimed = inbox.claim("a")
    assert claimed
    with store.write() as session:
        session.execute(update(Conversation).values(owner="AGENT", epoch=1))
    assert inbox.finish(claimed, "a", [Text("too late")], Trace())
    with store.read() as session:
        assert replies_to(session, "demo", accepted.message) == []


def test_a_handoff_reply_queues_the_conversation(store: Store) -> None:
    """Actions only ask for a person; the owner changes here, with a new epoch."""
    inbox = StoredInbox(store)
    inbox.accept(HELLO)
    claimed = inbox.claim("a")
    assert claimed
    inbox.finish(claimed, "a", [Text("one moment"), Handoff("asked for a person")], Trace())
    with store.read() as session:
        conversation = session.scalars(select(Conversation)).one()
        assert (conversation.owner, conversation.epoch) == ("QUEUE", 1)


def test_buttons_leave_with_opaque_ids_that_work_in_their_conversation_only(store: Store) -> None:
    """The payload stays inside; a token of another conversation is read as plain text."""
    inbox = StoredInbox(store)
    accepted = inbox.accept(HELLO)
    claimed = inbox.claim("a")
    assert claimed
    inbox.finish(claimed, "a", [Buttons("sure?", (Button("Yes", "/affirm"),))], Trace())
    with store.read() as session:
        entry = entries_after(session, "demo", accepted.conversation, cursor=accepted.number)[0]
        token = session.scalars(select(ButtonToken)).one().token
    assert entry.reply == {
        "kind": "buttons",
        "text": "sure?",
        "buttons": [{"title": "Yes", "token": token}],
    }

    inbox.accept(replace(HELLO, external_id="m2", text="Yes", button=token))
    inbox.accept(replace(HELLO, external_id="m3", text="Yes", button=token, chat="chat-2"))
    payloads = [claimed.payload for claimed in (inbox.claim("a"), inbox.claim("b")) if claimed]
    assert payloads == ["/affirm", None]


def test_what_was_sent_is_stored_as_sent(store: Store) -> None:
    """Lone surrogates, NUL and right-to-left overrides come back the way they came."""
    inbox = StoredInbox(store)
    odd = "a\x00b\ud800c\u202ed" + "[" * 2000
    accepted = inbox.accept(replace(HELLO, text=odd))
    with store.read() as session:
        assert entries_after(session, "demo", accepted.conversation, cursor=0)[0].text == odd


def test_another_shops_conversation_is_not_found(store: Store) -> None:
    """Reading and posting by id need the right shop."""
    accepted = StoredInbox(store).accept(HELLO)
    with store.write() as session:
        with pytest.raises(NotFound):
            entries_after(session, "other", accepted.conversation, cursor=0)
        with pytest.raises(NotFound):
            replies_to(session, "other", accepted.message)
        with pytest.raises(NotFound):
            post(session, "other", accepted.conversation, Text("hi"))


def test_progress_takes_the_place_of_earlier_progress(store: Store) -> None:
    """One entry, with a new revision for readers by cursor, to be sent again."""
    accepted = StoredInbox(store).accept(PUSHED)
    outbox = StoredOutbox(store)
    for done in (1, 2):
        with store.write() as session:
            post(session, "demo", accepted.conversation, Progress("job-1", "reading", done, 9))
        if done == 1:
            (first,) = outbox.due(["telegram"], 10)
    outbox.sent(first, "x")
    (again,) = outbox.due(["telegram"], 10)
    assert again.id == first.id
    assert again.reply == Progress("job-1", "reading", 2, 9)
    with store.read() as session:
        (entry,) = entries_after(session, "demo", accepted.conversation, cursor=accepted.number)
        assert session.scalar(select(func.count()).select_from(OutboxReply)) == 1
    assert (entry.number, entry.revision) == (2, 3)


def test_the_outbox_keeps_the_order_of_a_conversation(store: Store) -> None:
    """A delayed reply holds back the ones behind it, not those of other conversations."""
    inbox, outbox = StoredInbox(store), StoredOutbox(store)
    here, there = (
        inbox.accept(PUSHED),
        inbox.accept(replace(PUSHED, external_id="m2", chat="chat-2")),
    )
    with store.write() as session:
        for accepted, text in ((here, "one"), (here, "two"), (there, "three")):
            post(session, "demo", accepted.conversation, Text(text))
    one, three = outbox.due(["telegram"], 10)
    assert (one.reply, three.reply) == (Text("one"), Text("three"))
    outbox.delay(one, 60, "429")
    outbox.sent(three, "c3")
    assert outbox.due(["telegram"], 10) == []
