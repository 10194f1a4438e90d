"""What texts mean, by the trained Rasa model in its own environment; no server needs to run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import IO, Any

from bot.inputs import Document
from bot.settings import ROOT


class NotUnderstood(Exception):
    """Rasa could not be asked; the text says why and what to do."""


def understand(python: Path, documents: Sequence[Document]) -> Iterator[dict[str, Any]]:
    """Intent, entities and ranking of each text, in order, as they come."""
    if not python.exists():
        raise NotUnderstood("the Rasa environment is not installed. Run: make setup")
    if not (ROOT / "models" / "shopclerk.tar.gz").exists():
        raise NotUnderstood("there is no trained model yet. Run: make train")
    process = subprocess.Popen(
        [python, "-m", "nlu", "parse"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    if not (process.stdin and process.stdout and process.stderr):
        raise NotUnderstood("Rasa has no pipes")
    errors: list[str] = []
    Thread(target=_feed, args=(process.stdin, documents), daemon=True).start()
    reading = Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
    reading.start()
    answered = 0
    for line in process.stdout:
        yield json.loads(line)
        answered += 1
    reading.join(timeout=5)
    if process.wait() or answered != len(documents):
        raise NotUnderstood(f"Rasa ended early: {(errors or ['no reason given'])[-1].strip()}")


def _feed(out: IO[str], documents: Sequence[Document]) -> None:
    with out:
        for document in documents:
            row = {"id": document.id, "text": document.text, "role": document.role}
            out.write(
                json.dumps({name: value for name, value in row.items() if value is not None}) + "\n"
            )
