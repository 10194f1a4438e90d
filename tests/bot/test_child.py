"""A process that works for another one tells lines, is ended at will, and never outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bot.child import Child, ChildFailed

TELLS = "import sys; print('one'); print('two'); sys.stderr.write('noise\\nwhat broke\\n'); sys.exit(int(sys.argv[1]))"
WAITS = "import sys; print('ready', flush=True); sys.stdin.buffer.read()"


def test_its_lines_come_and_its_end_is_known() -> None:
    """A good end is silent."""
    with Child([sys.executable, "-c", TELLS, "0"]) as child:
        assert [line for line in child.lines(every=5) if line] == ["one", "two"]
        child.check()


def test_a_bad_end_is_told_by_its_last_line() -> None:
    """What it said last on standard error."""
    with Child([sys.executable, "-c", TELLS, "4"]) as child:
        list(child.lines(every=5))
        with pytest.raises(ChildFailed, match="what broke"):
            child.check()


def test_it_can_be_ended_while_it_says_nothing() -> None:
    """An empty line gives the turn back."""
    with Child([sys.executable, "-c", WAITS]) as child:
        lines = child.lines(every=0.05)
        while next(lines) != "ready":
            pass
        assert next(lines) == ""
        pid = child.pid
    assert not psutil.pid_exists(pid)


def test_it_ends_when_who_started_it_is_killed(tmp_path: Path) -> None:
    """kill -9 leaves nothing running."""
    told = tmp_path / "pid"
    starter = (
        "import sys, time; from bot.child import Child\n"
        f"child = Child([sys.executable, '-c', {WAITS!r}])\n"
        f"open({str(told)!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", starter])
    while not told.exists() or not told.read_text():
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    pid = int(told.read_text())
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("the child is still there")
