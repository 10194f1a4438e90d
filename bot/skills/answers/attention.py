"""Draws where the network looked in a question while it wrote each piece of an answer, as a PNG."""

from __future__ import annotations

import io
from dataclasses import dataclass

from bot.skills.reports.plot import FAINT, ONE_AT_A_TIME, TEXT, font
from ml.answers.types import Generated

MOST_PIECES = 60
INCH_PER_PIECE = 0.26


@dataclass(frozen=True)
class Heading:
    """The picture's words, ready for people: its title, and what its rows and columns are."""

    title: str
    rows: str
    columns: str


def draw_attention(generated: Generated, heading: Heading) -> bytes:
    """A row for each piece of the answer, a column for each of the question; dark is much."""
    with ONE_AT_A_TIME:
        return _draw(generated, heading)


def _draw(generated: Generated, heading: Heading) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    source, target = generated.source[:MOST_PIECES], generated.target[:MOST_PIECES]
    size = (2.6 + INCH_PER_PIECE * len(source), 1.9 + INCH_PER_PIECE * len(target))
    figure = Figure(figsize=size, dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    weights = generated.attention[: len(target), : len(source)]
    axes.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    small = font().copy()
    small.set_size(8.5)
    axes.set_xticks(range(len(source)), source, rotation=60, ha="right", fontproperties=small)
    axes.set_yticks(range(len(target)), target, fontproperties=small)
    axes.set_xlabel(heading.columns, fontproperties=small, color=FAINT)
    axes.set_ylabel(heading.rows, fontproperties=small, color=FAINT)
    axes.set_title(heading.title, fontproperties=small, color=TEXT)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
