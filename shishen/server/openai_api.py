"""`/v1/chat/completions` and `/v1/models`, as OpenAI has them, with one more object: `shishen`."""

import json
import time
import uuid
from collections.abc import Generator
from contextlib import closing
from typing import Annotated, Any, Literal

from anyio import CancelScope
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from shishen.errors import NotFound, ShishenError
from shishen.kitchen import Kitchen
from shishen.records import Answer, Message
from shishen.server.errors import encodable
from shishen.stages.answer import extension

MODEL = "shishen"
router = APIRouter(prefix="/v1", tags=["openai"])


class TextPart(BaseModel):
    """A part of a message; other kinds than text are refused."""

    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart] | None = None

    def text(self) -> str:
        """The content as one string."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream brings besides its text."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A request. `seed` varies what is recommended; other sampling parameters have no effect on composed answers."""

    model_config = ConfigDict(extra="ignore")

    model: str = MODEL
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: Annotated[bool, Field(strict=True)] = False
    seed: int | None = None
    stream_options: StreamOptions | None = None


@router.get("/models")
def models() -> dict[str, Any]:
    """The one model."""
    return {"object": "list", "data": [_model()]}


@router.get("/models/{name}")
def model(name: str) -> dict[str, Any]:
    """The model by its name."""
    if name != MODEL:
        raise NotFound(f"没有名为 {name} 的模型；这里只有 {MODEL}。")
    return _model()


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "shishen"}


@router.post("/chat/completions")
def chat_completions(body: ChatRequest, request: Request) -> Response:
    """Answer the conversation, whole or as a stream of server-sent events."""
    kitchen: Kitchen = request.app.state.kitchen
    if body.model != MODEL:
        raise NotFound(f"没有名为 {body.model} 的模型；这里只有 {MODEL}。")
    messages = [Message(m.role, encodable(m.text())) for m in body.messages]
    longest = kitchen.settings.server.longest_question
    for number, message in enumerate(messages):
        if message.role == "user" and len(message.content) > longest:
            raise ShishenError(f"messages.{number}.content 有 {len(message.content)} 个字，最多 {longest} 个。")
    if not any(m.role == "user" and m.content.strip() for m in messages):
        raise ShishenError("messages 里没有用户的话（role 为 user，content 不为空）。")
    answer = kitchen.ask(messages, body.seed)
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": MODEL}
    if body.stream:
        usage = body.stream_options is not None and body.stream_options.include_usage
        return _Stream(_events(kitchen, messages, answer, head, usage))
    text = "".join(kitchen.say(messages, answer))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        "logprobs": None,
    }
    return JSONResponse(
        {
            **head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": _usage(messages, text),
            "shishen": extension(kitchen.as_said(answer)),
        }
    )


class _Stream(StreamingResponse):
    """Server-sent events; a client that goes away ends what makes them, at once and not when memory is tidied."""

    def __init__(self, events: Generator[str]) -> None:
        super().__init__(
            events,
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events, then close what made them, however it ended."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                # A model stops at its next word; others need not wait for that.
                await run_in_threadpool(self._events.close)


def _events(
    kitchen: Kitchen, messages: list[Message], answer: Answer, head: dict[str, Any], usage: bool
) -> Generator[str]:
    """The chunks of a stream; the `shishen` object is on the last one that has a choice."""
    chunk = {**head, "object": "chat.completion.chunk"}

    def event(delta: dict[str, str], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _event({**chunk, "choices": [choice], **more})

    yield event({"role": "assistant", "content": ""})
    said = []
    with closing(kitchen.say(messages, answer)) as pieces:
        for piece in pieces:
            said.append(piece)
            yield event({"content": piece})
    yield event({}, "stop", shishen=extension(kitchen.as_said(answer)))
    if usage:
        yield _event({**chunk, "choices": [], "usage": _usage(messages, "".join(said))})
    yield "data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def _usage(messages: list[Message], text: str) -> dict[str, int]:
    """Characters stand for tokens: the composer has no tokenizer."""
    asked = sum(len(message.content) for message in messages)
    return {"prompt_tokens": asked, "completion_tokens": len(text), "total_tokens": asked + len(text)}
