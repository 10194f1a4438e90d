"""Trains the answerer on a shop's own questions and answers, starting from the pretrained weights.

Which answer is meant is settled by its first pieces, so that most examples are cut there: that is several
times as many questions in the same minutes. The rest of an answer is learnt from the uncut ones.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sentencepiece

from ml.answers.answerer import SETTINGS
from ml.answers.augment import joined, noisy
from ml.answers.checkpoint import load_weights, weights_of
from ml.answers.export import export
from ml.answers.learn import Clock, Item, Learner, item
from ml.answers.pairs import Pair, is_held_out, shop_pairs, tidied
from ml.answers.subwords import AND, END, TAGS, Subwords, placeholders
from ml.answers.types import Example
from ml.serving import Card, save_card

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train; the defaults made the committed weights.

    One form in `held_part` is held out to judge; `copies` forms are made of every other in an epoch, `joined`
    of them (a share) are two questions in one text, `cut` (a share) end after `start` to 3 x `start` pieces.
    The learning stops early when held-out forms gain nothing for `patience` epochs; `finish` further epochs
    at a low rate take in the held-out forms. `judged` of them are looked at after every epoch.
    """

    epochs: int = 16
    finish: int = 2
    patience: int = 4
    held_part: int = 10
    judged: int = 600
    copies: int = 1
    joined: float = 0.12
    cut: float = 0.85
    start: int = 5
    slips: float = 0.4
    sample: float = 0.2
    tokens: int = 2000
    rate: float = 2e-3
    topic_weight: float = 0.5
    dropout: float = 0.35


@dataclass(frozen=True, slots=True)
class _Data:
    known: Sequence[Pair]
    held: Sequence[Pair]
    judged: Sequence[Pair]
    compound: Sequence[Pair]


def train(
    examples: Sequence[Example],
    start: Path,
    out: Path,
    say: Say,
    seed: int = 7,
    plan: Plan | None = None,
) -> Card:
    """Trains from the weights in `start`, writes the answerer into `out` and returns its card.

    `out` stays as it was until everything is written; then it is replaced at once. Raises `ValueError` when
    there is nothing to learn, `ModelError` when `start` cannot be used, `SlotsFullError` when there are more
    placeholders than the vocabulary has room for.
    """
    plan, clock = plan or Plan(), Clock()
    pairs = shop_pairs(examples)
    if not pairs:
        raise ValueError("there are no questions to learn from: add some to the answers")
    data = _split(pairs, plan, seed)
    topics = list(dict.fromkeys(example.id for example in examples))
    learner, subwords = load_weights(
        start, seed, lambda shape: replace(shape, topics=len(topics), dropout=plan.dropout)
    )
    sentencepiece.set_random_generator_seed(seed)
    texts = [text for pair in pairs for text in (pair.source, pair.target)]
    subwords = subwords.with_names(placeholders(texts))
    say(f"{len(topics)} answers, {len(data.known)} forms, {len(data.held)} held out")
    figures = _fit(learner, subwords, data, plan, say)
    card = _card(figures, len(pairs), len(topics), seed, clock.minutes, plan)
    return _write(learner, subwords, examples, topics, card, out)


