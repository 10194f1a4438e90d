"""Signed values that browsers carry for us: who a visitor is, which file they may attach, whom a shop vouches for."""

from __future__ import annotations

from collections.abc import Mapping

from itsdangerous import BadData, URLSafeTimedSerializer

DAY = 86_400


class Token:
    """One kind of signed value; a value of another kind, forged, cut or too old is None."""

    def __init__(self, secret: str, kind: str, days: float) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt=f"shopclerk.{kind}")
        self._seconds = int(days * DAY)

    def sign(self, **fields: str | int) -> str:
        """The signed text of some fields."""
        return str(self._serializer.dumps(fields))

    def read(self, text: str) -> Mapping[str, str | int] | None:
        """The fields of a text that this installation signed."""
        try:
            fields = self._serializer.loads(text, max_age=self._seconds)
        except (BadData, UnicodeError, ValueError, RecursionError):
            return None
        return fields if isinstance(fields, dict) else None


class Tokens:
    """The kinds of this door."""

    def __init__(self, secret: str) -> None:
        self.visitor = Token(secret, "visitor", days=180)
        self.attachment = Token(secret, "attachment", days=1)
        self.identity = Token(secret, "identity", days=1)
        self.form = Token(secret, "form", days=1)
