"""`python -m nlu evaluate`: quality figures of the shipped pipeline, its baselines beside them, as JSON lines.

The trained model reads the validation and the held-out texts of `data/intents`. On the public sets, whose intents are
others, the same intent classifier is trained anew. The baseline everywhere is TF-IDF of words with a linear SVM.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlu.training import MODEL, train

OURS = Path("data/intents")
FALLBACK = "nlu_fallback"
BASELINE = "TF-IDF + LinearSVC"
LANGUAGES = (("all", "both languages"), ("en", "English"), ("zh", "Chinese"))
CONFUSIONS = 12
BINS = 10
SEED = 7
TEST_SHARE = 0.2
USAGE = "Usage: python -m nlu evaluate [--data DIR]   (DIR: the folder that holds service/clinc150 and service/bitext)"

Row = dict[str, Any]
Span = tuple[int, str, int, int]


@dataclass(frozen=True)
class Text:
    """A text with what it means; `pair` joins two texts that look alike and mean different things."""

    text: str
    language: str
    intent: str
    role: str | None
    entities: tuple[tuple[str, int, int], ...]
    pair: str | None


@dataclass(frozen=True)
class Reading:
    """What a classifier made of a text."""

    intent: str
    confidence: float
    entities: tuple[tuple[str, int, int], ...] = ()
    seconds: float = 0.0


def evaluate(arguments: list[str]) -> int:
    """Run the command; exit code 2 with one line on stderr for bad usage or missing data."""
    if arguments and not (arguments[0] == "--data" and len(arguments) == 2):
        print(USAGE, file=sys.stderr)
        return 0 if arguments[0] in ("-h", "--help") else 2
    given = arguments[1] if arguments else os.environ.get("SHOPCLERK_DATA", "../shared/data")
    try:
        for row in rows(Path(given)):
            print(json.dumps(row), flush=True)
    except (OSError, ValueError) as error:
        print(f"nlu evaluate: {error}", file=sys.stderr)
        return 2
    return 0


def rows(folder: Path) -> Iterator[Row]:
    """All figures: ours first, then those public sets that are there."""
    yield from _our_rows()
    for name, read in (("clinc150", read_clinc150), ("bitext", read_bitext)):
        path = folder / "service" / name
        if path.is_dir():
            yield from _public_rows(name, *read(path))
        else:
            print(f"{path} is not there; {name} is left out.", file=sys.stderr)


def _row(data: str, measure: str, ours: float, baseline: float | None = None) -> Row:
    return {
        "data": data,
        "measure": measure,
        "ours": round(float(ours), 4),
        "baseline": None if baseline is None else round(float(baseline), 4),
        "baseline_name": BASELINE,
    }


def _our_rows() -> Iterator[Row]:
    """Validation with its confusions; of the held-out texts the figures alone."""
    with _stdout_to_stderr():
        if train([]) != 0:
            raise ValueError("training failed; the messages above say why")
        processor = _processor()
        baseline = _baseline_of_examples()
    for name in ("validation", "heldout"):
        texts = read_texts(OURS / f"{name}.jsonl")
        ours = asyncio.run(_read_all(processor, texts))
        yield from intent_rows(name, texts, ours, baseline([text.text for text in texts]))
        yield from entity_rows(name, texts, ours)
        seconds = [reading.seconds for reading in ours]
        yield _row(name, "parse, milliseconds, p95", np.percentile(seconds, 95) * 1000)
        if name == "validation":
            yield from _confusion_rows(name, texts, ours)


class _stdout_to_stderr:  # noqa: N801 - used like a function
    """Rasa and its libraries print; standard output is for figures alone."""

    def __enter__(self) -> None:
        sys.stdout.flush()
        self._kept = os.dup(1)
        os.dup2(2, 1)

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()
        os.dup2(self._kept, 1)
        os.close(self._kept)


def _processor() -> Any:
    from nlu.parse import load_processor

    return load_processor(str(MODEL))


def read_texts(path: Path) -> list[Text]:
    """The texts of a JSONL file; a ValueError names the line that cannot be used."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(_text(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}, line {number} cannot be used: {error!r}") from error
    return found


