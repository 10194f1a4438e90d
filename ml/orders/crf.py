"""The baseline of the tagger: a linear-chain CRF over strong hand-made features."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pycrfsuite

from ml.orders.data import Tagged


def shape(word: str) -> str:
    """Digits become 0, capitals A, letters a; runs are cut to two."""
    out = ""
    for character in word:
        kind = (
            "0"
            if character.isdigit()
            else "A"
            if character.isupper()
            else "a"
            if character.isalpha()
            else character
        )
        if not out.endswith(kind * 2):
            out += kind
    return out


def features(tokens: Sequence[str], place: int) -> list[str]:
    """Words, affixes, shapes and pairs in a window of two to each side."""
    found = ["bias"]
    for offset in range(-2, 3):
        at = place + offset
        word = tokens[at].lower() if 0 <= at < len(tokens) else "<s>" if at < 0 else "</s>"
        found += [f"{offset}w={word}", f"{offset}s={shape(word)}"]
        if abs(offset) <= 1:
            found += [f"{offset}p{n}={word[:n]}" for n in (1, 2, 3, 4)]
            found += [f"{offset}x{n}={word[-n:]}" for n in (1, 2, 3, 4)]
            found.append(f"{offset}n={len(word) if word.isdigit() else 0}")
    padded = ["<s>", *(t.lower() for t in tokens), "</s>"]
    found.append(f"-1|0={padded[place]}|{padded[place + 1]}")
    found.append(f"0|1={padded[place + 1]}|{padded[place + 2]}")
    return found


def sentence_features(tokens: Sequence[str]) -> list[list[str]]:
    return [features(tokens, place) for place in range(len(tokens))]


def crf_tags(
    train: Sequence[Tagged], texts: Sequence[Sequence[str]], iterations: int = 120
) -> list[list[str]]:
    """Trains on `train` and tags `texts`."""
    trainer = pycrfsuite.Trainer(verbose=False)
    for turn in train:
        trainer.append(sentence_features(turn.tokens), list(turn.tags))
    trainer.set_params(
        {"c1": 0.1, "c2": 0.05, "max_iterations": iterations, "feature.possible_transitions": True}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "crf.bin")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        return [list(tagger.tag(sentence_features(tokens))) if tokens else [] for tokens in texts]
