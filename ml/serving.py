"""Loads a trained model: a folder with `card.json` and the files whose hashes the card names.

Nothing is ever unpickled: weights are ONNX, run by ONNX Runtime with one thread per session, and
everything else is JSON.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import onnxruntime

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
CARD = "card.json"


class ModelError(Exception):
    """A model folder cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Card:
    """What a model is: where it comes from, how good it is, and the hashes of its files."""

    name: str
    data: Sequence[str]
    split: str
    figures: Mapping[str, Json]
    baselines: Mapping[str, Json]
    seed: int
    date: str
    minutes: float
    settings: Mapping[str, Json] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A model folder whose files are what the card says."""

    folder: Path
    card: Card

    def session(self, file: str) -> onnxruntime.InferenceSession:
        """One intra-op thread: on small models more threads only wait for each other."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = str(self.folder / file)
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, which takes its place at the end; where that is not reached, `out` stays as it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    old = new.with_name(f"{new.name}-old")
    try:
        yield new
        new.chmod(0o755)
        if out.exists():
            out.rename(old)
        new.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def load_model(folder: Path) -> Model:
    """Reads the card and checks every file against its SHA-256."""
    path = folder / CARD
    try:
        card = Card(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ModelError(
            f"{path} is missing: train the model, or fetch the repository's weights anew"
        ) from None
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path} is not a model card: {error}") from None
    for name, wanted in card.files.items():
        _check(folder / name, wanted)
    return Model(folder, card)


def _check(path: Path, wanted: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing, though its card names it: fetch the weights anew")
    if sha256(path) != wanted:
        raise ModelError(
            f"{path} is not the file its card names (SHA-256 differs): fetch it anew or train again"
        )


def save_card(folder: Path, card: Card, files: Sequence[str]) -> Card:
    """Writes the card with the hashes of `files` as they are now."""
    hashed = {name: sha256(folder / name) for name in sorted(files)}
    content = {**asdict(card), "files": hashed}
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")
    return Card(**content)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