def _text(row: Mapping[str, Any]) -> Text:
    spans = tuple((e["entity"], e["start"], e["end"]) for e in row.get("entities", ()))
    names = (row["text"], row["language"], row["intent"])
    return Text(*names, role=row.get("role"), entities=spans, pair=row.get("pair"))


async def _read_all(processor: Any, texts: Sequence[Text]) -> list[Reading]:
    from nlu.reading import read_text

    await read_text(processor, "warm up 你好", None)
    found = []
    for text in texts:
        started = time.perf_counter()
        parsed = await read_text(processor, text.text, text.role)
        seconds = time.perf_counter() - started
        spans = tuple((e["entity"], e["start"], e["end"]) for e in parsed["entities"])
        intent = parsed["intent"]
        found.append(Reading(intent["name"], intent["confidence"], spans, seconds))
    return found


def _baseline_of_examples() -> Any:
    from rasa.shared.nlu.constants import INTENT, TEXT
    from rasa.shared.nlu.training_data.loading import load_data

    examples = load_data("data/nlu").intent_examples
    return words_svm([e.get(TEXT) for e in examples], [e.get(INTENT) for e in examples])


def words_svm(texts: Sequence[str], names: Sequence[str]) -> Any:
    """The floor: TF-IDF of words and a linear SVM; a function from texts to names."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    from nlu.tokenizer import words

    floor = make_pipeline(
        TfidfVectorizer(tokenizer=words, token_pattern=None, sublinear_tf=True),
        LinearSVC(random_state=SEED),
    )
    return floor.fit(texts, names).predict


def intent_rows(
    data: str, texts: Sequence[Text], ours: Sequence[Reading], floor: Sequence[str]
) -> Iterator[Row]:
    """Accuracy in and out of scope by language, hard pairs, calibration."""
    right = np.array(
        [text.intent == reading.intent for text, reading in zip(texts, ours, strict=True)]
    )
    base = np.array([text.intent == name for text, name in zip(texts, floor, strict=True)])
    outside = np.array([text.intent == FALLBACK for text in texts])
    for language, shown in LANGUAGES:
        here = np.array([language in ("all", text.language) for text in texts])
        for measure, part in (("accuracy in scope", ~outside), ("recall out of scope", outside)):
            if (here & part).any():
                yield _row(
                    data,
                    f"intents, {measure}, {shown}",
                    right[here & part].mean(),
                    base[here & part].mean(),
                )
    if any(text.pair for text in texts):
        yield _row(data, "hard pairs, both right", _pairs(texts, right), _pairs(texts, base))
    sure = np.array([reading.confidence for reading in ours])
    yield _row(data, "intents, calibration error", calibration_error(sure, right))


def _pairs(texts: Sequence[Text], right: np.ndarray) -> float:
    """Share of the pairs whose texts are all read right."""
    pairs: dict[str, bool] = {}
    for text, good in zip(texts, right, strict=True):
        if text.pair:
            pairs[text.pair] = pairs.get(text.pair, True) and bool(good)
    return sum(pairs.values()) / len(pairs)


def calibration_error(confidences: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error over ten bins of equal width."""
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidences[bins == number].mean() - right[bins == number].mean())
        * (bins == number).mean()
        for number in np.unique(bins)
    ]
    return float(sum(gaps))


