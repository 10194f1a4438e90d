"""A limit on tries: so many within a window for each key, forgetting keys that fell silent."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable


class Throttle:
    """Counts failed tries by key, in this process."""

    def __init__(
        self,
        tries: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        keys: int = 10_000,
    ) -> None:
        self.tries = tries
        self.seconds = seconds
        self.clock = clock
        self.keys = keys
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def blocked(self, key: str) -> bool:
        """Whether the key has used up its tries."""
        times = self._failed.get(key, deque())
        while times and times[0] <= self.clock() - self.seconds:
            times.popleft()
        return len(times) >= self.tries

    def failed(self, key: str) -> None:
        """Count one failed try."""
        self._failed.setdefault(key, deque(maxlen=self.tries)).append(self.clock())
        self._failed.move_to_end(key)
        while len(self._failed) > self.keys:
            self._failed.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failed tries of a key."""
        self._failed.pop(key, None)
