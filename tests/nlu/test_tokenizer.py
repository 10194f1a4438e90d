"""The tokenizer: what becomes a token, and that offsets always point at the text as it was sent."""

from __future__ import annotations

import random

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.tokenizer import BilingualTokenizer

ALPHABETS = [
    "abcXYZ'’-",
    "0123456789.,:/-",
    "我要两箱苹果送到上海十二个红色连衣裙繁體訂單",
    " \t\n\u3000\u00a0",
    "#@%$!?。，！（）“”、",
    "ＡＢ１２３％",
    "👍🏽🤷‍♀️é\u0301ß\u200b\ud83d",
    "жשไทย한국日本かな",
]


@pytest.fixture(scope="module")
def tokenizer() -> BilingualTokenizer:
    """The component as the pipeline makes it."""
    context = ExecutionContext(GraphSchema({}))
    return BilingualTokenizer.create(BilingualTokenizer.get_default_config(), None, None, context)


def tokens(tokenizer: BilingualTokenizer, text: str) -> list[str]:
    """The token texts of `text`."""
    return [token.text for token in tokenizer.tokenize(Message({TEXT: text}), TEXT)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't want 2x t-shirts", ["I", "don't", "want", "2", "x", "t-shirts"]),
        ("where is SO-1024?", ["where", "is", "SO-1024", "?"]),
        ("15% off #A10293 $12.50", ["15", "%", "off", "#", "A10293", "$", "12.50"]),
        ("anna@example.com 10:30 2026-11-23", ["anna@example.com", "10:30", "2026-11-23"]),
        ("我要两箱苹果", ["我", "要", "两", "箱", "苹果"]),
        ("送12件T恤到上海", ["送", "12", "件", "T", "恤", "到", "上海"]),
        ("满300减40", ["满", "300", "减", "40"]),
    ],
)
def test_tokens(tokenizer, text, expected):
    """Words, codes, numbers and Chinese words are cut where entities begin and end."""
    assert tokens(tokenizer, text) == expected


def test_full_width_signs_are_read_as_plain_ones(tokenizer):
    """The featurizers see plain digits and letters, the offsets stay those of the text."""
    found = tokenizer.tokenize(Message({TEXT: "订单ＳＯ１０２４"}), TEXT)
    assert (found[-1].lemma, found[-1].start, found[-1].end) == ("SO1024", 2, 8)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000"])
def test_nothing_is_one_token(tokenizer, text):
    """Rasa's featurizers need at least one."""
    assert tokens(tokenizer, text) == [text]


def test_offsets_of_any_text(tokenizer):
    """In 3,000 random texts tokens are in order, do not overlap, equal their slice, and leave nothing but blanks."""
    chance = random.Random(11)
    for _ in range(3000):
        runs = (
            "".join(chance.choices(chance.choice(ALPHABETS), k=chance.randint(1, 6)))
            for _ in range(6)
        )
        text = "".join(runs)
        found = tokenizer.tokenize(Message({TEXT: text}), TEXT)
        if not text.strip():
            continue
        end = 0
        for token in found:
            assert token.start >= end
            assert not text[end : token.start].strip()
            assert text[token.start : token.end] == token.text
            assert len(token.lemma) == len(token.text) > 0
            end = token.end
        assert not text[end:].strip()


def test_it_prints_nothing(capfd):
    """jieba's start-up messages would end up in the JSON of `nlu parse`."""
    import nlu.tokenizer

    nlu.tokenizer._jieba.cache_clear()
    nlu.tokenizer._jieba()
    assert capfd.readouterr() == ("", "")
