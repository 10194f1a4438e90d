"""The synthetic messages are what they say they are."""

import pytest

from ml.orders.assembly import Assembler, Thresholds
from ml.orders.catalogue import Catalogue
from ml.orders.examples import bio, message_examples
from ml.orders.generate import Message, Writer
from ml.orders.tokens import tokenize
from ml.orders.types import Label

MESSAGES = list(Writer(20261123).messages(400))


def test_one_seed_writes_the_same_messages_twice() -> None:
    assert list(Writer(20261123).messages(40)) == MESSAGES[:40]
    assert [m.text for m in Writer(7).messages(40)] != [m.text for m in MESSAGES[:40]]


def test_spans_lie_in_the_text_in_order_and_apart() -> None:
    for message in MESSAGES:
        end = 0
        for span in message.spans:
            assert end <= span.start < span.end <= len(message.text)
            end = span.end


def test_both_languages_and_every_label_are_written() -> None:
    assert {m.chinese for m in MESSAGES} == {True, False}
    assert {s.label for m in MESSAGES for s in m.spans} == set(Label)


def test_nearly_every_message_can_be_learned_from() -> None:
    assert len(list(message_examples(MESSAGES))) > 0.93 * len(
        [m for m in MESSAGES if m.text.strip()]
    )


def test_tags_of_a_message_give_its_spans_back() -> None:
    for message in MESSAGES:
        tokens = tokenize(message.text)
        tags = bio(tokens, message.spans)
        if tags is not None:
            begun = [tokens[i].start for i, tag in enumerate(tags) if tag.startswith("B-")]
            kept = [s for s in message.spans if message.text[s.start : s.end].strip()]
            assert len(begun) >= len([s for s in kept if s.label is not Label.SPLIT])


def _right(message: Message) -> bool:
    found = Assembler(Catalogue(message.catalogue), Thresholds()).orders(
        message.text, message.spans
    )
    wanted = [sorted((line.sku, line.quantity) for line in order.lines) for order in message.orders]
    return [
        sorted((str(line.sku), line.quantity) for line in order.lines) for order in found
    ] == wanted


@pytest.mark.parametrize("chinese", [True, False])
def test_true_spans_assemble_to_the_true_orders_of_most_messages(chinese: bool) -> None:
    """Not of all: twins without a colour cannot be told apart, by design."""
    whole = [m for m in MESSAGES if m.chinese is chinese and m.orders and m.catalogue]
    assert sum(map(_right, whole)) / len(whole) > 0.5
