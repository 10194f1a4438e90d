"""Why the last turn went as it did: what was understood, how surely, by which rule, and what was in doubt."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.conversation.messages import Language, Role
from bot.skills.orders.draft import Orders
from bot.skills.orders.form import KIND
from bot.skills.turn import Turn
from bot.store.drafts import latest_draft
from bot.store.traces import PastTurn, turns_before
from bot.texts import number, percent, say, texts

QUOTED = 80
ORDER_ACTIONS = frozenset({"order_form", "action_parse_order", "action_order_result"})


def why(session: Session, turn: Turn) -> str:
    """The last turn explained; one that only asked why is passed over."""
    past = turns_before(session, turn.shop, turn.conversation, turn.message)
    explained = next((one for one in past if one.trace.get("intent") != "why"), None)
    if explained is None:
        return say("why_nothing", turn.language)
    lines = [_understood(explained, turn.language)]
    if turn.role is not Role.CUSTOMER:
        lines.append(_acted(explained, turn.language))
        lines += _doubts(session, turn, explained)
    return "\n".join(lines)


def intent_name(intent: str, language: Language) -> str:
    """What an intent is called among people."""
    key = f"intent_{intent}"
    return say(key, language) if key in texts() else intent


def _understood(past: PastTurn, language: Language) -> str:
    quoted = past.text if len(past.text) <= QUOTED else past.text[:QUOTED] + "…"
    intent = str(past.trace.get("intent") or "nlu_fallback")
    lines = say(
        "why_understood",
        language,
        text=quoted,
        intent=intent_name(intent, language),
        percent=percent(float(past.trace.get("confidence") or 0.0), language),
    )
    others = [(name, share) for name, share in past.trace.get("ranking") or () if name != intent]
    if others:
        name, share = others[0]
        lines += " " + say(
            "why_next",
            language,
            intent=intent_name(name, language),
            percent=percent(share, language),
        )
    return lines


def _acted(past: PastTurn, language: Language) -> str:
    actions = [str(name) for name in past.trace.get("actions") or ()]
    total = float((past.trace.get("milliseconds") or {}).get("total") or 0.0)
    return say(
        "why_acted",
        language,
        policy=past.trace.get("policy") or "-",
        actions=", ".join(actions) or "-",
        milliseconds=number(round(total), language),
    )


def _doubts(session: Session, turn: Turn, past: PastTurn) -> list[str]:
    """What was in doubt in the order that the turn was about."""
    stored = latest_draft(session, turn.shop, turn.conversation, KIND)
    if stored is None or not ORDER_ACTIONS & set(past.trace.get("actions") or ()):
        return []
    doubted = Orders.from_body(stored.body).doubted
    if not doubted:
        return [say("why_no_doubts", turn.language)]
    parts = [one.split("=", 2) for one in doubted]
    told = [f"“{words}” ({say(f'doubt_{why}', turn.language)})" for _, why, words in parts]
    return [say("why_doubts", turn.language, doubts=", ".join(told))]
