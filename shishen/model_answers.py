"""Answers of a model as records: asked for by a JSON schema, checked, repaired once, kept by what was asked.

    answers = Answers(client, Reply, Request(name="dishes", prompt=…, repair=…, model="qwen-plus"))
    answers.ask("…", stop)      # a Reply that holds, or Unanswered

Answers that hold are kept by version, model, prompts, text and the options that shape an answer, so that a run that
was stopped goes on where it was; failures are not kept, and are asked again. The key is never kept.
"""

import hashlib
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from shishen.content_cache import ContentCache
from shishen.errors import BadRecord, ShishenError
from shishen.model_client import Completion, ModelClient, Unanswered

ResponseFormat = Literal["json_schema", "json_object", "none"]
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# Texts taken ahead of the one that is waited for, a place that asks.
_AHEAD = 4
# So many texts without one answer that holds, and the model is the wrong one.
_USELESS_FROM_THE_START = 10

Reply = TypeVar("Reply", bound=Struct)
Asked = TypeVar("Asked")
Came = TypeVar("Came")


class Request(Struct, frozen=True, kw_only=True):
    """What every text is sent with. `prompt` is the system message, `repair` what is said of an answer with a fault.

    `version` is raised when the same answer would be read in another way; `setting` is how errors name the settings.
    """

    name: str
    prompt: str
    repair: str
    model: str
    version: int = 1
    response_format: ResponseFormat = "json_schema"
    max_tokens: int = 0
    setting: str = "structurer.openai"


def prompts_in(folder: Path) -> dict[str, str]:
    """The prompts of a folder, each by the name of its file."""
    return {path.stem: path.read_text(encoding="utf-8").strip() for path in folder.glob("*.md")}


def schema_of(reply: type[Struct]) -> dict[str, Any]:
    """The JSON schema of a reply as `response_format` wants it: every field required, none beside them."""
    (_,), components = msgspec.json.schema_components([reply], ref_template="#/$defs/{name}")
    for definition in components.values():
        definition["required"] = list(definition["properties"])
        definition["additionalProperties"] = False
        for field in definition["properties"].values():
            field.pop("default", None)
    return {**components.pop(reply.__name__), "$defs": components}


def read_answer(text: str, reply: type[Reply]) -> Reply:
    """The answer out of what a model says: without its thinking, a code fence, words around it.

    Raises BadRecord with what is wrong, in words for the model and the user.
    """
    text = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise BadRecord("回答里没有完整的 JSON 对象" if text.strip() else "回答是空的")
    try:
        return msgspec.json.decode(text[start : end + 1].encode("utf-8", "replace"), type=reply)
    except msgspec.ValidationError as error:
        raise BadRecord(f"JSON 的内容不合格式：{error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRecord(f"JSON 不完整或有错：{error}") from error


class Answers(Generic[Reply]):
    """One kind of question to one model. Safe to share between threads; `read` may refuse a reply (BadRecord)."""

    def __init__(
        self,
        client: ModelClient,
        reply: type[Reply],
        request: Request,
        cache: ContentCache | None = None,
        read: Callable[[str], Reply] | None = None,
    ) -> None:
        self._client = client
        self._reply = reply
        self._cache = cache
        self._read = read or (lambda text: read_answer(text, reply))
        prompt = request.prompt
        if request.response_format != "json_schema":
            prompt += f"\n\n## 格式\n\n回答要合乎这个 JSON Schema：\n\n{msgspec.json.encode(schema_of(reply)).decode()}"
        self._request = msgspec.structs.replace(request, prompt=prompt)
        self._useful, self._useless_count = False, 0

    def messages(self, text: str) -> list[dict[str, str]]:
        """What is sent of a text."""
        # Fonts without a proper table give halves of characters, which no JSON holds.
        words = CONTROLS.sub("", text)
        return [{"role": "system", "content": self._request.prompt}, {"role": "user", "content": words}]

    def kept(self, text: str) -> Reply | None:
        """The answer that was kept; None where there is none."""
        kept = self._cache.get(self._key(text)) if self._cache is not None else None
        try:
            return None if kept is None else msgspec.json.decode(kept, type=self._reply)
        except msgspec.DecodeError:
            return None

    def ask(self, text: str, stop: threading.Event) -> Reply:
        """The answer, kept from before or else asked for and kept; after one repair where it did not hold.

        Raises Unanswered where none holds, ShishenError where no request can come to anything.
        """
        if (kept := self.kept(text)) is not None:
            return kept
        messages = self.messages(text)
        completion = self._complete(messages, stop)
        try:
            reply = self._checked(completion)
        except BadRecord as fault:
            repair = self._request.repair.replace("{fault}", str(fault))
            said = {"role": "assistant", "content": completion.text or "（空）"}
            completion = self._complete([*messages, said, {"role": "user", "content": repair}], stop)
            try:
                reply = self._checked(completion)
            except BadRecord as again:
                raise self._useless(again) from again
        self._useful = True
        if self._cache is not None:
            self._cache.put(self._key(text), msgspec.json.encode(reply))
        return reply

    def _checked(self, completion: Completion) -> Reply:
        try:
            return self._read(completion.text)
        except BadRecord as error:
            if completion.finish_reason in ("length", "content_filter"):
                why = "太长，被截断了" if completion.finish_reason == "length" else "被服务商的内容过滤拦下了"
                raise BadRecord(f"回答{why}") from error
            raise

    def _useless(self, fault: BadRecord) -> ShishenError:
        """An answer that does not hold even when repaired; a model that never gives another is not paid for more."""
        self._useless_count += 1
        if not self._useful and self._useless_count >= _USELESS_FROM_THE_START:
            return ShishenError(
                f"模型 {self._request.model} 开头 {self._useless_count} 段都没有按格式回答（{fault}）；"
                f"请换一个模型，或换一种 {self._request.setting}.response_format。"
            )
        return Unanswered(f"改过一次仍不行，{fault}")

    def _complete(self, messages: Sequence[dict[str, str]], stop: threading.Event) -> Completion:
        return self._client.complete(
            messages, response_format=self._response_format, max_tokens=self._request.max_tokens or None, stop=stop
        )

    @property
    def _response_format(self) -> dict[str, Any] | None:
        if self._request.response_format == "json_schema":
            schema = {"name": self._request.name, "strict": True, "schema": schema_of(self._reply)}
            return {"type": "json_schema", "json_schema": schema}
        return None if self._request.response_format == "none" else {"type": "json_object"}

    def _key(self, text: str) -> str:
        request = self._request
        asked = (
            request.version,
            request.model,
            request.response_format,
            request.max_tokens,
            request.repair,
            self.messages(text),
        )
        return hashlib.blake2b(msgspec.json.encode(asked), digest_size=32).hexdigest()


def in_order(
    work: Callable[[Asked, threading.Event], Came], texts: Iterable[Asked], concurrency: int
) -> Iterator[Came]:
    """What came of each, in their order, while up to `concurrency` are worked on; few are taken ahead.

    Closing it, or a work that raises, sets the event that every work is given: what is under way is paid for, ends by
    itself and is kept.
    """
    stop = threading.Event()

    def worked(text: Asked) -> Came:
        try:
            return work(text, stop)
        except BaseException:
            stop.set()
            raise

    waiting: deque[Future[Came]] = deque()
    workers = ThreadPoolExecutor(concurrency, thread_name_prefix="asking")
    try:
        for text in texts:
            waiting.append(workers.submit(worked, text))
            while waiting and (waiting[0].done() or len(waiting) >= concurrency * _AHEAD):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        stop.set()
        workers.shutdown(wait=False, cancel_futures=True)
