"""A shop small enough to learn in seconds, and a sentence encoder that knows nothing."""

import re
from zlib import crc32

import numpy as np

from ml.answers.types import Example
from ml.sentence import Encoded


class Signs:
    """Reads a text as words and Han signs; each has a state of its own, the same wherever it stands."""

    WIDTH = 16
    MOST = 128

    def __init__(self, width: int = WIDTH) -> None:
        self.width = width

    def read(self, text: str) -> Encoded:
        """A text whole, between two marks, as a real encoder has them."""
        pieces = ("<s>", *re.findall(r"[a-z0-9']+|[^\sa-z0-9']", text)[: self.MOST - 2], "</s>")
        seeds = [crc32(piece.encode("utf-8", "replace")) for piece in pieces]
        rows = [np.random.default_rng(seed).standard_normal(self.width) for seed in seeds]
        states = np.array(rows, np.float32)
        mean = states.mean(axis=0)
        return Encoded(pieces, states, mean / np.linalg.norm(mean))


EXAMPLES = (
    Example(
        "return-window", "en", "You can send it back within {return_window}.",
        ("how long can i return it", "return window", "until when can i send it back", "days for returns"),
    ),
    Example("return-window", "zh", "收到后 {return_window} 内可以退货。", ("多久之内可以退货", "退货期限", "几天内能退", "可以退多少天")),
    Example("price", "en", "{product} costs {price}.", ("what does the {product} cost", "price of {product}", "how much is {product}", "how much")),
    Example("price", "zh", "{product} 的价格是 {price}。", ("{product}多少钱", "价格是多少", "卖多少钱", "多少钱")),
    Example("hours", "en", "We answer {support_hours}, Monday to Friday.", ("when are you open", "opening hours", "what time do you open", "are you there today")),
    Example("hours", "zh", "客服时间是 {support_hours}，周一到周五。", ("几点上班", "客服时间", "什么时候有人", "你们几点开门")),
)  # fmt: skip