def entity_rows(data: str, texts: Sequence[Text], ours: Sequence[Reading]) -> Iterator[Row]:
    """Span F1 (type, start and end right) by language and by entity."""
    wanted = {(n, *span) for n, text in enumerate(texts) for span in text.entities}
    found = {(n, *span) for n, reading in enumerate(ours) for span in reading.entities}
    for language, shown in LANGUAGES:
        here = {n for n, text in enumerate(texts) if language in ("all", text.language)}
        f1 = span_f1({s for s in wanted if s[0] in here}, {s for s in found if s[0] in here})
        yield _row(data, f"entities, span F1, {shown}", f1)
    for name in sorted({span[1] for span in wanted}):
        f1 = span_f1({s for s in wanted if s[1] == name}, {s for s in found if s[1] == name})
        yield _row(data, f"entities, span F1, {name}", f1)


def span_f1(wanted: set[Span], found: set[Span]) -> float:
    """Harmonic mean of precision and recall; 1 where nothing was to be found and nothing was."""
    both = len(wanted) + len(found)
    return 2 * len(wanted & found) / both if both else 1.0


def _confusion_rows(data: str, texts: Sequence[Text], ours: Sequence[Reading]) -> Iterator[Row]:
    wrong = Counter(
        (text.intent, reading.intent)
        for text, reading in zip(texts, ours, strict=True)
        if text.intent != reading.intent
    )
    for (wanted, got), count in wrong.most_common(CONFUSIONS):
        yield _row(data, f"texts of {wanted} read as {got}", count)


Labelled = tuple[list[str], list[str]]


def read_clinc150(folder: Path) -> tuple[Labelled, Labelled]:
    """Train and validation of CLINC150, each with its out-of-scope texts as `nlu_fallback`."""
    data = json.loads((folder / "train_val.json").read_text(encoding="utf-8"))
    return _labelled([*data["train"], *data["oos_train"]]), _labelled(
        [*data["val"], *data["oos_val"]]
    )


def _labelled(pairs: Sequence[Sequence[str]]) -> Labelled:
    return [text for text, _ in pairs], [FALLBACK if name == "oos" else name for _, name in pairs]


def read_bitext(folder: Path) -> tuple[Labelled, Labelled]:
    """Distinct utterances of bitext, a fifth of each intent held out by a seeded draw."""
    from sklearn.model_selection import train_test_split

    with (folder / "bitext_20k_utterances.csv").open(encoding="utf-8-sig", newline="") as file:
        found = {row["utterance"]: row["intent"] for row in csv.DictReader(file)}
    texts, names = list(found), list(found.values())
    parts = train_test_split(texts, names, test_size=TEST_SHARE, random_state=SEED, stratify=names)
    return (parts[0], parts[2]), (parts[1], parts[3])


def _public_rows(data: str, training: Labelled, unseen: Labelled) -> Iterator[Row]:
    """The same classifier with the same settings and threshold, trained on another set."""
    from nlu.classifier import TextClassifier
    from nlu.linear import LinearIntents, shared_encoder

    print(f"Training on {data} ...", file=sys.stderr, flush=True)
    settings = LinearIntents.get_default_config()
    classifier = TextClassifier(**settings, encoder=shared_encoder()).fit(*training)
    confidences = classifier.confidences(unseen[0])
    ours = [_above_threshold(classifier.names, row, threshold()) for row in confidences]
    texts = [Text(text, "en", name, None, (), None) for text, name in zip(*unseen, strict=True)]
    yield from (
        row
        for row in intent_rows(data, texts, ours, words_svm(*training)(unseen[0]))
        if "English" not in row["measure"]
    )


def _above_threshold(names: Sequence[str], confidences: np.ndarray, least: float) -> Reading:
    best = int(confidences.argmax())
    sure = float(confidences[best])
    return Reading(names[best] if sure >= least else FALLBACK, sure)


def threshold() -> float:
    """The confidence below which the shipped pipeline falls back, from config.yml."""
    import yaml

    pipeline = yaml.safe_load(Path("config.yml").read_text(encoding="utf-8"))["pipeline"]
    return float(
        next(part["threshold"] for part in pipeline if part["name"] == "FallbackClassifier")
    )
