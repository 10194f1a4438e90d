"""What of a message or a file is an order."""

from __future__ import annotations

import pytest

from bot.conversation.messages import FileRef
from bot.inputs import BadInput
from bot.skills.orders.files import messages_in
from bot.skills.orders.intake import order_text


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("parse this order: 2 mugs", "2 mugs"),
        ("Please parse this order for me:\n2 mugs\nAnn", "2 mugs\nAnn"),
        ("can you enter the following order - 2 mugs", "2 mugs"),
        ("帮我解析这个订单：两个杯子", "两个杯子"),
        ("录一下这单：张三", "张三"),
        ("下单：两个杯子", "两个杯子"),
        ("parse this order", ""),
        ("解析订单", ""),
        ("2 mugs please", "2 mugs please"),
        ("order 3 mugs for Ann", "order 3 mugs for Ann"),
        ("来两个蓝色杯子", "来两个蓝色杯子"),
        ("单价多少", "单价多少"),
        ("parse this order " * 1000, ("parse this order " * 1000).strip()),
        ("please " * 3000 + "2 mugs", "please " * 3000 + "2 mugs"),
        (" " * 20_000, ""),
    ],
)
def test_the_request_around_an_order_is_cut_off(text: str, order: str) -> None:
    """And nothing of the order itself."""
    assert order_text(text) == order


def read(name: str, data: bytes) -> tuple[str, ...]:
    """The messages of a file."""
    return messages_in(FileRef("0", name, "", len(data)), data)


def test_messages_of_each_kind_of_file() -> None:
    """Separated text, a column, a table, JSON lines, a mail."""
    assert read("a.txt", b"2 mugs\n\nAnn\n---\n3 towels") == ("2 mugs\n\nAnn", "3 towels")
    assert read("a.csv", '编号,消息\n1,两个杯子\n2,"三个,毛巾"'.encode("gb18030")) == (
        "两个杯子",
        "三个,毛巾",
    )
    assert read("a.csv", b"name;item;qty\nAnn;mug;2\n") == ("name: Ann\nitem: mug\nqty: 2",)
    assert read("a.tsv", "text\tx\n2 mugs\t1".encode("utf-16")) == ("2 mugs",)
    assert read("a.jsonl", b'{"text": "2 mugs"}\n\n{"text": "x"}') == ("2 mugs", "x")
    mail = b"Subject: order\nContent-Type: text/html; charset=utf-8\n\n<p>2 mugs</p>"
    assert read("a.eml", mail) == ("2 mugs",)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", b"%PDF"),
        ("a.txt", b" \n"),
        ("a.jsonl", b"[1]"),
        ("a.jsonl", b"{" * 5000),
        ("a.csv", b""),
        ("a", b"2 mugs"),
    ],
)
def test_what_cannot_be_read_is_told_by_name(name: str, data: bytes) -> None:
    """One line."""
    with pytest.raises(BadInput, match=f"^{name}:") as told:
        read(name, data)
    assert "\n" not in str(told.value)
