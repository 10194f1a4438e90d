"""Pretrains the answerer on public data: replies of dialogues and topics of questions.

The shop's own answers are only in its vocabulary: a merchant's training starts from here, whatever the shop sells. The
sentence encoder brings most of what the network has to know of language; what pretraining adds is in docs/quality.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import jieba
import numpy as np

from ml.answers.augment import joined, noisy
from ml.answers.checkpoint import save_weights
from ml.answers.learn import Clock, Item, Learner, item
from ml.answers.network import Shape
from ml.answers.pairs import Pair, Public, is_chinese, public
from ml.answers.states import Reads, States
from ml.answers.subwords import GAP, WORD_END, Shortlist, Subwords, learn, placeholders
from ml.orders.data import data_folder
from ml.serving import Card, save_card

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much to train; the defaults made the committed start. `english` replies are taken, and all Chinese ones."""

    pieces: int = 5000
    rounds: int = 1
    english: int = 6_000
    topics: int = 6_000
    joined: int = 500
    tokens: int = 1000
    rate: float = 3e-3
    held: int = 300


@dataclass(frozen=True, slots=True)
class _Data:
    """What is learnt, and sets that are held out by the name of their figure."""

    known: Sequence[Item]
    replies: Mapping[str, Sequence[Item]]
    topics: Mapping[str, Sequence[Item]]


def pretrain(
    data: Path | None,
    out: Path,
    shop: Sequence[str] = (),
    seed: int = 7,
    say: Say = print,
    size: Size | None = None,
    *,
    encoder: Reads,
) -> Card:
    """Learns pieces and weights into `out` (made if needed) and returns the card.

    `shop` are answers whose words and placeholders the vocabulary should know.
    """
    size = size or Size()
    clock = Clock()
    sets = public(data_folder(data))
    subwords = pieces_of(sets, shop, size.pieces)
    learner = Learner(Shape(subwords.size, subwords.controls[GAP]), seed)
    states, read = _read(sets, encoder, subwords, learner.rng, size)
    say(f"{subwords.size} pieces, {len(read.known)} texts, {clock.minutes:.1f} min")
    for weight, value in zip(
        learner.model.get_layer("standard").weights, states.standard(), strict=True
    ):
        weight.assign(value)
    out.mkdir(parents=True, exist_ok=True)
    figures = _fit(learner, read, size, say, clock)
    files = save_weights(learner, subwords, out)
    return save_card(out, _card(seed, clock.minutes, figures, size), files)


def _fit(learner: Learner, data: _Data, size: Size, say: Say, clock: Clock) -> dict[str, float]:
    figures: dict[str, float] = {}
    steps = sum(1 for _ in learner.batches(data.known, size.tokens)) * size.rounds
    if steps:
        learner.compile(size.rate, steps)
    for number in range(size.rounds):
        lost = [learner.step(batch) for batch in learner.batches(data.known, size.tokens)]
        figures = _figures(learner, data)
        said = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
        say(
            f"round {number + 1}/{size.rounds} loss {np.mean(lost):.3f} {said} {clock.minutes:.1f} min"
        )
    return figures


def pieces_of(sets: Public, shop: Sequence[str], size: int) -> Subwords:
    """Pieces for questions (lower case) and answers (as written) of both languages."""
    texts = [*shop, *shop, *shop, *_texts(sets)]
    return learn(map(_worded, texts), size, placeholders(shop))


def _texts(sets: Public) -> Iterator[str]:
    """Chinese answers all, and a part of the many English ones; topics are few and short."""
    yield from {pair.target: None for pair in sets.topics}
    for number, pair in enumerate(sets.replies):
        if number % 3 == 0 or is_chinese(pair.source):
            yield pair.target


def _worded(text: str) -> str:
    return WORD_END.join(jieba.cut(text)) if is_chinese(text) else text


def _read(
    sets: Public, encoder: Reads, subwords: Subwords, rng: np.random.Generator, size: Size
) -> tuple[States, _Data]:
    """Draws what is learnt, all Chinese pairs and some of the English ones, and has everything read."""
    known = list(_drawn_pairs(sets, rng, size))
    english = [p for p in sets.held_replies if not is_chinese(p.source)][: size.held]
    chinese = [p for p in sets.held_replies if is_chinese(p.source)][: size.held]
    topics = [
        [p for p in sets.held_topics if is_chinese(p.source) == zh][: size.held]
        for zh in (False, True)
    ]
    held = [*english, *chinese, *topics[0], *topics[1]]
    states, shortlist = (
        States(encoder, (p.source for p in (*known, *held))),
        Shortlist.whole(subwords),
    )

    def items(pairs: Iterable[Pair]) -> list[Item]:
        return [item(states, shortlist, pair) for pair in pairs]

    return states, _Data(
        items(known),
        {"SGD dev": items(english), "held-out CrossWOZ": items(chinese)},
        {"English": items(topics[0]), "Chinese": items(topics[1])},
    )


def _drawn_pairs(sets: Public, rng: np.random.Generator, size: Size) -> Iterator[Pair]:
    """Chinese replies all, English ones and topics drawn, and some topics joined."""
    yield from (pair for pair in sets.replies if is_chinese(pair.source))
    yield from _drawn([p for p in sets.replies if not is_chinese(p.source)], size.english, rng)
    for pair in _drawn(sets.topics, size.topics, rng):
        yield replace(pair, source=noisy(pair.source, rng, 0.2))
    firsts, others = (_drawn(sets.topics, size.joined, rng) for _ in range(2))
    for one, other in zip(firsts, others, strict=True):
        yield joined(one, other, rng)


def _drawn(pairs: Sequence[Pair], count: int, rng: np.random.Generator) -> Iterator[Pair]:
    return (pairs[int(n)] for n in rng.permutation(len(pairs))[: min(count, len(pairs))])


def _figures(learner: Learner, data: _Data) -> dict[str, float]:
    return {
        f"perplexity, replies of {name}": learner.figures(items).perplexity
        for name, items in data.replies.items()
    } | {
        f"topic right, {name}": learner.figures(items).exact for name, items in data.topics.items()
    }


def _card(seed: int, minutes: float, figures: dict[str, float], size: Size) -> Card:
    return Card(
        name="answers, pretrained",
        data=[
            "CrossWOZ, 500 dialogues; SGD turn pairs, train; data/nlu of this repository, CLINC150, bitext",
            "replies of SGD and CrossWOZ, data/answers of this repository (vocabulary)",
        ],
        split="SGD dev; one text in twenty of the others, by SHA-256 of the text",
        figures={name: round(value, 4) for name, value in figures.items()},
        baselines={},
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        minutes=round(minutes, 1),
        settings=asdict(size),
    )
