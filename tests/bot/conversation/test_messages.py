"""Messages: JSON forms, language, and that nothing typed can force an intent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.messages import (
    Button,
    Buttons,
    File,
    Handoff,
    Image,
    InvalidReply,
    Language,
    Progress,
    Reply,
    Table,
    Text,
    from_dict,
    language_of,
    normalise,
    to_dict,
)

EVERY_KIND: list[Reply] = [
    Text("hi"),
    Buttons("sure?", (Button("Yes", "/affirm"), Button("No", token="t"))),
    Table("Orders", ("a", "b"), (("1", "2"), ("3", "4")), ((0, 1),)),
    Image("0" * 64, "sales by week", "Sales"),
    File("0" * 64, "orders.csv", "text/csv"),
    Progress("job-1", "reading", 3, 9),
    Handoff("asked for a person"),
]


@pytest.mark.parametrize("reply", EVERY_KIND, ids=lambda reply: reply.kind)
def test_every_reply_survives_its_json_form(reply: Reply) -> None:
    """What goes out as JSON comes back equal."""
    assert from_dict(to_dict(reply)) == reply


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "nope"},
        {"kind": "text"},
        {"kind": "text", "text": "a", "html": "b"},
        {"kind": "buttons", "text": "a", "buttons": [1]},
    ],
)
def test_a_broken_reply_is_refused(data: dict[str, object]) -> None:
    """An unknown kind, a missing or an unknown part is one clear error."""
    with pytest.raises(InvalidReply):
        from_dict(data)


@pytest.mark.parametrize(
    "disguise",
    [
        "/restart",
        " /x{}",
        "\u00a0/x",
        "\u3000/x",
        "／x",
        "\u200b/x",
        "\ufeff/x",
        "\u2060／ /x",
        "\n\t//x",
        "⁄x",
        "∕x",
        "\u202e/x",
        "\\/x",
        "⧸x",
        "/ ／x",
    ],
)
def test_no_disguise_leaves_a_leading_slash(disguise: str) -> None:
    """Rasa would take it as a forced intent."""
    assert normalise(disguise)[0] in "xr"


@given(st.text(max_size=200))
def test_normalised_text_never_forces_an_intent_and_stays_itself(text: str) -> None:
    """No leading slash or blank, and normalising twice changes nothing more."""
    once = normalise(text)
    assert not once.lstrip().startswith("/")
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("where is my order", Language.EN),
        ("我的订单到哪了", Language.ZH),
        ("帮我查一下 order SC-10234", Language.ZH),
        ("please send 王芳 the two mugs she asked for", Language.EN),
        ("12345", Language.ZH),
        ("", Language.ZH),
    ],
)
def test_language_of_a_text(text: str, language: Language) -> None:
    """Han characters against words; no letters at all: the person's own language."""
    assert language_of(text, Language.ZH) is language
