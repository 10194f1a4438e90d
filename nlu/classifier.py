"""What a text is about, among named classes: counted words and signs and a sentence vector, one linear SVM per class.

Rasa is not needed here, so that the same pipeline can be measured on other people's data (nlu/evaluation.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from ml.sentence import SentenceEncoder
from nlu.normal import normal, pieces

OUTSIDE = "nlu_fallback"
ARRAYS = "classifier.npz"
NAMES = "classifier.json"


def vectorizers() -> list[TfidfVectorizer]:
    """Two views of a normal text: its words and Han signs in runs of up to three, and its runs of one to five signs."""
    return [
        TfidfVectorizer(
            tokenizer=pieces,
            token_pattern=None,
            lowercase=False,
            ngram_range=(1, 3),
            sublinear_tf=True,
            min_df=2,
            dtype=np.float32,
        ),
        TfidfVectorizer(
            analyzer="char_wb",
            lowercase=False,
            ngram_range=(1, 5),
            sublinear_tf=True,
            min_df=2,
            dtype=np.float32,
        ),
    ]


class TextClassifier:
    """Learns from texts and the names of their classes; says how likely each class is for another text."""

    def __init__(
        self,
        *,
        cost: float = 0.5,
        sharpness: float = 4.0,
        doubt: float = 0.25,
        meaning: float = 1.0,
        seed: int = 7,
        encoder: SentenceEncoder | None = None,
    ) -> None:
        """`cost` is the SVM's C, `sharpness` makes confidences of margins, `meaning` is the sentence vector's length.

        `doubt` is what the class of all other texts (`OUTSIDE`), where there is one, has ahead of the others.
        Without an encoder, or with `meaning` 0, only words and signs count.
        """
        self._cost, self._sharpness, self._doubt = cost, sharpness, doubt
        self._meaning, self._seed = meaning, seed
        self._encoder = encoder
        self._vectorizers = vectorizers()
        self._weights = np.zeros((0, 0), dtype=np.float32)
        self._bias = np.zeros(0, dtype=np.float32)
        self.names: list[str] = []

    def fit(self, texts: Sequence[str], names: Sequence[str]) -> TextClassifier:
        """Learn; some seconds for the SVMs and a few milliseconds a text for the sentence vectors."""
        plain = [normal(text) for text in texts]
        counted = [vectorizer.fit_transform(plain) for vectorizer in self._vectorizers]
        machine = LinearSVC(C=self._cost, random_state=self._seed)
        machine.fit(self._joined(counted, plain), names)
        self.names = [str(name) for name in machine.classes_]
        # With two classes scikit-learn keeps one row: the second's margin is the first's, turned round.
        two = len(self.names) == 2
        rows, bias = machine.coef_, machine.intercept_
        self._weights = np.float32(np.concatenate([-rows, rows]) if two else rows).T.copy()
        self._bias = np.float32(np.concatenate([-bias, bias]) if two else bias)
        return self

    def confidences(self, texts: Sequence[str]) -> np.ndarray:
        """How likely each class is for each text, shape (texts, classes); each row sums to 1."""
        plain = [normal(text) for text in texts]
        counted = [vectorizer.transform(plain) for vectorizer in self._vectorizers]
        margins = self._joined(counted, plain) @ self._weights + self._bias
        margins[:, np.array(self.names) == OUTSIDE] += self._doubt
        powers = np.exp(self._sharpness * (margins - margins.max(axis=1, keepdims=True)))
        confidences: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return confidences

    def _joined(self, counted: Sequence[csr_matrix], plain: Sequence[str]) -> csr_matrix:
        """All views side by side, in the weights' precision (else each text converts all of the weights)."""
        if self._encoder is None or not self._meaning:
            return hstack(counted, format="csr", dtype=np.float32)
        vectors = self._encoder.vectors(plain)
        return hstack(
            [*counted, csr_matrix(self._meaning * vectors)], format="csr", dtype=np.float32
        )

    def save(self, folder: Path) -> None:
        """Write plain arrays and names: nothing that would have to be unpickled."""
        vocabularies = [
            {term: int(place) for term, place in vectorizer.vocabulary_.items()}
            for vectorizer in self._vectorizers
        ]
        stored = {"names": self.names, "vocabularies": vocabularies}
        (folder / NAMES).write_text(json.dumps(stored), encoding="utf-8")
        idf = {f"idf_{n}": vectorizer.idf_ for n, vectorizer in enumerate(self._vectorizers)}
        np.savez(folder / ARRAYS, weights=self._weights, bias=self._bias, **idf)

    def restore(self, folder: Path) -> TextClassifier:
        """Take up what `save` wrote, into a classifier made with the same settings."""
        stored = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            self._restore(stored, dict(arrays))
        return self

    def _restore(
        self, stored: Mapping[str, list[dict[str, int]]], arrays: Mapping[str, np.ndarray]
    ) -> None:
        self.names = [str(name) for name in stored["names"]]
        self._weights, self._bias = arrays["weights"], arrays["bias"]
        for number, vectorizer in enumerate(self._vectorizers):
            vectorizer.vocabulary = stored["vocabularies"][number]
            vectorizer.idf_ = arrays[f"idf_{number}"]
