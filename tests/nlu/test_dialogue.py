"""Whole turns through a real Rasa server: the order form, interruptions, roles, retries and failures."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

ORDER = "parse this order: 2 red mugs and a blue plate"
FORM_ANSWERS = [
    "Anna Lee",
    "0171 234 5678",
    "+44 7911 123456",
    "12 Hill Road, Leeds LS1 4AB",
    "make it three",
    "no, blue",
    "王芳",
    "13800138000",
    "上海市浦东新区世纪大道100号",
    "改成三个",
    "cash on delivery",
    "asap please",
    "微信付款",
    "the large one",
    "leave it at the door",
]


def open_form(conversation: Any) -> None:
    """Bring a conversation to the form's first question."""
    assert conversation.say(ORDER)[-1] == "name?"


def test_form_goes_from_order_to_result(merchant):
    """An order opens the form, each answer lands in it, a yes ends it."""
    assert merchant.say(ORDER) == ["name?"]
    assert merchant.trace["actions"] == ["action_parse_order", "order_form"]
    assert merchant.say("Anna Lee") == ["confirm Anna Lee?"]
    assert merchant.say("/affirm") == ["result confirmed"]
    assert merchant.trace["actions"] == ["order_form", "action_order_result"]


def test_form_opens_again_after_it_ended(merchant):
    """Slots of the last draft do not end the next form at once."""
    for _ in range(2):
        open_form(merchant)
        merchant.say("Anna Lee")
        assert merchant.say("/affirm") == ["result confirmed"]


@pytest.mark.parametrize("answer", FORM_ANSWERS)
def test_answers_are_not_taken_for_something_else(merchant, answer):
    """Names, phone numbers, addresses and corrections stay in the form, whatever they look like."""
    open_form(merchant)
    assert merchant.say(answer) == [f"confirm {answer}?"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("what can you do?", "action_help"),
        ("how were sales last week?", "action_sales_report"),
        ("show me the orders from today", "action_list_orders"),
        ("你能做什么", "action_help"),
        ("上周卖了多少", "action_sales_report"),
    ],
)
def test_interruption_is_answered_and_the_form_goes_on(merchant, text, says):
    """A clear other wish is answered first, then the form asks again and takes the answer."""
    open_form(merchant)
    assert merchant.say(text) == [says, "name?"]
    assert merchant.say("Anna Lee") == ["confirm Anna Lee?"]


def test_asking_for_a_person_pauses_the_form(merchant):
    """Nothing is asked on while a person is on the way; afterwards the form is where it was."""
    open_form(merchant)
    assert merchant.say("/ask_human") == ["action_ask_human"]
    assert merchant.say("Anna Lee") == ["confirm Anna Lee?"]


@pytest.mark.parametrize("text", ["cancel", "算了", "stop", "/cancel"])
def test_cancel_ends_the_form(merchant, text):
    """A bare stop in the form means the draft."""
    open_form(merchant)
    assert merchant.say(text) == ["result cancelled"]
    assert merchant.say("/affirm") == ["action_affirm_or_deny"]


def test_second_order_goes_to_the_form(merchant):
    """A whole order pasted into the form is the form's business."""
    open_form(merchant)
    assert merchant.say(ORDER) == [f"confirm {ORDER}?"]
    assert merchant.trace["actions"] == ["order_form"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("these are tea pots, learn them", True), ("这些是帆布包，学一下", True),
        ("learn a new category", False), ("教你一个新类目", False),
    ],
)  # fmt: skip
def test_a_category_is_learnt_at_once_or_after_its_name(merchant, text, named):
    """Twice, so that nothing of the first time is left over; what interrupts is answered first."""
    for _ in range(2):
        first = merchant.say(text)
        assert first == (["learnt"] if named else ["what is it?"])
        if not named:
            assert merchant.say("what can you do?") == ["action_help", "what is it?"]
            assert merchant.say("enamel jugs") == ["taught confirmed"]
    assert merchant.say("/affirm") == ["action_affirm_or_deny"]


def test_a_cancel_ends_the_asking_for_a_name(merchant):
    """And a category can be taught while an order waits."""
    merchant.say("learn a new category")
    assert merchant.say("never mind, cancel") == ["taught cancelled"]
    open_form(merchant)
    assert merchant.say("these are tea pots, learn them")[0] == "learnt"
    assert merchant.say("Anna Lee") == ["confirm Anna Lee?"]


