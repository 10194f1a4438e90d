"""One tokenizer for two languages: runs of Han characters go to jieba, everything else to a regular expression."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(f"([{HAN}]+)|[^{HAN}]+")

REST = re.compile(
    r"""
      https?://\S+ | [\w.+-]+@[\w-]+(?:\.[\w-]+)+      # links and e-mail addresses stay whole
    | [^\W\d_]{1,5}[-_]?\d{3,}(?:[-_]?[^\W_]+)*        # codes: SO-1024, A10293
    | \d+(?:[.,:/-]\d+)*                               # 12, 12.50, 10:30, 2026-11-23; "2x" leaves its x outside
    | [^\W\d_]+(?:['’-][^\W\d_]+)*                     # words: don't, t-shirt
    | \S                                               # any other sign alone: % $ # and emoji
    """,
    re.VERBOSE,
)

# jieba joins a numeral with its measure word ("两箱"); the entity `quantity` is the numeral alone.
COUNTED = re.compile(
    r"([零〇一二两兩三四五六七八九十百千万萬半几幾]+)"
    r"([个個件只隻双雙瓶包盒条條套台袋斤份张張把块塊支打箱本对對罐桶片卷捲根颗顆杯串顶頂部款单單样樣])"
)


@lru_cache(maxsize=1)
def _jieba() -> Any:
    """Our own jieba dictionary, quiet, its cache beside the models and not in the shared folder for temporary files."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    dictionary = jieba.Tokenizer()
    cache = Path("models")
    if cache.is_dir():
        dictionary.tmp_dir = str(cache)
    dictionary.initialize()
    return dictionary


def spans(text: str) -> Iterator[tuple[int, int]]:
    """The tokens of `text` as (start, end): in order, not empty, never overlapping, no blanks inside."""
    for run in RUN.finditer(text):
        if run.group(1):
            yield from _han_spans(run.group(1), run.start())
        else:
            yield from (
                (run.start() + found.start(), run.start() + found.end())
                for found in REST.finditer(run.group())
            )


def words(text: str) -> list[str]:
    """The tokens of `text` as a bag of words sees them: plain signs, small letters."""
    return [_folded(text[start:end]).lower() for start, end in spans(text)]


def _han_spans(run: str, offset: int) -> Iterator[tuple[int, int]]:
    for word in _jieba().cut(run):
        counted = COUNTED.fullmatch(word)
        for part in counted.groups() if counted else (word,):
            yield offset, offset + len(part)
            offset += len(part)


def _folded(word: str) -> str:
    """Full-width letters and digits as plain ones, sign by sign, so that lengths stay the same."""
    if word.isascii():
        return word
    signs = (unicodedata.normalize("NFKC", sign) for sign in word)
    return "".join(
        plain if len(plain) == 1 else sign for plain, sign in zip(signs, word, strict=True)
    )


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class BilingualTokenizer(Tokenizer):
    """Splits English, Chinese and mixed text; token offsets are those of the text as it was sent."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Rasa's common tokenizer options, all unused."""
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
        }

    @staticmethod
    def required_packages() -> list[str]:
        """What must be installed."""
        return ["jieba"]

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Tokens of one text; a text without any becomes one token, because Rasa's featurizers need one."""
        text = message.get(attribute)
        found = [
            Token(text[start:end], start, lemma=_folded(text[start:end]))
            for start, end in spans(text)
        ]
        return found or [Token(text, 0)]
