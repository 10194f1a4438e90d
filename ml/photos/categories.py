"""What the shipped model tells apart: categories, their node in Shopify's product taxonomy, and their names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("categories.yml")


@dataclass(frozen=True, slots=True)
class Category:
    """A category; `labels` are what photo collections call it and its kinds, which only training tells apart."""

    category: str
    taxonomy_id: str
    name: str
    name_zh: str
    labels: tuple[str, ...]


@cache
def categories() -> tuple[Category, ...]:
    """The categories of `categories.yml` in its order."""
    rows = yaml.safe_load(FILE.read_text("utf-8"))
    return tuple(Category(**(row | {"labels": tuple(row["labels"])})) for row in rows)
