"""Ranking and gate on a tiny shop, with a sentence encoder made of letters: nothing is trained before, nothing loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ml.answers import gate
from ml.answers.answerer import Read
from ml.answers.fit import Judged, fit_mix, train
from ml.answers.index import BM25, Entry, Forms
from ml.answers.rank import FEATURES, Floats, Head, Query, fit_columns, fit_head
from ml.answers.ranker import Ranker, Ranking, halves
from ml.answers.types import Generated
from ml.sentence import Encoded
from ml.serving import ModelError

ENTRIES = [
    Entry("answer:return-window", "en", "Within {return_window}.",
          ("how long can i return it", "until when may i send it back", "return period"), ("ask_return_policy",)),
    Entry("answer:ship-cost", "en", "Shipping costs {shipping_cost}.",
          ("what does shipping cost", "how much is delivery", "postage price"), ("ask_shipping",)),
    Entry("answer:hours", "en", "We are here {weekday_hours}.",
          ("when are you open", "what are your opening hours", "are you there on monday"), ("ask_store_info",)),
    Entry("answer:lawyer", "en", "", ("my lawyer will write to you", "see you in court"), ("complain",)),
    Entry("answer:return-window", "zh", "{return_window}内。", ("多久可以退货", "几天内能退"), ("ask_return_policy",)),
    Entry("answer:ship-cost", "zh", "运费{shipping_cost}。", ("运费多少钱", "邮费怎么算"), ("ask_shipping",)),
]  # fmt: skip
ASKED = [
    ("can i return this and how long", "en", "answer:return-window"),
    ("delivery price please", "en", "answer:ship-cost"),
    ("cost of the postage", "en", "answer:ship-cost"),
    ("your opening times", "en", "answer:hours"),
    ("open on monday?", "en", "answer:hours"),
    ("send back until when", "en", "answer:return-window"),
    ("do zebras sleep", "en", ""),
    ("quantum flux", "en", ""),
    ("退货几天", "zh", "answer:return-window"),
    ("邮费多少", "zh", "answer:ship-cost"),
    ("今天下雨吗", "zh", ""),
]  # fmt: skip


class Letters:
    """An encoder that counts pairs of signs: near in letters is near in meaning."""

    def read(self, text: str) -> Encoded:
        """A unit vector of 64 numbers, the same for the same text."""
        counts = np.full(64, 1e-3, np.float32)
        for pair in pairwise(text):
            counts[sum(map(ord, pair)) % 64] += 1
        vector = np.asarray(counts / np.linalg.norm(counts), np.float32)
        return Encoded((text,), vector[None], vector)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A row each."""
        found = [self.read(text).vector for text in texts]
        return np.array(found, np.float32).reshape(len(texts), 64)


