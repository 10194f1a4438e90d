"""What a shop says of itself, read from files that people edit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.conversation.messages import Language
from bot.skills.answers.check import problems
from bot.skills.answers.entries import parse_answers_text
from bot.skills.answers.knowledge import SHIPPED, BadKnowledge, load_folders, load_knowledge
from bot.skills.answers.ranking import NEAR, candidates
from bot.skills.answers.yaml_files import BadFile

RETURNS = """
title: {en: Returns, zh: 退换货}
intents: [ask_return_policy]
facts: {return_window: 30 days, return_cost: 5 USD}
text:
  en: Send it back within {return_window}.
  zh: "{return_window}内可以退。"
"""
ANSWERS = """
- id: return-window
  intents: [ask_return_policy]
  answer: {en: "Within {return_window}.", zh: "{return_window}内。"}
  questions: {en: [how long to return], zh: [多久可以退]}
- id: return-cost
  intents: [ask_return_policy]
  answer: {en: "It costs {return_cost}.", zh: "费用{return_cost}。"}
  questions: {en: ["what does returning {product} cost"], zh: [退货多少钱]}
"""


def folder(base: Path, policies: dict[str, str], answers: dict[str, str]) -> Path:
    """A folder with these files."""
    for part, files in (("policies", policies), ("answers", answers)):
        (base / part).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (base / part / f"{name}.yml").write_text(text, "utf-8")
    return base


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A small shop's files."""
    return folder(tmp_path / "data", {"returns": RETURNS}, {"returns": ANSWERS})


def test_the_files_of_the_project_can_be_read() -> None:
    """Every file loads, and every name in braces stands for something."""
    assert problems(SHIPPED) == []


def test_the_shipped_policies_say_that_they_are_made_up() -> None:
    """The demo shop is synthetic, and so is what it promises; in both languages."""
    known = load_folders(SHIPPED)
    assert known.policies
    for policy in known.policies.values():
        assert "made-up" in policy.text[Language.EN], policy.topic
        assert "虚构" in policy.text[Language.ZH], policy.topic


def test_a_policy_is_told_with_its_facts(shipped: Path) -> None:
    """In the reader's language."""
    known = load_folders(shipped)
    policy = known.policy_of("ask_return_policy", Language.ZH)
    assert policy
    assert known.told(policy, Language.ZH) == "30 天内可以退。"
    assert known.policy_of("ask_shipping", Language.EN) is None


def test_a_shops_own_files_go_over_the_shipped_ones(shipped: Path, tmp_path: Path) -> None:
    """A fact, an entry: the same name wins, and what is not named stays."""
    own = folder(
        tmp_path / "own",
        {"more": "facts: {return_window: 14 days}"},
        {"more": "- id: return-cost\n  answer: {en: Ask us.}\n  questions: {en: [cost]}\n"},
    )
    known = load_folders(shipped, own)
    policy = known.policy_of("ask_return_policy", Language.EN)
    assert policy
    assert known.told(policy, Language.EN) == "Send it back within 14 days."
    assert known.answers["return-cost"].answer == {Language.EN: "Ask us."}
    assert "return-window" in known.answers


def test_delete_hides_a_fact_an_entry_or_a_policy(shipped: Path, tmp_path: Path) -> None:
    """What needs a hidden fact cannot be told any more; it is no error."""
    own = folder(
        tmp_path / "own",
        {"more": "facts: {return_window: {delete: true}}"},
        {"more": "- id: return-cost\n  delete: true\n"},
    )
    known = load_folders(shipped, own)
    assert set(known.answers) == {"return-window"}
    assert not known.fillable(known.answers["return-window"].answer[Language.EN])
    assert known.policy_of("ask_return_policy", Language.EN) is None
    folder(own, {"returns": "delete: true"}, {})
    assert not load_folders(shipped, own).facts


def test_what_cannot_be_told_leaves_its_questions_to_a_person(
    shipped: Path, tmp_path: Path
) -> None:
    """An answer that was taken out, or that lacks a fact: a neighbour must not answer in its place."""
    assert not [c for c in candidates(load_folders(shipped)) if c.id.startswith(NEAR)]
    own = folder(
        tmp_path / "own",
        {"more": "facts: {return_window: {delete: true}}"},
        {"more": "- id: return-cost\n  delete: true\n"},
    )
    found = {(c.id, c.language): c for c in candidates(load_folders(shipped, own))}
    assert {id_ for id_, _ in found} == {"near:return-window", "near:return-cost"}
    assert found["near:return-window", Language.EN].questions == ("how long to return",)
    assert found["near:return-cost", Language.ZH].questions == ("退货多少钱",)
    assert not any(c.answer for c in found.values())
    back = ANSWERS[ANSWERS.index("- id: return-cost") :]
    folder(own, {}, {"more": back})
    assert not load_folders(shipped, own).withdrawn


def test_a_changed_file_is_read_anew(shipped: Path) -> None:
    """Without a restart, and with another version."""
    before = load_folders(shipped)
    assert load_folders(shipped) is before
    path = shipped / "policies" / "returns.yml"
    path.write_text(RETURNS.replace("30 days", "45 days"), "utf-8")
    os.utime(path, ns=(1, 1))
    after = load_folders(shipped)
    assert after.facts["return_window"].value.render(Language.EN) == "45 days"
    assert after.version != before.version


