"""What a message means while a form is open: most texts are answers, and only a clear wish interrupts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A name, a phone number or an address looks like anything to a classifier that was never trained on one.
SURE_ENOUGH_TO_INTERRUPT = 0.85

# A bare "stop" has no job and no undo in mind while a draft is on the table.
MEANT_IN_FORM = {"cancel_job": "cancel", "cancel_order": "cancel"}

ANSWERS = frozenset(
    {"affirm", "deny", "cancel", "inform_choice", "parse_order", "change_order", "nlu_fallback"}
)


def kept_in_form(parsed: Mapping[str, Any], active_form: str | None) -> dict[str, Any]:
    """The reading of a message in the light of the open form: an unsure interruption becomes `nlu_fallback`.

    The ranking stays, so that `why` still shows what the classifier had thought.
    """
    intent = dict(parsed["intent"])
    if active_form:
        intent["name"] = MEANT_IN_FORM.get(intent["name"], intent["name"])
        if intent["name"] not in ANSWERS and intent["confidence"] < SURE_ENOUGH_TO_INTERRUPT:
            intent["name"] = "nlu_fallback"
    return {**parsed, "intent": intent}
