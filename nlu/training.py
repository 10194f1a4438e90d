"""Trains the model, unless the one that is there was made from just these files; asks that before importing Rasa."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODEL = Path("models/shopclerk.tar.gz")
FRESH = Path(
    "models/training/shopclerk.tar.gz"
)  # Rasa writes here, so that MODEL is never half a file
LOG = Path("models/training.log")
SOURCES = ("config.yml", "domain.yml", "data/nlu", "data/rules", "data/stories")
CODE = (
    *("nlu/tokenizer.py", "nlu/traditional.py", "nlu/normal.py"),
    *("nlu/classifier.py", "nlu/linear.py"),
    *("ml/sentence/package.py", "ml/sentence/graph.py", "ml/sentence/weights/adapters.npz"),
    *("nlu/entities.py", "nlu/entity_features.py", "nlu/lists.yml", "nlu/requirements.lock"),
)


def fingerprint(root: Path = Path()) -> str:
    """A hash over the names and bytes of everything that the model is made from."""
    digest = hashlib.sha256()
    for path in _files(root):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for name in (*SOURCES, *CODE):
        path = root / name
        yield from sorted(path.rglob("*.yml")) if path.is_dir() else filter(Path.is_file, [path])


def stamp(model: Path = MODEL) -> Path:
    """Where the fingerprint of a model is kept: beside it."""
    return model.with_name(f"{model.name.removesuffix('.tar.gz')}.fingerprint")


def up_to_date(model: Path = MODEL) -> bool:
    """Whether the model was trained on the files as they are now."""
    return (
        model.is_file()
        and stamp(model).is_file()
        and stamp(model).read_text().strip() == fingerprint()
    )


def train_arguments() -> list[str]:
    """What `rasa train` is called with."""
    data = [name for name in SOURCES[2:] if Path(name).is_dir()]
    return [
        *("train", "--data", *data, "--domain", "domain.yml", "--config", "config.yml"),
        *("--out", str(FRESH.parent), "--fixed-model-name", FRESH.name.removesuffix(".tar.gz")),
        # `data validate` is its own command, and its own test. Rasa's cache knows nothing of the modules that our
        # components call: a change there would leave an old part in the new model.
        *("--augmentation", "0", "--skip-validation", "--force"),
    ]


def train(arguments: list[str]) -> int:
    """Train and stamp the model; `--force` trains even where nothing changed, other arguments go on to Rasa."""
    if "--force" not in arguments and up_to_date():
        print(f"{MODEL} is up to date.")
        return 0
    from nlu.rasa_cli import call_rasa

    print(f"Training the Rasa model takes a few minutes; what Rasa says goes to {LOG}.", flush=True)
    before = fingerprint()
    with _output_in(LOG):
        code = call_rasa([*train_arguments(), *arguments])
    if code == 0:
        FRESH.replace(MODEL)
        stamp().write_text(before + "\n")
        print(f"{MODEL} is trained.")
    else:
        end = LOG.read_text(encoding="utf-8", errors="replace")[-2000:]
        print(f"{end}\nTraining failed; the lines above and {LOG} say why.", file=sys.stderr)
    return code


@contextmanager
def _output_in(log: Path) -> Iterator[None]:
    """Send what this process prints to a file, also what comes from native code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = {number: os.dup(number) for number in (1, 2)}
    with log.open("wb") as out:
        for number in kept:
            os.dup2(out.fileno(), number)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, before in kept.items():
            os.dup2(before, number)
            os.close(before)
