"""Serves a trained answerer: writes answers to a question, or says how likely given ones are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from ml.answers.beam import DECODER, ENCODER, LIKELIEST, Floats, Hypothesis, Ints, Step, search
from ml.answers.pairs import tidied
from ml.answers.subwords import AND, END, TAGS, Subwords, tidy
from ml.answers.types import Generated
from ml.serving import Card, ModelError, load_model

SETTINGS = "settings.json"
# Longer questions are cut, longer answers end: both in pieces.
SOURCE, TARGET = 128, 144
_STEP = ["best", "best_places", "next_state", "attention"]
_READ = ["memory", "keys", "first", "topics"]


def shipped() -> Path:
    """The folder of the committed answerer."""
    return Path(__file__).parent / "weights" / "shop"


def pretrained() -> Path:
    """The folder of the committed weights that a shop's own training starts from."""
    return Path(__file__).parent / "weights" / "pretrained"


class Answerer:
    """The network with its vocabulary; texts in, templates out. Its sessions may be shared by threads."""

    def __init__(
        self,
        encoder: onnxruntime.InferenceSession,
        decoder: onnxruntime.InferenceSession,
        subwords: Subwords,
        pieces: Sequence[int],
        topics: Sequence[str],
        card: Card,
    ) -> None:
        self.card = card
        self._encoder, self._decoder, self._subwords = encoder, decoder, subwords
        self._topics = tuple(topics)
        self._pieces = tuple(pieces)
        self._places = {piece: place for place, piece in enumerate(pieces)}

    @classmethod
    def load(cls, folder: Path) -> Answerer:
        """Loads the checked files of `folder`; raises `ModelError` with what to do where that fails."""
        model = load_model(folder)
        try:
            settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            subwords = Subwords.load(folder)
            return cls(
                model.session(ENCODER), model.session(DECODER), subwords,
                settings["pieces"], settings["topics"], model.card,
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ModelError(f"{folder} holds no answerer ({error}): train it anew") from error

    def generate(self, question: str, language: str, beams: int = 4) -> tuple[Generated, ...]:
        """Answers to `question` in `language`, the likeliest first; at most `beams`, which is 1 to 8."""
        start = self._start(language)
        if not 1 <= beams <= LIKELIEST:
            raise ValueError(f"{beams} beams: there can be 1 to {LIKELIEST}")
        source = self._source(question)
        memory, keys, first = self._read(source)[:3]

        def step(last: Ints, state: Floats) -> Step:
            tokens = last[:, None]
            given = {
                "tokens": tokens,
                "wanted": tokens,
                "state": state,
                "memory": memory,
                "keys": keys,
            }
            best, places, after, attention = self._decoder.run(_STEP, given)
            return Step(best[:, 0], places[:, 0], after, attention[:, 0])

        found = search(step, start, self._places[END], first, beams, TARGET)
        return tuple(self._generated(one, source, language) for one in found)

    def score(self, question: str, language: str, answers: Sequence[str]) -> Floats:
        """Mean natural log-probability per token (the end counts) of each answer: (len(answers),)."""
        if not answers:
            return np.zeros(0, np.float32)
        start = self._start(language)
        memory, keys, first = self._read(self._source(question))[:3]
        targets = [(*self._target(answer), self._places[END]) for answer in answers]
        longest = max(map(len, targets))
        wanted = np.zeros((len(targets), longest), np.int64)
        kept = np.zeros(wanted.shape, bool)
        for row, target in enumerate(targets):
            wanted[row, : len(target)] = target
            kept[row, : len(target)] = True
        tokens = np.concatenate([np.full((len(targets), 1), start), wanted[:, :-1]], axis=1)
        given = {
            "tokens": tokens, "wanted": wanted, "state": np.repeat(first, len(targets), axis=0),
            "memory": memory, "keys": keys,
        }  # fmt: skip
        (found,) = self._decoder.run(["wanted_log_probs"], given)
        return np.asarray((found * kept).sum(axis=1) / kept.sum(axis=1), np.float32)

    def topics(self, question: str) -> dict[str, float]:
        """The probability of each answer id for the question, whatever its language; they sum to 1."""
        log_probs = self._read(self._source(question))[3][0]
        return dict(zip(self._topics, map(float, np.exp(log_probs)), strict=True))

    def _start(self, language: str) -> int:
        if language not in TAGS:
            raise ValueError(f"{language!r} is no language of the answerer: {', '.join(TAGS)}")
        return self._places[self._subwords.controls[TAGS[language]]]

    def _source(self, question: str) -> list[int]:
        return self._subwords.encode(tidy(question))[:SOURCE] or [END]

    def _target(self, answer: str) -> list[int]:
        """Places of the answer's pieces; a piece that no answer had is spelled in bytes."""
        places: list[int] = []
        for part in tidied(answer).split(f" {AND} "):
            pieces = self._subwords.encode(part)
            places += [self._places[self._subwords.controls[AND]]] if places else []
            for piece in pieces:
                known = [piece] if piece in self._places else self._subwords.spelled(piece)
                places += [self._places[one] for one in known]
        return places[:TARGET]

    def _read(self, source: Sequence[int]) -> list[Floats]:
        found: list[Floats] = self._encoder.run(_READ, {"source": np.array([source], np.int64)})
        return found

    def _generated(self, one: Hypothesis, source: Sequence[int], language: str) -> Generated:
        pieces = [self._pieces[place] for place in one.pieces]
        parts = self._parts(pieces)
        blank = "" if language == "zh" else " "
        return Generated(
            text=blank.join(parts),
            log_probability=one.log_probability,
            per_token=one.log_probability / len(pieces),
            source=self._subwords.shown(source),
            target=self._subwords.shown(pieces),
            attention=np.stack(one.attention),
            parts=parts,
        )

    def _parts(self, pieces: Sequence[int]) -> tuple[str, ...]:
        joint = self._subwords.controls[AND]
        groups: list[list[int]] = [[]]
        for piece in pieces:
            if piece == joint:
                groups.append([])
            elif piece != END:
                groups[-1].append(piece)
        return tuple(part for group in groups if (part := self._subwords.decode(group).strip()))