def test_customer_opens_no_form(customer, actions):
    """What action_parse_order refuses ends the turn; for a customer the intent is its twin anyway."""
    customer.say(ORDER)
    assert customer.trace["intent"] == "place_order"
    assert customer.say("/parse_order") == ["refused"]


def test_actions_see_the_metadata_from_the_first_message_on(merchant, actions):
    """Role, shop and message id reach the action as metadata of the latest message."""
    merchant.say("what can you do?", person="p1", message_id="m1")
    call = actions.calls[-1]["tracker"]
    assert call["sender_id"] == merchant.sender
    metadata = call["latest_message"]["metadata"]
    assert (metadata["role"], metadata["shop"], metadata["person"]) == ("merchant", "demo", "p1")
    assert call["latest_message"]["message_id"] == "m1"
    assert "domain" not in actions.calls[-1]


def test_greeting_follows_language_and_role(rasa, merchant, customer):
    """Chinese text for Chinese, and a customer is not greeted as the owner."""
    hello = merchant.say("hello", language="en")[0]
    assert hello.isascii()
    assert not merchant.say("你好", language="zh")[0].isascii()
    assert customer.say("hello", language="en")[0] != hello


@pytest.mark.parametrize(
    "text", ["", "   ", "\n", "qwzx fjrk vvpq", "asdkjh qweoi zxmcn", "🤷", "\ud83d", "/", "/{}"]
)
def test_odd_texts_get_the_fallback(customer, text):
    """What cannot be understood, or is nothing, gets a polite answer and no error."""
    assert customer.say(text) == ["action_fallback"]
    assert customer.trace["intent"] == "nlu_fallback"


@pytest.mark.parametrize(
    "text",
    [
        "/restart",
        "/session_start",
        "/back",
        " /restart",
        "\u3000/restart",
        "\u00a0/session_start",
        "\u200b/restart",
        "／restart",
        "//restart",
        "/no_such_intent",
        '/restart{"a":"b"}',
    ],
)
def test_rasas_own_commands_are_never_forced(merchant, text):
    """Only intents of the domain can be a button's payload; the open form survives all of these."""
    open_form(merchant)
    merchant.say(text)
    assert merchant.trace["intent"] not in ("restart", "session_start", "back", "no_such_intent")
    assert "action_restart" not in merchant.trace["actions"]
    assert "action_session_start" not in merchant.trace["actions"]


def test_payload_brings_its_entities(merchant, actions):
    """A button's payload forces its intent and carries its choice."""
    open_form(merchant)
    merchant.say('/inform_choice{"choice": "sku-1"}')
    message = next(c for c in reversed(actions.calls) if c["next_action"] == "validate_order_form")
    entities = message["tracker"]["latest_message"]["entities"]
    assert [(e["entity"], e["value"]) for e in entities] == [("choice", "sku-1")]
    assert merchant.trace["intent"] == "inform_choice"


def test_very_long_text_is_read(merchant):
    """A hundred thousand characters cost no more than the first thousand."""
    merchant.say("how were sales last week? " + "x y " * 25_000)
    assert merchant.trace["milliseconds"]["total"] < 60_000


def test_trace_says_why(merchant):
    """The trace has what `why` shows."""
    merchant.say("how were sales last week?")
    trace = merchant.trace
    assert trace["intent"] == trace["ranking"][0]["name"] == "sales_report"
    assert 0.4 < trace["confidence"] <= 1.0
    assert len(trace["ranking"]) == 5
    assert {"entity": "period", "value": "last week", "start": 15, "end": 24} in trace["entities"]
    assert trace["policy"] == "RulePolicy"
    assert trace["actions"] == ["action_sales_report"]
    assert 0 < trace["milliseconds"]["parse"] <= trace["milliseconds"]["total"]


def test_same_message_again_is_the_same_turn(merchant):
    """A retry of a turn whose answer was lost gives the same answer, and the dialogue goes on from there."""
    open_form(merchant)
    assert merchant.say("Anna Lee", message_id="m1") == ["confirm Anna Lee?"]
    first = merchant.say("/affirm", message_id="m2")
    assert merchant.say("/affirm", message_id="m2") == first == ["result confirmed"]
    assert merchant.say("/affirm", message_id="m3") == ["action_affirm_or_deny"]


