"""A start and a trained answerer of the smallest size, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.answers.answerer import Answerer
from ml.answers.checkpoint import save_weights
from ml.answers.learn import Learner
from ml.answers.network import Shape
from ml.answers.subwords import GAP, Subwords, learn
from ml.answers.train import Plan, train
from ml.serving import Card, save_card
from tests.ml.answers.shop import EXAMPLES, Signs

SMALL = Plan(
    topic_rounds=40,
    topic_rate=2e-2,
    epochs=40,
    finish=1,
    patience=40,
    joined=1.5,
    slips=0.2,
    dropout=0.0,
    blurred=0.0,
    hidden=0.0,
    lost=0.0,
    target_gaps=0.0,
    tokens=150,
    rate=1e-2,
)


@pytest.fixture(scope="session")
def subwords() -> Subwords:
    texts = [text for e in EXAMPLES for text in (e.answer, *e.questions)]
    return learn(texts * 3, 700, ["return_window"])


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory, subwords: Subwords) -> Path:
    """Untrained weights in the form of pretrained ones."""
    folder = tmp_path_factory.mktemp("start")
    shape = Shape(
        subwords.size,
        subwords.controls[GAP],
        width=Signs.WIDTH,
        size=24,
        units=24,
        decoder=32,
    )
    files = save_weights(Learner(shape, 1), subwords, folder)
    save_card(folder, Card("start", [], "none", {}, {}, 1, "2026-11-24", 0.0), files)
    return folder


@pytest.fixture(scope="session")
def said() -> list[str]:
    return []


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, start: Path, said: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("answers") / "shop"
    train(EXAMPLES, start, folder, said.append, plan=SMALL, encoder=Signs())
    return folder


@pytest.fixture(scope="session")
def answerer(trained: Path) -> Answerer:
    return Answerer.load(trained)
