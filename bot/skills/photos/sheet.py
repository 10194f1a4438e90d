"""Pictures of a batch of photos: a contact sheet with what each shows, and bars of how many show what."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.skills.reports.plot import BAR, FAINT, ONE_AT_A_TIME, SELLER, TEXT, font

Bytes = npt.NDArray[np.uint8]
ACROSS, MOST = 6, 24
MOST_BARS = 20
_LONGEST = 22


@dataclass(frozen=True, eq=False)
class Print:
    """A photo on the sheet: `pixels` (S, S, 3) as the model saw it, its shape, and what is said of it."""

    pixels: Bytes = field(repr=False)
    width: int
    height: int
    caption: str
    doubtful: bool


def contact_sheet(title: str, prints: Sequence[Print]) -> bytes:
    """Up to `MOST` photos with their captions, doubtful ones in another colour, as a PNG."""
    rows = -(-len(prints[:MOST]) // ACROSS)
    with ONE_AT_A_TIME:
        figure = _figure(9.6, 0.6 + 1.95 * rows)
        figure.text(
            0.02,
            1 - 0.38 / (0.6 + 1.95 * rows),
            title,
            fontproperties=_sized(13),
            color=TEXT,
            parse_math=False,
        )
        grid = figure.subplots(
            rows,
            ACROSS,
            squeeze=False,
            gridspec_kw={
                "left": 0.02, "right": 0.98, "bottom": 0.02, "top": 1 - 0.75 / (0.6 + 1.95 * rows),
                "wspace": 0.12, "hspace": 0.3,
            },
        )  # fmt: skip
        for axes in grid.ravel():
            axes.set_axis_off()
        for axes, one in zip(grid.ravel(), prints, strict=False):
            axes.imshow(one.pixels, aspect=one.height / max(one.width, 1))
            colour = SELLER if one.doubtful else TEXT
            axes.set_title(
                _short(one.caption),
                fontproperties=_sized(8.5),
                color=colour,
                pad=3,
                parse_math=False,
            )
        return _png(figure)


def bars(title: str, tally: Sequence[tuple[str, int]]) -> bytes:
    """How many photos each category has, most first, as a PNG."""
    shown = tally[:MOST_BARS][::-1]
    with ONE_AT_A_TIME:
        height = 1.1 + 0.3 * len(shown)
        figure = _figure(7.2, height)
        figure.text(
            0.03, 1 - 0.38 / height, title, fontproperties=_sized(13), color=TEXT, parse_math=False
        )
        axes = figure.add_axes((0.27, 0.25 / height, 0.66, 1 - 0.95 / height))
        places = range(len(shown))
        axes.barh(places, [number for _, number in shown], color=BAR, height=0.62)
        axes.set_yticks(
            places,
            [_short(name) for name, _ in shown],
            fontproperties=_sized(9.5),
            color=TEXT,
            parse_math=False,
        )
        axes.set_xticks([])
        for place, (_, number) in enumerate(shown):
            axes.text(
                number, place, f" {number}", va="center", fontproperties=_sized(9), color=FAINT
            )
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)
        axes.spines["left"].set_color("#d5dbe0")
        axes.tick_params(length=0)
        axes.set_xlim(right=max((number for _, number in shown), default=1) * 1.1)
        return _png(figure)


def _figure(width: float, height: float) -> Any:
    """matplotlib is imported at the first drawing: it takes a second."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _sized(size: float) -> Any:
    sized = font().copy()
    sized.set_size(size)
    return sized


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _png(figure: Any) -> bytes:
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
