"""The words of the answerer: question forms with their answer in, generated answers out.

Texts are templates: a fact, a product or a piece of an order is a placeholder such as
`{return_window}`, in an answer and, for `{product}` and `{order_number}`, in a question. Nothing
here knows what stands behind a placeholder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Example:
    """An answer template in one language with the questions it answers.

    Examples of the same `id` say the same in different languages.
    """

    id: str
    language: str
    answer: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """An answer that the network wrote.

    `text` is `parts` put together: one part for each question that the text was understood to ask.
    `log_probability` is natural and of the whole answer, its end included; `per_token` is it divided
    by the number of tokens (the end counts), so `exp(per_token)` lies in 0..1. `attention` has a row
    for each of `target` (the last one is the end) and a column for each of `source`; rows sum to 1.
    """

    text: str
    log_probability: float
    per_token: float
    source: tuple[str, ...]
    target: tuple[str, ...]
    attention: Floats = field(repr=False)
    parts: tuple[str, ...] = ()
