"""Alembic's entry: migrations run on the connection that `bot.store.engine` opened."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from bot.store.schema import Base, UtcDateTime


def render_item(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Migrations name plain types, so that they stay true when our own types change."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render_item,
)
context.run_migrations()
