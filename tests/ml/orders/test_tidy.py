"""Spans as a tagger leaves them become spans as a reader would draw them."""

import pytest

from ml.orders.tidy import tidy
from tests.ml.orders.shop import labelled


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        ("[, 12 Oak St,|address] ", [("address", "12 Oak St")]),
        ("[洗|item][衣液|variant]", [("item", "洗衣液")]),
        ("[泰安市|address]泰[山区1号|address]", [("address", "泰安市泰山区1号")]),
        ("[三号教学楼|address][408|phone]", [("address", "三号教学楼408")]),
        ("[洗衣液2|item]瓶", [("item", "洗衣液"), ("quantity", "2")]),
        ("[A4复印纸|item]两包", [("item", "A4复印纸")]),
        (
            "[2|quantity] [boxes of|item] the [black pens|item]",
            [("quantity", "2"), ("unit", "boxes"), ("item", "black pens")],
        ),
        ("order six [white mugs|item]", [("quantity", "six"), ("item", "white mugs")]),
        ("[mugs|item] at [35|quantity] each", [("item", "mugs"), ("price", "35")]),
        ("单价[24|quantity]的[黑笔|item]", [("price", "24"), ("item", "黑笔")]),
        ('[card "Happy Birthday"|note]', [("note", 'card "Happy Birthday"')]),
        ("[Mr.|buyer] Lee", [("buyer", "Mr.")]),
        (
            "to [Ann|address] [Lee|buyer], [12 Oak St|address]",
            [("buyer", "Ann Lee"), ("address", "12 Oak St")],
        ),
        ("[余|buyer]", []),
        ("[...|note]", []),
    ],
)
def test_spans_are_drawn_as_a_reader_would(marked: str, wanted: list[tuple[str, str]]) -> None:
    text, spans = labelled(marked)
    assert [(str(s.label), text[s.start : s.end]) for s in tidy(text, spans)] == wanted