def _split(pairs: Sequence[Pair], plan: Plan, seed: int) -> _Data:
    held = [pair for pair in pairs if is_held_out(pair.source, plan.held_part)]
    known = [pair for pair in pairs if not is_held_out(pair.source, plan.held_part)] or pairs
    rng = np.random.default_rng(seed)
    judged = [held[int(n)] for n in rng.permutation(len(held))[: plan.judged]]
    compound = list(_joined(held, len(judged) // 3, rng)) if len(held) > 1 else []
    return _Data(known, held, judged, compound)


def _joined(pairs: Sequence[Pair], count: int, rng: np.random.Generator) -> Iterator[Pair]:
    """Pairs of questions in one language with different answers."""
    for _ in range(count):
        one = pairs[int(rng.integers(len(pairs)))]
        others = [p for p in _some(pairs, 20, rng) if p.tag == one.tag and p.topic != one.topic]
        if others:
            yield joined(one, others[0], rng)


def _some(pairs: Sequence[Pair], count: int, rng: np.random.Generator) -> list[Pair]:
    return [pairs[int(n)] for n in rng.integers(len(pairs), size=count)]


def _fit(
    learner: Learner, subwords: Subwords, data: _Data, plan: Plan, say: Say
) -> dict[str, float]:
    held = [item(subwords, pair) for pair in data.judged]
    compound = [item(subwords, pair) for pair in data.compound]
    items = list(_epoch(data.known, subwords, learner.rng, plan))
    steps = len(list(learner.batches(items, plan.tokens)))
    learner.compile(plan.rate, steps * (plan.epochs + plan.finish), plan.topic_weight)
    best: tuple[float, int, list[npt.NDArray[np.float32]], dict[str, float]] | None = None
    for epoch in range(plan.epochs):
        lost = _pass(learner, items, plan)
        items = list(_epoch(data.known, subwords, learner.rng, plan))
        figures = _figures(learner, held, compound, data.judged)
        said = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        say(f"epoch {epoch + 1} of {plan.epochs + plan.finish}: loss {lost:.3f}, {said}")
        if best is None or figures.get("exact", 0.0) >= best[0]:
            weights = [np.asarray(w) for w in weights_of(learner.model).values()]
            best = figures.get("exact", 0.0), epoch, weights, figures
        elif epoch - best[1] >= plan.patience:
            break
    assert best is not None
    for weight, value in zip(weights_of(learner.model).values(), best[2], strict=True):
        weight.assign(value)
    for epoch in range(plan.finish):
        everything = [*data.known, *data.held]
        lost = _pass(learner, list(_epoch(everything, subwords, learner.rng, plan)), plan)
        say(f"epoch {plan.epochs + epoch + 1} of {plan.epochs + plan.finish}: loss {lost:.3f}")
    return best[3]


def _pass(learner: Learner, items: Sequence[Item], plan: Plan) -> float:
    return float(np.mean([learner.step(batch) for batch in learner.batches(items, plan.tokens)]))


def _epoch(
    pairs: Sequence[Pair], subwords: Subwords, rng: np.random.Generator, plan: Plan
) -> Iterator[Item]:
    """Every form in new wordings, and questions in two parts."""
    for pair in pairs:
        for _ in range(plan.copies):
            source = noisy(pair.source, rng, plan.slips)
            made = item(subwords, replace(pair, source=source), plan.sample)
            yield _cut(made, plan, rng)
    for pair in _joined(pairs, int(len(pairs) * plan.joined), rng):
        source = noisy(pair.source, rng, plan.slips / 2)
        yield item(subwords, replace(pair, source=source), plan.sample)


def _cut(made: Item, plan: Plan, rng: np.random.Generator) -> Item:
    if rng.random() >= plan.cut:
        return made
    return replace(made, target=made.target[: 1 + int(rng.integers(plan.start, 3 * plan.start))])


def _figures(
    learner: Learner, held: Sequence[Item], compound: Sequence[Item], pairs: Sequence[Pair]
) -> dict[str, float]:
    """On held-out forms; none where nothing is held out."""
    found: dict[str, float] = {}
    if held:
        whole = learner.figures(held)
        found |= {"exact": whole.exact, "perplexity": whole.perplexity}
        found |= {
            f"exact, {tag[1:-1]}": learner.figures(group).exact
            for tag in sorted({pair.tag for pair in pairs})
            if (group := [i for i, p in zip(held, pairs, strict=True) if p.tag == tag])
        }
        found["topic"] = learner.topic_right(held)
    if compound:
        found["two questions, both exact"] = learner.figures(compound).exact
    return {name: round(value, 4) for name, value in found.items()}


def _card(
    figures: dict[str, float], forms: int, answers: int, seed: int, minutes: float, plan: Plan
) -> Card:
    return Card(
        name="answers",
        data=[f"{forms} question forms of {answers} answers of the shop"],
        split=f"one form in {plan.held_part}, by SHA-256 of its text, held out for the figures and for stopping; the"
        f" last {plan.finish} epochs, after the figures, take them in",
        figures=figures,
        baselines={},
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        minutes=round(minutes, 1),
        settings=asdict(plan),
    )


def _write(
    learner: Learner,
    subwords: Subwords,
    examples: Sequence[Example],
    topics: Sequence[str],
    card: Card,
    out: Path,
) -> Card:
    """Into a folder beside `out`, then in its place: a training that is ended midway changes nothing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        pieces = _shortlist(subwords, [example.answer for example in examples])
        files = [*export(learner.model, folder, pieces), *subwords.save(folder), SETTINGS]
        settings = {"pieces": pieces, "topics": list(topics)}
        (folder / SETTINGS).write_text(json.dumps(settings) + "\n", encoding="utf-8")
        card = save_card(folder, card, files)
        folder.chmod(0o755)
        _replace(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return card


def _replace(folder: Path, out: Path) -> None:
    old = out.with_name(f"{folder.name}-old")
    if out.exists():
        out.rename(old)
    folder.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _shortlist(subwords: Subwords, answers: Sequence[str]) -> list[int]:
    """The pieces that an answer of this shop may have; bytes are among them, so that none is impossible."""
    controls = [subwords.controls[name] for name in (*TAGS.values(), AND)]
    used = {piece for answer in answers for piece in subwords.encode(tidied(answer))}
    return sorted({END, *controls, *subwords.bytes, *subwords.slots, *used})
