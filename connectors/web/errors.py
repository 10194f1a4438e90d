"""Refusals: a code for programs and a sentence in the reader's language; what is unexpected gets an error id."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.store.engine import NotFound
from connectors.web.strings import language_of_request, say

log = logging.getLogger(__name__)

STATUS = {
    "invalid": 422,
    "bad_request": 400,
    "signed_out": 401,
    "visitor_unknown": 401,
    "wrong_password": 401,
    "csrf": 403,
    "no_console": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "archive_too_large": 413,
    "file_type": 415,
    "too_many_tries": 429,
    "unexpected": 500,
    "not_ready": 503,
    "not_accepted": 422,
    "desk_down": 503,
}
CODE_OF_STATUS = {status: code for code, status in reversed(STATUS.items())}


class Refused(HTTPException):
    """A request that is answered with an error; `code` is one of `STATUS`, `fields` stand in its sentence."""

    def __init__(self, code: str, **fields: str) -> None:
        super().__init__(STATUS[code], code)
        self.code = code
        self.fields = fields


Render = Callable[[Request, str, str], Response]
"""Makes the answer of a request from an error's code and sentence."""


def as_json(request: Request, code: str, message: str) -> Response:
    """The answer of the API."""
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, STATUS[code], headers={"Cache-Control": "no-store"})


def handle_errors(app: FastAPI, render: Render) -> None:
    """Answer every error of an app through `render`."""

    def refuse(request: Request, code: str, **fields: str) -> Response:
        return render(request, code, say("errors", code, language_of_request(request), **fields))

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return refuse(request, error.code, **error.fields)

    @app.exception_handler(NotFound)
    async def not_found(request: Request, error: NotFound) -> Response:
        return refuse(request, "not_found")

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return refuse(request, "invalid")

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        return refuse(request, CODE_OF_STATUS.get(error.status_code, "bad_request"))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        error_id = secrets.token_hex(4)
        log.error("error %s in %s %s: %r", error_id, request.method, request.url.path, error)
        return refuse(request, "unexpected", id=error_id)
