"""Static texts: the variation follows language and role, and a repeated message gets the same one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from nlu.responses import BilingualResponses, fitting


@pytest.fixture(scope="module")
def domain() -> Domain:
    """The project's domain."""
    return Domain.load("domain.yml")


async def say(domain: Domain, name: str, **metadata: Any) -> str:
    """The text said to a message with this metadata."""
    tracker = DialogueStateTracker("x", domain.slots)
    tracker.update(UserUttered("hi", message_id=metadata.pop("id", "1"), metadata=metadata))
    said = await BilingualResponses(EndpointConfig(), domain).generate(name, tracker, "shopclerk")
    assert said is not None
    assert "metadata" not in said
    return said["text"]


def variations() -> dict[str, list[dict[str, Any]]]:
    """The domain's texts as they are written."""
    with open("domain.yml", encoding="utf-8") as file:  # noqa: PTH123
        return yaml.safe_load(file)["responses"]


@pytest.mark.parametrize("name", list(variations()) if __name__ != "__main__" else [])
@pytest.mark.parametrize("role", ["merchant", "customer", "agent", ""])
async def test_every_text_is_there_in_both_languages(domain, name, role):
    """English for English, Chinese for Chinese, whatever the role."""
    for number in range(5):
        assert (await say(domain, name, language="en", role=role, id=str(number))).isascii()
        chinese = await say(domain, name, language="zh", role=role, id=str(number))
        assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese)


async def test_unknown_language_gets_english(domain):
    """A message without metadata is answered too."""
    assert (await say(domain, "utter_greet")).isascii()
    assert (await say(domain, "utter_greet", language="fr")).isascii()


async def test_same_message_same_text(domain):
    """Different messages get different variations, one message always its own."""
    said = {
        number: await say(domain, "utter_thank", language="en", id=str(number))
        for number in range(20)
    }
    assert len(set(said.values())) > 1
    for number, text in said.items():
        assert await say(domain, "utter_thank", language="en", id=str(number)) == text


def test_own_role_goes_before_any_role():
    """A text for the role is chosen before one for all; one for another role never is."""
    texts = [
        {"text": "all", "metadata": {"language": "en"}},
        {"text": "merchant", "metadata": {"language": "en", "role": "merchant"}},
    ]
    assert [v["text"] for v in fitting(texts, "en", "merchant")] == ["merchant"]
    assert [v["text"] for v in fitting(texts, "en", "customer")] == ["all"]
    assert fitting(texts[1:], "en", "customer") == []


async def test_unknown_text_is_none(domain):
    """Rasa then says nothing."""
    tracker = DialogueStateTracker("x", domain.slots)
    assert (
        await BilingualResponses(EndpointConfig(), domain).generate("utter_nothing", tracker, "x")
        is None
    )
