"""A client of any OpenAI-compatible server: one chat completion at a time, from as many threads as wanted.

    client = ModelClient(Endpoint(base_url="http://127.0.0.1:11434/v1", model="qwen2.5"))
    client.complete([{"role": "user", "content": "…"}], response_format={"type": "json_object"}).text

It holds the limits of the server (how many at once, requests and tokens a minute), asks again after faults that
pass (429, 5xx, time-outs, broken answers) with growing pauses or those that `Retry-After` names, and tells two
kinds of failure apart: `Unanswered` for this one request, any other ShishenError where no request can succeed (a
wrong key, nobody there). The key comes from the environment and stands in no error and no repr.
"""

import os
import random
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from shishen.errors import ShishenError
from shishen.pacing import Pace, seconds_asked_for
from shishen.token_estimate import estimated_tokens, message_tokens

if TYPE_CHECKING:
    import httpx

LONGEST_BODY = 8_000_000
# Pauses between tries in seconds: they double, each up to half as long again so that threads do not return at once.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
# A server that asks for a longer pause is not waited for.
_PATIENCE = 300.0
# So many requests in a row that came to nothing, and the server counts as gone.
_FAILURES_IN_A_ROW = 5
# Parameters that some models refuse (400), and what they are called there; None: left out.
_RENAMED: dict[str, str | None] = {"max_tokens": "max_completion_tokens", "temperature": None}
_STATUSES_THAT_PASS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})


class Unanswered(ShishenError):
    """One request that came to nothing; others may well succeed."""


class Endpoint(Struct, frozen=True, kw_only=True):
    """Where a model is and what its server allows.

    An empty `base_url` is the environment's OPENAI_BASE_URL; `key_variable` names the variable that holds the
    key, and may be unset where the server wants none. `retries` are tries after the first, `timeout_seconds` is
    for one whole try, 0 requests or tokens a minute mean no limit. `setting` is how errors name the settings.
    """

    base_url: str = ""
    model: str = ""
    key_variable: str = "OPENAI_API_KEY"
    timeout_seconds: float = 120.0
    retries: int = 4
    concurrency: int = 4
    requests_per_minute: float = 0.0
    tokens_per_minute: float = 0.0
    setting: str = "structurer.openai"


class Completion(Struct, frozen=True):
    """What the model said, and what it was billed at (estimated where the server does not say).

    `finish_reason` is the server's: `stop`, `length` where the answer was cut off, `content_filter` …
    """

    text: str
    input_tokens: int
    output_tokens: int
    finish_reason: str | None = None


