"""What the merchant's console asks of this process: one POST for each operation, behind the shared secret.

The gateway says whose shop it is and who asks, and has checked the shape of the rest.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from typing import Any

from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json

from actions.app import App
from bot.conversation.messages import Language
from bot.failures import without_words
from bot.skills.answers.console import Console, Draft, told_value
from bot.skills.answers.knowledge import BadKnowledge, load_knowledge
from bot.skills.answers.trial import Trial, try_out
from bot.store.engine import NotFound
from ml.serving import ModelError

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Shopclerk-Secret"  # noqa: S105 - its name, not its value
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Visit:
    """The merchant at the desk."""

    app: App
    shop: str
    person: str
    language: Language

    @property
    def console(self) -> Console:
        """Their shop's knowledge."""
        return Console(self.app.store, self.shop, self.person)


Operation = Callable[[Visit, Arguments], object]


def _list(visit: Visit, given: Arguments) -> object:
    return visit.console.answers(given["query"], given["topic"])


def _answer(visit: Visit, given: Arguments) -> object:
    return visit.console.answer(given["id"])


def _save(visit: Visit, given: Arguments) -> object:
    draft = Draft(
        given["topic"],
        tuple(given["intents"]),
        _by_language(given["answer"]),
        {language: tuple(of) for language, of in _by_language(given["questions"]).items()},
    )
    saved = visit.console.save(given["id"], draft)
    visit.console.dealt_with(given["closes"], given["proposal"])
    return saved


def _take_out(visit: Visit, given: Arguments) -> object:
    visit.console.take_out(given["id"])
    return {}


def _restore(visit: Visit, given: Arguments) -> object:
    return visit.console.restore(given["id"])


def _policies(visit: Visit, _: Arguments) -> object:
    return {"policies": visit.console.policies()}


def _save_policy(visit: Visit, given: Arguments) -> object:
    title, text = _by_language(given["title"]), _by_language(given["text"])
    return visit.console.save_policy(given["topic"], title, text)


def _restore_policy(visit: Visit, given: Arguments) -> object:
    return visit.console.restore_policy(given["topic"])


def _value(_: Visit, given: Arguments) -> object:
    return told_value(given["value"])


def _save_fact(visit: Visit, given: Arguments) -> object:
    return visit.console.save_fact(given["topic"], given["name"], given["value"])


def _restore_fact(visit: Visit, given: Arguments) -> object:
    return visit.console.restore_fact(given["name"])


def _history(visit: Visit, _: Arguments) -> object:
    return {"changes": visit.console.history()}


def _put_back(visit: Visit, given: Arguments) -> object:
    visit.console.put_back(given["id"])
    return {}


def _unanswered(visit: Visit, _: Arguments) -> object:
    return visit.console.unanswered()


def _close(visit: Visit, given: Arguments) -> object:
    return {"closed": visit.console.dealt_with(given["questions"], given["proposal"])}


def _models(visit: Visit, _: Arguments) -> object:
    return visit.console.models()


def _train(visit: Visit, _: Arguments) -> object:
    return visit.console.train()


def _stop_training(visit: Visit, _: Arguments) -> object:
    return visit.console.stop_training()


def _use_model(visit: Visit, given: Arguments) -> object:
    return visit.console.use_model(given["version"])


def _try_out(visit: Visit, given: Arguments) -> Trial:
    load_knowledge(visit.shop)  # says what is wrong where the files are broken
    with visit.app.store.read() as session:
        desk = visit.app.desk(session, visit.shop)
        if desk is None:
            raise BadKnowledge("the shop's files have just changed; try again")
        return try_out(desk, given["text"], visit.language, given["intent"], given["confidence"])


OPERATIONS: Mapping[str, Operation] = {
    "answers": _list,
    "answer": _answer,
    "answer.save": _save,
    "answer.hide": _take_out,
    "answer.restore": _restore,
    "policies": _policies,
    "policy.save": _save_policy,
    "policy.restore": _restore_policy,
    "value": _value,
    "fact.save": _save_fact,
    "fact.restore": _restore_fact,
    "history": _history,
    "history.put_back": _put_back,
    "unanswered": _unanswered,
    "unanswered.close": _close,
    "models": _models,
    "models.train": _train,
    "models.stop": _stop_training,
    "models.use": _use_model,
    "try": _try_out,
}


def add_desk(web: Sanic[Any, Any], app: App, secret: str) -> None:
    """`/desk/OPERATION` for who knows the secret."""

    @web.post("/desk/<name:str>")
    async def desk(request: Request, name: str) -> HTTPResponse:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return json({"error": "The shared secret is missing or wrong."}, status=401)
        return await asyncio.to_thread(_done, app, name, request.json)


def _done(app: App, name: str, body: Mapping[str, Any]) -> HTTPResponse:
    """200 with the result, 422 with the one line that says what to mend, 404 where there is no such thing."""
    operation = OPERATIONS.get(name)
    if operation is None:
        return json({"error": "There is no such operation."}, status=404)
    try:
        visit = Visit(app, str(body["shop"]), str(body["person"]), Language(body["language"]))
        return json(plain(operation(visit, body["arguments"])))
    except (BadKnowledge, ModelError) as error:
        return json({"error": str(error)}, status=422)
    except NotFound:
        return json({"error": "There is no such thing."}, status=404)
    except Exception as error:
        code = secrets.token_hex(4)
        logger.error("%s failed (error %s): %s", name, code, without_words(error))
        return json({"error": f"error {code}"}, status=500)


def plain(value: object) -> object:
    """A result as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _by_language(texts: Mapping[str, Any]) -> dict[Language, Any]:
    return {Language(language): text for language, text in texts.items()}
