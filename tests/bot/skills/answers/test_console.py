"""The merchant lists, searches, changes and puts back what the shop says; each change is in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.conversation.messages import Language
from bot.settings import settings
from bot.skills.answers.console import Console, Draft, State, told_value
from bot.skills.answers.editing import Editor
from bot.skills.answers.knowledge import BadKnowledge
from bot.store.engine import NotFound, Store
from tests.bot.skills.answers.test_knowledge import ANSWERS, RETURNS, folder

EN, ZH = Language.EN, Language.ZH
GIFTS = Draft(
    "gifts",
    ("ask_product",),
    {EN: "We wrap gifts for free.", ZH: "我们免费包装礼物。"},
    {EN: ("do you wrap gifts", "gift wrap?"), ZH: ("可以包装礼物吗",)},
)


@pytest.fixture
def console(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The console of the demo shop's merchant, over a small shop's files."""
    monkeypatch.setattr(settings(), "home", tmp_path / "home")
    shipped = folder(tmp_path / "data", {"returns": RETURNS}, {"returns": ANSWERS})
    return Console(store, "demo", "mei", Editor("demo", shipped))


def reworded(console: Console, text: str) -> None:
    """Another English text for the shipped answer."""
    shown = console.answer("return-window")
    answer = {**shown.answer, EN: text}
    console.save(shown.id, Draft(shown.topic, shown.intents, answer, shown.questions))


def test_a_search_looks_into_texts_and_questions_of_both_languages(console: Console) -> None:
    """All words have to be there, in any order."""
    console.save("", GIFTS)
    for query, found in (("WRAP gifts", ["do-you-wrap-gifts"]), ("包装", ["do-you-wrap-gifts"])):
        assert [brief.id for brief in console.answers(query).entries] == found
    assert console.answers("wrap dragon").entries == ()
    assert {brief.topic for brief in console.answers("", "returns").entries} == {"returns"}
    assert console.answers().values["return_window"] == {EN: "30 days", ZH: "30 天"}


def test_a_new_answer_gets_an_id_of_its_own(console: Console) -> None:
    """Two answers to the same question are two entries, and each warns of the other."""
    first, second = console.save("", GIFTS), console.save("", GIFTS)
    assert (first.id, second.id) == ("do-you-wrap-gifts", "do-you-wrap-gifts-2")
    assert first.state is State.OWN
    assert "do-you-wrap-gifts too" in second.warnings[0]


def test_an_answer_is_changed_taken_out_and_put_back(console: Console) -> None:
    """The mark says whose words count."""
    states = []
    for step in (
        lambda: reworded(console, "You have {return_window}."),
        lambda: console.take_out("return-window"),
        lambda: console.restore("return-window"),
    ):
        step()
        states.append(console.answer("return-window").state)
    assert states == [State.CHANGED, State.HIDDEN, State.SHIPPED]
    assert [past.name for past in console.history()] == [
        "answer.restore",
        "answer.hide",
        "answer.save",
    ]


def test_every_change_can_be_put_back_from_the_history(console: Console) -> None:
    """Back to the words before that change, whatever came after it."""
    reworded(console, "First {return_window}.")
    reworded(console, "Second {return_window}.")
    newest, oldest = console.history()
    console.put_back(newest.id)
    assert console.answer("return-window").answer[EN] == "First {return_window}."
    console.put_back(oldest.id)
    assert console.answer("return-window").state is State.SHIPPED
    assert console.history()[0].name == "answer.put_back"


def test_a_fact_is_changed_for_every_text_and_put_back_alone(console: Console) -> None:
    """Putting a fact back leaves the policy's text and its other facts as the shop has them now."""
    console.save_fact("returns", "return_window", "45 days")
    policy = console.save_policy(
        "returns", {EN: "Returns", ZH: "退货"}, {EN: "In {return_window}."}
    )
    console.save_fact("returns", "return_cost", "6 USD")
    fact = {fact.name: fact for fact in policy.facts}["return_window"]
    assert (fact.told[ZH], fact.state) == ("45 天", State.CHANGED)
    assert fact.used >= 2
    console.put_back(console.history()[-1].id)
    now = console.policy("returns")
    values = {fact.name: fact.value for fact in now.facts}
    assert values["return_window"] == "30 days"
    assert values["return_cost"] == "6 USD"
    assert now.text == {EN: "In {return_window}."}
    restored = console.restore_policy("returns")
    assert restored.state is State.SHIPPED
    assert {fact.name: fact.value for fact in restored.facts}["return_cost"] == "6 USD"


def test_a_fact_that_answers_need_cannot_be_lost(console: Console) -> None:
    """A new fact is the shop's own; taking it away while a text tells it is refused."""
    console.save_fact("returns", "gift_box", "2 USD")
    console.save("", Draft("gifts", (), {EN: "A box costs {gift_box}."}, {EN: ("price of a box",)}))
    with pytest.raises(BadKnowledge, match="gift_box"):
        console.restore_fact("gift_box")
    assert "gift_box" in {fact.name for fact in console.policy("returns").facts}


@pytest.mark.parametrize("value", ["5-3 days", "2026-13-40", {"en": "only"}, [], ""])
def test_a_value_that_is_none_is_told_in_one_line(console: Console, value: object) -> None:
    """Before anything is saved, and when it is."""
    with pytest.raises(BadKnowledge):
        told_value(value)  # type: ignore[arg-type]
    with pytest.raises(BadKnowledge):
        console.save_fact("returns", "return_window", value)  # type: ignore[arg-type]
    assert console.history() == ()


def test_what_is_refused_leaves_no_line(console: Console) -> None:
    """Neither in the files nor in the audit log."""
    with pytest.raises(BadKnowledge, match="no_such_fact"):
        reworded(console, "In {no_such_fact}.")
    with pytest.raises(NotFound):
        console.answer("no-such-answer")
    assert console.history() == ()


def test_another_shop_has_neither_the_words_nor_the_history(
    console: Console, store: Store, tmp_path: Path
) -> None:
    """Each shop's own."""
    reworded(console, "You have {return_window}.")
    change = console.history()[0].id
    other = Console(store, "other", "bob", Editor("other", tmp_path / "data"))
    assert other.answer("return-window").state is State.SHIPPED
    assert other.history() == ()
    with pytest.raises(NotFound):
        other.put_back(change)
