"""A shop's answerer is trained on the shop's own words, judged on forms it has not seen, and put in place or back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bot.child import Child, ChildFailed
from bot.settings import settings
from bot.skills.answers.desks import Desks
from bot.skills.answers.editing import Editor, Kind
from bot.skills.answers.models import Comparison, Row, Versions
from bot.skills.answers.ranking import Candidate, Ranker
from bot.skills.answers.training import OWN, VALIDATION, Trainer
from bot.store.engine import NotFound, Store
from bot.store.shops import ShopInfo
from ml.answers.states import Reads
from ml.answers.types import Example, Generated
from ml.orders.catalogue import Catalogue
from ml.sentence import Encoded
from ml.serving import Card, ModelError, save_card
from tests.bot.skills.answers.conftest import Says

V1, V2 = "20261124-010203-00aa", "20261124-020304-00bb"
GIFTS = {
    "intents": ["ask_product"],
    "answer": {"en": "We wrap gifts for free.", "zh": "我们免费包装礼物。"},
    "questions": {
        "en": [f"do you wrap gifts in way {n}" for n in range(40)],
        "zh": [f"可以包装礼物吗{n}" for n in range(40)],
    },
}


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """The models of the demo shop."""
    monkeypatch.setattr(settings(), "home", tmp_path)
    return Versions("demo")


@dataclass
class Knows:
    """An answerer that knows what it was told, and writes nothing else."""

    answers: dict[str, str]

    def generate(self, question: Encoded, language: str, beams: int = 4) -> Sequence[Generated]:
        """The known answer."""
        text = self.answers.get(f"{language} {question.pieces[0]}", "")
        return (Generated(text, -1.0, -0.1, (), (), np.zeros((0, 0), np.float32)),)


class Whole:
    """An encoder that cuts nothing."""

    def read(self, text: str) -> Encoded:
        """The text as its only piece."""
        return Encoded((text,), np.zeros((1, 1), np.float32), np.ones(1, np.float32))


def model(folder: Path) -> None:
    """A folder that passes for a model: a file and a card with its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.txt").write_text(folder.name)
    card = Card("answers", ["8 forms"], "", {}, {}, 7, "2026-11-24", 1.5)
    save_card(folder, card, ["weights.txt"])


class Fake:
    """A training that keeps what it is given, and a loader of what comes of it: all but the first own form."""

    def __init__(self, old: dict[str, str] | None = None) -> None:
        self.given: list[Example] = []
        self._old = old or {}

    def train(
        self,
        examples: Sequence[Example],
        start: Path,
        out: Path,
        say: Callable[[str], None],
        *,
        encoder: Reads,
    ) -> None:
        """Write a model that is none."""
        self.given = list(examples)
        say("round 1 of 2: loss 1.0")
        model(out)

    def load(self, folder: Path) -> Knows:
        """A trained one knows everything about gifts; the shipped one what it was made with."""
        if not folder.name.startswith("2026"):
            return Knows(self._old)
        return Knows(
            {
                f"{language} {question}": GIFTS["answer"][language]  # type: ignore[index, call-overload]
                for language in ("en", "zh")
                for question in GIFTS["questions"][language]  # type: ignore[index, call-overload]
            }
        )


def trained(versions: Versions, tmp_path: Path, fake: Fake, version: str = V1) -> Comparison:
    """A version of a shop with one answer of its own."""
    Editor("demo").put(Kind.ANSWER, "gift-wrap", "store", GIFTS)
    lines = [
        {"id": "q1", "text": "free wrapping", "language": "en", "expected": ["gift-wrap"]},
        {"id": "q2", "text": "what is love", "language": "en", "expected": []},
        {"id": "q3", "text": "gone", "language": "zh", "expected": ["no-such-answer"]},
    ]
    questions = tmp_path / "validation.jsonl"
    questions.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    trainer = Trainer(fake.train, Whole(), fake.load, tmp_path, questions)
    return trainer.version("demo", version, lambda line: None)


def test_what_it_is_judged_by_it_has_not_seen(versions: Versions, tmp_path: Path) -> None:
    """Some of the shop's own forms in each language; of what is shipped nothing is held back."""
    fake = Fake()
    comparison = trained(versions, tmp_path, fake)
    seen = {q for example in fake.given if example.id == "gift-wrap" for q in example.questions}
    own = {row.language: row for row in comparison.rows if row.questions == OWN}
    assert len(seen) + own["en"].asked + own["zh"].asked == 80
    assert all(3 <= row.asked <= 20 for row in own.values())
    assert [(row.before, row.after, row.gained) for row in own.values()] == [
        (0, row.asked, row.asked) for row in own.values()
    ]
    shipped = [example for example in fake.given if example.id != "gift-wrap"]
    assert len(shipped) > 400
    assert comparison.verdict == "better"


