"""The command line as a user meets it: a real process, its output and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BUILT = ["run", "nlu", "parse-order", "tag", "ask", "train", "evaluate", "bench", "doctor"]
BUILT += ["import", "export", "answer", "classify", "teach"]
NOT_YET = ["couriers", "routes", "segment", "promote", "recommend"]
COMMANDS = BUILT + NOT_YET


def shopclerk(
    *arguments: str, given: bytes = b"", home: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", "from bot.cli import main; main()", *arguments]
    environment = {
        "PATH": "/usr/bin:/bin",
        "SHOPCLERK_PORT": "9",
        "SHOPCLERK_HOME": str(home or "/nowhere"),
    }
    return subprocess.run(command, input=given, capture_output=True, env=environment, check=False)


def refused(*arguments: str, given: bytes = b"") -> str:
    """The one line on stderr of a call that must end with 2 and print nothing."""
    done = shopclerk(*arguments, given=given)
    error = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b""), error
    assert error.startswith("shopclerk: ")
    assert error.count("\n") == 1
    return error


def test_help_lists_every_command() -> None:
    """The names are fixed."""
    shown = shopclerk("--help").stdout.decode()
    for command in COMMANDS:
        assert f"\n  {command} " in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_and_json(command: str) -> None:
    """`--help` of each."""
    done = shopclerk(command, "--help")
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert "Example: " in shown
    assert "--json" in shown


@pytest.mark.parametrize("command", NOT_YET)
def test_what_is_not_built_says_so(command: str) -> None:
    """Honestly, with exit code 2, whatever else was given."""
    assert "is not there yet" in refused(command, "--json", "something")


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (("parse-order", "--frob"), b"", "--frob"),
        (("frobnicate",), b"", "frobnicate"),
        (("train", "juggling"), b"", "juggling"),
        (("ask", "--role", "king", "hello"), b"", "king"),
        (("ask", ""), b"", "TEXT is empty"),
        (("ask", "x" * 100_000), b"", "100,000 characters"),
        (("parse-order", "no/such/file"), b"", "there is no such file"),
        (("parse-order",), b"", "standard input: is empty"),
        (("parse-order",), b"x" * 100_000, "100,000 characters"),
        (("parse-order",), "Müller 2 Kisten".encode("cp1252"), "--encoding"),
        (("parse-order",), b'{"text":"a"}\n{"text', "line 2: is not JSON"),
        (("parse-order", "--catalog", "no.csv"), b"2 mugs", "no.csv: there is no such file"),
        (("tag",), b'{"id":1}', '"tokens"'),
        (("nlu",), b"", "standard input: is empty"),
        (("bench", "dancing"), b"", "no benchmark 'dancing'"),
        (("evaluate", "couriers"), b"", "not there yet"),
    ],
)
def test_bad_use_and_input_is_one_line(arguments: tuple[str, ...], given: bytes, told: str) -> None:
    """Exit code 2, one clear line on stderr, nothing on stdout, no traceback."""
    assert told in refused(*arguments, given=given)


def test_parse_order_gives_one_object_per_input_in_order() -> None:
    """None left out, also a text with no order in it and an empty one."""
    texts = ["2 mugs to Ann Lee, 415-555-0134", "", "hello there", "两箱苹果，张三 13800138000"]
    given = "\n".join(json.dumps({"id": f"m{n}", "text": text}) for n, text in enumerate(texts))
    done = shopclerk("parse-order", "--json", "-", given=given.encode())
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [row["id"] for row in rows] == ["m0", "m1", "m2", "m3"]
    assert rows[0]["orders"][0]["buyer"]["phone"] == "+14155550134"
    assert rows[1]["orders"] == []


def test_parse_order_finds_items_of_a_catalogue(tmp_path: Path) -> None:
    """Read in GB 18030, as office programs write it."""
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_bytes(
        "sku,name,name_zh,unit,price,aliases\nA1,Apples,苹果,箱,88,\n".encode("gb18030")
    )
    done = shopclerk(
        "parse-order", "--json", "--catalog", str(catalogue), given="两箱苹果".encode("gb18030")
    )
    (order,) = json.loads(done.stdout)["orders"]
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [("A1", 2)]


def test_a_lone_surrogate_comes_out_as_json() -> None:
    """Output stays valid UTF-8 and JSON."""
    done = shopclerk("parse-order", "--json", given=b'{"id":"\\ud800","text":"2 mugs"}')
    assert json.loads(done.stdout.decode())["id"] == "\ud800"


def test_tag_gives_a_tag_per_token() -> None:
    """BIO, as many as tokens."""
    done = shopclerk("tag", "--json", given=b'{"id":"t","tokens":["two","large","pizzas"]}')
    row = json.loads(done.stdout)
    assert row["id"] == "t"
    assert len(row["tags"]) == 3
    assert all(tag == "O" or tag[:2] in ("B-", "I-") for tag in row["tags"])


def test_ask_without_a_running_system_says_what_to_start(tmp_path: Path) -> None:
    """One line, exit code 1: nothing is wrong with the input."""
    done = shopclerk("ask", "hello", home=tmp_path)
    assert done.returncode == 1
    assert b"make run" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_catalogue_goes_out_and_in(tmp_path: Path) -> None:
    """`export` writes what `import` reads; nothing changes without --yes."""
    assert b"there is no shop 'demo'" in shopclerk("export", home=tmp_path).stderr
    _make_demo_shop(tmp_path)
    out = shopclerk("export", home=tmp_path).stdout
    assert out.startswith(b"sku,name,name_zh,unit,price,aliases\n")
    new = out + "NEW-1,Paper lamp,纸灯,pc,9.90,lamp|灯\n".encode()
    only_told = json.loads(shopclerk("import", "-", "--json", given=new, home=tmp_path).stdout)
    assert (only_told["new"], only_told["added"]) == (1, 0)
    done = json.loads(shopclerk("import", "-", "--yes", "--json", given=new, home=tmp_path).stdout)
    assert (done["known"], done["added"]) == (out.count(b"\n") - 1, 1)
    assert shopclerk("export", home=tmp_path).stdout.count(b"\n") == new.count(b"\n")


def _make_demo_shop(home: Path) -> None:
    from datetime import date

    from bot.demo import ensure_demo_shop
    from bot.store.engine import open_store

    store = open_store(f"sqlite:///{home / 'shopclerk.db'}")
    ensure_demo_shop(store, date(2026, 11, 1))
    store.close()


def test_doctor_tells_every_check_as_json(tmp_path: Path) -> None:
    """One object per check, each with a grade; the exit code says whether something is bad."""
    done = shopclerk("doctor", "--json", home=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"app environment", "Rasa model", "front end", "disk", "database"} <= {
        row["name"] for row in rows
    }
    bad = [row for row in rows if row["grade"] == "bad"]
    assert done.returncode == bool(bad)
    assert all(row["mend"] for row in bad)


def test_answer_says_what_came_of_each_question_in_order(tmp_path: Path) -> None:
    """In the question's language, from the files; what is not known is handed over and not made up."""
    given = '{"id":"a","text":"多久之内可以退货"}\n{"id":2,"text":"zxcv qwer"}\n'
    done = shopclerk("answer", "--json", "-", given=given.encode(), home=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    first, second = (json.loads(line) for line in done.stdout.decode().splitlines())
    assert {"id", "answer", "source", "confidence", "handoff", "facts"} <= first.keys()
    assert (first["id"], second["id"]) == ("a", 2)
    assert not first["handoff"]
    assert "30 天" in first["answer"]
    assert first["facts"]
    assert (second["answer"], second["handoff"], second["facts"]) == (None, True, [])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b'{"id":1}', 'no "text"'),
        (b'{"text":"x","order_number":[1]}', "order_number"),
        (b"", "is empty"),
        (b"\xff\xfe\xff", "standard input"),
    ],
)
def test_answer_refuses_input_that_is_none(given: bytes, told: str) -> None:
    """In one line that says why."""
    assert told in refused("answer", "--json", "-", given=given)


def test_answer_knows_no_other_shops(tmp_path: Path) -> None:
    """A shop's name is no path either."""
    done = shopclerk("answer", "--shop", "../x", given=b"hi", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert "no shop" in done.stderr.decode()


def test_doctor_tells_of_a_shops_broken_file(tmp_path: Path) -> None:
    """By name, with what is wrong in it."""
    folder = tmp_path / "shops" / "demo" / "answers"
    folder.mkdir(parents=True)
    (folder / "mine.yml").write_text("- id: A B")
    done = shopclerk("doctor", "--json", home=tmp_path)
    rows = {row["name"]: row for row in map(json.loads, done.stdout.decode().splitlines())}
    assert rows["answers and policies"]["grade"] == "ok"
    assert rows["files of demo"]["grade"] == "bad"
    assert "mine.yml" in rows["files of demo"]["told"]
