"""The merchant edits the shop's own files: over the shipped ones, checked as a whole, and always to be taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.conversation.messages import Language
from bot.settings import settings
from bot.skills.answers.editing import Editor, Kind
from bot.skills.answers.knowledge import BadKnowledge
from tests.bot.skills.answers.test_knowledge import ANSWERS, RETURNS, folder

REWORDED = {
    "intents": ["ask_return_policy"],
    "answer": {"en": "You have {return_window}.", "zh": "您有{return_window}。"},
    "questions": {"en": ["how long to return"], "zh": ["多久可以退"]},
}


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """An editor over a small shop's files."""
    monkeypatch.setattr(settings(), "home", tmp_path / "home")
    shipped = folder(tmp_path / "data", {"returns": RETURNS}, {"returns": ANSWERS})
    return Editor("demo", shipped)


def test_a_reworded_answer_counts_at_once_and_leaves_the_shipped_file_alone(
    editor: Editor, tmp_path: Path
) -> None:
    """The shop's own words go over the shipped ones."""
    edit = editor.put(Kind.ANSWER, "return-window", "returns", REWORDED)
    assert edit.before is None
    known = editor.knowledge().answers["return-window"]
    assert known.answer[Language.EN] == "You have {return_window}."
    assert (tmp_path / "data/answers/returns.yml").read_text("utf-8") == ANSWERS


def test_what_was_before_can_be_put_back(editor: Editor) -> None:
    """An edit holds what its undoing needs."""
    first = editor.put(Kind.ANSWER, "return-window", "returns", REWORDED)
    editor.put(first.kind, first.subject, first.topic, first.before)
    assert (
        editor.knowledge().answers["return-window"].answer[Language.EN] == "Within {return_window}."
    )
    assert not editor.is_own(Kind.ANSWER, "return-window")


def test_a_new_answer_is_added_and_removed(editor: Editor) -> None:
    """An answer that nothing shipped stands behind is gone when it is taken out."""
    editor.put(Kind.ANSWER, "return-label", "labels", REWORDED)
    assert editor.knowledge().answers["return-label"].topic == "labels"
    editor.hide(Kind.ANSWER, "return-label")
    assert editor.raw(Kind.ANSWER, "return-label") is None


def test_a_shipped_answer_is_hidden_and_shown_again(editor: Editor) -> None:
    """Taking out what is shipped hides it."""
    hidden = editor.hide(Kind.ANSWER, "return-window")
    assert "return-window" not in editor.knowledge().answers
    editor.put(hidden.kind, hidden.subject, hidden.topic, hidden.before)
    assert "return-window" in editor.knowledge().answers


def test_a_changed_fact_changes_every_answer_with_it(editor: Editor) -> None:
    """A policy's own file may hold one fact alone; the rest stays as shipped."""
    editor.put(Kind.POLICY, "returns", "returns", {"facts": {"return_window": "45 days"}})
    known = editor.knowledge()
    assert known.facts["return_window"].value.render(Language.ZH) == "45 天"
    policy = known.policy_of("ask_return_policy", Language.EN)
    assert policy
    assert known.told(policy, Language.EN) == "Send it back within 45 days."
    raw = editor.raw(Kind.POLICY, "returns")
    assert raw
    assert raw["facts"] == {"return_window": "45 days", "return_cost": "5 USD"}


@pytest.mark.parametrize(
    ("subject", "topic", "answer"),
    [
        ("return-window", "returns", {"en": "Within {no_such_fact}."}),
        ("return-window", "returns", {"fr": "Non."}),
        ("Not An Id", "returns", {"en": "Yes."}),
        ("return-window", "../../outside", {"en": "Yes."}),
    ],
)
def test_what_would_break_the_files_is_refused_and_changes_nothing(
    editor: Editor, subject: str, topic: str, answer: dict[str, str]
) -> None:
    """One clear error, and the shop answers as before."""
    before = editor.knowledge().version
    with pytest.raises(BadKnowledge):
        editor.put(Kind.ANSWER, subject, topic, {**REWORDED, "answer": answer})
    assert editor.knowledge().version == before


@pytest.mark.parametrize("shop", ["../demo", "", "a/b", "x" * 100])
def test_a_shop_has_no_way_out_of_its_folder(editor: Editor, shop: str) -> None:
    """Names of shops are not paths."""
    with pytest.raises(BadKnowledge):
        Editor(shop)


def test_changes_at_the_same_time_are_all_kept(editor: Editor) -> None:
    """One after the other, none is lost."""
    ids = [f"new-{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda id_: editor.put(Kind.ANSWER, id_, "returns", REWORDED), ids))
    assert set(ids) <= set(editor.knowledge().answers)
