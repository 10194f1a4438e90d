"""Quality figures: the tagger beside the CRF, the whole parser beside the rules."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml.orders.assembly import Thresholds
from ml.orders.baselines import RuleSpans
from ml.orders.crf import crf_tags
from ml.orders.data import data_folder, multidogo, required, unseen
from ml.orders.metrics import Score, calibration_error, span_score
from ml.orders.parse import OrderParser
from ml.orders.tag import tag
from ml.orders.tagger import Tagger
from ml.orders.types import CatalogueItem, ParsedOrder

WRITTEN = Path(__file__).parents[2] / "data" / "orders"
FIELDS = ("name", "phone", "address", "payment", "delivery", "notes")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table that `shopclerk evaluate orders` prints."""

    data: str
    measure: str
    ours: float
    baseline: float
    baseline_name: str

    def __str__(self) -> str:
        return f"{self.data} | {self.measure} | {self.ours:.3f} | {self.baseline_name} {self.baseline:.3f}"


@dataclass(frozen=True, slots=True)
class WantedLine:
    """A line a careful shopkeeper would write down; `sku` is None where nothing in the shop fits."""

    text: str
    sku: str | None
    quantity: float
    unit: str | None
    unit_price: float | None


@dataclass(frozen=True, slots=True)
class WantedOrder:
    """A hand-written truth: each field as it stands in the message, empty where it is not said."""

    fields: Mapping[str, str]
    lines: tuple[WantedLine, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """One hand-written message with its orders."""

    id: str
    language: str
    text: str
    orders: tuple[WantedOrder, ...]


def read_catalogue(path: Path) -> list[CatalogueItem]:
    with required(path).open(encoding="utf-8", newline="") as file:
        return [_item(row) for row in csv.DictReader(file)]


def _item(row: Mapping[str, str]) -> CatalogueItem:
    price = row.get("price") or ""
    return CatalogueItem(
        row["sku"],
        row["name"],
        row.get("name_zh") or "",
        row.get("unit") or "",
        round(float(price) * 100) if price else None,
        tuple(a for a in (row.get("aliases") or "").split("|") if a),
    )


def read_written(path: Path) -> list[Written]:
    lines = required(path).read_text(encoding="utf-8").splitlines()
    return [_written(json.loads(line)) for line in lines if line.strip()]


def _written(found: Mapping[str, object]) -> Written:
    orders = found["orders"]
    wanted = tuple(_wanted(order) for order in orders) if isinstance(orders, list) else ()
    return Written(str(found["id"]), str(found["lang"]), str(found["text"]), wanted)


def _wanted(order: Mapping[str, object]) -> WantedOrder:
    buyer, lines = order["buyer"], order["lines"]
    who = buyer if isinstance(buyer, dict) else {}
    fields = {"name": who.get("name"), "phone": who.get("phone")}
    fields |= {key: order[key] for key in FIELDS[2:]}
    return WantedOrder(
        {key: str(value or "") for key, value in fields.items()},
        tuple(WantedLine(**line) for line in lines) if isinstance(lines, list) else (),
    )


def parsed_fields(order: ParsedOrder) -> dict[str, str]:
    texts = {
        "name": order.name,
        "address": order.address,
        "payment": order.payment,
        "delivery": order.delivery,
        "notes": order.notes[0] if order.notes else None,
    }
    found = {key: value.text if value else "" for key, value in texts.items()}
    return {**found, "phone": order.phone.value if order.phone else ""}


def plain(text: str) -> str:
    """Fields are compared without case, blanks and marks at their ends."""
    return re.sub(r"[\s,，。.;；:：!！]+", " ", text).strip().lower()


def paired(
    wanted: Sequence[WantedOrder], found: Sequence[ParsedOrder]
) -> list[tuple[WantedOrder | None, ParsedOrder | None]]:
    """Each wanted order with the found one that shares most with it; what is over stands alone."""
    left = list(found)
    pairs: list[tuple[WantedOrder | None, ParsedOrder | None]] = []
    for order in wanted:
        best = max(left, key=lambda f: _shared(order, f), default=None)
        if best is not None:
            left = [other for other in left if other is not best]
        pairs.append((order, best))
    return pairs + [(None, other) for other in left]


def _shared(wanted: WantedOrder, found: ParsedOrder) -> int:
    skus = {(line.sku, float(line.quantity)) for line in found.lines}
    same = sum((line.sku, line.quantity) in skus for line in wanted.lines)
    fields = parsed_fields(found)
    return 2 * same + sum(
        bool(v) and plain(v) == plain(fields[k]) for k, v in wanted.fields.items()
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one parser made of a hand-written set."""

    lines: Score
    fields: Mapping[str, Score]
    invented: int
    calibration: float
    orders_right: float
    review_precision: float
    review_coverage: float


@dataclass(frozen=True, slots=True)
class JudgedLines:
    """Every found line: how sure it was, whether it is right, whether a person is asked."""

    score: Score
    confidences: tuple[float, ...]
    right: tuple[bool, ...]
    doubted: tuple[bool, ...]


def judged_lines(
    parser: OrderParser, messages: Sequence[Written], items: Sequence[CatalogueItem]
) -> JudgedLines:
    parsed = parser.parse([m.text for m in messages], items)
    return _judged(
        [
            pair
            for m, found in zip(messages, parsed, strict=True)
            for pair in paired(m.orders, found)
        ]
    )


def outcome(
    parser: OrderParser, messages: Sequence[Written], items: Sequence[CatalogueItem]
) -> Outcome:
    parsed = parser.parse([m.text for m in messages], items)
    pairs = [
        pair for m, found in zip(messages, parsed, strict=True) for pair in paired(m.orders, found)
    ]
    judged = _judged(pairs)
    kept = [ok for ok, doubt in zip(judged.right, judged.doubted, strict=True) if not doubt]
    return Outcome(
        lines=judged.score,
        fields={field: _field_score(pairs, field) for field in FIELDS},
        invented=sum(_invented(m.text, found) for m, found in zip(messages, parsed, strict=True)),
        calibration=calibration_error(judged.confidences, judged.right) if judged.right else 0.0,
        orders_right=sum(_all_right(w, f) for w, f in pairs) / max(len(pairs), 1),
        review_precision=sum(kept) / max(len(kept), 1),
        review_coverage=len(kept) / max(len(judged.right), 1),
    )


Pair = tuple[WantedOrder | None, ParsedOrder | None]


def _wanted_lines(order: WantedOrder | None) -> list[tuple[str | None, float]]:
    return [(line.sku, float(line.quantity)) for line in order.lines] if order else []


def _found_lines(order: ParsedOrder | None) -> list[tuple[str | None, float]]:
    return [(line.sku, float(line.quantity)) for line in order.lines] if order else []


def _field_score(pairs: Iterable[Pair], field: str) -> Score:
    right = found = wanted = 0
    for want, have in pairs:
        gold = want.fields[field] if want else ""
        got = parsed_fields(have)[field] if have else ""
        wanted, found = wanted + bool(gold), found + bool(got)
        right += bool(gold) and plain(gold) == plain(got)
    return Score(right, found, wanted)


def _judged(pairs: Iterable[Pair]) -> JudgedLines:
    sure: list[float] = []
    right: list[bool] = []
    doubted: list[bool] = []
    wanted = 0
    for want, have in pairs:
        open_lines = _wanted_lines(want)
        wanted += len(open_lines)
        for index, line in enumerate(have.lines if have else ()):
            hit = (line.sku, float(line.quantity)) in open_lines
            if hit:
                open_lines.remove((line.sku, float(line.quantity)))
            sure.append(line.confidence)
            right.append(hit)
            doubted.append(
                any(p.field.startswith(f"lines.{index}") for p in have.review) if have else False
            )
    return JudgedLines(
        Score(sum(right), len(right), wanted), tuple(sure), tuple(right), tuple(doubted)
    )


def _invented(text: str, orders: Sequence[ParsedOrder]) -> int:
    return sum(
        not line.text or text[line.start : line.end] != line.text
        for o in orders
        for line in o.lines
    )


def _all_right(wanted: WantedOrder | None, found: ParsedOrder | None) -> bool:
    if wanted is None or found is None:
        return False
    fields = parsed_fields(found)
    same = all(plain(value) == plain(fields[key]) for key, value in wanted.fields.items())
    return same and sorted(map(repr, _wanted_lines(wanted))) == sorted(
        map(repr, _found_lines(found))
    )


def tagger_rows(folder: Path, tagger: Tagger | None = None) -> Iterator[Row]:
    """Span F1 on the fastfood dev turns whose text was not seen in training."""
    train = multidogo(folder, "fastfood", "train")
    turns = unseen(multidogo(folder, "fastfood", "dev"), train)
    gold, texts = [turn.tags for turn in turns], [turn.tokens for turn in turns]
    ours = span_score(gold, tag(texts, tagger)).f1
    theirs = span_score(gold, crf_tags(train, texts)).f1
    yield Row(f"MultiDoGO fastfood dev, {len(turns)} unseen turns", "span F1", ours, theirs, "CRF")


def written_rows(name: str, parser: OrderParser, rules: OrderParser) -> Iterator[Row]:
    """The hand-written messages of `name`, by language."""
    items = read_catalogue(WRITTEN / "catalogue.csv")
    messages = read_written(WRITTEN / f"{name}.jsonl")
    for language in ("all", "en", "zh", "mixed"):
        some = [m for m in messages if language in ("all", m.language)]
        ours, theirs = outcome(parser, some, items), outcome(rules, some, items)
        yield from _outcome_rows(
            f"{name}, {len(some)} messages, {language}", ours, theirs, language == "all"
        )


def _outcome_rows(data: str, ours: Outcome, theirs: Outcome, whole: bool) -> Iterator[Row]:
    def row(measure: str, value: Callable[[Outcome], float]) -> Row:
        return Row(data, measure, value(ours), value(theirs), "rules + rapidfuzz")

    yield row("line F1 (SKU and quantity)", lambda o: o.lines.f1)
    for field in FIELDS:
        measure, score, other = f"{field}, exact, F1", ours.fields[field], theirs.fields[field]
        yield Row(data, measure, score.f1, other.f1, "rules + rapidfuzz")
    yield row("orders with everything right", lambda o: o.orders_right)
    yield row("invented lines", lambda o: o.invented)
    if whole:
        yield row("line confidence, ECE", lambda o: o.calibration)
        yield row("precision of lines not sent to review", lambda o: o.review_precision)
        yield row("share of lines not sent to review", lambda o: o.review_coverage)


def evaluate(
    data: Path | None = None,
    sets: Sequence[str] = ("validation",),
    parser: OrderParser | None = None,
    tagger: Tagger | None = None,
) -> Iterator[Row]:
    """Every figure with its baseline, measured now: the shipped model unless another is given."""
    yield from tagger_rows(data_folder(data), tagger)
    for name in sets:
        yield from written_rows(
            name, parser or OrderParser(), OrderParser(RuleSpans(), Thresholds())
        )
