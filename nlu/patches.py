"""The patches to Rasa, each for one measured figure; pinned to one version and tested to change no output."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonschema
import rasa
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event

PINNED = "3.6.21"


class WrongRasa(RuntimeError):
    """The installed Rasa is not the one that these patches were written against."""


def apply() -> None:
    """Put the patches in place; refuses on any other version of Rasa, whose insides may differ."""
    if rasa.__version__ != PINNED:
        raise WrongRasa(
            f"nlu/patches.py was written for rasa {PINNED}, but {rasa.__version__} is installed. "
            "Install nlu/requirements.lock, or check each patch against the new version and change PINNED."
        )
    if RemoteAction._validate_action_result is not _validate_action_result:
        _keep("validate", RemoteAction._validate_action_result)
        RemoteAction._validate_action_result = _validate_action_result
        _keep("resolve", Event.resolve_by_type)
        # The class of an event's name is looked for among all subclasses, anew for every event of a stored dialogue.
        Event.resolve_by_type = staticmethod(lru_cache(maxsize=256)(Event.resolve_by_type))


ORIGINAL: dict[str, Any] = {}


def _keep(name: str, method: Any) -> None:
    """Remember what is replaced: a broken reply is still judged by it, for its error."""
    ORIGINAL[name] = getattr(method, "__func__", method)


@lru_cache(maxsize=1)
def _reply_validator() -> jsonschema.protocols.Validator:
    schema = RemoteAction.action_response_format_spec()
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return validator(schema)


def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    """`RemoteAction._validate_action_result` with the constant schema checked once instead of at every call."""
    return _reply_validator().is_valid(result) or ORIGINAL["validate"](self, result)
