"""Files that go out, and files that a merchant edits."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.messages import Language
from bot.skills.exports import to_csv
from bot.skills.policies import FOLDER, BadPolicy, load_policies, policy_for


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_no_cell_of_an_export_is_a_formula(text: str) -> None:
    """Whatever a buyer calls themselves."""
    data = to_csv(["name"], [[text]]).decode("utf-8-sig")
    (_, (cell,)) = csv.reader(io.StringIO(data, newline=""))
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.lstrip("'") == text.lstrip("'")


def test_every_policy_is_there_in_both_languages() -> None:
    """With the same topics and the same questions."""
    by = {
        language: {(p.topic, p.intents) for p in load_policies() if p.language is language}
        for language in Language
    }
    assert by[Language.EN] == by[Language.ZH]
    assert {"shipping", "returns", "payment", "hours"} == {topic for topic, _ in by[Language.EN]}


def test_an_edit_is_seen_without_a_restart(tmp_path: Path) -> None:
    """The next question gets the new text."""
    path = tmp_path / "shipping.en.md"
    for text in ("Three days.", "Now it is two days."):
        path.write_text(f"---\ntitle: S\nintents: [ask_shipping]\n---\n{text}\n")
        found = policy_for("ask_shipping", Language.EN, tmp_path)
        assert found is not None
        assert found.text == text
    assert policy_for("ask_shipping", Language.ZH, tmp_path) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shipping.en.md", "no header"),
        ("shipping.md", "---\ntitle: S\nintents: []\n---\nx"),
        ("shipping.fr.md", "---\ntitle: S\nintents: []\n---\nx"),
        ("shipping.en.md", "---\ntitle: S\n---\nx"),
        ("shipping.en.md", "---\n: [\n---\nx"),
    ],
)
def test_a_broken_policy_is_told_by_name(tmp_path: Path, name: str, text: str) -> None:
    """With what to do about it."""
    (tmp_path / name).write_text(text)
    with pytest.raises(BadPolicy, match=name):
        load_policies(tmp_path)


def test_the_shipped_policies_say_that_they_are_made_up() -> None:
    """The demo shop is synthetic."""
    for path in FOLDER.glob("*.md"):
        assert "made-up" in path.read_text("utf-8") or "虚构" in path.read_text("utf-8")
