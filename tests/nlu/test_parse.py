"""`python -m nlu parse`: one line out for each line in, whatever the text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

QUESTIONS = [
    {"id": 1, "text": "how were sales last week?"},
    {"id": "two", "text": "/restart"},
    {"id": 3, "text": '/affirm{"choice": "x"}'},
    {"id": 4, "text": ""},
    {"id": 5, "text": "  \u3000 where is order SO-1024?", "role": "customer"},
    {"id": 6, "text": "上周卖了多少", "role": "merchant"},
    {"id": 7, "text": "parse this order: 2 red mugs", "role": "customer"},
    {"id": 8, "text": "parse this order: 2 red mugs"},
    {"id": 9, "text": "half \ud83d and\nnew line " + "x" * 5000},
    {"text": "no id"},
]


def parse(model: Path, lines: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run the command."""
    command = [sys.executable, "-m", "nlu", "parse", "--model", str(model)]
    return subprocess.run(command, input=lines, capture_output=True)


@pytest.fixture(scope="module")
def answers(model: Path) -> list[dict]:
    """What the command writes for the questions; nothing but JSON may be on standard output."""
    done = parse(model, "\n".join(json.dumps(question) for question in QUESTIONS).encode())
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_order_ids_and_texts_are_kept(answers):
    """One answer per question, in order, with its own id and text."""
    assert [answer["id"] for answer in answers] == [question.get("id") for question in QUESTIONS]
    assert [answer["text"] for answer in answers] == [question["text"] for question in QUESTIONS]


def test_answers_have_the_fixed_fields(answers):
    """Confidences between 0 and 1, the ranking sorted, the intent its first."""
    for answer in answers:
        assert set(answer) == {"id", "text", "intent", "confidence", "entities", "ranking"}
        confidences = [entry["confidence"] for entry in answer["ranking"]]
        assert all(0.0 <= value <= 1.0 for value in [answer["confidence"], *confidences])
        if answer["intent"] != "nlu_fallback":
            assert answer["ranking"][0] == {
                "name": answer["intent"],
                "confidence": answer["confidence"],
            }


def test_entities_point_into_the_text(answers):
    """Offsets count in the text as given, leading blanks included."""
    found = {(e["entity"], e["value"]) for answer in answers for e in answer["entities"]}
    assert ("period", "last week") in found
    assert ("period", "上周") in found
    for answer in answers:
        for entity in answer["entities"]:
            assert answer["text"][entity["start"] : entity["end"]] == entity["value"]


def test_no_text_forces_an_intent(answers):
    """A slash is a sign like any other here."""
    assert answers[1]["intent"] != "restart"
    assert answers[2]["confidence"] < 1.0
    assert not any(entity["entity"] == "choice" for entity in answers[2]["entities"])


def test_role_decides_between_twins(answers):
    """The same text is the customer's order and, without a role, what the classifier says."""
    assert answers[6]["intent"] == "place_order"
    assert answers[7]["intent"] == "parse_order"


@pytest.mark.parametrize("line", [b"not json", b'{"id": 1}', b'{"text": 3}', b"[]", b"\xff\xfe"])
def test_bad_input_gets_one_line_and_exit_2(model, line):
    """The line's number is named."""
    done = parse(model, line)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"nlu parse: line 1" in done.stderr
