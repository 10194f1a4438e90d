"""What `shopclerk run` shows: which processes are up, where to go, how to sign in; or JSON lines for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.supervisor import Keeper, State

MARKS = {
    State.WAITING: ("·", "dim"),
    State.STARTING: ("…", "yellow"),
    State.READY: ("✓", "green"),
    State.RESTARTING: ("!", "red"),
}


@dataclass(frozen=True)
class Place:
    """Where to go, and how to sign in there."""

    what: str
    url: str
    sign_in: str = ""


class Screen:
    """One screen that is drawn anew while things start; where output is no terminal, one line per event."""

    def __init__(self, logs: Path, as_json: bool = False, console: Console | None = None) -> None:
        self._logs = logs
        self._json = as_json
        self._console = console or Console(highlight=False, stderr=as_json)
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._keepers: Sequence[Keeper] = ()
        self._places: Sequence[Place] = ()
        self._seconds: float | None = None
        self._told: dict[str, tuple[State, str]] = {}

    def __enter__(self) -> Screen:
        if self._drawn:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    @property
    def _drawn(self) -> bool:
        return self._console.is_terminal and not self._json

    def update(self, keepers: Sequence[Keeper]) -> None:
        """Some process changed its state."""
        self._keepers = keepers
        if self._drawn:
            self._live.update(self._picture(), refresh=True)
        else:
            self._tell_changes()

    def ready(self, seconds: float, places: Sequence[Place]) -> None:
        """Everything answers."""
        self._places, self._seconds = places, seconds
        if self._json:
            event = {"event": "ready", "seconds": round(seconds, 1)}
            print(json.dumps({**event, "places": [asdict(place) for place in places]}), flush=True)
        elif self._drawn:
            self._live.update(self._picture(), refresh=True)
        else:
            self._console.print(self._picture())

    def say(self, text: str) -> None:
        """A line of its own."""
        self._console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {text}")

    def _tell_changes(self) -> None:
        for keeper in self._keepers:
            state, note = keeper.status.state, keeper.status.note
            known = self._told.get(keeper.service.name, (State.WAITING, ""))
            if known != (state, note):
                self._told[keeper.service.name] = (state, note)
                self._tell(keeper.service.name, state, note)

    def _tell(self, name: str, state: State, note: str) -> None:
        if self._json:
            event = {"event": "process", "name": name, "state": state, "note": note}
            print(json.dumps(event), flush=True)
        else:
            self._console.print(
                Text(f"{name}: {state}{', ' + note if note else ''}"), soft_wrap=True
            )

    def _picture(self) -> RenderableType:
        title = "starting" if self._seconds is None else f"ready in {self._seconds:.0f} s"
        parts: list[RenderableType] = [self._processes()]
        if self._places:
            parts += [
                "",
                self._where_to_go(),
                "",
                Text("Logs: var/log    Stop: Ctrl-C", style="dim"),
            ]
        return Panel(Group(*parts), title=f"Shopclerk: {title}", expand=False, padding=(1, 2))

    def _processes(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for keeper in self._keepers:
            mark, style = MARKS[keeper.status.state]
            told = keeper.status.note or _how_long(keeper)
            table.add_row(Text(mark, style=style), keeper.service.name, Text(told, style="dim"))
        return table

    def _where_to_go(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for place in self._places:
            table.add_row(place.what, Text(place.url, style="bold cyan", overflow="fold"))
            if place.sign_in:
                table.add_row("", Text(place.sign_in, overflow="fold"))
        return table


def _how_long(keeper: Keeper) -> str:
    if keeper.status.state is State.READY:
        return f"ready in {keeper.status.seconds:.1f} s"
    return str(keeper.status.state)
