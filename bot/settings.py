"""Settings, read once from the environment; every default works on one machine with nothing else installed."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What can be set from outside; names of the environment are in the aliases."""

    model_config = SettingsConfigDict(extra="ignore")

    home: Path = Field(ROOT / "var", validation_alias="SHOPCLERK_HOME")
    database_url: str = Field("", validation_alias="DATABASE_URL")
    data: Path = Field(ROOT / ".." / "shared" / "data", validation_alias="SHOPCLERK_DATA")
    host: str = Field("127.0.0.1", validation_alias="SHOPCLERK_HOST")
    port: int = Field(8000, validation_alias="SHOPCLERK_PORT")
    rasa_port: int = Field(5005, validation_alias="SHOPCLERK_RASA_PORT")
    actions_port: int = Field(5055, validation_alias="SHOPCLERK_ACTIONS_PORT")
    log_level: str = Field("info", validation_alias="SHOPCLERK_LOG_LEVEL")

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store: `DATABASE_URL`, or a SQLite file in `home`."""
        url = self.database_url or f"sqlite:///{self.home / 'shopclerk.db'}"
        for old in ("postgres://", "postgresql://"):
            if url.startswith(old):
                return "postgresql+psycopg://" + url.removeprefix(old)
        return url

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        """The same folder from wherever a process of ours is started."""
        return home.absolute()

    @property
    def local_url(self) -> str:
        """Where this machine reaches the pages, also when they are served to others."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://{host}:{self.port}"

    @property
    def files_url(self) -> str:
        """fsspec URL of the folder that holds files by their SHA-256."""
        return (self.home / "files").as_uri()

    @cached_property
    def secrets(self) -> Secrets:
        """This installation's secrets, made at the first use and kept in `home`."""
        return Secrets.load(self.home / "secrets.json")


@dataclass(frozen=True)
class Secrets:
    """Secrets of one installation; an environment variable `SHOPCLERK_<NAME>` goes before the stored one."""

    rasa_secret: SecretStr
    actions_secret: SecretStr
    session_secret: SecretStr

    @classmethod
    def load(cls, path: Path) -> Secrets:
        """Read the secrets, making the file (readable by its owner only) where there is none."""
        names = [field.name for field in fields(cls)]
        if not path.exists():
            _write_once(path, json.dumps({name: secrets.token_urlsafe(32) for name in names}))
        stored = json.loads(path.read_text())
        return cls(
            *(SecretStr(os.environ.get(f"SHOPCLERK_{n.upper()}") or stored[n]) for n in names)
        )


def _write_once(path: Path, text: str) -> None:
    """Write a private file; where two processes start at once the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
