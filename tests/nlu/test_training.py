"""Training is skipped exactly when nothing that the model is made from has changed."""

from __future__ import annotations

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
