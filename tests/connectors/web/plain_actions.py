"""The actions process with the tests' plain ranker: what is said after an edit must not wait for models."""

from __future__ import annotations

from dataclasses import replace

from actions.app import App
from actions.server import build, main
from bot.settings import Settings
from bot.skills.answers.desks import Desks
from tests.bot.skills.answers.nearest import NearestQuestion


def plain(config: Settings) -> App:
    """The process's app; its rankers need no training."""
    return replace(build(config), desks=Desks(lambda known, _: NearestQuestion(known)))


if __name__ == "__main__":
    main(plain)
