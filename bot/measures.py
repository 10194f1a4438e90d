"""Training and measuring the skills from the command line; each model's own code does the work."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.inputs import BadInput
from bot.launch import RASA_PYTHON
from bot.settings import ROOT, settings


def train(skill: str, data: Path | None, pretrained: bool = False) -> dict[str, Any]:
    """Train a skill's model; what came of it. `pretrained` is for photos: from ImageNet's weights."""
    if pretrained and skill != "photos":
        raise BadInput("--pretrained is for photos only")
    if skill == "orders":
        from ml.orders.tagger import WEIGHTS
        from ml.orders.train import train as train_orders

        return asdict(train_orders(data, WEIGHTS, say=tell))
    if skill == "nlu":
        _nlu("train")
        return {"skill": skill, "model": "models/shopclerk.tar.gz"}
    if skill == "answers":
        from bot.answer_measures import train as train_answers

        return train_answers(tell)
    if skill == "sentence":
        from bot.answer_measures import train_encoder

        return train_encoder(tell)
    if skill == "photos":
        from ml.photos.classifier import shipped
        from ml.photos.data import NoPhotos
        from ml.photos.network import NoWeights
        from ml.photos.train import train as train_photos

        try:
            card = train_photos(_photos(data), shipped(), tell, pretrained=pretrained)
        except NoPhotos as error:
            raise BadInput(str(error)) from None
        except NoWeights as error:
            raise BadInput(f"{error}; without --pretrained it trains from scratch") from None
        return dict(card.figures)
    raise BadInput(
        f"training of {skill} is not there yet; there is: orders, nlu, answers, sentence, photos"
    )


def evaluate(skill: str, data: Path | None, plain: bool = False) -> Iterator[dict[str, Any]]:
    """Figures of a skill, each with its baseline, measured now; `plain` is for photos: a plain network beside it."""
    if plain and skill != "photos":
        raise BadInput("--plain is for photos only")
    if skill == "nlu":
        yield from _evaluated_by_nlu(data)
        return
    if skill == "answers":
        from bot.answer_measures import evaluate as evaluate_answers

        yield from evaluate_answers()
        return
    rows: Iterable[Any]
    if skill == "photos":
        from ml.photos.evaluate import evaluate as evaluate_photos

        rows = evaluate_photos(_photos(data), tell if plain else None)
    elif skill == "orders":
        from ml.orders.evaluate import evaluate as evaluate_orders

        rows = evaluate_orders(data)
    else:
        raise BadInput(
            f"evaluation of {skill} is not there yet; there is: orders, nlu, answers, photos"
        )
    for row in rows:
        baseline = None if row.baseline is None else round(row.baseline, 4)
        yield {
            "data": row.data,
            "measure": row.measure,
            "ours": round(row.ours, 4),
            "baseline": baseline,
            "baseline_name": row.baseline_name,
        }


def _photos(data: Path | None) -> Path:
    """The folder of the photo collections; raises `BadInput`."""
    folder = (data or settings().data) / "photos"
    if not folder.is_dir():
        raise BadInput(f"{folder} is not there; --data names the folder that holds it")
    return folder


def _evaluated_by_nlu(data: Path | None) -> Iterator[dict[str, Any]]:
    """The rows that Rasa's environment prints, as they come; it trains first where the model is out of date."""
    if not RASA_PYTHON.exists():
        raise BadInput("the Rasa environment is not installed. Run: make setup")
    command = [str(RASA_PYTHON), "-m", "nlu", "evaluate", "--data", str(data or settings().data)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8") as process:
        yield from map(json.loads, process.stdout or ())
    if process.returncode:
        raise BadInput("the evaluation failed; the messages above say why")


def shown(row: dict[str, Any]) -> str:
    """A figure as a line for people."""
    if "system" in row:  # answers: what became of the questions, one system a line
        return (
            f"{row['data']}, {row['language']}, {row['system']}: right {row['right_of_answerable']:.3f} of answerable,"
            f" wrong but sent {row['wrong_but_sent']:.3f}, asked back {row['asked_back']:.3f},"
            f" handed over {row['handed_over']:.3f}"
        )
    baseline = (
        "" if row["baseline"] is None else f"  ({row['baseline_name']}: {row['baseline']:.3f})"
    )
    return f"{row['data']}, {row['measure']}: {row['ours']:.3f}{baseline}"


def tell(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def _nlu(*arguments: str) -> None:
    if subprocess.run(
        [RASA_PYTHON, "-m", "nlu", *arguments], cwd=ROOT, stdout=sys.stderr, check=False
    ).returncode:
        raise BadInput("training failed; the messages above say why")
