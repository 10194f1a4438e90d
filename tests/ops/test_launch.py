"""What `shopclerk run` refuses to start on, each in one line that says what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot import launch
from bot.launch import CannotRun, check_before
from bot.settings import Settings


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a machine where everything is installed and every port free."""
    for name in ("model", "app", "rasa"):
        (tmp_path / name).touch()
    monkeypatch.setattr(launch, "MODEL", tmp_path / "model")
    monkeypatch.setattr(launch, "APP_PYTHON", tmp_path / "app")
    monkeypatch.setattr(launch, "RASA_PYTHON", tmp_path / "rasa")
    monkeypatch.setenv("SHOPCLERK_HOME", str(tmp_path / "home"))
    for name in ("SHOPCLERK_PORT", "SHOPCLERK_RASA_PORT", "SHOPCLERK_ACTIONS_PORT"):
        monkeypatch.setenv(name, str(free_port()))
    return Settings()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_good_machine_may_start(config: Settings) -> None:
    """Nothing is in the way."""
    check_before(config)


@pytest.mark.parametrize("setting", ["port", "rasa_port", "actions_port"])
def test_a_taken_port_is_told_with_its_setting(config: Settings, setting: str) -> None:
    """Which port, and which variable chooses another."""
    port = getattr(config, setting)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(
            CannotRun, match=rf"port {port} .*SHOPCLERK_{setting.upper()}={port + 1}"
        ):
            check_before(config)


def test_a_missing_model_is_told(config: Settings, tmp_path: Path) -> None:
    """With the command that trains it."""
    (tmp_path / "model").unlink()
    with pytest.raises(CannotRun, match="make train"):
        check_before(config)


def test_a_missing_environment_is_told(config: Settings, tmp_path: Path) -> None:
    """With the command that installs it."""
    (tmp_path / "rasa").unlink()
    with pytest.raises(CannotRun, match="make setup"):
        check_before(config)


def test_a_full_disk_is_told(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how much is free."""
    monkeypatch.setattr(launch, "LEAST_FREE_BYTES", 10**18)
    with pytest.raises(CannotRun, match=r"disk of .* is full"):
        check_before(config)


def test_rasa_sees_no_database_of_the_shop(config: Settings) -> None:
    """Only its own tracker database and the two secrets it needs."""
    rasa = launch.services(config)[0]
    assert rasa.name == "rasa"
    assert "DATABASE_URL" in rasa.hidden
    assert config.secrets.session_secret.get_secret_value() not in rasa.environment.values()
