"""Span F1 and expected calibration error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


def spans_of(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """(label, first, past the last) of BIO tags; an I- without its B- opens a span, as in conlleval."""
    return set(_walk(tags))


def _walk(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    start, label = 0, ""
    for place, tag in enumerate([*tags, "O"]):
        same = tag.startswith("I-") and tag[2:] == label
        if label and not same:
            yield label, start, place
        if not same:
            start, label = place, tag[2:]


@dataclass(frozen=True, slots=True)
class Score:
    """Right, found and wanted pieces, and what follows from them."""

    right: int
    found: int
    wanted: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        total = self.found + self.wanted
        return 2 * self.right / total if total else 1.0


def span_score(gold: Iterable[Sequence[str]], found: Iterable[Sequence[str]]) -> Score:
    right = named = wanted = 0
    for gold_tags, found_tags in zip(gold, found, strict=True):
        want, have = spans_of(gold_tags), spans_of(found_tags)
        right, named, wanted = right + len(want & have), named + len(have), wanted + len(want)
    return Score(right, named, wanted)


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: mean gap of confidence and hit rate over equal-width bins."""
    error = 0.0
    for lower in range(bins):
        inside = [
            (c, r)
            for c, r in zip(confidences, right, strict=True)
            if lower / bins < c <= (lower + 1) / bins
        ]
        if inside:
            gap = sum(c for c, _ in inside) - sum(r for _, r in inside)
            error += abs(gap) / len(confidences)
    return error
