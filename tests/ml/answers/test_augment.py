"""Made-up wordings keep what must not be lost."""

import numpy as np
import pytest

from ml.answers.augment import joined, noisy
from ml.answers.pairs import Pair
from ml.answers.subwords import AND, CHINESE, ENGLISH


@pytest.mark.parametrize(
    "text", ["how much is the {product} please", "订单{order_number}什么时候到"]
)
def test_placeholders_survive_every_slip(text: str) -> None:
    rng = np.random.default_rng(1)
    (name,) = [name for name in ("{product}", "{order_number}") if name in text]
    made = [noisy(text, rng, 1.0) for _ in range(200)]
    assert all(one.count(name) == 1 for one in made)
    assert len(set(made)) > 100


def test_no_slips_change_nothing_but_the_mark_at_the_end() -> None:
    assert noisy("is it real leather?", np.random.default_rng(1), 0.0) == "is it real leather"


def test_the_same_seed_makes_the_same_wordings() -> None:
    first, second = (
        [noisy("when are you open", rng) for _ in range(20)]
        for rng in map(np.random.default_rng, (3, 3))
    )
    assert first == second


@pytest.mark.parametrize("text", ["", "?", "a", "{product}", "。"])
def test_a_text_of_next_to_nothing_is_no_trouble(text: str) -> None:
    rng = np.random.default_rng(1)
    assert all(isinstance(noisy(text, rng, 1.0), str) for _ in range(50))


def test_two_questions_are_answered_one_after_the_other() -> None:
    one = Pair("运费多少?", "运费 {fee}。", CHINESE, 1)
    both = joined(one, Pair("多久到", "{days}。", CHINESE, 2), np.random.default_rng(1))
    assert both.source.startswith("运费多少")
    assert both.source.endswith("多久到")
    assert (both.target, both.tag, both.topic) == (f"运费 {{fee}}。 {AND} {{days}}。", CHINESE, -1)
    assert (
        joined(Pair("a", "A", ENGLISH), Pair("b", "B", ENGLISH), np.random.default_rng(1)).tag
        == ENGLISH
    )
