"""What the command line makes of people's files: every encoding read right or asked about, every fault in one line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inputs import BadInput, Document, decode, read_catalogue, read_documents, read_tokens

CHINESE = "张三 13800138000 广东省深圳市南山区科技园 两箱苹果，明天送到，谢谢"
TRADITIONAL = "請幫我訂兩箱蘋果，送到台北市信義區松高路"
MIXED = "2x iPhone 保护壳, 送到 上海市徐汇区漕溪北路 18号, 联系人 王伟 13911112222"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "utf-8"),
        (CHINESE, "utf-8-sig"),
        (CHINESE, "gbk"),
        (CHINESE, "gb18030"),
        (CHINESE, "utf-16"),
        (CHINESE, "utf-16-le"),
        (CHINESE, "utf-32"),
        (MIXED, "gb18030"),
        (MIXED, "utf-16"),
        ("两箱苹果", "gb18030"),
        (TRADITIONAL, "big5"),
        ("two boxes of apples", "utf-16-be"),
    ],
)
def test_encodings_are_read_right(text: str, encoding: str) -> None:
    """Chinese in any of its encodings, with a byte order mark or without."""
    assert decode(text.encode(encoding), "order.txt") == text


@pytest.mark.parametrize(
    "data",
    [
        "Müller, 2 boxes".encode("cp1252"),
        "naïve café".encode("latin-1"),
        "Привет, две коробки".encode("cp1251"),
        CHINESE.encode() + b"\n" + CHINESE.encode("gb18030"),
        bytes(range(256)),
    ],
    ids=["german", "french", "russian", "utf-8 and gbk", "no text"],
)
def test_what_cannot_be_told_is_asked(data: bytes) -> None:
    """No fallback to latin-1: the giver is asked for the encoding."""
    with pytest.raises(BadInput, match="--encoding"):
        decode(data, "order.txt")


def test_a_given_encoding_is_used() -> None:
    """The answer to that question."""
    assert decode("Müller".encode("cp1252"), "x", "cp1252") == "Müller"
    with pytest.raises(BadInput, match="klingon"):
        decode(b"x", "x", "klingon")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Never another exception."""
    with suppress(BadInput):
        assert isinstance(decode(data, "x"), str)


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_json_lines_keep_ids_and_order(tmp_path: Path) -> None:
    """Also an empty text and ids of any kind."""
    rows = [
        {"id": "b", "text": "one"},
        {"id": 7, "text": ""},
        {"text": "no id", "role": "customer"},
    ]
    source = write(tmp_path, "in.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n")
    expected = [Document("b", "one"), Document(7, ""), Document(None, "no id", "customer")]
    assert read_documents(source, by_line=True) == expected


def test_plain_text_is_one_text_or_one_per_line(tmp_path: Path) -> None:
    """`parse-order` reads a message, `nlu` a line each."""
    source = write(tmp_path, "in.txt", "two mugs\r\nthree plates\n")
    assert read_documents(source, by_line=False) == [Document(1, "two mugs\r\nthree plates")]
    assert read_documents(source, by_line=True) == [
        Document(1, "two mugs"),
        Document(2, "three plates"),
    ]


def test_a_folder_means_every_file_under_it(tmp_path: Path) -> None:
    """In the order of their names."""
    (tmp_path / "more").mkdir()
    write(tmp_path, "b.txt", "two")
    write(tmp_path / "more", "a.txt", "one")
    assert read_documents(str(tmp_path), by_line=False) == [
        Document("b.txt", "two"),
        Document("more/a.txt", "one"),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty"),
        ("  \n \n", "is empty"),
        ('{"id":1,"text":"a"}\n{broken', "line 2: is not JSON"),
        ('{"id":1,"text":"a"}\n[1]', "line 2: is not a JSON object"),
        ('{"id":1}', 'line 1: has no "text"'),
        ('{"id":[1],"text":"a"}', 'line 1: "id"'),
        ('{"id":1,"text":"a","role":"boss"}', 'line 1: "role"'),
        ('{"id":1,"text":"' + "x" * 100_000 + '"}', "line 1: the text has 100,000 characters"),
        ('{"id":' + "[" * 5_000, "line 1: "),
        ("x" * 100_000, "the text has 100,000 characters"),
    ],
)
def test_bad_texts_are_told_with_their_line(tmp_path: Path, content: str, told: str) -> None:
    """Where and why, in one line."""
    with pytest.raises(BadInput, match=told) as error:
        read_documents(write(tmp_path, "in", content), by_line=False)
    assert "\n" not in str(error.value)


def test_tokens_are_checked(tmp_path: Path) -> None:
    """`tag` wants lists of texts."""
    good = write(tmp_path, "good.jsonl", '{"id":"a","tokens":["two","mugs"]}')
    assert read_tokens(good) == [("a", ["two", "mugs"])]
    for bad in ('{"id":1,"tokens":"two"}', '{"id":1,"tokens":[1]}', '{"id":1}'):
        with pytest.raises(BadInput, match="line 1"):
            read_tokens(write(tmp_path, "bad.jsonl", bad))


def test_a_catalogue_is_read(tmp_path: Path) -> None:
    """Prices become cents, aliases are split, a quoted comma stays."""
    source = write(
        tmp_path,
        "c.csv",
        'sku,name,name_zh,unit,price,aliases\nM1,"Mug, red",红杯子,pc,12.50,cup|马克杯\n',
    )
    (row,) = read_catalogue(source)
    assert (row.name, row.name_zh, row.price_cents, row.aliases) == (
        "Mug, red",
        "红杯子",
        1250,
        ("cup", "马克杯"),
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name,price\nMug,1\n", "no column sku"),
        ("sku,name\nM1,Mug,extra\n", "line 2: has 3 fields where the header has 2"),
        ('sku,name\nM1,"Mug\n', "is broken"),
        ("sku,name\nM1,\n", "line 2: sku or name is empty"),
        ("sku,name,price\nM1,Mug,cheap\n", "line 2: 'cheap' is not a price"),
        ("sku,name,price\nM1,Mug,nan\n", "line 2: 'nan' is not a price"),
        ("sku,name\nM1,Mug\nM1,Cup\n", "line 3: the sku 'M1' is there twice"),
    ],
)
def test_a_broken_catalogue_is_told_with_its_line(tmp_path: Path, content: str, told: str) -> None:
    """A CSV is read whole or refused."""
    with pytest.raises(BadInput, match=told):
        read_catalogue(write(tmp_path, "c.csv", content))
