"""A folder of data sets in the real formats, a few lines each."""

import gzip
import json
import zipfile
from pathlib import Path

from ml.orders.data import DOMAINS

TURNS = (
    (["i", "want", "2", "large", "pizzas"], ["O", "O", "B-quantity", "B-size", "B-food_item"]),
    (["one", "cola", "please"], ["B-quantity", "B-drink_item", "O"]),
    (["12", "oak", "street"], ["B-address", "I-address", "I-address"]),
    (["thank", "you", "very", "much"], ["O", "O", "O", "O"]),
)
UNSEEN = (["3", "pizzas"], ["B-quantity", "B-food_item"])


def write_data(folder: Path) -> Path:
    for domain in DOMAINS:
        _turns(folder / "orders/multidogo" / f"{domain}_train.jsonl", TURNS * 6)
        _turns(folder / "orders/multidogo" / f"{domain}_dev.jsonl", (*TURNS[:1], UNSEEN))
    _file(folder / "orders/usaddress/labeled.xml").write_text(
        "<C><A><AddressNumber>12</AddressNumber> <StreetName>Oak</StreetName></A></C>"
    )
    with gzip.open(_file(folder / "buyers/uci_online_retail/to_2011-09.csv.gz"), "wt") as file:
        file.write("InvoiceNo,Description\n1,WHITE HANGING HEART\n2,RED WOOLLY HOTTIE\n")
    clinc = {"train": [["what is the weather like", "weather"], ["order 2 pizzas", "order"]]}
    _file(folder / "service/clinc150/train_val.json").write_text(json.dumps(clinc))
    talk = {"1": {"messages": [{"content": "你好，我想找一家餐馆。电话是123吗？"}]}}
    with zipfile.ZipFile(_file(folder / "service/crosswoz_zh/val.json.zip"), "w") as archive:
        archive.writestr("val.json", json.dumps(talk))
    return folder


def _turns(path: Path, turns: tuple[tuple[list[str], list[str]], ...]) -> None:
    rows = [json.dumps({"tokens": tokens, "tags": tags}) for tokens, tags in turns]
    _file(path).write_text("\n".join(rows) + "\n")


def _file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
