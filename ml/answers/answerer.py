"""Serves a trained answerer: writes answers to a question, or says how likely given ones are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime

from ml.answers.beam import DECODER, ENCODER, LIKELIEST, Floats, Hypothesis, Ints, Step, search
from ml.answers.pairs import tidied
from ml.answers.subwords import END, TAGS, Shortlist, Subwords
from ml.answers.types import Generated
from ml.sentence import Encoded
from ml.serving import Card, ModelError, load_model

SETTINGS = "settings.json"
# Longer answers end: in pieces.
TARGET = 144
_STEP = ["best", "best_places", "next_state", "attention"]
_READ = ["memory", "keys", "first", "topics", "subject"]


def shipped() -> Path:
    """The folder of the committed answerer."""
    return Path(__file__).parent / "weights" / "shop"


def pretrained() -> Path:
    """The folder of the committed weights that a shop's own training starts from."""
    return Path(__file__).parent / "weights" / "pretrained"


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A question as the network has read it; what is asked about it then costs no reading again."""

    pieces: tuple[str, ...]
    memory: Floats = field(repr=False)
    keys: Floats = field(repr=False)
    first: Floats = field(repr=False)
    topics: Floats = field(repr=False)
    subject: Floats = field(repr=False)


Question = Encoded | Read


class Answerer:
    """The network with its vocabulary; what the sentence encoder read in, templates out. May be shared by threads."""

    def __init__(
        self,
        encoder: onnxruntime.InferenceSession,
        decoder: onnxruntime.InferenceSession,
        shortlist: Shortlist,
        topics: Sequence[str],
        card: Card,
    ) -> None:
        self.card = card
        self._encoder, self._decoder, self._shortlist = encoder, decoder, shortlist
        self._topics = tuple(topics)
        self.known = frozenset(topics)
        """The ids of the answers that it was trained on."""

    @classmethod
    def load(cls, folder: Path) -> Answerer:
        """Loads the checked files of `folder`; raises `ModelError` with what to do where that fails."""
        model = load_model(folder)
        try:
            settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            shortlist = Shortlist(Subwords.load(folder), settings["pieces"])
            sessions = model.session(ENCODER), model.session(DECODER)
            return cls(*sessions, shortlist, settings["topics"], model.card)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ModelError(f"{folder} holds no answerer ({error}): train it anew") from error

    def read(self, encoded: Encoded) -> Read:
        """Reads a question; `generate`, `score` and `topics` take either, and read what was not."""
        inner = encoded.inner
        found: list[Floats] = self._encoder.run(_READ, {"states": inner.states})
        return Read(inner.pieces, *found)

    def generate(self, question: Question, language: str, beams: int = 4) -> tuple[Generated, ...]:
        """Answers to `question` in `language`, the likeliest first; at most `beams`, which is 1 to 8."""
        start = self._start(language)
        if not 1 <= beams <= LIKELIEST:
            raise ValueError(f"{beams} beams: there can be 1 to {LIKELIEST}")
        read = self._read(question)

        def step(last: Ints, state: Floats) -> Step:
            tokens = last[:, None]
            given = {
                "tokens": tokens, "wanted": tokens, "state": state,
                "memory": read.memory, "keys": read.keys, "subject": read.subject,
            }  # fmt: skip
            best, places, after, attention = self._decoder.run(_STEP, given)
            return Step(best[:, 0], places[:, 0], after, attention[:, 0])

        found = search(step, start, END, read.first, beams, TARGET)
        return tuple(self._generated(one, read, language) for one in found)

    def score(self, question: Question, language: str, answers: Sequence[str]) -> Floats:
        """Mean natural log-probability per token (the end counts) of each answer: (len(answers),)."""
        if not answers:
            return np.zeros(0, np.float32)
        start, read = self._start(language), self._read(question)
        targets = [(*self._shortlist.target(tidied(one))[:TARGET], END) for one in answers]
        wanted = np.zeros((len(targets), max(map(len, targets))), np.int64)
        for row, target in enumerate(targets):
            wanted[row, : len(target)] = target
        lengths = np.array([[len(target)] for target in targets])
        tokens = np.concatenate([np.full((len(targets), 1), start), wanted[:, :-1]], axis=1)
        given = {
            "tokens": tokens, "wanted": wanted, "state": np.repeat(read.first, len(targets), axis=0),
            "memory": read.memory, "keys": read.keys, "subject": read.subject,
        }  # fmt: skip
        (found,) = self._decoder.run(["wanted_log_probs"], given)
        kept = np.arange(wanted.shape[1]) < lengths
        return np.asarray((found * kept).sum(axis=1) / lengths[:, 0], np.float32)

    def topics(self, question: Question) -> dict[str, float]:
        """The probability of each answer id for the question, whatever its language; they sum to 1."""
        chances = np.exp(self._read(question).topics[0]).tolist()
        return dict(zip(self._topics, chances, strict=True))

    def _read(self, question: Question) -> Read:
        return question if isinstance(question, Read) else self.read(question)

    def _start(self, language: str) -> int:
        if language not in TAGS:
            raise ValueError(f"{language!r} is no language of the answerer: {', '.join(TAGS)}")
        return self._shortlist.control(TAGS[language])

    def _generated(self, one: Hypothesis, read: Read, language: str) -> Generated:
        parts = self._shortlist.parts(one.pieces)
        return Generated(
            text=("" if language == "zh" else " ").join(parts),
            log_probability=one.log_probability,
            per_token=one.log_probability / len(one.pieces),
            source=read.pieces,
            target=self._shortlist.shown(one.pieces),
            attention=np.stack(one.attention),
            parts=parts,
        )
