"""A small catalogue with twins, and a way to write labelled texts: "[2|quantity] [mugs|item]"."""

import re

from ml.orders.types import CatalogueItem, Label, Span

ITEMS = (
    CatalogueItem("MUG-R", "Red ceramic mug", "红色陶瓷杯", "pcs", 1290, ("red mug", "红杯子")),
    CatalogueItem("MUG-B", "Blue ceramic mug", "蓝色陶瓷杯", "pcs", 1290, ("blue mug", "蓝杯子")),
    CatalogueItem("TEE-M", "Cotton T-shirt, navy, M", "纯棉T恤 藏青色 M码", "pcs", 7900),
    CatalogueItem("TEE-L", "Cotton T-shirt, navy, L", "纯棉T恤 藏青色 L码", "pcs", 7900),
    CatalogueItem("RICE-5", "Jasmine rice 5 kg", "茉莉香米 5公斤", "bag", 5900),
    CatalogueItem("RICE-10", "Jasmine rice 10 kg", "茉莉香米 10公斤", "bag", 11200),
    CatalogueItem("OAT-12", "Oat milk 1 L, case of 12", "燕麦奶 1升×12盒整箱", "箱", 11800),
    CatalogueItem("OAT-1", "Oat milk 1 L, single", "燕麦奶 1升单盒", "盒", 1100),
    CatalogueItem(
        "CANDLE", "Scented candle, lavender", "香薰蜡烛 薰衣草", "pcs", 5500, ("candle", "蜡烛")
    ),
)


def labelled(marked: str) -> tuple[str, list[Span]]:
    """The plain text and its spans."""
    text, spans, end = "", [], 0
    for match in re.finditer(r"\[([^\[\]|]*)\|(\w+)\]", marked):
        text += marked[end : match.start()]
        spans.append(Span(Label(match[2]), len(text), len(text) + len(match[1]), 0.99))
        text += match[1]
        end = match.end()
    return text + marked[end:], spans
