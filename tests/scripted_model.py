"""A model server on loopback that answers as a test says: a real HTTP server, in the shapes of OpenAI's API."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answered:
    """One answer: what to send, after which pause, in how many pieces."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: float = 0.0
    # Say that more will come than does, and close: an answer cut off.
    cut: bool = False
    # Seconds between the bytes: an answer that drips.
    drip: float = 0.0


def said(text: str | None, finish_reason: str = "stop", usage: tuple[int, int] | None = (100, 50)) -> Answered:
    """A completion as OpenAI's server sends it."""
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}],
    }
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Answered(json.dumps(body).encode())


def refused(status: int, message: str = "no", code: str | None = None, **headers: str) -> Answered:
    """An error as OpenAI's server sends it."""
    body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answered(json.dumps(body).encode(), status, {"Content-Type": "application/json", **named})


@dataclass
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float

    @property
    def last(self) -> str:
        """The last message's text."""
        return str(self.body["messages"][-1]["content"])


Script = Callable[[Asked], Answered]


class ScriptedModel:
    """The server: what it was asked, how many requests it had at once."""

    def __init__(self, script: Script) -> None:
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                asked = Asked(self.path, dict(self.headers), json.loads(content), time.monotonic())
                with model._lock:
                    model.asked.append(asked)
                    model._at_once += 1
                    model.most_at_once = max(model.most_at_once, model._at_once)
                try:
                    answer = script(asked)
                    time.sleep(answer.delay)
                finally:
                    with model._lock:
                        model._at_once -= 1
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer.body) + (1000 if answer.cut else 0)))
                    self.end_headers()
                    if answer.drip:
                        for byte in answer.body:
                            self.wfile.write(bytes([byte]))
                            self.wfile.flush()
                            time.sleep(answer.drip)
                    else:
                        self.wfile.write(answer.body)
                    self.close_connection = answer.cut
                except OSError:
                    pass  # the client has hung up

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator["ScriptedModel"]:
        """The server, while it runs."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def scripted(script: Script | list[Answered]) -> "ScriptedModel":
    """A server that answers by a function, or with a list of answers in turn, the last one for ever."""
    if callable(script):
        return ScriptedModel(script)
    left = iter(script[:-1])
    lock = threading.Lock()

    def next_(_: Asked) -> Answered:
        with lock:
            return next(left, script[-1])

    return ScriptedModel(next_)
