"""Applies what a message takes back: "no, make it three", "forget the mug", 不对要三个."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ml.orders.catalogue import Catalogue
from ml.orders.lines import Line, group_lines, negated
from ml.orders.types import CatalogueItem, Label, Span

_CLAUSE_END = re.compile(r"[.;!?\n。；！？]|,(?!\d)|，")
_LINE_LABELS = (Label.ITEM, Label.VARIANT, Label.QUANTITY, Label.UNIT, Label.PRICE)
_REMOVES = re.compile(
    r"不要|去掉|取消|删|算了|\b(?:remove|forget|cancel|drop|skip|delete)\b", re.IGNORECASE
)
_MORE = re.compile(r"\b(?:more|another|extra|also|plus)\b|再|加|还要", re.IGNORECASE)
_ALIKE = 0.6
_REACH = 80

Chosen = Callable[[Line], str | None]


@dataclass(frozen=True, slots=True)
class Clause:
    """A correction: where it stands, and the spans that say what becomes different."""

    start: int
    end: int
    cue: int
    removes: bool
    spans: tuple[Span, ...]


def correction_clauses(text: str, spans: Sequence[Span]) -> list[Clause]:
    """One clause per cue; cues that share a clause ("no, make it") are one correction."""
    clauses: list[Clause] = []
    for cue in (s for s in spans if s.label in (Label.CHANGE, Label.REMOVE)):
        shared = clauses.pop() if clauses and cue.start < clauses[-1].end else None
        removes = cue.label is Label.REMOVE or bool(_REMOVES.search(text[cue.start : cue.end]))
        start = max(_clause_start(text, cue.start, spans), clauses[-1].end if clauses else 0)
        before = [s for s in _between(spans, start, cue.start) if s.label in _LINE_LABELS]
        carried = list(shared.spans) if shared else _unfinished(text, before)
        end = _clause_end(text, max([cue.end, *(s.end for s in carried)]), spans, bool(carried))
        said = [
            s for s in _between(spans, cue.end, end) if s.label in _LINE_LABELS and s not in carried
        ]
        clauses.append(
            Clause(
                min([cue.start, *(s.start for s in carried)]),
                end,
                shared.cue if shared else cue.start,
                removes or bool(shared and shared.removes),
                tuple(sorted([*carried, *said], key=lambda s: s.start)),
            )
        )
    return clauses


def _between(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    first, past = (bisect_left(spans, place, key=lambda s: s.start) for place in (start, end))
    return [s for s in spans[first:past] if s.end <= end]


def _clause_start(text: str, end: int, spans: Sequence[Span]) -> int:
    low = max(end - _REACH, 0)
    marks = [
        m.end()
        for m in _CLAUSE_END.finditer(text, low, end)
        if not _inside_a_span(m.start(), spans)
    ]
    return marks[-1] if marks else low


def _clause_end(text: str, start: int, spans: Sequence[Span], complete: bool) -> int:
    """The next mark; unless the clause is complete, one with words before it: "no, three"."""
    limit = min(start + 2 * _REACH, len(text))
    for mark in _CLAUSE_END.finditer(text, start, limit):
        said = complete or any(c.isalnum() for c in text[start : mark.start()])
        if said and not _inside_a_span(mark.start(), spans):
            return mark.start()
    return limit


def _inside_a_span(place: int, spans: Sequence[Span]) -> bool:
    before = bisect_left(spans, place, key=lambda s: s.start)
    return any(s.end > place for s in spans[max(before - 2, 0) : before])


def _unfinished(text: str, before: Sequence[Span]) -> list[Span]:
    """Before the cue only an item without a quantity belongs to it (蜡烛不要了); the rest was ordered."""
    lines = group_lines(text, before)
    last = lines[-1] if lines else None
    return [last.item] if last and last.quantity is None and last.item is before[-1] else []


class Corrector:
    """Lines as first said become lines as last said."""

    def __init__(self, text: str, catalogue: Catalogue, chosen: Chosen) -> None:
        self.text = text
        self.catalogue = catalogue
        self.chosen = chosen

    def lines(self, spans: Sequence[Span]) -> list[Line]:
        clauses = correction_clauses(self.text, spans)
        inside = {span for clause in clauses for span in clause.spans}
        drafts = group_lines(self.text, [s for s in spans if s not in inside])
        for clause in clauses:
            if clause.spans:
                drafts = self._corrected(drafts, clause)
        return self._said_again(drafts, clauses[0].end) if clauses else drafts

    def _said_again(self, drafts: Sequence[Line], correction: int) -> list[Line]:
        """Once something was taken back, an item said again with a quantity replaces the first."""
        kept: list[Line] = []
        for draft in drafts:
            new = draft.item.start > correction and draft.quantity is not None
            more = _MORE.search(self.text[max(0, draft.parts()[0].start - 12) : draft.item.start])
            target = self._meant(kept, draft) if new and not more else None
            if target is None:
                kept.append(draft)
            else:
                target.quantity, target.unit = draft.quantity, draft.unit or target.unit
        return kept

    def _corrected(self, drafts: list[Line], clause: Clause) -> list[Line]:
        before = [d for d in drafts if d.item.start < clause.start]
        after = drafts[len(before) :]
        named = group_lines(self.text, clause.spans)
        targets = [self._meant(before, line) for line in named]
        if clause.removes:
            return [d for d in before if not any(d is target for target in targets)] + after
        first_said = bool(named) and targets[0] is None and named[0].item.start < clause.cue
        if not before or first_said:
            return before + named + after
        if not named:
            _revise(before[-1], [s for s in clause.spans if not negated(self.text, s)])
        elif len(named) > 1 and targets[0] and named[0].quantity is None:
            before = [_instead(d, named[1]) if d is targets[0] else d for d in before] + named[2:]
        else:
            before = _with_named(before, named, targets)
        return before + after

    def _meant(self, drafts: Sequence[Line], named: Line) -> Line | None:
        """The earlier line that the words of a correction name."""
        wanted = self.chosen(named)
        for draft in reversed(drafts):
            if wanted and wanted == self.chosen(draft):
                return draft
        items = [CatalogueItem(str(i), d.words(self.text)) for i, d in enumerate(drafts)]
        options = Catalogue(items).match(named.words(self.text))
        sure = (
            options
            and options[0].score > _ALIKE
            and (len(options) == 1 or options[1].score < options[0].score)
        )
        return drafts[int(options[0].sku)] if sure else None


def _with_named(
    before: list[Line], named: Sequence[Line], targets: Sequence[Line | None]
) -> list[Line]:
    """Lines that were meant are revised; another item takes the place of the last line."""
    lines = list(before)
    for place, (line, target) in enumerate(zip(named, targets, strict=True)):
        if target is not None:
            _revise(target, line.parts())
        elif place == 0:
            lines[-1] = _instead(lines[-1], line)
        elif line.quantity:
            lines.append(line)
    return lines


def _instead(old: Line, new: Line) -> Line:
    """Another item; the quantity stays unless a new one is said."""
    if new.quantity is None:
        new.quantity, new.unit = old.quantity, new.unit or old.unit
    if new.item.label is Label.VARIANT and new.head is None:
        new.head = old.head or old.item
    return new


def _revise(target: Line, spans: Sequence[Span]) -> None:
    for span in spans:
        if span.label is Label.VARIANT:
            target.variants = [span]
        elif span.label is not Label.ITEM:
            target.take(span)
