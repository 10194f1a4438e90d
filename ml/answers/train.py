"""Trains the answerer on a shop's own questions and answers, starting from the pretrained weights.

What the sentence encoder reads in each form, and in one with slips, is computed once; after that an epoch differs from
the one before by what dropout hides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ml.answers.answerer import SETTINGS
from ml.answers.augment import joined, noisy
from ml.answers.checkpoint import load_weights, weights_of
from ml.answers.export import export
from ml.answers.learn import Clock, Floats, Item, Learner, item
from ml.answers.network import Shape
from ml.answers.pairs import Pair, is_held_out, shop_pairs
from ml.answers.states import Reads, States
from ml.answers.subwords import Shortlist, Subwords, placeholders
from ml.answers.types import Example
from ml.serving import Card, load_model, replacing, save_card

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train; the defaults made the committed weights.

    One form in `held_part` is held out to judge; of the others `noisy` (a share) are read with slips in an epoch (how
    many is told by `slips`, see `noisy`), and `joined` (a share) are added as two questions in one text. It stops
    early when held-out forms gain nothing for `patience` epochs; `finish` further epochs take in the held-out forms.
    `judged` of them are looked at after every epoch. Before, `topic_rounds` epochs learn the topics alone. An epoch
    takes at most `forms` forms, drawn anew, so that a training ends in its ten minutes however many there are.
    """

    topic_rounds: int = 3
    epochs: int = 3
    finish: int = 0
    patience: int = 4
    held_part: int = 10
    forms: int = 12_000
    judged: int = 600
    noisy: float = 0.5
    joined: float = 0.06
    slips: float = 0.4
    tokens: int = 500
    rate: float = 5e-3
    topic_rate: float = 2e-3
    dropout: float = 0.3
    forgotten: float = 0.0
    blurred: float = 0.2
    lost: float = 0.1
    hidden: float = 0.3
    target_gaps: float = 0.0


@dataclass(frozen=True, slots=True)
class _Form:
    """A question form as it is and with slips, read."""

    plain: Item
    slipped: Item


@dataclass(frozen=True, slots=True)
class _Data:
    known: Sequence[_Form]
    held: Sequence[_Form]
    judged: Mapping[str, Sequence[Item]]
    joined: Sequence[Item]
    compound: Sequence[Item]


def train(
    examples: Sequence[Example],
    start: Path,
    out: Path,
    say: Say,
    seed: int = 7,
    plan: Plan | None = None,
    *,
    encoder: Reads,
) -> Card:
    """Trains from the weights in `start`, writes the answerer into `out` and returns its card.

    `out` stays as it was until everything is written; then it is replaced at once. `encoder` has to be the one that
    `start` was trained on. Raises `ValueError` when there is nothing to learn, `ModelError` when `start` cannot be
    used, `SlotsFullError` when there are more placeholders than the vocabulary has room for.
    """
    plan, clock = plan or Plan(), Clock()
    pairs = shop_pairs(examples)
    if not pairs:
        raise ValueError("there are no questions to learn from: add some to the answers")
    load_model(start)
    topics = list(dict.fromkeys(example.id for example in examples))
    shortlist = _shortlist(start, pairs)
    learner = load_weights(start, seed, shortlist, lambda shape: _shaped(shape, plan, len(topics)))
    data = _read(pairs, encoder, shortlist, plan, seed)
    say(f"{len(topics)} answers, {len(data.known)} forms, {len(data.held)} held out")
    figures = _fit(learner, data, plan, say)
    card = _card(figures, len(pairs), len(topics), seed, clock.minutes, plan)
    return _write(learner, shortlist, topics, card, out)


def _shortlist(start: Path, pairs: Sequence[Pair]) -> Shortlist:
    names = placeholders([pair.target for pair in pairs])
    return Shortlist.of(Subwords.load(start).with_names(names), {pair.target for pair in pairs})


def _shaped(shape: Shape, plan: Plan, topics: int) -> Shape:
    return replace(
        shape, topics=topics, dropout=plan.dropout, blurred=plan.blurred, lost=plan.lost, forgotten=plan.forgotten,
        hidden=plan.hidden,
        target_gaps=plan.target_gaps,
    )  # fmt: skip