def test_questions_without_an_answer_here_are_not_held_against_it(
    versions: Versions, tmp_path: Path
) -> None:
    """The one that this shop answers counts alone."""
    comparison = trained(versions, tmp_path, Fake({"en free wrapping": "We wrap gifts for free."}))
    (row,) = (row for row in comparison.rows if row.questions == VALIDATION)
    assert (row.language, row.asked, row.before, row.after, row.lost) == ("en", 1, 1, 0, 1)


@pytest.mark.parametrize(
    ("gained", "lost", "verdict"),
    [(20, 2, "better"), (2, 20, "worse"), (12, 9, "same"), (0, 0, "same"), (3, 0, "same")],
)
def test_a_difference_that_may_be_chance_is_none(gained: int, lost: int, verdict: str) -> None:
    """A poor result is called so, a lucky one is not called good."""
    row = Row(OWN, "en", 100, 50, 50 + gained - lost, gained, lost)
    assert Comparison("", (row,)).verdict == verdict


def test_a_version_is_put_in_place_and_back(versions: Versions, tmp_path: Path) -> None:
    """Until then nothing changes; back means what was there before."""
    trained(versions, tmp_path, Fake())
    shipped = versions.in_place()
    assert versions.current() == ""
    assert versions.put_in_place(V1) == ""
    assert (versions.current(), versions.before()) == (V1, "")
    assert versions.in_place() == versions.folder(V1)
    (version,) = versions.trained()
    assert (version.name, version.in_place, version.verdict) == (V1, True, "better")
    versions.put_in_place(versions.before() or "")
    assert versions.in_place() == shipped


def test_a_model_that_is_broken_or_gone_is_not_put_in_place(versions: Versions) -> None:
    """And one that breaks later is replaced by the shipped one."""
    for name in (V1, V2):
        model(versions.folder(name))
    (versions.folder(V2) / "weights.txt").write_text("tampered")
    with pytest.raises(ModelError):
        versions.put_in_place(V2)
    for name in ("20261124-030405-00cc", "../../../etc", "shipped"):
        with pytest.raises(NotFound):
            versions.put_in_place(name)
    versions.put_in_place(V1)
    (versions.folder(V1) / "card.json").unlink()
    assert versions.current() == ""


@pytest.mark.parametrize("content", ["", "[]", "{", '{"version": 5}', '{"version": "../x"}'])
def test_a_broken_pointer_means_the_shipped_model(versions: Versions, content: str) -> None:
    """Customers are answered all the same."""
    model(versions.folder(V1))
    versions.put_in_place(V1)
    (versions.folder(V1).parent / "current.json").write_text(content)
    assert versions.current() == ""


def test_a_training_that_fails_leaves_everything_as_it_is(
    versions: Versions, tmp_path: Path
) -> None:
    """The version is not even listed."""
    fake = Fake()

    def broken(*_: object, **__: object) -> None:
        raise ValueError("there are no questions to learn from")

    fake.train = broken  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="no questions"):
        trained(versions, tmp_path, fake)
    assert versions.trained() == ()
    assert versions.current() == ""


def test_a_model_is_taken_up_where_the_next_question_is_asked(
    versions: Versions, store: Store
) -> None:
    """No restart: the ranker of the very next desk is made with it, and made once."""
    model(versions.folder(V1))
    made: list[Path] = []

    def ranker_of(known: Sequence[Candidate], folder: Path) -> Ranker:
        made.append(folder)
        return Says([])

    desks = Desks(ranker_of)
    shop, catalogue = ShopInfo("demo", "Demo", "店"), Catalogue([])
    with store.read() as session:
        for version in ("", "", V1, V1, ""):
            versions.put_in_place(version)
            desks.desk(session, shop, catalogue, {})
    assert made == [versions.folder(""), versions.folder(V1)]


def test_a_training_without_what_it_starts_from_says_so_in_its_last_line(tmp_path: Path) -> None:
    """The process ends by itself while whoever started it is still there."""
    command = (sys.executable, "-m", "bot.skills.answers.training", "../demo", V1)
    with Child(command) as child:
        list(child.lines(every=1))
        with pytest.raises(ChildFailed, match="no name of a shop"):
            child.check()
