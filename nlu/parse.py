"""`python -m nlu parse`: JSONL of texts in, JSONL of what was meant out, in order, with no server running."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping
from typing import IO, Any

from nlu.training import MODEL

USAGE = 'Usage: python -m nlu parse [--model FILE] < IN.jsonl > OUT.jsonl   (IN: {"id","text","role"?} per line)'


def parse(arguments: list[str]) -> int:
    """Run the command; exit code 2 with one line on stderr for bad usage or input."""
    model = str(MODEL)
    if arguments[:1] == ["--model"] and len(arguments) == 2:
        model = arguments[1]
    elif arguments:
        print(USAGE, file=sys.stderr)
        return 0 if arguments[0] in ("-h", "--help") else 2
    try:
        asyncio.run(_parse_lines(model, sys.stdin.buffer, sys.stdout))
    except (ValueError, OSError) as error:
        print(f"nlu parse: {error}", file=sys.stderr)
        return 2
    return 0


async def _parse_lines(model: str, lines: Iterable[bytes], out: IO[str]) -> None:
    processor = None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            question = _question(line, number)
            processor = processor or load_processor(model)
            out.write(json.dumps(await _parse_one(processor, question)) + "\n")
            out.flush()


def _question(line: bytes, number: int) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number} is not JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise ValueError(f'line {number} has no "text"')
    return data


def load_processor(model: str) -> Any:
    """The trained model, ready to read texts; nothing of a server, a store or actions."""
    from nlu.rasa_cli import hush, set_up

    set_up()
    hush()
    from rasa.core.agent import Agent

    agent = Agent.load(model)
    return agent.processor


async def _parse_one(processor: Any, question: Mapping[str, Any]) -> dict[str, Any]:
    from nlu.reading import read_text

    parsed = await read_text(processor, question["text"], question.get("role"))
    return {
        "id": question.get("id"),
        "text": question["text"],
        "intent": parsed["intent"]["name"],
        "confidence": parsed["intent"]["confidence"],
        "entities": [
            {key: e.get(key) for key in ("entity", "value", "start", "end")}
            for e in parsed["entities"]
        ],
        "ranking": [
            {"name": e["name"], "confidence": e["confidence"]} for e in parsed["intent_ranking"]
        ],
    }