class Spent(Struct, frozen=True):
    """What a client has used so far: completions, tokens in and out."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class ModelClient:
    """One endpoint. Safe to share between threads; opens nothing before the first request."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(max(1, endpoint.concurrency))
        self._pace = Pace(endpoint.requests_per_minute, endpoint.tokens_per_minute)
        self._http: httpx.Client | None = None
        self._refused: set[str] = set()
        self._spent = Spent()
        self._failures = 0

    @property
    def spent(self) -> Spent:
        """What was used so far."""
        return self._spent

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        response_format: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        stop: threading.Event | None = None,
    ) -> Completion:
        """One completion, when it is its turn. `stop`, once set, ends the waiting (not a request under way).

        Raises Unanswered where this request came to nothing, ShishenError where none can come to anything.
        """
        if not self._endpoint.model:
            name = self._endpoint.setting
            raise ShishenError(f"没有说用哪个模型；请设置 {name}.model（例如 --set {name}.model=qwen-plus）。")
        wanted = {"response_format": response_format, "max_tokens": max_tokens, "temperature": temperature}
        body: dict[str, Any] = {"model": self._endpoint.model, "messages": list(messages)}
        body |= {name: value for name, value in wanted.items() if value is not None}
        stop = stop or threading.Event()
        expected = message_tokens(messages)
        pause, tries = _FIRST_PAUSE, 0
        while True:
            try:
                with self._places:
                    self._pace.wait(expected, stop)
                    if stop.is_set():
                        raise Unanswered("停下了，没有再问")
                    completion = self._try(self._accepted(body), expected)
            except _Passing as fault:
                tries += 1
                if tries > self._endpoint.retries or fault.pause > _PATIENCE:
                    raise self._failure(str(fault), gone=fault.gone) from fault.__cause__
                if fault.pause:
                    # The server means all threads.
                    self._pace.hold(fault.pause)
                stop.wait(max(fault.pause, pause * random.uniform(1.0, 1.5)))
                pause = min(_LONGEST_PAUSE, pause * 2)
                continue
            except _Refused as refused:
                self._refused.add(refused.parameter)
                continue
            self._pace.settle(expected, completion.input_tokens + completion.output_tokens)
            with self._lock:
                self._failures = 0
                self._spent = Spent(
                    self._spent.requests + 1,
                    self._spent.input_tokens + completion.input_tokens,
                    self._spent.output_tokens + completion.output_tokens,
                )
            return completion

    # --- one try -----------------------------------------------------------------------------------------

    def _try(self, body: dict[str, Any], expected: int) -> Completion:
        import httpx

        try:
            status, headers, content = self._exchange(body)
        except httpx.TimeoutException as error:
            raise _Passing(f"{self._place} 在 {self._endpoint.timeout_seconds:g} 秒内没有答完") from error
        except httpx.ConnectError as error:
            words = f"连不上模型服务 {self._place}；请检查它是否在运行、网络和 {self._endpoint.setting}.base_url"
            if not self._spent.requests:
                # Nobody was ever there: a wrong address, and waiting is of no use.
                raise ShishenError(f"{words}。") from error
            raise _Passing(words, gone=True) from error
        except httpx.RequestError as error:
            raise _Passing(f"与 {self._place} 的连接断了（{type(error).__name__}）") from error
        if status != 200:
            raise self._refusal(status, headers, content, body)
        return self._completion(content, headers, expected)

    def _exchange(self, body: dict[str, Any]) -> tuple[int, "httpx.Headers", bytes]:
        """One request: status, headers and body. The time limit is for the whole answer, not for a piece of it."""
        import httpx

        end = time.monotonic() + self._endpoint.timeout_seconds
        content = bytearray()
        with self._client().stream("POST", "chat/completions", content=msgspec.json.encode(body)) as response:
            for piece in response.iter_bytes():
                content += piece
                if len(content) > LONGEST_BODY:
                    raise Unanswered(f"{self._place} 的回答超过 {LONGEST_BODY // 1_000_000} MB，没有读完")
                if time.monotonic() > end:
                    raise httpx.ReadTimeout("over the time for the whole answer")
            return response.status_code, response.headers, bytes(content)

    def _completion(self, content: bytes, headers: Mapping[str, str], expected: int) -> Completion:
        try:
            reply = msgspec.json.decode(content, type=_Reply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            kind = headers.get("content-type", "").partition(";")[0] or "空的"
            hint = f"；请检查 {self._endpoint.setting}.base_url，它通常以 /v1 结尾" if "html" in kind else ""
            raise _Passing(f"{self._place} 的回答不是该有的 JSON（{kind}，{len(content)} 字节）{hint}") from error
        if not reply.choices:
            if reply.error is not None:
                raise _Passing(f"{self._place} 报错：{self._words(content)}")
            raise _Passing(f"{self._place} 的回答是空的")
        choice = reply.choices[0]
        said = choice.message.content or ""
        text = said if isinstance(said, str) else "".join(str(part.get("text", "")) for part in said)
        return Completion(
            text,
            _billed(reply.usage, "prompt_tokens", expected),
            _billed(reply.usage, "completion_tokens", estimated_tokens(text)),
            choice.finish_reason,
        )

    def _refusal(self, status: int, headers: Mapping[str, str], content: bytes, body: dict[str, Any]) -> Exception:
        """What an answer other than 200 means: a fault that passes, one of this request, or one of all."""
        words, name = self._words(content), self._endpoint.setting
        if status in (401, 403):
            variable = self._endpoint.key_variable
            state = "里的密钥没有通过" if self._key() else "没有设，而这里要密钥"
            if variable not in os.environ and not variable.isupper():
                # Somebody may have written the key itself there: it is not repeated.
                variable, state = f"（{name}.key_variable 所说的）", "没有设；那里要写变量的名字，不是密钥本身"
            return ShishenError(f"{self._place} 拒绝了请求（{status}）：环境变量 {variable} {state}；请检查它。")
        if status == 402 or (status == 429 and "insufficient_quota" in words):
            return ShishenError(f"{self._place} 说余额或额度不足（{status}）：{words}；请充值，再运行一次会接着做。")
        if status in (404, 405) or 300 <= status < 400:
            return ShishenError(
                f"{self._place} 没有这个接口或模型 {self._endpoint.model}（{status}{words and f'：{words}'}）；"
                f"请检查 {name}.base_url（通常以 /v1 结尾）和 {name}.model。"
            )
        if status in _STATUSES_THAT_PASS:
            what = "嫌太快" if status == 429 else "出错"
            return _Passing(
                f"{self._place} {what}（{status}{words and f'：{words}'}）", pause=seconds_asked_for(headers)
            )
        if status == 400:
            for parameter in _RENAMED:
                if parameter in body and parameter in words and "support" in words:
                    return _Refused(parameter)
            if "response_format" in body and ("response_format" in words or "json_schema" in words):
                return ShishenError(
                    f"{self._place} 不支持这种 response_format：{words}；"
                    f"请设置 {name}.response_format=json_object 或 none。"
                )
        return self._failure(f"{self._place} 拒绝了请求（{status}{words and f'：{words}'}）", gone=False)

    def _failure(self, words: str, *, gone: bool) -> ShishenError:
        """One request has failed for good; too many in a row, or nobody there any more, and all have."""
        with self._lock:
            self._failures += 1
            count = self._failures
        if gone or count >= _FAILURES_IN_A_ROW:
            times = "" if gone else f"（连续 {count} 次）"
            return ShishenError(f"{words}{times}。已经答过的都存着，再运行一次会接着做。")
        return Unanswered(words)

    # --- what is sent ------------------------------------------------------------------------------------

    def _accepted(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body without parameters that this model has refused, or with their other names."""
        sent: dict[str, Any] = {}
        for name, value in body.items():
            other = _RENAMED[name] if name in self._refused else name
            if other is not None:
                sent[other] = value
        return sent

    def _client(self) -> "httpx.Client":
        import httpx

        with self._lock:
            if self._http is None:
                url = self._url()
                headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
                if key := self._key():
                    headers["Authorization"] = f"Bearer {key}"
                try:
                    _ = httpx.URL(url).host
                except (httpx.InvalidURL, ValueError) as error:
                    raise self._no_url() from error
                try:
                    self._http = httpx.Client(
                        base_url=url,
                        headers=headers,
                        timeout=httpx.Timeout(self._endpoint.timeout_seconds, connect=10.0, pool=None),
                        # A proxy of the environment is for the world outside, not for a model on this machine.
                        trust_env=urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"),
                    )
                except (ImportError, ValueError, httpx.InvalidURL) as error:
                    # ALL_PROXY=socks5://… needs a package of its own.
                    words = "环境变量 ALL_PROXY、HTTPS_PROXY 里的代理用不了"
                    raise ShishenError(
                        f"{words}（{error}）；请改正或清除它们，或 pip install 'httpx[socks]'。"
                    ) from error
                weakref.finalize(self, self._http.close)
            return self._http

    def _url(self) -> str:
        """The base URL. Raises ShishenError where there is none, or it is none."""
        url = (self._endpoint.base_url or os.environ.get("OPENAI_BASE_URL", "")).strip()
        name = self._endpoint.setting
        if not url:
            raise ShishenError(
                f"没有说模型服务在哪里；请设置 {name}.base_url 或环境变量 OPENAI_BASE_URL（例如 http://127.0.0.1:11434/v1）。"
            )
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good or not url.isprintable():
            raise self._no_url()
        return url

    def _no_url(self) -> ShishenError:
        name = self._endpoint.setting
        return ShishenError(f"{name}.base_url 应是 http:// 或 https:// 开头的网址，例如 http://127.0.0.1:11434/v1。")

    def _key(self) -> str:
        key = os.environ.get(self._endpoint.key_variable, "").strip()
        if not key.isascii() or not (key.isprintable() or not key):
            raise ShishenError(f"环境变量 {self._endpoint.key_variable} 里不是密钥（有中文或控制字符）；请检查它。")
        return key

    @property
    def _place(self) -> str:
        """The server for people to read, without a name or password that its URL may hold."""
        parts = urlsplit(self._url())
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"

    def _words(self, content: bytes) -> str:
        """What the server says is wrong, short, in one line and without the key, which some servers repeat."""
        try:
            said = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ""
        error = said.get("error", said) if isinstance(said, dict) else said
        if isinstance(error, dict):
            named = [error.get(part) for part in ("message", "code", "param", "detail")]
            error = " ".join(dict.fromkeys(str(part) for part in named if part))
        text = " ".join(str(error).split())
        return (text.replace(self._key(), "…") if self._key() else text)[:300]


def _billed(usage: Any, name: str, estimate: int) -> int:
    """What the server says that it counted; an answer is not thrown away for a bill that cannot be read."""
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and count >= 0 else estimate


class _Said(Struct):
    content: str | list[dict[str, Any]] | None = None


class _Choice(Struct):
    message: _Said
    finish_reason: str | None = None


class _Reply(Struct):
    choices: list[_Choice] = []
    usage: Any = None
    error: Any = None


class _Passing(Exception):
    """A fault that may pass: the words for the user, the seconds that the server asks for, whether nobody is there."""

    def __init__(self, words: str, *, pause: float = 0.0, gone: bool = False) -> None:
        super().__init__(words)
        self.pause = pause
        self.gone = gone


class _Refused(Exception):
    """A parameter that the model does not know."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter
