"""The merchant's API about answers, facts and policies, with the real actions process behind it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bot.store.people import person_by_login
from bot.store.proposals import propose
from bot.store.questions import AskedQuestion, keep_question
from tests.connectors.web.guests import Guest, client_of, merchant_of, sign_in
from tests.connectors.web.site import PASSWORD, Site, running_actions

API = "/api/v1/knowledge"
GIFTS = {
    "topic": "store",
    "answer": {"en": "We wrap gifts in hessian.", "zh": "我们用亚麻布包装礼物。"},
    "questions": {"en": ["do you wrap gifts in hessian"], "zh": ["礼物用亚麻布包吗"]},
}
CHANGES = {
    "answers": GIFTS,
    "answers/return-window": GIFTS,
    "answers/return-window/hide": None,
    "answers/return-window/restore": None,
    "policies/returns": {"title": {"en": "Returns"}, "text": {"en": "Never."}},
    "policies/returns/restore": None,
    "value": {"value": "30 days"},
    "facts/return_window": {"topic": "returns", "value": "45 days"},
    "facts/return_window/restore": None,
    f"history/{'0' * 32}/put-back": None,
    "try": {"text": "how long can I return things"},
    "unanswered/close": {"questions": ["0" * 32]},
    "models/train": None,
    "models/stop": None,
    "models/use": {"version": ""},
}
READS = ("answers", "answers/return-window", "policies", "history", "unanswered", "models")


@pytest.fixture(scope="module")
def desk(site: Site) -> Iterator[None]:
    """The actions process."""
    with running_actions(site):
        yield


@pytest.fixture
def mei(desk: None, merchant: Guest) -> httpx.Client:
    """The demo shop's merchant, with the actions process running."""
    return merchant.client


def get(client: httpx.Client, path: str, **query: str) -> Any:
    """What a path says."""
    answer = client.get(f"{API}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(client: httpx.Client, path: str, body: object = None) -> Any:
    """What came of a change."""
    answer = client.post(f"{API}/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_while_the_actions_process_is_down_there_is_one_clear_line(merchant: Guest) -> None:
    """The console says so; nothing hangs. (First in this file: the process starts with the next test.)"""
    answer = merchant.client.get(f"{API}/answers")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "desk_down"
    assert "shopclerk doctor" in answer.json()["error"]["message"]


def test_a_new_answer_is_found_edited_and_taken_out(mei: httpx.Client) -> None:
    """From adding to removing, as a merchant does it."""
    added = post(mei, "answers", GIFTS)
    assert added["state"] == "own"
    (found,) = get(mei, "answers", query="hessian wrap")["entries"]
    assert found["id"] == added["id"]
    changed = {**GIFTS, "answer": {"en": "We wrap gifts within {return_window}."}}
    shown = post(mei, f"answers/{added['id']}", changed)
    assert shown["answer"] == changed["answer"]
    post(mei, f"answers/{added['id']}/hide")
    assert mei.get(f"{API}/answers/{added['id']}").status_code == 404


def test_what_was_changed_is_said_at_once(mei: httpx.Client) -> None:
    """A fact's new value is in the very next trial, with the file that it stands in; putting back takes it out."""
    question = {"text": "what is the time limit for returning an item"}
    post(mei, "facts/return_window", {"topic": "returns", "value": "47 days"})
    told = post(mei, "try", question)
    assert (told["decision"], told["source"]) == ("send", "answer:return-window")
    assert "47 days" in told["text"]
    assert {
        "name": "return_window",
        "value": "47 days",
        "source": "policies/returns.yml:return_window",
    } in told["facts"]
    change = get(mei, "history")["changes"][0]
    assert (change["name"], change["subject"], change["person"]) == (
        "fact.save",
        "return_window",
        "Mei",
    )
    post(mei, f"history/{change['id']}/put-back")
    assert "30 days" in post(mei, "try", question)["text"]


def test_a_question_in_the_other_language_is_answered_in_it(mei: httpx.Client) -> None:
    """The merchant's page is English, the customer asks in Chinese."""
    told = post(mei, "try", {"text": "最晚什么时候退"})
    assert told["language"] == "zh"
    assert "30 天" in told["text"]


def test_a_value_is_shown_in_both_languages_before_it_is_saved(mei: httpx.Client) -> None:
    """And an impossible one is refused with a line that says what to write."""
    assert post(mei, "value", {"value": "3-5 working days"}) == {
        "en": "3-5 working days",
        "zh": "3-5 个工作日",
    }
    assert post(mei, "value", {"value": ["PayPal", {"en": "cash", "zh": "现金"}]})["zh"]
    refused = mei.post(f"{API}/value", json={"value": "9-3 days"})
    assert refused.status_code == 422
    assert "smaller number first" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {**GIFTS, "answer": {"en": "It costs {no_such_fact}."}},
        {**GIFTS, "answer": {"en": "A stray { brace."}},
        {**GIFTS, "questions": {}},
        {**GIFTS, "answer": {}},
    ],
)
def test_what_would_break_the_files_is_refused_in_one_line(mei: httpx.Client, body: object) -> None:
    """422 with what to mend, and the list is as before."""
    before = get(mei, "answers")["total"]
    refused = mei.post(f"{API}/answers", json=body)
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "not_accepted"
    assert get(mei, "answers")["total"] == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("answers/../../../etc", GIFTS),
        ("answers/Return", GIFTS),
        ("answers", {**GIFTS, "topic": "../../outside"}),
        ("answers", {**GIFTS, "extra": 1}),
        ("answers", {**GIFTS, "answer": {"fr": "Non."}}),
        ("answers", {**GIFTS, "answer": {"en": "a\u0000b"}}),
        ("answers", {**GIFTS, "answer": {"en": "x" * 4_001}}),
        ("facts/return_window", {"topic": "returns", "value": {"en": {}}}),
        ("try", {"text": ""}),
        ("models/use", {"version": "../../../etc"}),
        ("models/use", {"version": "20261124-010203-00aa"}),
        ("unanswered/close", {"questions": ["'; --"]}),
    ],
)
def test_what_has_the_wrong_shape_does_not_get_further(
    mei: httpx.Client, path: str, body: object
) -> None:
    """It is refused at the door."""
    assert mei.post(f"{API}/{path}", json=body).status_code in (404, 422)


def ask_in_vain(site: Site, shop: str, *texts: str) -> None:
    """Questions of customers that were handed over."""
    with site.store.write() as session:
        for text in texts:
            asked = AskedQuestion(
                uuid.uuid4().hex, f"{shop}-customer", "en", text, text, "hand_over"
            )
            keep_question(session, shop, asked)


def test_questions_asked_in_vain_become_an_answer(site: Site, mei: httpx.Client) -> None:
    """Together by what they are about; answering takes them off the list, another shop's stay."""
    texts = ["can you engrave a name on the mug", "do you engrave names on mugs"]
    for shop in ("demo", "other"):
        ask_in_vain(site, shop, *texts, texts[0])
    (cluster,) = get(mei, "unanswered")["clusters"]
    assert (sorted(cluster["texts"]), len(cluster["ids"])) == (texts, 3)
    draft = {
        "topic": "products",
        "answer": {"en": "We engrave mugs for free."},
        "questions": {"en": texts},
        "closes": cluster["ids"],
    }
    added = post(mei, "answers", draft)
    assert get(mei, "unanswered")["clusters"] == []
    assert post(mei, "try", {"text": texts[0]})["text"] == "We engrave mugs for free."
    post(mei, f"answers/{added['id']}/hide")
    with merchant_of(site, "other") as bob:
        (theirs,) = get(bob.client, "unanswered")["clusters"]
        assert post(mei, "unanswered/close", {"questions": theirs["ids"]}) == {"closed": 0}
        assert post(bob.client, "unanswered/close", {"questions": theirs["ids"]}) == {"closed": 3}
        assert get(bob.client, "unanswered")["clusters"] == []


def test_what_an_agent_answered_is_offered_and_can_be_dismissed(
    site: Site, mei: httpx.Client
) -> None:
    """With who wrote it."""
    with site.store.write() as session:
        ada = person_by_login(session, "demo", "demo-agent")
        assert ada
        propose(session, "demo", "do you ship on Sundays", "Yes, we do.", ada.person)
    (offered,) = get(mei, "unanswered")["proposals"]
    assert (offered["question"], offered["person"]) == ("do you ship on Sundays", "Ada")
    post(mei, "unanswered/close", {"proposal": offered["id"]})
    assert get(mei, "unanswered")["proposals"] == []


def test_a_training_is_begun_once_and_can_be_stopped(mei: httpx.Client) -> None:
    """No worker runs here: it waits until it is stopped."""
    assert get(mei, "models")["current"] == ""
    first = post(mei, "models/train")["job"]
    assert (first["state"], post(mei, "models/train")["job"]["state"]) == ("queued", "queued")
    assert post(mei, "models/stop")["job"]["state"] == "cancelled"
    assert post(mei, "models/use", {"version": ""})["current"] == ""


def test_shops_do_not_see_each_other(site: Site, mei: httpx.Client) -> None:
    """Neither answers, nor facts, nor changes; and nobody can put back what another shop did."""
    added = post(mei, "answers", GIFTS)
    change = get(mei, "history")["changes"][0]
    with merchant_of(site, "other") as bob:
        assert bob.client.get(f"{API}/answers/{added['id']}").status_code == 404
        assert bob.client.post(f"{API}/answers/{added['id']}/hide").status_code == 404
        assert bob.client.post(f"{API}/history/{change['id']}/put-back").status_code == 404
        assert get(bob.client, "history") == {"changes": []}
    post(mei, f"answers/{added['id']}/hide")


def test_only_the_merchants_own_page_may_change_anything(
    site: Site, mei: httpx.Client, visitor: Guest
) -> None:
    """Nobody, a visitor, an agent, a page without the proof: 401 or 403 at every address."""
    with client_of(site) as nobody, client_of(site) as agent:
        sign_in(agent, "demo-agent", PASSWORD)
        del mei.headers["X-CSRF-Token"]
        for path, body in CHANGES.items():
            refusals = [
                who.post(f"{API}/{path}", json=body).status_code
                for who in (nobody, agent, visitor.client, mei)
            ]
            assert refusals == [401, 401, 403, 403], path
        for path in READS:
            refusals = [who.get(f"{API}/{path}").status_code for who in (nobody, visitor.client)]
            assert refusals == [401, 403], path