def _read(
    pairs: Sequence[Pair], encoder: Reads, shortlist: Shortlist, plan: Plan, seed: int
) -> _Data:
    """Parts the forms and has everything read."""
    rng = np.random.default_rng(seed)
    held = [pair for pair in pairs if is_held_out(pair.source, plan.held_part)]
    known = [pair for pair in pairs if not is_held_out(pair.source, plan.held_part)] or pairs
    judged = [held[int(n)] for n in rng.permutation(len(held))[: plan.judged]]
    compound = list(_joined(held, len(judged) // 3, rng)) if len(held) > 1 else []
    both = list(_joined(known, int(len(known) * plan.joined), rng))
    slipped = {pair: replace(pair, source=noisy(pair.source, rng, plan.slips)) for pair in pairs}
    read = [*pairs, *slipped.values(), *compound, *both]
    states = States(encoder, (pair.source for pair in read))

    def items(some: Iterable[Pair]) -> list[Item]:
        return [item(states, shortlist, pair) for pair in some]

    def forms(some: Sequence[Pair]) -> list[_Form]:
        return list(map(_Form, items(some), items(slipped[pair] for pair in some)))

    by_tag = {
        tag: items(p for p in judged if p.tag == tag) for tag in sorted({p.tag for p in judged})
    }
    return _Data(forms(known), forms(held), by_tag, items(both), items(compound))


def _joined(pairs: Sequence[Pair], count: int, rng: np.random.Generator) -> Iterator[Pair]:
    """Pairs of questions in one language with different answers."""
    for _ in range(count):
        one = pairs[int(rng.integers(len(pairs)))]
        others = [p for p in _some(pairs, 20, rng) if p.tag == one.tag and p.topic != one.topic]
        if others:
            yield joined(one, others[0], rng)


def _some(pairs: Sequence[Pair], count: int, rng: np.random.Generator) -> list[Pair]:
    return [pairs[int(n)] for n in rng.integers(len(pairs), size=count)]


def _fit(learner: Learner, data: _Data, plan: Plan, say: Say) -> dict[str, float]:
    """Trains, goes back to the best epoch, and takes in the held-out forms; the best epoch's figures."""
    epochs = plan.epochs + plan.finish
    total = plan.topic_rounds + epochs
    rounds = (_epoch(data.known, data, learner.rng, plan) for _ in range(plan.topic_rounds))
    for number, lost in enumerate(learner.learn_topics(rounds, plan.topic_rate), 1):
        say(f"round {number} of {total}: topics, loss {lost:.3f}")
    steps = len(list(learner.batches(_epoch(data.known, data, learner.rng, plan), plan.tokens)))
    learner.compile(plan.rate, steps * epochs)
    best: tuple[float, int, list[Floats], dict[str, float]] | None = None
    for epoch in range(plan.epochs):
        lost = _pass(learner, _epoch(data.known, data, learner.rng, plan), plan)
        figures = _figures(learner, data)
        said = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        say(f"round {plan.topic_rounds + epoch + 1} of {total}: loss {lost:.3f}, {said}")
        if best is None or figures.get("exact", 0.0) >= best[0]:
            weights = [np.asarray(w) for w in weights_of(learner.model).values()]
            best = figures.get("exact", 0.0), epoch, weights, figures
        elif epoch - best[1] >= plan.patience:
            break
    assert best is not None
    for weight, value in zip(weights_of(learner.model).values(), best[2], strict=True):
        weight.assign(value)
    for epoch in range(plan.finish):
        everything = _epoch([*data.known, *data.held], data, learner.rng, plan)
        lost = _pass(learner, everything, plan)
        say(f"round {total - plan.finish + epoch + 1} of {total}: loss {lost:.3f}")
    return best[3]


def _pass(learner: Learner, items: Sequence[Item], plan: Plan) -> float:
    return float(np.mean([learner.step(batch) for batch in learner.batches(items, plan.tokens)]))


def _epoch(forms: Sequence[_Form], data: _Data, rng: np.random.Generator, plan: Plan) -> list[Item]:
    """The forms of an epoch, some of them with slips, and questions in two parts."""
    drawn = list(forms)
    if len(forms) > plan.forms:
        drawn = [forms[int(n)] for n in rng.permutation(len(forms))[: plan.forms]]
    slips = rng.random(len(drawn)) < plan.noisy
    kept = [f.slipped if slip else f.plain for f, slip in zip(drawn, slips, strict=True)]
    return [*kept, *data.joined]


def _figures(learner: Learner, data: _Data) -> dict[str, float]:
    """On held-out forms; none where nothing is held out."""
    found: dict[str, float] = {}
    if data.judged:
        whole = learner.figures([one for group in data.judged.values() for one in group])
        found |= {"exact": whole.exact, "topic": whole.topic, "perplexity": whole.perplexity}
        for tag, group in data.judged.items():
            part = learner.figures(group)
            found |= {f"exact, {tag[1:-1]}": part.exact, f"topic, {tag[1:-1]}": part.topic}
    if data.compound:
        found["two questions, both exact"] = learner.figures(data.compound).exact
    return {name: round(value, 4) for name, value in found.items()}


def _card(
    figures: dict[str, float], forms: int, answers: int, seed: int, minutes: float, plan: Plan
) -> Card:
    return Card(
        name="answers",
        data=[f"{forms} question forms of {answers} answers of the shop"],
        split=f"one form in {plan.held_part}, by SHA-256 of its text, held out for the figures and for stopping"
        + f"; the last {plan.finish} epochs, after the figures, take them in" * bool(plan.finish),
        figures=figures,
        baselines={},
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        minutes=round(minutes, 1),
        settings=asdict(plan),
    )


def _write(
    learner: Learner, shortlist: Shortlist, topics: Sequence[str], card: Card, out: Path
) -> Card:
    """Into a folder beside `out`, then in its place: a training that is ended midway changes nothing."""
    with replacing(out) as folder:
        files = [*export(learner.model, folder), *shortlist.subwords.save(folder), SETTINGS]
        settings = {"pieces": shortlist.pieces, "topics": topics}
        (folder / SETTINGS).write_text(json.dumps(settings) + "\n", encoding="utf-8")
        return save_card(folder, card, files)
