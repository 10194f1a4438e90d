"""`shopclerk bench answers`: what a whole answer takes, with the sentence encoder alone beside it in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.answer_measures import cases, demo_desk, outcome
from bot.bench import Times
from bot.settings import settings
from ml.answers.words import spoken
from ml.sentence import SentenceEncoder

WARM_UP = 20


@dataclass(frozen=True)
class AnswerBench:
    """Milliseconds of reading a question once, and of answering it."""

    reading: Times
    whole: Times

    def to_dict(self) -> dict[str, float]:
        """The figures, rounded; `times_reading` is the median answer in readings."""
        return {
            "reading_median_ms": round(self.reading.median, 1),
            "reading_p95_ms": round(self.reading.p95, 1),
            "whole_median_ms": round(self.whole.median, 1),
            "whole_p95_ms": round(self.whole.p95, 1),
            "times_reading": round(self.whole.median / self.reading.median, 1),
            "questions": len(self.whole.milliseconds),
        }


def bench_answers(questions: int, tell: Callable[[str], None]) -> AnswerBench:
    """Time `questions` of the validation set (from its start again where there are fewer), one after the other.

    The NLU has understood them before, as in a chat, where it is another process and timed by `bench turn`.
    """
    encoder = SentenceEncoder.kept(settings().home / "encoder")
    reading, whole = list[float](), list[float]()
    asked = cases("validation")
    with demo_desk() as (session, desk):
        tell(f"timing {questions} questions")
        for number in range(-WARM_UP, questions):
            case = asked[number % len(asked)]
            began = time.perf_counter()
            encoder.read(spoken(case.text))
            read = time.perf_counter()
            outcome(case, desk, session)
            ended = time.perf_counter()
            if number >= 0:
                reading.append((read - began) * 1000)
                whole.append((ended - read) * 1000)
    return AnswerBench(Times("reading", tuple(reading)), Times("whole answer", tuple(whole)))
