"""Pretrains the answerer on public data: replies of dialogues, topics of questions, noisy text made plain.

The shop's own answers are not in it: a merchant's training starts from here, whatever the shop sells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import jieba
import numpy as np

from ml.answers.augment import joined, noisy
from ml.answers.checkpoint import save_weights
from ml.answers.learn import Clock, Figures, Item, Learner, item
from ml.answers.network import Shape
from ml.answers.pairs import Pair, Public, is_chinese, public
from ml.answers.subwords import GAP, WORD_END, Subwords, learn, placeholders
from ml.orders.data import data_folder
from ml.serving import Card, save_card

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much to train; the defaults made the committed weights."""

    pieces: int = 5000
    rounds: int = 4
    replies: int = 25_000
    topics: int = 50_000
    plain: int = 10_000
    tokens: int = 3000
    rate: float = 2e-3
    held: int = 1500


def pretrain(
    data: Path | None,
    out: Path,
    shop: Sequence[str] = (),
    seed: int = 7,
    say: Say = print,
    size: Size | None = None,
) -> Card:
    """Learns pieces and weights into `out` (made if needed) and returns the card.

    `shop` are questions and answers whose words and placeholders the vocabulary should know.
    """
    size = size or Size()
    clock = Clock()
    sets = public(data_folder(data))
    subwords = pieces_of(sets, shop, size.pieces)
    say(f"{subwords.size} pieces, {len(sets.replies)} replies, {len(sets.topics)} labelled texts")
    learner = Learner(Shape(subwords.size, subwords.controls[GAP]), seed)
    out.mkdir(parents=True, exist_ok=True)
    figures = {}
    for number in range(size.rounds):
        items = list(_round(sets, subwords, learner.rng, size))
        if not number:
            steps = sum(1 for _ in learner.batches(items, size.tokens)) * size.rounds
            learner.compile(size.rate, steps)
        lost = [learner.step(batch) for batch in learner.batches(items, size.tokens)]
        figures = _held_out(learner, subwords, sets, size)
        said = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
        say(
            f"round {number + 1}/{size.rounds} loss {np.mean(lost):.3f} {said} {clock.minutes:.1f} min"
        )
        save_weights(learner, subwords, out)
    return save_card(
        out, _card(seed, clock.minutes, figures, size), save_weights(learner, subwords, out)
    )


def pieces_of(sets: Public, shop: Sequence[str], size: int) -> Subwords:
    """Pieces for questions (lower case) and answers (as written) of both languages."""
    texts = [*shop, *shop, *shop, *_texts(sets)]
    return learn(map(_worded, texts), size, placeholders(shop))


def _texts(sets: Public) -> Iterator[str]:
    """Labelled texts all, Chinese ones several times, and a part of the many English dialogues."""
    for pair in sets.topics:
        yield from [pair.source] * (4 if is_chinese(pair.source) else 1)
    for number, pair in enumerate(sets.replies):
        if number % 3 == 0 or is_chinese(pair.source):
            yield pair.source
            yield pair.target


def _worded(text: str) -> str:
    return WORD_END.join(jieba.cut(text)) if is_chinese(text) else text


def _round(
    sets: Public, subwords: Subwords, rng: np.random.Generator, size: Size
) -> Iterator[Item]:
    """One round's items: Chinese ones all, English ones drawn, every source in another form each time."""
    topics = [*sets.topics, *(p for p in sets.topics if is_chinese(p.source))]
    for pair in _drawn(topics, size.topics, rng):
        yield item(subwords, _changed(pair, rng), 0.2)
    chinese = [pair for pair in sets.replies if is_chinese(pair.source)]
    for pair in (*_drawn(sets.replies, size.replies, rng), *chinese):
        yield item(subwords, pair, 0.2)
    for pair in _drawn(sets.plain, size.plain, rng):
        yield item(subwords, _changed(pair, rng, 1.0), 0.2)
    for one, other in zip(
        _drawn(topics, size.topics // 8, rng), _drawn(topics, size.topics // 8, rng), strict=True
    ):
        yield item(subwords, joined(one, other, rng), 0.2)


def _changed(pair: Pair, rng: np.random.Generator, slips: float = 0.4) -> Pair:
    return Pair(noisy(pair.source, rng, slips), pair.target, pair.tag)


def _drawn(pairs: Sequence[Pair], count: int, rng: np.random.Generator) -> Iterable[Pair]:
    return (pairs[int(n)] for n in rng.permutation(len(pairs))[: min(count, len(pairs))])


def _held_out(learner: Learner, subwords: Subwords, sets: Public, size: Size) -> dict[str, float]:
    english = [p for p in sets.held_replies if not is_chinese(p.source)]
    chinese = [p for p in sets.held_replies if is_chinese(p.source)]

    def seen(pairs: Sequence[Pair]) -> Figures:
        return learner.figures([item(subwords, p) for p in pairs[: size.held]])

    topics = [
        seen([p for p in sets.held_topics if is_chinese(p.source) == zh]) for zh in (False, True)
    ]
    return {
        "perplexity, replies of SGD dev": seen(english).perplexity,
        "perplexity, held-out replies of CrossWOZ": seen(chinese).perplexity,
        "topic right, held-out English": topics[0].exact,
        "topic right, held-out Chinese": topics[1].exact,
    }


def _card(seed: int, minutes: float, figures: dict[str, float], size: Size) -> Card:
    return Card(
        name="answers, pretrained",
        data=[
            "SGD turn pairs, train; CrossWOZ, 500 dialogues (replies)",
            "data/nlu of this repository, CLINC150, bitext (topics); all of them (noisy text made plain)",
            "data/answers of this repository (vocabulary only)",
        ],
        split="SGD dev; one text in twenty of the others, by SHA-256 of the text",
        figures={name: round(value, 4) for name, value in figures.items()},
        baselines={},
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        minutes=round(minutes, 1),
        settings=asdict(size),
    )
