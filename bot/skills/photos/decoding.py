"""Photos' bytes in, pixels out, by processes with limits: a picture that breaks one costs itself alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Event, Timer
from typing import Self, TypeVar

import numpy as np

from bot.settings import ROOT
from bot.skills.photos.looking import HEAD
from ml.photos.care import WARNINGS
from ml.photos.look import MOST_BYTES, REASONS, Look

SECONDS = 20.0
"""What one photo may take; sixty million pixels take about one."""
MOST_LOOKERS = 4
AHEAD = 24
"""So many photos for each process are under way at once, which keeps it busy."""
MOST_AHEAD = 2 * MOST_BYTES
"""Nor are more bytes."""
Key = TypeVar("Key")


@dataclass(frozen=True)
class Refused:
    """A file that cannot be looked at; `reason` is a key of the sentences for people."""

    reason: str


Given = tuple[Key, bytes | Refused]
Found = tuple[Key, Look | Refused]


class Lookers:
    """Some processes that look at photos; ended with the block."""

    def __init__(self, size: int, count: int = 0) -> None:
        """`size` is the side of the pixels wanted; `count` processes, by default as many as there are cores."""
        self._count = count or min(os.cpu_count() or 1, MOST_LOOKERS)
        self._free: SimpleQueue[_Looker] = SimpleQueue()
        self._all = [_Looker(size) for _ in range(self._count)]
        for looker in self._all:
            self._free.put(looker)

    def looks(self, files: Iterable[Given[Key]]) -> Iterator[Found[Key]]:
        """What each file shows, in order; a refused one goes through as it is."""
        with ThreadPoolExecutor(self._count) as pool:
            waiting: deque[tuple[Key, int, Future[Look | Refused] | Refused]] = deque()
            held = 0
            try:
                for key, data in files:
                    size = 0 if isinstance(data, Refused) else len(data)
                    busy = data if isinstance(data, Refused) else pool.submit(self._look, data)
                    waiting.append((key, size, busy))
                    held += size
                    while len(waiting) >= AHEAD * self._count or held > MOST_AHEAD:
                        done, size, busy = waiting.popleft()
                        held -= size
                        yield _done(done, busy)
                while waiting:
                    done, _, busy = waiting.popleft()
                    yield _done(done, busy)
            finally:
                for _, _, busy in waiting:
                    if isinstance(busy, Future):
                        busy.cancel()

    def _look(self, data: bytes) -> Look | Refused:
        looker = self._free.get()
        try:
            return looker.look(data)
        finally:
            self._free.put(looker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for looker in self._all:
            looker.end()


def _done(key: Key, busy: Future[Look | Refused] | Refused) -> Found[Key]:
    return key, busy.result() if isinstance(busy, Future) else busy


class _Looker:
    """One process, started anew where a photo ended it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._start()

    def _start(self) -> None:
        self._connection: Connection
        self._connection, theirs = Pipe()
        command = [
            sys.executable,
            "-m",
            "bot.skills.photos.looking",
            str(theirs.fileno()),
            str(self._size),
        ]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"},
        )
        theirs.close()

    def look(self, data: bytes) -> Look | Refused:
        """What it says; what ends it or takes too long is refused."""
        if len(data) > MOST_BYTES:
            return Refused("too_many_bytes")
        late = Event()

        def too_late() -> None:
            late.set()
            self._process.kill()

        timer = Timer(SECONDS, too_late)
        timer.start()
        try:
            self._connection.send_bytes(data)
            answer = self._connection.recv_bytes(HEAD.size + 3 * self._size**2)
        except (OSError, EOFError):
            self._again()
            return Refused("too_slow" if late.is_set() else "broken")
        finally:
            timer.cancel()
        return self._read(answer)

    def _read(self, answer: bytes) -> Look | Refused:
        """Takes nothing on trust: a picture may have broken the process."""
        rest = answer[HEAD.size :]
        if len(rest) == 3 * self._size**2:
            _, width, height, hash_, bits = HEAD.unpack_from(answer)
            pixels = np.frombuffer(rest, np.uint8).reshape(self._size, self._size, 3)
            warnings = tuple(name for place, name in enumerate(WARNINGS) if bits >> place & 1)
            return Look(pixels, width, height, warnings, hash_)
        reason = rest.decode("ascii", "replace")
        return Refused(reason if reason in REASONS else "broken")

    def _again(self) -> None:
        self.end()
        self._start()

    def end(self) -> None:
        """Whatever it is at."""
        self._connection.close()
        self._process.kill()
        self._process.wait()
