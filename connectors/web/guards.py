"""What stands before every request: bounded bodies and the headers that keep browsers safe."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.web.errors import Refused

MAX_BODY = 2 * 1024 * 1024
MAX_FILE = 25 * 1024 * 1024
MAX_ARCHIVE = 1024 * 1024 * 1024
"""A zip of a merchant's photos may have that much, which is a few hundred photos of a camera."""
MULTIPART_OVERHEAD = 64 * 1024

PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
SAFE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SafeHeaders:
    """Adds the security headers to every answer that has not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_safely if scope["type"] == "http" else send)


class BoundedBody:
    """Refuses a body as soon as it is longer than its path allows, whatever its header says.

    Who uploads is known only later: the path allows what a merchant may send.
    """

    def __init__(self, app: ASGIApp, upload_path: str) -> None:
        self.app = app
        self.upload_path = upload_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"] == self.upload_path:
            receive = bounded(receive, MAX_ARCHIVE + MULTIPART_OVERHEAD, "archive_too_large")
        else:
            receive = bounded(receive, MAX_BODY)
        await self.app(scope, receive, send)


def bounded(receive: Receive, limit: int, code: str = "too_large") -> Receive:
    """Receives a body; raises `Refused` with `code` as soon as it is longer."""
    received = 0

    async def receive_counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise Refused(code)
        return message

    return receive_counted
