"""One tokenizer for two languages: runs of Han characters go to jieba, everything else to a regular expression."""

from __future__ import annotations

import logging
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from nlu.traditional import TO_SIMPLIFIED

HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(f"([{HAN}]+)|[^{HAN}]+")

REST = re.compile(
    r"""
      https?://\S+ | [\w.+-]+@[\w-]+(?:\.[\w-]+)+      # links and e-mail addresses stay whole
    | [^\W\d_]{1,5}[-_]?\d{3,}(?:[-_]?[^\W_]+)*        # codes: SO-1024, A10293
    | \d+(?:[.,:/-]\d+)*                               # 12, 12.50, 10:30, 2026-11-23; "2x" leaves its x outside
    | (?:mrs?|ms|dr|prof|st)\.(?=\s)                   # "Mr. Okafor" is one name
    | ['’]s\b                                         # "Ms Patel's": the name is an entity without it
    | [^\W\d_]+(?:(?:-|['’](?!s\b))[^\W\d_]+)*         # words: don't, t-shirt
    | \S                                               # any other sign alone: % $ # and emoji
    """,
    re.VERBOSE | re.IGNORECASE,
)

# jieba joins a numeral with its measure word ("两箱"); the entity `quantity` is the numeral alone.
NUMERAL = "零〇一二两兩三四五六七八九十百千万萬半几幾"
MEASURE = (
    "个個箇件只隻双雙瓶包盒条條套台臺袋斤份张張把块塊支枝打箱本对對罐桶片卷捲根颗顆杯串顶頂部款单單样樣"
    "辆輛组組次束床米碗棵盆提听朵粒板筒册冊幅副盏盞座匹捆枚架盘盤节節克升寸壶壺"
)
COUNTED = re.compile(f"([{NUMERAL}]+)([{MEASURE}])")
# What jieba's dictionary lacks, and what it joins to a neighbour: names of couriers, days and windows.
OWN_WORDS = (
    "顺丰 圆通 韵达 申通 中通 德邦 极兔 丹鸟 京东 百世 天天 菜鸟 邮政 跨越 安能 黑猫 新竹 双十一 双11 "
    "双十二 黑五 六一八 年货节 女神节 今天 明天 昨天 前天 后天 大前天 今晚 昨晚 今早 这周 上周 下周 本周 "
    "上上周 上周末 这周末 周末 这个月 上个月 下个月 本月 上月 下月 本季度 上季度 上个季度 这个季度 去年 今年 "
    "明年 前年 年初 年底 月初 月底 充电宝 收纳箱 料理机 瑜伽垫 保温杯"
).split()


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
    for word in OWN_WORDS:
        dictionary.add_word(word)
    return dictionary


@lru_cache(maxsize=1)
def _word_classes() -> dict[str, str]:
    """jieba's part of speech (n, ns a place, nr a person, t a time ...) of every word in its dictionary."""
    with _jieba().get_dict_file() as lines:
        entries = (line.decode("utf-8").split() for line in lines)
        return {word: sys.intern(kind) for word, _, kind in entries}


def word_class(word: str) -> str:
    """The part of speech of a Chinese word by jieba's dictionary, `x` where it is not in there."""
    return _word_classes().get(word, "x")


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
    return [folded(text[start:end]).lower() for start, end in spans(text)]


def _han_spans(run: str, offset: int) -> Iterator[tuple[int, int]]:
    for word in _jieba().cut(run.translate(TO_SIMPLIFIED), HMM=False):
        counted = COUNTED.fullmatch(word)
        for part in counted.groups() if counted else (word,):
            yield offset, offset + len(part)
            offset += len(part)


def folded(word: str) -> str:
    """Full-width letters and digits as plain ones, traditional signs simplified; lengths stay the same."""
    if word.isascii():
        return word
    signs = (unicodedata.normalize("NFKC", sign) for sign in word)
    plain = (plain if len(plain) == 1 else sign for plain, sign in zip(signs, word, strict=True))
    return "".join(plain).translate(TO_SIMPLIFIED)


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
            Token(text[start:end], start, lemma=folded(text[start:end]))
            for start, end in spans(text)
        ]
        return found or [Token(text, 0)]
