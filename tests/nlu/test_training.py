"""Training is skipped exactly when nothing that the model is made from has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nlu import training


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository with a stamped model."""
    for name in (
        "config.yml",
        "domain.yml",
        "data/nlu/a.yml",
        "data/rules/b.yml",
        "nlu/tokenizer.py",
        "models/x",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    training.MODEL.write_bytes(b"model")
    training.stamp().write_text(training.fingerprint())
    return tmp_path


def test_unchanged_is_up_to_date(repository):
    """Nothing changed, nothing to train."""
    assert training.up_to_date()


@pytest.mark.parametrize(
    "name", ["config.yml", "domain.yml", "data/nlu/a.yml", "data/rules/b.yml", "nlu/tokenizer.py"]
)
def test_any_change_is_seen(repository, name):
    """A changed file, a new one and one that went away all count."""
    (repository / name).write_text("other")
    assert not training.up_to_date()


def test_new_and_renamed_files_are_seen(repository):
    """The same text under another name is another source."""
    (repository / "data/nlu/a.yml").rename(repository / "data/nlu/c.yml")
    assert not training.up_to_date()


def test_missing_model_or_stamp_is_seen(repository):
    """A model that was not finished has no stamp."""
    training.stamp().unlink()
    assert not training.up_to_date()
    training.stamp().write_text(training.fingerprint())
    training.MODEL.unlink()
    assert not training.up_to_date()


def test_checking_imports_no_tensorflow(repository):
    """Being up to date is found out in the time that a small Python script takes."""
    root = Path(training.__file__).parents[1]
    code = "import sys; from nlu.__main__ import main; main(['train']); print({'tensorflow', 'rasa'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["models/shopclerk.tar.gz is up to date.", "set()"], (
        done.stderr
    )


@pytest.mark.parametrize("code", [0, 1])
def test_what_rasa_says_goes_to_a_log(repository, monkeypatch, capfd, code):
    """A newcomer sees two lines; where training fails, also the end of the log, and no stamp."""

    def rasa(arguments):
        os.write(2, b"a wall of warnings\n")
        training.FRESH.parent.mkdir(parents=True)
        training.FRESH.write_bytes(b"fresh model")
        return code

    monkeypatch.setattr("nlu.rasa_cli.call_rasa", rasa)
    (repository / "config.yml").write_text("other")
    assert training.train([]) == code
    seen = capfd.readouterr()
    assert training.LOG.read_text() == "a wall of warnings\n"
    assert ("a wall of warnings" in seen.err) == bool(code)
    assert training.up_to_date() == (code == 0)
    assert training.MODEL.read_bytes() == (b"model" if code else b"fresh model")
