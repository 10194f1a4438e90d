"""`python -m nlu run|train|parse|evaluate|data ...`: Rasa's command line, patched, and three commands of our own."""

from __future__ import annotations

import sys

from nlu.training import MODEL, train

RUN_DEFAULTS = {
    "--model": str(MODEL),
    "--endpoints": "endpoints.yml",
    "--credentials": "credentials.yml",
    "--interface": "127.0.0.1",
}


def main(arguments: list[str]) -> int:
    """Do what the first argument says; anything but `train`, `parse` and `evaluate` goes to Rasa as it is."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if (
        command == "train"
        and not (rest and not rest[0].startswith("-"))
        and not {"-h", "--help"} & set(rest)
    ):
        return train(rest)
    if command == "parse":
        from nlu.parse import parse

        return parse(rest)
    if command == "evaluate":
        from nlu.evaluation import evaluate

        return evaluate(rest)
    from nlu.rasa_cli import call_rasa

    return call_rasa([*arguments, *(_missing(rest) if command == "run" else [])])


def _missing(given: list[str]) -> list[str]:
    """The defaults of `run` that were not given; it listens on this machine only unless told otherwise."""
    return [
        part for name, value in RUN_DEFAULTS.items() if name not in given for part in (name, value)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
