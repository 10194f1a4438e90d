"""A process of ours that works for another one: it tells lines, can be ended at any time, and never outlives it."""

from __future__ import annotations

import os
import queue
import subprocess
from collections.abc import Iterator, Sequence
from threading import Thread
from typing import Self

from bot.settings import ROOT

NICENESS = 10
LAST_WORDS = 300


class ChildFailed(Exception):
    """The process ended with an error; the text is the last line it said of it."""


class Child:
    """A running process; its standard input stays open as long as we are there, which is how it knows."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._last = ""
        self._threads = [Thread(target=self._read), Thread(target=self._listen)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def lines(self, every: float) -> Iterator[str]:
        """What it says on standard output, line by line; an empty line whenever `every` seconds bring nothing."""
        while True:
            try:
                line = self._lines.get(timeout=every)
            except queue.Empty:
                yield ""
                continue
            if line is None:
                return
            yield line

    def check(self) -> None:
        """Wait for its end; raises `ChildFailed`."""
        if self._process.wait():
            self._threads[1].join(5)
            raise ChildFailed(self._last or f"ended with {self._process.returncode}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever it is at, it ends."""
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line.strip())
        self._lines.put(None)

    def _listen(self) -> None:
        """Keep the last line of standard error; the rest is TensorFlow's talk."""
        for line in self._process.stderr or ():
            self._last = line.strip()[:LAST_WORDS] or self._last
