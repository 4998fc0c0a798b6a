"""Refuse a request whose body is too long, by the bytes that come; its header need not say how many."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shishen.server.errors import error


class BodyLimit:
    """ASGI middleware: a body over `megabytes` is answered with 413. Answers pass through untouched."""

    def __init__(self, app: ASGIApp, megabytes: float) -> None:
        self._app = app
        self._limit = int(megabytes * 1_000_000)
        self._words = f"请求太大，最多 {megabytes:g} MB。"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limit:
            await error(413, self._words)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                # FastAPI lets this exception of its own through to the handler that puts it in OpenAI's shape.
                raise HTTPException(413, self._words)
            return message

        await self._app(scope, counted, send)
