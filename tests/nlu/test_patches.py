"""The patches change how fast Rasa is and nothing else; on another version they refuse."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import rasa
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses

from nlu import patches

REPLIES: list[Any] = [
    {},
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "a", "value": 1}], "responses": [{"text": "x"}]},
    {"events": [{"event": "slot", "value": 1}], "responses": []},
    {"events": [{"event": "no such event"}]},
    {"events": {}, "responses": []},
    {"events": [], "responses": ["x"]},
    {"events": [{"event": "user", "text": "x", "parse_data": {"intent": 3}}]},
    [],
    None,
]


@pytest.mark.parametrize("reply", REPLIES)
def test_replies_of_actions_are_judged_the_same(reply):
    """Valid replies pass and broken ones raise the same error with the same words."""
    patches.apply()
    outcomes = []
    for judge in (patches._validate_action_result, patches.ORIGINAL["validate"]):
        try:
            outcomes.append(judge(RemoteAction("action_help", None), reply))
        except jsonschema.ValidationError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_events_are_resolved_the_same():
    """Each name still gives its class, an unknown one an error, also when it is asked twice."""
    patches.apply()
    names = {
        event.type_name for event in all_subclasses(Event) if getattr(event, "type_name", None)
    }
    assert len(names) > 20
    for name in [*sorted(names), *sorted(names)]:
        assert Event.resolve_by_type(name) is patches.ORIGINAL["resolve"](name)
    for _ in range(2):
        with pytest.raises(ValueError, match="no such event"):
            Event.resolve_by_type("no such event")


def test_other_versions_are_refused(monkeypatch):
    """The error says what to do."""
    monkeypatch.setattr(rasa, "__version__", "3.6.20")
    with pytest.raises(patches.WrongRasa, match=r"3\.6\.21.*3\.6\.20.*requirements\.lock"):
        patches.apply()


def test_applying_twice_changes_nothing(monkeypatch):
    """The originals are not lost."""
    patches.apply()
    original = dict(patches.ORIGINAL)
    patches.apply()
    assert original == patches.ORIGINAL
    assert RemoteAction._validate_action_result is patches._validate_action_result
