"""States are computed once for each text, as the sentence encoder reads it."""

import numpy as np

from ml.answers.states import SOURCE, States
from ml.sentence import Encoded
from tests.ml.answers.shop import Signs


class Counted(Signs):
    """Remembers what it read."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def read(self, text: str) -> Encoded:
        """As `Signs`."""
        self.said.append(text)
        return super().read(text)


def test_a_text_is_read_once_and_with_words_for_placeholders() -> None:
    encoder = Counted()
    states = States(encoder, ["how much", "HOW MUCH ", "price of {product}"])
    assert sorted(encoder.said) == ["how much", "price of the item"]
    np.testing.assert_allclose(
        states.of("How much"), Signs().read("how much").inner.states, atol=1e-2
    )


def test_a_long_text_is_cut() -> None:
    assert len(States(Signs(), ["word " * 100]).of("word " * 100)) == SOURCE


def test_states_are_standardised_by_those_that_were_read() -> None:
    states = States(Signs(), ["how much", "opening hours"])
    mean, spread = states.standard()
    rows = np.concatenate([states.of(text) for text in ("how much", "opening hours")])
    np.testing.assert_allclose(((rows - mean) / spread).mean(axis=0), 0, atol=1e-2)