def test_conversations_do_not_mix(rasa, merchant, actions):
    """A message in another conversation is outside the form of this one."""
    open_form(merchant)
    status, answer = rasa.turn(uuid.uuid4().hex, "/affirm")
    assert status == 200
    assert answer["replies"] == [{"custom": {"kind": "text", "text": "action_affirm_or_deny"}}]
    assert merchant.say("Anna Lee") == ["confirm Anna Lee?"]


@pytest.mark.parametrize(("broken", "status"), [(500, 500), (401, 500)])
def test_failed_action_fails_the_turn_and_leaves_no_trace(rasa, merchant, actions, broken, status):
    """The gateway is told, and a later message finds the dialogue as it was."""
    open_form(merchant)
    actions.broken["validate_order_form"] = broken
    try:
        assert rasa.turn(merchant.sender, "Anna Lee")[0] == status
    finally:
        actions.broken.clear()
    assert merchant.say("Ben Ray") == ["confirm Ben Ray?"]


def test_every_intent_is_answered(merchant, rasa):
    """Inside and outside the form each intent leads to a reply, by one or two actions."""
    from rasa.shared.core.domain import Domain

    intents = [
        name
        for name in Domain.load("domain.yml").intents
        if name not in ("restart", "back", "session_start")
    ]
    for intent in intents:
        outside = rasa.conversation(role="merchant")
        assert outside.say(f"/{intent}")
        assert len(outside.trace["actions"]) <= 2
        open_form(merchant)
        assert merchant.say(f"/{intent}")
        assert len(merchant.trace["actions"]) <= 2
        merchant.say("/cancel")


def test_slow_action_is_given_up_in_time(rasa, merchant, actions):
    """After the turn's eight seconds the gateway gets its answer, and the next message is served."""
    actions.slow["action_help"] = 9.5
    try:
        status, answer = rasa.turn(merchant.sender, "what can you do?")
    finally:
        actions.slow.clear()
    assert (status, answer["error"]) == (500, "action_failed")
    assert merchant.say("how were sales last week?") == ["action_sales_report"]


@pytest.mark.parametrize(
    ("body", "secret", "status"),
    [
        (b"{}", None, 401),
        (b"{}", "wrong", 401),
        (b"{}", "", 401),
        (b"not json", "right", 400),
        (b"\xff\xfe\x00", "right", 400),
        (b"[]", "right", 400),
        (b'{"sender": 1, "message": "x"}', "right", 400),
        (b'{"sender": "x"}', "right", 400),
        (b'{"sender": "", "message": "x"}', "right", 400),
        (b'{"sender": "x", "message": "x", "metadata": 3}', "right", 400),
        (b'{"sender": "x", "message": "' + b"x" * 3_000_000 + b'"}', "right", 413),
        (b"[" * 100_000, "right", 400),
    ],
    ids=range(12),
)
@pytest.mark.parametrize("route", ["webhook", "reading"])
def test_bad_requests_are_refused(rasa, body, secret, status, route):
    """Without the secret nothing is read; with it, nonsense gets one clear answer."""
    given = rasa.secret if secret == "right" else secret
    assert rasa.request("POST", f"/webhooks/shopclerk/{route}", body, given)[0] == status


@pytest.mark.parametrize("text", ["how were sales last week?", "/restart", "", "?!", "x" * 5_000])
def test_a_text_can_be_read_outside_of_a_conversation(rasa, text):
    """An intent and how sure it is; a leading slash commands nothing."""
    body = {"sender": "reading", "message": text, "metadata": {"role": "merchant"}}
    status, read = rasa.request(
        "POST", "/webhooks/shopclerk/reading", json.dumps(body).encode(), rasa.secret
    )
    assert status == 200
    assert 0 <= read["confidence"] <= 1
    assert read["intent"] != "restart"


def test_nothing_else_is_open(rasa):
    """No API of Rasa's own listens."""
    for path in ("/model", "/domain", "/conversations/x/tracker", "/webhooks/rest/webhook"):
        assert rasa.request("GET", path)[0] in (404, 405)


def test_form_survives_kill_9(rasa, merchant):
    """Rasa is killed inside a form and started again; the form goes on."""
    open_form(merchant)
    rasa.kill()
    rasa.start()
    assert merchant.say("Anna Lee") == ["confirm Anna Lee?"]
    assert json.dumps(merchant.trace)
