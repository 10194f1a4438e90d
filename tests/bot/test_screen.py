"""What `shopclerk run` shows, on a terminal, in a file and for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bot.screen import Place, Screen
from bot.supervisor import BoundedLog, Keeper, Service, State

PLACES = (Place("Merchant console", "http://127.0.0.1:8000/console", "sign in as merchant with x"),)


def keeper(folder: Path, state: State, note: str = "") -> Keeper:
    made = Keeper(Service("rasa", ("true",)), BoundedLog(folder / "rasa.log"), lambda: None)
    made.status.state, made.status.note = state, note
    return made


def test_a_file_gets_one_line_per_event(tmp_path: Path) -> None:
    """No line twice, and the whole address at the end, however narrow the output."""
    out = io.StringIO()
    screen = Screen(Path("var/log"), console=Console(file=out, width=40))
    for state in (State.WAITING, State.STARTING, State.STARTING, State.READY):
        screen.update([keeper(tmp_path, state)])
    screen.ready(12.4, PLACES)
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["rasa: starting", "rasa: ready"]
    assert "ready in 12 s" in out.getvalue()
    shown = "".join(line.strip("│ ").split("  ")[-1].strip() for line in lines)
    assert "http://127.0.0.1:8000/console" in shown


def test_a_terminal_gets_one_screen(tmp_path: Path) -> None:
    """Drawn anew with every change; what went wrong is on it."""
    out = io.StringIO()
    screen = Screen(Path("var/log"), console=Console(file=out, width=100, force_terminal=True))
    with screen:
        screen.update([keeper(tmp_path, State.RESTARTING, "ended (exit 1): no model")])
        screen.ready(3, PLACES)
    assert "ended (exit 1): no model" in out.getvalue()
    assert "sign in as merchant with x" in out.getvalue()


def test_a_program_gets_json_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each event an object; `ready` says where to go."""
    screen = Screen(Path("var/log"), as_json=True)
    with screen:
        screen.update([keeper(tmp_path, State.STARTING)])
        screen.ready(3.21, PLACES)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == {"event": "process", "name": "rasa", "state": "starting", "note": ""}
    assert rows[1]["event"] == "ready"
    assert rows[1]["places"][0]["url"] == "http://127.0.0.1:8000/console"