class Writer:
    """A network that knows one answer, and writes that."""

    known = frozenset({"return-window"})

    def read(self, encoded: Encoded) -> Read:
        """Nothing of it is looked at."""
        nothing = np.zeros((1, 1), np.float32)
        return Read(encoded.pieces, *[nothing] * 5)

    def generate(
        self, question: Encoded | Read, language: str, beams: int = 4
    ) -> Sequence[Generated]:
        """One."""
        alone = np.ones((1, 1), np.float32)
        return [Generated("Within {return_window}.", -1.0, -0.1, ("x",), ("y",), alone)]

    def score(self, question: Encoded | Read, language: str, answers: Sequence[str]) -> Floats:
        """The same for each."""
        return np.full(len(answers), np.log(0.5), np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained ranking."""
    out = tmp_path_factory.mktemp("ranking")
    judged = [
        Judged(Query((text,), language), frozenset({id_} if id_ else ()), writer)
        for writer in ("a", "b", "c")
        for text, language, id_ in ASKED
    ]
    train(ENTRIES, judged, Letters(), None, out, lambda _: None)
    return out


def ranked(folder: Path, entries: Sequence[Entry], text: str, language: str = "en") -> list[str]:
    """The ids for a question, likeliest first."""
    ranker = Ranker(entries, Ranking.load(folder), Letters(), None)
    return [one.ids[0] for one in ranker.rank(Query((text,), language))]


@pytest.mark.parametrize(("text", "language", "id_"), [row for row in ASKED if row[2]])
def test_a_question_finds_its_answer(folder: Path, text: str, language: str, id_: str) -> None:
    """In the question's language."""
    assert ranked(folder, ENTRIES, text, language)[0] == id_


def test_what_was_added_after_training_is_found_and_what_was_removed_is_not(folder: Path) -> None:
    """The present entries are ranked, not those of the training."""
    gifts = Entry("answer:gifts", "en", "We wrap gifts.", ("do you wrap gifts", "gift wrapping"))
    assert ranked(folder, [*ENTRIES, gifts], "do you do gift wrapping")[0] == "answer:gifts"
    left = [entry for entry in ENTRIES if entry.id != "answer:hours"]
    assert "answer:hours" not in ranked(folder, left, "when are you open")


def test_two_answers_are_given_only_where_each_is_surer_than_one_for_the_whole(
    folder: Path,
) -> None:
    """A gate whose word is the head start over the next candidate: two questions in one leave the whole undecided."""
    lead = [float(sign == "lead") for sign in gate.SIGNS]
    kept = Ranking.load(folder)
    plain = gate.Gate([0.0] * len(lead), [1.0] * len(lead), lead, 0.0, 0.5, 0.5)
    ranker = Ranker(ENTRIES, replace(kept, gate=plain), Letters(), None)
    first = ranker.rank(Query(("how long can i return it and when are you open",), "en"))[0]
    assert set(first.ids) == {"answer:return-window", "answer:hours"}
    whole = ranker.rank(Query(("how long can i return it, until when may i return it",), "en"))[0]
    assert whole.ids == ("answer:return-window",)
    never = replace(
        plain, weights=[0.0] * len(lead), bias=3.0
    )  # as sure of the whole as of each part
    ranker = Ranker(ENTRIES, replace(kept, gate=never), Letters(), None)
    assert (
        len(ranker.rank(Query(("how long can i return it and when are you open",), "en"))[0].ids)
        == 1
    )


def test_probabilities_are_shares_and_the_first_is_the_largest(folder: Path) -> None:
    """0..1, falling."""
    found = Ranker(ENTRIES, Ranking.load(folder), Letters(), None).rank(Query(("shipping",), "en"))
    sure = [one.probability for one in found]
    assert sure == sorted(sure, reverse=True)
    assert all(0 <= one <= 1 for one in sure)


def test_a_question_of_nothing_and_a_shop_without_entries_are_ranked_too(folder: Path) -> None:
    """Nothing known is no error."""
    ranking = Ranking.load(folder)
    assert Ranker([], ranking, Letters(), None).rank(Query(("x",), "en")) == []
    assert Ranker(ENTRIES, ranking, Letters(), None).rank(Query(("",), "zh"))


def test_the_network_is_heard_of_answers_that_it_knows(folder: Path) -> None:
    """Of one that came later, and of what goes to a person, it says nothing."""
    ranker, query = Ranker(ENTRIES, Ranking.load(folder), Letters(), Writer()), Query(("x",), "en")
    read = Writer().read(Letters().read("x"))
    known = ranker.heard(query, read, "answer:return-window")
    assert known.likelihood == pytest.approx(0.5)
    for id_ in ("answer:hours", "answer:lawyer"):
        assert ranker.heard(query, read, id_).likelihood is None
    written = ranker.written(query)
    assert written is not None
    assert written.text == "Within {return_window}."


def test_what_the_network_does_not_know_counts_as_its_mean() -> None:
    """A new answer is neither likelier nor less likely for it."""
    rng = np.random.default_rng(5)
    rows = rng.normal(0, 1, (60, len(gate.SIGNS)))
    fitted = gate.fit(rows, rows[:, 0] > 0, 0.5, 0.2)
    unknown = rows[0].copy()
    unknown[-1] = np.nan
    mean = rows[0].copy()
    mean[-1] = rows[:, -1].mean()
    assert fitted.probability(unknown) == pytest.approx(fitted.probability(mean))


def test_a_ranking_that_was_touched_is_not_loaded(folder: Path, tmp_path: Path) -> None:
    """Its card names the hashes."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "ranking.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ModelError, match="SHA-256"):
        Ranking.load(tmp_path)


@pytest.mark.parametrize(
    ("question", "pair"),
    [
        ("how long can i return it and who pays the postage?", ("how long can i return it", "who pays the postage?")),
        ("发货要几天？可以货到付款吗", ("发货要几天", "可以货到付款吗")),
    ],
)  # fmt: skip
def test_a_question_in_two_parts_is_cut(question: str, pair: tuple[str, str]) -> None:
    """At the sign or word that joins them."""
    assert halves(question)[0] == pair


def test_a_question_in_one_part_is_not_cut() -> None:
    """Nor is an empty one."""
    assert list(halves("how long can i return it")) == []
    assert list(halves("")) == []


def test_some_ids_are_fitted_as_if_all_had_been() -> None:
    """The others' weights stay, and those fitted anew come out as before."""
    rng = np.random.default_rng(9)
    owners = rng.integers(0, 6, 300).astype(np.int32)
    vectors = np.asarray(
        rng.normal(0, 1, (6, 16))[owners] + rng.normal(0, 1, (300, 16)), np.float32
    )
    whole = fit_head(vectors, owners, list("abcdef"), steps=500)
    blank = whole.weights.copy()
    blank[:, [1, 4]] = 0.0
    again = fit_columns(vectors, owners, Head(whole.ids, blank), [1, 4], steps=500)
    np.testing.assert_allclose(
        np.exp(again.scores(vectors)), np.exp(whole.scores(vectors)), atol=0.01
    )
    assert np.array_equal(again.weights[:, [0, 2, 3, 5]], whole.weights[:, [0, 2, 3, 5]])


def test_the_mix_gives_weight_to_what_tells_right_from_wrong() -> None:
    """Of two features, one random."""
    rng = np.random.default_rng(3)
    right = np.eye(5, dtype=bool)[rng.integers(0, 5, 200)]
    features = np.zeros((200, 5, len(FEATURES)), np.float32)
    features[..., 0] = right + rng.normal(0, 0.3, (200, 5))
    features[..., 1] = rng.normal(0, 1, (200, 5))
    weights = fit_mix(features, right)
    assert weights[0] > 3 * abs(weights[1])


def test_a_threshold_lets_no_more_wrong_ones_through_than_allowed() -> None:
    """And as many right ones as that leaves."""
    sure = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    wrong = np.array([False, False, True, False, False])
    assert gate.threshold(sure, wrong, 0.0) == 0.8
    assert gate.threshold(sure, wrong, 0.2) == 0.5
    assert gate.threshold(sure, ~wrong, 0.0) == 1.0


def test_a_sure_and_right_gate_has_no_calibration_error() -> None:
    """And one that is always sure and half right errs by a half."""
    assert gate.calibration_error(np.ones(4), np.ones(4, bool)) == 0.0
    assert gate.calibration_error(np.ones(4), np.array([1, 0, 1, 0], bool)) == pytest.approx(0.5)


def test_bm25_and_forms_prefer_the_entry_that_has_the_words() -> None:
    """Both baselines, on the same questions."""
    questions, owners = ["how much is delivery", "when are you open"], [0, 1]
    assert BM25(questions, owners, 2).scores("are you open").argmax() == 1
    assert Forms(questions, owners, 2).scores("delivery how much")[0].argmax() == 0
