"""Set-up: what is stale is made, what is fresh is left alone, and every failure says what to do."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The set-up script as a module, working in a folder of its own."""
    spec = importlib.util.spec_from_file_location("setup_script", ROOT / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "setup_script", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "TOOLS", tmp_path / ".tools")
    (tmp_path / ".tools").mkdir()
    return module


def part(setup: ModuleType, folder: Path, make: object, gigabytes: float = 0.0) -> object:
    (folder / "lock").write_text("a==1\n")
    made = folder / "made"
    return setup.Part(
        name="thing",
        inputs=(folder / "lock",),
        made=(made,),
        stamp=folder / "stamp",
        gigabytes=gigabytes,
        make=make,
        seconds="no time",
    )


def test_a_part_is_made_once_and_again_when_its_inputs_change(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run does nothing; a changed lock or a lost result makes it anew."""
    made: list[int] = []

    def make(_: object) -> None:
        (tmp_path / "made").touch()
        made.append(1)

    monkeypatch.setattr(setup, "parts", lambda: [part(setup, tmp_path, make)])
    monkeypatch.setattr(setup, "ensure_uv", lambda: None)
    setup.set_up()
    setup.set_up()
    assert len(made) == 1
    (tmp_path / "made").unlink()
    setup.set_up()
    assert len(made) == 2
    changed = part(setup, tmp_path, make)
    (tmp_path / "lock").write_text("a==2\n")
    assert not changed.is_fresh()  # type: ignore[attr-defined]


def test_a_failed_part_is_not_called_fresh(setup: ModuleType, tmp_path: Path) -> None:
    """It is tried again next time, also when it had been made before."""

    def make(the_part: object) -> None:
        (tmp_path / "made").touch()
        setup.run(
            [sys.executable, "-c", "print('error: No space left on device'); exit(1)"],
            the_part.log,
            cwd=tmp_path,
        )  # type: ignore[attr-defined]

    broken = part(setup, tmp_path, make)
    told = setup.make(broken)
    assert "the disk is full" in told
    assert "No space left on device" in told
    assert not broken.is_fresh()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("error: failed to write: No space left on device (os error 28)", "disk is full"),
        ("error: Hash mismatch for `numpy==2.4.0`", "hash mismatch"),
        ("npm error code EINTEGRITY", "hash mismatch"),
        ("error: Request failed: error sending request for url: dns error", "cannot be reached"),
        ("npm error code ENOTFOUND", "cannot be reached"),
        ("invalid peer certificate: UnknownIssuer", "certificate"),
        ("something else", "a program failed"),
    ],
)
def test_a_failure_says_what_to_do(setup: ModuleType, output: str, told: str) -> None:
    """From what uv, pip and npm print."""
    assert told in setup.explain(output)


def test_a_full_disk_is_told_before_anything_is_fetched(setup: ModuleType, tmp_path: Path) -> None:
    """With how much is needed and how much is there."""
    huge = part(setup, tmp_path, make=None, gigabytes=1e9)
    with pytest.raises(setup.SetupError, match="GB are needed here and"):
        setup.check_disk([huge])


def test_locks_name_exact_versions_with_hashes_and_no_addresses() -> None:
    """Every lock of the repository."""
    locks = [
        *ROOT.glob("requirements*.lock"),
        *ROOT.glob("nlu/*.lock"),
        *ROOT.glob("scripts/*.txt"),
    ]
    assert len(locks) == 4
    for lock in locks:
        lines = lock.read_text().splitlines()
        packages = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert all("==" in line and line.endswith("\\") for line in packages), lock
        assert sum("--hash=sha256:" in line for line in lines) >= len(packages)
        assert not any("://" in line or line.startswith("--") for line in lines), lock


def fake_python(folder: Path, name: str, version: str) -> None:
    """A program that answers the question of the script for its version, and nothing else."""
    wrong = int(version != "3.11")
    cases = f'-c) exit {wrong};; --version) echo Python {version}.0;; *) echo "ran $0";;'
    text = f'#!/bin/sh\ncase "$1" in {cases} esac\n'
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def run_sh(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`scripts/setup.sh` with nothing on the PATH but a shell's own needs and what is in `path`."""
    for tool in ("sh", "dirname"):
        link = path / tool
        if not link.exists():
            link.symlink_to(f"/usr/bin/{tool}")
    script = ROOT / "scripts" / "setup.sh"
    return subprocess.run(
        ["/bin/sh", str(script)],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wrong_python_is_told(tmp_path: Path) -> None:
    """What was found, and three ways to get the right one."""
    fake_python(tmp_path, "python3", "3.13")
    done = run_sh(tmp_path)
    assert done.returncode == 1
    assert "Python 3.11 is needed" in done.stderr
    assert "3.13" in done.stderr
    assert "uv" in done.stderr


def test_no_python_at_all_is_told(tmp_path: Path) -> None:
    """Not a word of the shell's own."""
    done = run_sh(tmp_path)
    assert done.returncode == 1
    assert "no Python at all" in done.stderr
    assert "not found" not in done.stderr.replace("was not found", "")


def test_a_given_python_is_taken_or_refused(tmp_path: Path) -> None:
    """`make setup PYTHON=...`."""
    fake_python(tmp_path, "mine", "3.11")
    fake_python(tmp_path, "old", "3.9")
    assert "ran" in run_sh(tmp_path, PYTHON=str(tmp_path / "mine")).stdout
    assert "is not a Python 3.11" in run_sh(tmp_path, PYTHON=str(tmp_path / "old")).stderr


def test_uv_fetches_a_python_where_there_is_none(tmp_path: Path) -> None:
    """And set-up goes on with it."""
    fake_python(tmp_path, "fetched", "3.11")
    uv = tmp_path / "uv"
    there = tmp_path / "there"
    cases = f"find) [ -f {there} ] && echo {tmp_path}/fetched;; install) : > {there};;"
    uv.write_text(f'#!/bin/sh\ncase "$2" in {cases} esac\n')
    uv.chmod(0o755)
    done = run_sh(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ran" in done.stdout
