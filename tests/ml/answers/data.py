"""A folder of public pairs in the real formats, a few lines each."""

import csv
import gzip
import json
import zipfile
from pathlib import Path

TURNS = [
    ("I want to book a table.", "For how many people?"),
    ("For two please.", "Your table is booked."),
    ("Is there a bus today?", "There are three buses."),
    ("What does it cost?", "It costs 20 dollars."),
]


def write_data(folder: Path) -> Path:
    service = folder / "service"
    for name in ("sgd_pairs", "clinc150", "bitext", "crosswoz_zh"):
        (service / name).mkdir(parents=True)
    _sgd(
        service / "sgd_pairs" / "train.csv.gz",
        [(f"{one} {n}", other) for n in range(9) for one, other in TURNS],
    )
    _sgd(service / "sgd_pairs" / "dev.csv.gz", TURNS)
    clinc = {
        "train": [[f"what is the weather like on day {n}", "weather"] for n in range(60)],
        "val": [],
    }
    (service / "clinc150" / "train_val.json").write_text(json.dumps(clinc))
    (service / "bitext" / "bitext_20k_utterances.csv").write_text(
        "\ufeffflags,utterance,category,intent\nB,where is my order,ORDER,track_order\n",
        encoding="utf-8",
    )
    said = [
        f"{text}{n}" for n in range(40) for text in ("你好，想订酒店", "好的，推荐您去如家酒店")
    ]
    talk = {"1": {"messages": [{"role": "usr", "content": text} for text in said]}}
    with zipfile.ZipFile(service / "crosswoz_zh" / "val.json.zip", "w") as archive:
        archive.writestr("val.json", json.dumps(talk))
    return folder


def _sgd(path: Path, turns: list[tuple[str, str]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["dialogue_id", "services", "user", "system", "active_intent", "user_acts"])
        writer.writerows(["1", "Any_1", one, other, "NONE", "INFORM"] for one, other in turns)
