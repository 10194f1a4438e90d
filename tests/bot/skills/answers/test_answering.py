"""Questions to a small shop: answered from its files and records, asked back, or handed over."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.conversation.messages import Language
from bot.skills.answers.answering import Decision, Question, Reason, answer
from bot.skills.answers.ranking import Ranked
from bot.store.orders import OrderStatus
from tests.bot.skills.answers.conftest import NOW, ORDER, POLICIES, DeskOf, Says


def asked(text: str, language: Language = Language.EN, **more: object) -> Question:
    """A question."""
    return replace(Question(text, language), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "language", "told", "source"),
    [
        ("how long can I return things?", Language.EN, "You can send things back within 30 days.",
         "answer:return-window"),
        ("多久可以退货", Language.ZH, "收到后30 天内可以退货。", "answer:return-window"),
        ("how much is the blue mug", Language.EN, "Blue mug costs $12.00.", "answer:product-price"),
        ("蓝色马克杯多少钱", Language.ZH, "蓝色马克杯的价格是$12.00。", "answer:product-price"),
        ("is the white towel in stock", Language.EN, "We have 100 of White towel.", "answer:product-stock"),
        ("returns", Language.EN, "Send it back within 30 days. A label costs $4.90.", "policy:returns"),
    ],
)  # fmt: skip
def test_a_question_is_answered_in_its_language(
    desk: DeskOf, text: str, language: Language, told: str, source: str
) -> None:
    """From facts and records, each with where it stands."""
    found = answer(asked(text, language), desk())
    assert (found.decision, found.text, found.source) == (Decision.SEND, told, source)
    assert all(fact.value in told and fact.source for fact in found.facts)
    assert found.facts


def test_a_change_of_the_files_is_in_the_next_answer(desk: DeskOf, files: Path) -> None:
    """A fact, and an entry that nothing was trained on."""
    (files / "policies" / "returns.yml").write_text(POLICIES.replace("30 days", "3 weeks"), "utf-8")
    more = "- id: gift\n  answer: {en: We wrap gifts.}\n  questions: {en: [do you wrap gifts]}\n"
    (files / "answers" / "gifts.yml").write_text(more, "utf-8")
    assert "3 weeks" in answer(asked("how long can I return things"), desk()).text
    assert answer(asked("do you wrap gifts?"), desk()).text == "We wrap gifts."
    (files / "answers" / "gifts.yml").unlink()
    assert answer(asked("do you wrap gifts?"), desk()).decision is not Decision.SEND


def test_a_product_that_may_be_several_is_asked_back(desk: DeskOf) -> None:
    """With a button for each, which answers the question that was asked."""
    found = answer(asked("how much is the mug"), desk())
    assert (found.decision, found.reason) == (Decision.ASK_BACK, Reason.WHICH_PRODUCT)
    assert sorted(choice.title for choice in found.choices) == ["Blue mug", "Red mug"]
    for choice in found.choices:
        chosen = answer(
            asked("how much is the mug", chosen=choice.chosen, product=choice.product), desk()
        )
        assert (
            chosen.text == f"{choice.title} costs ${'12' if 'Blue' in choice.title else '13'}.00."
        )


def test_a_product_that_nobody_named_is_asked_for(desk: DeskOf) -> None:
    """Nothing is made up in its place."""
    found = answer(asked("price?"), desk(Says([Ranked(("answer:product-price",), 0.9)])))
    assert (found.decision, found.choices) == (Decision.ASK_BACK, ())
    assert "Which product" in found.text


def test_two_that_may_be_meant_are_offered(desk: DeskOf) -> None:
    """And the pressed one is answered."""
    ranked = [Ranked(("answer:return-window",), 0.6), Ranked(("answer:return-fee",), 0.5)]
    found = answer(asked("return?"), desk(Says(ranked)))
    assert (found.decision, found.reason) == (Decision.ASK_BACK, Reason.NOT_SURE)
    assert [choice.chosen for choice in found.choices] == [
        "answer:return-window",
        "answer:return-fee",
    ]
    assert found.choices[0].title == "How long can I return things"
    chosen = answer(asked("return?", chosen=found.choices[1].chosen), desk())
    assert chosen.text == "A return label costs $4.90."


@pytest.mark.parametrize(
    "ranked",
    [[], [Ranked(("answer:return-window",), 0.3)], [Ranked(("answer:return-window",), 0.5)]],
)
def test_what_is_not_known_is_handed_over(desk: DeskOf, ranked: list[Ranked]) -> None:
    """Nothing fits, hardly anything fits, or only one thing may fit."""
    found = answer(asked("can I bring my dog"), desk(Says(ranked)))
    assert (found.decision, found.text, found.facts) == (Decision.HAND_OVER, "", ())


def test_two_questions_in_one_get_both_answers(desk: DeskOf) -> None:
    """When the ranker says that two answers together are meant."""
    both = Ranked(("answer:return-window", "answer:return-fee"), 0.9)
    found = answer(asked("how long and how much"), desk(Says([both])))
    assert found.text == "You can send things back within 30 days. A return label costs $4.90."
    assert found.source == "answer:return-window+answer:return-fee"


def test_an_order_is_told_to_who_may_know_it_only(desk: DeskOf) -> None:
    """Without an order nothing of one is said, whatever number stands in the text."""
    sure = desk(Says([Ranked(("answer:order-when",), 0.9)]))
    found = answer(asked("when does order SC-10001 come"), sure)
    assert (found.decision, found.reason) == (Decision.HAND_OVER, Reason.WHICH_ORDER)
    found = answer(asked("when does order SC-10001 come", order=ORDER), sure)
    assert found.text == "Order SC-10001 should be there by 22 Nov 2026."


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"promised_at": NOW - timedelta(days=1)}, "it is late"),
        ({"status": OrderStatus.DELIVERED, "delivered_at": NOW}, "was delivered on 20 Nov 2026"),
        ({"status": OrderStatus.CANCELLED}, "was cancelled"),
    ],
)
def test_what_an_answer_could_not_say_of_an_order_the_record_says(
    desk: DeskOf, change: dict[str, object], told: str
) -> None:
    """A late order is not promised again."""
    order = replace(ORDER, **change)  # type: ignore[arg-type]
    sure = desk(Says([Ranked(("answer:order-when",), 0.9)]))
    found = answer(asked("when does it come", order=order), sure)
    assert (found.decision, found.source) == (Decision.SEND, "record:order:SC-10001")
    assert told in found.text


def test_the_state_of_an_order_needs_no_answer_in_the_files(desk: DeskOf) -> None:
    """Where the NLU is sure that it is asked for."""
    nothing = desk(Says([]))
    sure = asked("where is it", intent="order_status", confidence=0.95, order=ORDER)
    assert answer(sure, nothing).source == "record:order:SC-10001"
    assert answer(replace(sure, confidence=0.5), nothing).decision is Decision.HAND_OVER


def test_nothing_in_stock_is_said_as_such(desk: DeskOf) -> None:
    """Not as a number of things that are there."""
    found = answer(asked("is oolong tea in stock"), desk())
    assert found.text == "Oolong tea is sold out at the moment."
    assert found.source == "record:product:TEA-OOL"


def test_a_deleted_fact_silences_its_answers(desk: DeskOf, files: Path) -> None:
    """It is not sent with a hole or an old value."""
    (files / "policies" / "zz.yml").write_text("facts: {x: 1}", "utf-8")
    known = desk().knowledge
    silent = replace(known, facts={k: v for k, v in known.facts.items() if k != "return_fee"})
    found = answer(asked("x"), desk(Says([Ranked(("answer:return-fee",), 0.99)]), knowledge=silent))
    assert (found.decision, found.reason) == (Decision.HAND_OVER, Reason.NOT_KNOWN)


def test_a_candidate_that_is_no_longer_there_is_not_sent(desk: DeskOf) -> None:
    """As a ranker could name that was trained before the files changed, or an old button."""
    for gone in ("answer:gone", "policy:gone", "nonsense", ""):
        found = answer(asked("x"), desk(Says([Ranked((gone,), 0.99)])))
        assert found.decision is Decision.HAND_OVER


def test_any_ranking_ends_in_a_supported_answer_or_none(desk: DeskOf) -> None:
    """Random candidates in random pairs, questions and orders: no holes, and no order for who may not know it."""
    rng = random.Random(3)
    ids = ["answer:return-window", "answer:return-fee", "answer:product-price", "answer:order-when"]
    ids += ["policy:returns", "answer:product-stock", "answer:gone"]
    questions = ["how much is the mug", "blue mug?", "order SC-10001", "oolong tea", "", "x" * 5000]
    for _ in range(300):
        ranked = [Ranked(tuple(rng.sample(ids, rng.randint(1, 2))), rng.random()) for _ in range(3)]
        ranked.sort(key=lambda one: -one.probability)
        order = rng.choice([None, ORDER])
        found = answer(asked(rng.choice(questions), order=order), desk(Says(ranked)))
        assert "{" not in found.text
        assert bool(found.text) or found.decision is Decision.HAND_OVER
        if order is None:
            assert "SC-10001" not in found.text


def test_a_reserved_topic_goes_to_a_person_however_sure_the_reading_is(
    desk: DeskOf, files: Path
) -> None:
    """The shop said so; and it is never offered as a choice."""
    more = "- id: lawyers\n  hand_over: true\n  questions: {en: [i will call my lawyer]}\n"
    (files / "answers" / "reserved.yml").write_text(more, "utf-8")
    found = answer(asked("i will call my lawyer"), desk())
    assert (found.decision, found.reason) == (Decision.HAND_OVER, Reason.RESERVED)
    ranked = [Ranked(("answer:return-window",), 0.6), Ranked(("answer:lawyers",), 0.5)]
    assert answer(asked("hm"), desk(Says(ranked))).choices == ()


def test_what_only_sounds_like_an_answer_goes_to_a_person(desk: DeskOf, files: Path) -> None:
    """Its near misses are found as surely as the answer's own questions; nothing is sent or offered for them."""
    (files / "near_misses").mkdir()
    near = "return-window: {en: [i was in hospital can i return it late]}"
    (files / "near_misses" / "returns.yml").write_text(near, "utf-8")
    found = answer(asked("i was in hospital can i return it late"), desk())
    assert (found.decision, found.reason) == (Decision.HAND_OVER, Reason.NEAR_MISS)
    assert answer(asked("how long can I return things"), desk()).decision is Decision.SEND
    ranked = [Ranked(("answer:return-window",), 0.6), Ranked(("near:return-window",), 0.5)]
    assert answer(asked("hm"), desk(Says(ranked))).choices == ()
