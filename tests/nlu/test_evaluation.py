"""What `python -m nlu evaluate` computes: each measure on cases worked out by hand, its readers, its bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from nlu import evaluation
from nlu.evaluation import FALLBACK, Reading, Text


def text(intent: str, language: str = "en", pair: str | None = None, *spans) -> Text:
    """A text of which only its meaning counts."""
    return Text("x", language, intent, None, tuple(spans), pair)


def measured(rows) -> dict[str, tuple[float, float | None]]:
    """Ours and the baseline by measure."""
    return {row["measure"]: (row["ours"], row["baseline"]) for row in rows}


def test_scope_languages_and_pairs_are_counted_apart():
    """Two of three English texts are right, the stranger is missed, one pair of two is right as a whole."""
    texts = [
        text("greet", "en", "p1"),
        text("thank", "en", "p1"),
        text("help", "en", "p2"),
        text("help", "zh", "p2"),
        text(FALLBACK, "zh"),
    ]
    ours = [Reading(name, 1.0) for name in ("greet", "thank", "why", "help", "greet")]
    found = measured(evaluation.intent_rows("d", texts, ours, ["greet"] * 5))
    assert found["intents, accuracy in scope, English"] == (0.6667, 0.3333)
    assert found["intents, accuracy in scope, Chinese"] == (1.0, 0.0)
    assert found["intents, accuracy in scope, both languages"] == (0.75, 0.25)
    assert found["intents, recall out of scope, Chinese"] == (0.0, 0.0)
    assert "intents, recall out of scope, English" not in found
    assert found["hard pairs, both right"] == (0.5, 0.0)
    assert found["intents, calibration error"] == (0.4, None)


@pytest.mark.parametrize(
    ("confidences", "right", "error"),
    [
        ([1.0, 1.0], [True, True], 0.0),
        ([0.95, 0.95], [True, False], 0.45),
        ([0.05, 0.95], [False, True], 0.05),
    ],
)
def test_calibration_error(confidences, right, error):
    """The mean distance of confidence and share of right ones, weighed by how many texts a bin has."""
    found = evaluation.calibration_error(np.array(confidences), np.array(right))
    assert found == pytest.approx(error)


def test_spans_count_when_all_of_them_is_right():
    """A span that is too long is both a miss and a false find; spans of other texts do not meet."""
    texts = [text("a", "en", None, ("product", 0, 3)), text("a", "zh", None, ("place", 0, 2))]
    ours = [Reading("a", 1.0, (("product", 0, 4),)), Reading("a", 1.0, (("place", 0, 2),))]
    found = measured(evaluation.entity_rows("d", texts, ours))
    assert found["entities, span F1, English"][0] == 0.0
    assert found["entities, span F1, Chinese"][0] == 1.0
    assert found["entities, span F1, both languages"][0] == 0.5
    assert evaluation.span_f1(set(), set()) == 1.0


def test_clinc150_keeps_its_strangers_in_both_parts(tmp_path):
    """Out-of-scope texts are learned and measured as the fallback; the test part is not read."""
    parts = ("train", "val", "oos_train", "oos_val", "test", "oos_test")
    data = {part: [[f"text of {part}", "oos" if "oos" in part else "a"]] for part in parts}
    (tmp_path / "train_val.json").write_text(json.dumps(data))
    training, unseen = evaluation.read_clinc150(tmp_path)
    assert training == (["text of train", "text of oos_train"], ["a", FALLBACK])
    assert unseen == (["text of val", "text of oos_val"], ["a", FALLBACK])


def test_bitext_is_split_the_same_each_time(tmp_path):
    """A fifth of every intent is held out, no utterance stands on both sides."""
    lines = [f"{name} number {n},{name}" for name in ("pay", "ship") for n in range(10)]
    file = tmp_path / "bitext_20k_utterances.csv"
    file.write_text("\n".join(["utterance,intent", *lines, lines[0]]), encoding="utf-8")
    training, unseen = evaluation.read_bitext(tmp_path)
    assert (training, unseen) == evaluation.read_bitext(tmp_path)
    assert sorted(unseen[1]) == ["pay", "pay", "ship", "ship"]
    assert set(training[0]).isdisjoint(unseen[0])
    assert len(training[0]) == 16


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "x"}'])
def test_a_line_that_cannot_be_used_is_named(tmp_path, line):
    """File and line are in the error."""
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "x", "language": "en", "intent": "a"}\n' + line)
    with pytest.raises(ValueError, match=r"texts\.jsonl, line 2"):
        evaluation.read_texts(path)


@pytest.mark.parametrize("arguments", [["--data"], ["x"], ["--data", "a", "b"]])
def test_bad_usage_is_one_line_and_two(arguments, capsys):
    """Nothing is trained for a command that cannot be understood."""
    assert evaluation.evaluate(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_shipped_threshold_is_read_from_the_configuration():
    """The public sets are measured with what ships, and no rule of closeness is left out there."""
    pipeline = yaml.safe_load(Path("config.yml").read_text(encoding="utf-8"))["pipeline"]
    fallback = pipeline[-1]
    assert evaluation.threshold() == fallback["threshold"]
    assert fallback["ambiguity_threshold"] == 0.0
