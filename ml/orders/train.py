"""Trains both taggers from scratch and writes their weights and card.

fastfood   the tagger alone, on MultiDoGO: first on the five other domains, then on fast food,
           several times from other shuffles; the weights are averaged into one network
orders     the tagger of `parse-order`, on synthetic messages over random catalogues
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from ml.orders.assembly import Thresholds
from ml.orders.data import DOMAINS, Tagged, data_folder, distinct, multidogo, sources, unseen
from ml.orders.decode import best_tags
from ml.orders.encode import Text, Vocabulary
from ml.orders.evaluate import (
    WRITTEN,
    JudgedLines,
    Row,
    evaluate,
    judged_lines,
    read_catalogue,
    read_written,
)
from ml.orders.examples import ORDER_TAGS, message_examples
from ml.orders.export import export
from ml.orders.generate import Writer
from ml.orders.learn import Example, Learner, Plan, best_temperature
from ml.orders.metrics import span_score
from ml.orders.network import Shape
from ml.orders.parse import OrderParser
from ml.orders.tagger import Settings, TaggedSpans, Tagger, softmax
from ml.serving import Card, load_model, save_card

Say = Callable[[str], None]
# Where `Evidence.values` says whether a SKU was found.
_KNOWN = 4


@dataclass(frozen=True, slots=True)
class Size:
    """How much to train; the defaults made the committed weights."""

    messages: int = 45_000
    epochs: int = 3
    pretrain_epochs: int = 3
    fastfood_epochs: int = 8
    shuffles: int = 4
    precision: float = 0.93


def train(
    data: Path | None, out: Path, seed: int = 1, say: Say = print, size: Size | None = None
) -> Card:
    """Trains into `out` (made if needed), says how it goes, and returns the card."""
    size = size or Size()
    began = time.monotonic()
    folder = data_folder(data)
    out.mkdir(parents=True, exist_ok=True)
    train_fastfood(folder, out, seed, say, size)
    train_orders(folder, out, seed, say, size)
    card = _card(seed, (time.monotonic() - began) / 60, size)
    return finish(folder, out, card, say, size.precision)


def train_fastfood(folder: Path, out: Path, seed: int, say: Say, size: Size) -> None:
    """One network: pretrained, tuned `shuffles` times, averaged (a "model soup")."""
    turns = distinct(multidogo(folder, "fastfood", "train"))
    others = {domain: distinct(multidogo(folder, domain, "train")) for domain in DOMAINS[1:]}
    tags = ("O", *sorted({tag for turn in turns for tag in turn.tags} - {"O"}))
    vocabulary = Vocabulary.of(
        [t.tokens for some in (turns, *others.values()) for t in some], least=3
    )
    shape = Shape(
        len(vocabulary.words), len(vocabulary.characters), len(tags),
        word_size=100, units=128, filters=64, dropout=0.5, word_dropout=0.15,
    )  # fmt: skip
    pretrained = _pretrained(shape, vocabulary, {"fastfood": turns, **others}, seed, say, size)
    examples = [Example(Text(t.tokens), t.tags, 1 + math.log(t.times)) for t in turns]
    judged = unseen(multidogo(folder, "fastfood", "dev"), turns)

    def check(learner: Learner) -> str:
        scores = [softmax(found) for found in learner.logits([Text(t.tokens) for t in judged])]
        found = [best_tags(one, tags) for one in scores]
        return f"dev span F1 {span_score([t.tags for t in judged], found).f1:.4f}"

    tuned: list[list[np.ndarray]] = []
    for shuffle in range(size.shuffles):
        plan = Plan(size.fastfood_epochs, rate=1.5e-3, seed=seed + shuffle)
        learner = Learner(shape, vocabulary, tags, plan)
        _copy(pretrained, learner, None if not tuned else tuned[0])
        say(f"fast food, shuffle {shuffle + 1} of {size.shuffles}")
        learner.fit(examples, say, check)
        tuned.append(learner.model.get_weights())
    learner.model.set_weights(
        [_mean([weights[i] for weights in tuned]) for i in range(len(tuned[0]))]
    )
    say(f"averaged: {check(learner)}")
    _save(learner, out, "fastfood", Settings(vocabulary, tags, 1.0))


def _pretrained(
    shape: Shape,
    vocabulary: Vocabulary,
    domains: dict[str, list[Tagged]],
    seed: int,
    say: Say,
    size: Size,
) -> Learner:
    """Learns all six domains at once, each with its own tags: names, addresses and phones carry over."""
    examples = [
        Example(
            Text(turn.tokens), tuple("O" if tag == "O" else f"{domain} {tag}" for tag in turn.tags)
        )
        for domain, turns in domains.items()
        for turn in turns
    ]
    tags = ("O", *sorted({tag for example in examples for tag in example.tags} - {"O"}))
    learner = Learner(
        replace(shape, tags=len(tags)),
        vocabulary,
        tags,
        Plan(size.pretrain_epochs, batch=64, seed=seed),
    )
    return learner.fit(examples, lambda text: say(f"six domains: {text}"))


def _copy(source: Learner, target: Learner, start: Sequence[np.ndarray] | None) -> None:
    """Everything but the output layer; averaging wants the same output layer to start from."""
    for layer in source.model.layers:
        if layer.get_weights() and layer.name not in ("logits", "word_dropout"):
            target.model.get_layer(layer.name).set_weights(layer.get_weights())
    if start is not None:
        first = Learner(
            target.shape,
            target.encoder.vocabulary,
            list(target.tags),
            replace(target.plan, seed=source.plan.seed),
        )
        target.model.get_layer("logits").set_weights(first.model.get_layer("logits").get_weights())


def _mean(weights: Sequence[np.ndarray]) -> np.ndarray:
    return np.mean(weights, axis=0) if weights[0].dtype.kind == "f" else weights[0]


def train_orders(folder: Path, out: Path, seed: int, say: Say, size: Size) -> None:
    real = sources(folder)
    examples = list(message_examples(Writer(seed, real).messages(size.messages)))
    held_out = list(message_examples(Writer(seed + 1_000_000, real).messages(1000)))
    vocabulary = Vocabulary.of([e.text.tokens for e in examples], least=4)
    shape = Shape(
        len(vocabulary.words), len(vocabulary.characters), len(ORDER_TAGS),
        word_size=64, units=96, filters=48, dropout=0.3, word_dropout=0.2,
    )  # fmt: skip
    learner = Learner(shape, vocabulary, ORDER_TAGS, Plan(size.epochs, seed=seed))

    def check(learner: Learner) -> str:
        found = [
            [ORDER_TAGS[i] for i in scores.argmax(-1)]
            for scores in learner.logits([e.text for e in held_out])
        ]
        return f"synthetic span F1 {span_score([e.tags for e in held_out], found).f1:.4f}"

    learner.fit(examples, lambda text: say(f"orders: {text}"), check)
    wanted = [[learner.tags[tag] for tag in e.tags] for e in held_out]
    temperature = best_temperature(learner.logits([e.text for e in held_out]), wanted)
    _save(learner, out, "orders", Settings(vocabulary, ORDER_TAGS, temperature))


def _save(learner: Learner, out: Path, name: str, settings: Settings) -> None:
    learner.save(out / f"{name}.keras")
    export(learner.model, out / f"{name}.onnx")
    settings.write(out / f"{name}.json")


def _card(seed: int, minutes: float, size: Size) -> Card:
    return Card(
        name="orders",
        data=[
            "MultiDoGO, six domains, train (fastfood.onnx)",
            "synthetic messages of ml/orders/generate.py with product names of UCI Online Retail, addresses of"
            " usaddress, talk of MultiDoGO, CLINC150 and CrossWOZ (orders.onnx)",
        ],
        split="fastfood: train part only, figures on dev turns whose text is not in train; orders: trained on"
        " synthetic messages only, thresholds and line confidence on data/orders/validation.jsonl",
        figures={},
        baselines={},
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        minutes=round(minutes, 1),
        settings={"size": asdict(size)},
    )


def finish(folder: Path, out: Path, card: Card, say: Say, precision: float) -> Card:
    """Chooses the thresholds, measures everything and writes the card."""
    files = [
        path.name
        for path in sorted(out.iterdir())
        if path.suffix in (".onnx", ".json", ".keras") and path.name != "card.json"
    ]
    save_card(out, card, files)
    thresholds = choose_thresholds(out, precision)
    card = replace(card, settings={**card.settings, "thresholds": asdict(thresholds)})
    save_card(out, card, files)
    model = load_model(out)
    rows = list(evaluate(folder, parser=OrderParser.of(model), tagger=Tagger(model, "fastfood")))
    say("\n".join(map(str, rows)))
    return save_card(
        out, replace(card, figures=_figures(rows, True), baselines=_figures(rows, False)), files
    )


def _figures(rows: Sequence[Row], ours: bool) -> dict[str, float]:
    return {
        f"{row.data}: {row.measure}{'' if ours else f' ({row.baseline_name})'}": round(
            row.ours if ours else row.baseline, 4
        )
        for row in rows
    }


def choose_thresholds(out: Path, precision: float) -> Thresholds:
    """On the hand-written validation set: match and margin for line F1, the weights of a line's evidence
    by logistic regression, and the lowest review threshold whose unreviewed lines are right as often as
    `precision`."""
    spans = TaggedSpans(Tagger(load_model(out), "orders"))
    messages, items = (
        read_written(WRITTEN / "validation.jsonl"),
        read_catalogue(WRITTEN / "catalogue.csv"),
    )

    def judged(thresholds: Thresholds) -> JudgedLines:
        return judged_lines(OrderParser(spans, thresholds), messages, items)

    best = max(
        (
            Thresholds(match, margin)
            for match in (0.45, 0.5, 0.55, 0.6)
            for margin in (0.02, 0.03, 0.04, 0.06)
        ),
        key=lambda option: judged(option).score.f1,
    )
    right = np.array(judged(best).right)
    if right.all() or not right.any():
        return best
    size = len(best.line_weights)
    # With one weight of 1 and the others 0, a line's confidence is that piece of evidence alone.
    alone = [judged(replace(best, line_weights=_only(k, size))).confidences for k in range(1, size)]
    evidence = np.stack([_log_odds(np.array(values)) for values in alone], axis=1)
    fitted = LogisticRegression(C=10.0).fit(evidence, right)
    weights = (float(fitted.intercept_[0]), *(float(w) for w in fitted.coef_[0]))
    known = evidence[:, _KNOWN - 1] > 0.5
    sure = fitted.predict_proba(evidence)[:, 1]
    review = _review_threshold(sure[known], right[known], precision)
    return replace(best, line_weights=weights, review=review)


def _only(place: int, size: int) -> tuple[float, ...]:
    return tuple(float(k == place) for k in range(size))


def _log_odds(confidences: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(confidences / (1 - confidences)))


def _review_threshold(sure: np.ndarray, right: np.ndarray, precision: float) -> float:
    """Lines without a SKU are reviewed whatever this is."""
    for threshold in np.arange(0.3, 0.99, 0.01):
        kept = right[sure >= threshold]
        if len(kept) and kept.mean() >= precision:
            return round(float(threshold), 2)
    return 0.99