@pytest.mark.parametrize(
    ("policies", "answers", "told"),
    [
        ({"a": "facts: {x: 3}", "b": "facts: {x: 4}"}, {}, "the fact x is in policies/a.yml too"),
        ({"a": "facts: {price: 3}"}, {}, "field of a record"),
        ({"a": "text: {en: 'It is {nothing}.'}"}, {}, "{nothing} is not known"),
        ({"a": "text: {en: 'Order {order_number}.'}"}, {}, "{order_number} is not known"),
        ({}, {"a": ANSWERS}, "{return_window} is not known"),
        ({"r": RETURNS}, {"a": ANSWERS, "b": ANSWERS}, "the id is in answers/a.yml too"),
        ({"r": RETURNS}, {"a": ANSWERS.replace("{product}", "{price}")}, "a question may have"),
        ({"r": RETURNS.replace("{return_window}.", "{return_window.")}, {}, "a brace"),
        ({"Bad Name": RETURNS}, {}, "name it TOPIC.yml"),
    ],
)
def test_a_mistake_is_told_with_its_file(
    tmp_path: Path, policies: dict[str, str], answers: dict[str, str], told: str
) -> None:
    """In one line, and nothing of the files is used."""
    with pytest.raises(BadKnowledge) as raised:
        load_folders(folder(tmp_path / "data", policies, answers))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "", "just text", "a: 1", "- foo", "- id: A B\n  answer: {en: x}", "[" * 100_000, "- " * 100_000,
        "- &a x\n- *a", "- id: a\n  id: b", "- id: a\n  answer: {fr: x}", "- id: a\n  answer: {en: x}",
        "- id: a\n  colour: red", "\x00", "\udc80", "- !!python/object/apply:os.system [x]", "a: [",
        "---\na\n---\nb", "? [a]\n: b", "- id: a\n  answer: {en: x}\n  questions: {en: x}",
    ],
)  # fmt: skip
def test_a_hostile_or_broken_file_is_one_clear_error(text: str) -> None:
    """Never a crash, never an object, never a bomb."""
    with pytest.raises(BadFile) as raised:
        parse_answers_text(text, "x.yml")
    assert str(raised.value).startswith("x.yml")
    assert "\n" not in str(raised.value)


def test_a_number_in_an_answer_is_warned_of(shipped: Path) -> None:
    """It would not change when the policy does."""
    folder(
        shipped, {}, {"more": "- id: x\n  answer: {en: In 3 days.}\n  questions: {en: [when]}\n"}
    )
    assert any("'3'" in line for line in load_folders(shipped).warnings)


def test_a_shops_name_is_no_path() -> None:
    """Another folder cannot be reached by it."""
    with pytest.raises(BadKnowledge):
        load_knowledge("../other")


RESERVED = """
- id: reserved-other-shops
  intents: [ask_product]
  hand_over: true
  questions: {en: [what does it cost at another shop], zh: [别家卖多少钱]}
"""


def test_a_topic_that_goes_to_a_person_needs_no_answer(tmp_path: Path) -> None:
    """Its questions are known, and nothing can be said to them."""
    known = load_folders(folder(tmp_path, {}, {"reserved": RESERVED}))
    entry = known.answers["reserved-other-shops"]
    assert entry.hand_over
    assert not entry.answer


@pytest.mark.parametrize(
    ("line", "told"),
    [("  answer: {en: It costs more.}", "keep hand_over: or answer:"), ("", "write at least one")],
)
def test_a_topic_that_goes_to_a_person_has_questions_and_no_answer(line: str, told: str) -> None:
    """One or the other, and never nothing."""
    text = f"- id: reserved\n  hand_over: true\n{line}"
    text += "\n  questions: {en: [what else]}" if line else ""
    with pytest.raises(BadFile, match=told):
        parse_answers_text(text, "reserved.yml")


def test_near_misses_go_with_their_answer(tmp_path: Path, shipped: Path) -> None:
    """A shop's own count instead of the shipped ones; those of no answer are left out."""
    for base, text in (
        (shipped, "return-window: {en: [one]}\nreturn-cost: {en: [two]}\ngone: {en: [three]}"),
        (tmp_path / "own", "return-cost: {zh: [四]}"),
    ):
        (base / "near_misses").mkdir(parents=True)
        (base / "near_misses" / "returns.yml").write_text(text, "utf-8")
    known = load_folders(shipped, tmp_path / "own").answers
    near = {id_: {str(k): v for k, v in e.near_misses.items()} for id_, e in known.items()}
    assert near == {"return-window": {"en": ("one",)}, "return-cost": {"zh": ("四",)}}


@pytest.mark.parametrize(
    "text", ["- one", "return-window: {fr: [un]}", "Return: {en: [x]}", "return-window: [x]"]
)
def test_near_misses_that_make_no_sense_are_told_in_one_line(shipped: Path, text: str) -> None:
    """With the file's name."""
    (shipped / "near_misses").mkdir()
    (shipped / "near_misses" / "returns.yml").write_text(text, "utf-8")
    with pytest.raises(BadKnowledge, match=r"^near_misses/returns.yml: .+$"):
        load_folders(shipped)
