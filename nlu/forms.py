"""What a message means while a form is open: most texts are answers, and only a clear wish interrupts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A name, a phone number or an address looks like anything to a classifier that was never trained on one.
SURE_ENOUGH = 0.85

# A bare "stop" has no job and no order in mind while a draft is on the table; its confidence is shared among these.
CANCELS = frozenset({"cancel", "cancel_job", "cancel_order"})

# These only ever answer the form's question. A cancel is none of them: "leave it at the door" must not end a draft.
ANSWERS = frozenset(
    {"affirm", "deny", "inform_choice", "parse_order", "change_order", "nlu_fallback"}
)


def kept_in_form(parsed: Mapping[str, Any], active_form: str | None) -> dict[str, Any]:
    """The reading of a message in the light of the open form: an unsure interruption becomes `nlu_fallback`.

    The ranking stays, so that `why` still shows what the classifier had thought.
    """
    if not active_form:
        return dict(parsed)
    name, confidence = parsed["intent"]["name"], parsed["intent"]["confidence"]
    cancels = sum(e["confidence"] for e in parsed.get("intent_ranking", []) if e["name"] in CANCELS)
    if cancels >= SURE_ENOUGH:
        name, confidence = "cancel", min(cancels, 1.0)
    elif name not in ANSWERS and confidence < SURE_ENOUGH:
        name = "nlu_fallback"
    return {**parsed, "intent": {"name": name, "confidence": confidence}}
