"""Serves a trained answerer: writes answers to a question, or says how likely given ones are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ml.answers.types import Floats, Generated


class Writes(Protocol):
    """What the gate and the skill need of an answerer."""

    def generate(self, question: str, language: str, beams: int = 4) -> tuple[Generated, ...]:
        """Answers to `question` in `language`, the likeliest first."""

    def score(self, question: str, language: str, answers: Sequence[str]) -> Floats:
        """Mean natural log-probability per token (the end counts) of each answer: (len(answers),)."""


def shipped() -> Path:
    """The folder of the committed answerer."""
    return Path(__file__).parent / "weights" / "shop"


def pretrained() -> Path:
    """The folder of the committed weights that a shop's own training starts from."""
    return Path(__file__).parent / "weights" / "pretrained"
