"""Draws the sales report as a PNG. matplotlib is imported at the first drawing: it takes longer than a turn may."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

FONT = "NotoSansCJKsc-Regular.otf"
BAR, SELLER, TEXT, FAINT = "#3b6ea5", "#d98032", "#22303c", "#8a97a3"
ONE_AT_A_TIME = Lock()  # matplotlib is not thread-safe


@dataclass(frozen=True)
class Chart:
    """What is drawn: bars over time on the left, best sellers on the right; all texts ready for people."""

    title: str
    subtitle: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    sellers_title: str
    sellers: tuple[tuple[str, float, str], ...]
    """Name, value, and the value in words."""


def draw(chart: Chart) -> bytes:
    """The chart as a PNG."""
    with ONE_AT_A_TIME:
        return _draw(chart)


@lru_cache
def font() -> Any:
    """A font with Latin and Chinese letters, taken from its file: nothing of the user's is changed."""
    from matplotlib.font_manager import FontProperties

    spec = find_spec("mplfonts")
    assert spec is not None
    assert spec.origin is not None
    return FontProperties(fname=Path(spec.origin).parent / "fonts" / FONT)


def _draw(chart: Chart) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.2), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1), gridspec_kw={"wspace": 0.22})
    figure.subplots_adjust(left=0.07, right=0.965, top=0.80, bottom=0.13)
    _bars(left, chart)
    _sellers(right, chart)
    figure.text(0.02, 0.93, chart.title, fontproperties=_sized(15), color=TEXT)
    figure.text(0.02, 0.865, chart.subtitle, fontproperties=_sized(9.5), color=FAINT)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _bars(axes: Any, chart: Chart) -> None:
    places = range(len(chart.values))
    axes.bar(places, chart.values, color=BAR, width=0.72, zorder=2)
    step = max(1, -(-len(chart.labels) // 8))
    shown = [place for place in places if place % step == 0]
    axes.set_xticks(shown, [chart.labels[place] for place in shown], fontproperties=_sized(8.5))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylim(bottom=0, top=max([*chart.values, 1.0]) * 1.1)
    axes.grid(axis="y", color="#e6eaee", zorder=0)
    _clean(axes, ("top", "right", "left"))


def _sellers(axes: Any, chart: Chart) -> None:
    rows: Sequence[tuple[str, float, str]] = chart.sellers[::-1]
    axes.barh(range(len(rows)), [value for _, value, _ in rows], color=SELLER, height=0.42)
    for place, (name, value, words) in enumerate(rows):
        axes.text(0, place + 0.34, name, fontproperties=_sized(8.5), color=TEXT)
        axes.text(value, place, f" {words}", va="center", fontproperties=_sized(8.5), color=FAINT)
    axes.set_title(chart.sellers_title, loc="left", fontproperties=_sized(10.5), color=TEXT, pad=8)
    axes.set_ylim(-0.5, max(len(rows), 1))
    axes.set_xlim(0, max([*(value for _, value, _ in rows), 1.0]) * 1.35)
    axes.set_xticks([])
    axes.set_yticks([])
    _clean(axes, ("top", "right", "left", "bottom"))


def _clean(axes: Any, sides: Sequence[str]) -> None:
    for side in sides:
        axes.spines[side].set_visible(False)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(_sized(8.5))
        label.set_color(FAINT)
    axes.tick_params(length=0)


def _sized(points: float) -> Any:
    sized = font().copy()
    sized.set_size(points)
    return sized
