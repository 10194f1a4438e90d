"""Files that go out."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.skills.exports import to_csv


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_no_cell_of_an_export_is_a_formula(text: str) -> None:
    """Whatever a buyer calls themselves."""
    data = to_csv(["name"], [[text]]).decode("utf-8-sig")
    (_, (cell,)) = csv.reader(io.StringIO(data, newline=""))
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.lstrip("'") == text.lstrip("'")
