"""A language model behind any OpenAI-compatible endpoint reads each passage into JSON; cached, limited, repaired once.

What the rules had is never lost: where the model fails or finds nothing, their reading is given with a doubt that
says so, and only a passage that they could not read either is rejected, with its page and the reason. Whether what
the model says stands on the page is not looked at here (`domains/cooking/page_grounding.py`).
Answers that hold are kept by engine version, model, prompt, passage and the options that shape an answer, so that a
run that was stopped goes on where it was; failures are not kept, and are asked again. The key is never kept.
"""

import hashlib
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from shishen.content_cache import ContentCache
from shishen.errors import BadRecord, ShishenError
from shishen.model_client import Completion, Endpoint, ModelClient, Unanswered
from shishen.pages import Passage, Reading
from shishen.protocols import Cost, Structurer
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.token_estimate import estimated_tokens, message_tokens

EXTRA = None

# Raise it when the same answer would be read in another way.
VERSION = 1
PROMPTS = Path(__file__).parent / "prompts"
# A passage is a dish or a few pages; what is longer is no dish, and would cost as much as a book.
_LONGEST_PASSAGE = 20_000
# A model does not say how sure it is; grounding lowers this where it drops something.
_SURE = 0.9
# Passages taken ahead of the one that is waited for, a place that asks.
_AHEAD = 4
# So many passages without one answer that holds, and the model is the wrong one.
_USELESS_FROM_THE_START = 10
# The JSON around the words of an answer, in tokens.
_FRAME_TOKENS = 200
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

Positive = Annotated[float, Meta(ge=0)]


class Options(Struct, frozen=True):
    """Which model, what its server allows, what it costs.

    `base_url`: empty for the environment's OPENAI_BASE_URL. `key_variable`: the environment variable that holds the
    key. `only_uncertain`: passages that the rules read with every confidence at or above `threshold` are not sent.
    `retries`: after faults that pass. 0 requests or tokens a minute: no limit. `input_price`, `output_price`: per
    million tokens in `currency`; both 0: money is not shown. `max_tokens`: of one answer, 0 leaves it to the server.
    `path`: the folder of kept answers; empty for the one in the home folder.
    """

    base_url: str = ""
    model: str = ""
    key_variable: str = "OPENAI_API_KEY"
    only_uncertain: bool = False
    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.9
    concurrency: Annotated[int, Meta(ge=1, le=64)] = 4
    timeout_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 120.0
    retries: Annotated[int, Meta(ge=0, le=20)] = 4
    requests_per_minute: Positive = 0.0
    tokens_per_minute: Positive = 0.0
    input_price: Positive = 0.0
    output_price: Positive = 0.0
    currency: str = "元"
    max_tokens: Annotated[int, Meta(ge=0)] = 8192
    response_format: Literal["json_schema", "json_object", "none"] = "json_schema"
    path: str = ""


# --- what the model answers ---------------------------------------------------------------------------------


class IngredientLine(Struct, frozen=True):
    """One ingredient line as printed, with the heading it stands under."""

    text: str
    group: str | None = None


class CookingStep(Struct, frozen=True):
    """One step as printed, its line breaks joined, with the heading it stands under."""

    text: str
    section: str | None = None


class Dish(Struct, frozen=True, kw_only=True):
    """One dish, copied from the passage."""

    title: str
    aliases: list[str] = []
    category: str | None = None
    servings: str | None = None
    minutes: Annotated[float, Meta(ge=0)] | None = None
    difficulty: Annotated[int, Meta(ge=1, le=5)] | None = None
    description: str | None = None
    ingredients: list[IngredientLine]
    steps: list[CookingStep]
    tips: list[str] = []
    features: str | None = None


class Reply(Struct, frozen=True):
    """Every dish of a passage, in its order; none where it holds no recipe."""

    dishes: list[Dish]


def schema() -> dict[str, Any]:
    """The JSON schema of `Reply` as `response_format` wants it: every field required, none beside them."""
    (_,), components = msgspec.json.schema_components([Reply], ref_template="#/$defs/{name}")
    for definition in components.values():
        definition["required"] = list(definition["properties"])
        definition["additionalProperties"] = False
        for field in definition["properties"].values():
            field.pop("default", None)
    return {**components.pop("Reply"), "$defs": components}


def read_reply(text: str) -> Reply:
    """The answer out of what a model says: without its thinking, a code fence, words around it.

    Raises BadRecord with what is wrong, in words for the model and the user.
    """
    text = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise BadRecord("回答里没有完整的 JSON 对象" if text.strip() else "回答是空的")
    try:
        reply = msgspec.json.decode(text[start : end + 1].encode("utf-8", "replace"), type=Reply)
    except msgspec.ValidationError as error:
        raise BadRecord(f"JSON 的内容不合格式：{error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRecord(f"JSON 不完整或有错：{error}") from error
    if nameless := [f"dishes[{i}]" for i, dish in enumerate(reply.dishes) if _words(dish.title) is None]:
        raise BadRecord(f"{'、'.join(nameless)} 没有菜名；没有菜名的不是菜谱")
    return reply


# --- the engine ----------------------------------------------------------------------------------------------


class OpenaiStructurer:
    """One model. Nothing is opened or read before the first passage."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._cache = ContentCache(options.path) if options.path else None
        names = {field.name for field in msgspec.structs.fields(Endpoint)}
        given = {name: value for name, value in msgspec.structs.asdict(options).items() if name in names}
        self._useful, self._useless_count = False, 0
        self._client = ModelClient(Endpoint(**given, setting="structurer.openai"))

    def estimate(self, passages: Sequence[Passage]) -> Cost | None:
        """Requests, tokens and money for those passages that would be sent; an answer is about as long as its text."""
        asked = [passage for passage in passages if self._to_pay(passage)]
        return self._cost(
            len(asked),
            sum(message_tokens(self._messages(passage)) for passage in asked),
            sum(estimated_tokens(passage.text) + _FRAME_TOKENS for passage in asked),
        )

    def spent(self) -> Cost | None:
        """What was used so far, repairs included."""
        spent = self._client.spent
        return self._cost(spent.requests, spent.input_tokens, spent.output_tokens)

    def structure(self, passages: Iterable[Passage]) -> Iterator[Reading | Rejected]:
        """What each passage holds, in their order, while up to `concurrency` requests run.

        Of several dishes in one passage only the first has the passage's own line as its source; the stage numbers
        the others. Raises ShishenError where no request can succeed.
        """
        stop = threading.Event()
        waiting: deque[Future[list[Reading | Rejected]]] = deque()
        workers = ThreadPoolExecutor(self._options.concurrency, thread_name_prefix="structurer")
        try:
            for passage in passages:
                waiting.append(workers.submit(self._read, passage, stop))
                while waiting and (waiting[0].done() or len(waiting) >= self._options.concurrency * _AHEAD):
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            # What is under way is paid for: it ends by itself and is kept.
            stop.set()
            workers.shutdown(wait=False, cancel_futures=True)

    # --- one passage -------------------------------------------------------------------------------------

    def _read(self, passage: Passage, stop: threading.Event) -> list[Reading | Rejected]:
        if not self._sent(passage):
            return [] if passage.reading is None else [passage.reading]
        if len(passage.text) > _LONGEST_PASSAGE:
            return self._as_by_rules(passage, f"这一段有 {len(passage.text)} 个字，太长，没有发给模型")
        try:
            reply = self._kept(passage) or self._ask(passage, stop)
        except Unanswered as error:
            return self._as_by_rules(passage, f"模型没有读成：{error}")
        if not reply.dishes:
            return [] if passage.reading is None else self._as_by_rules(passage, "模型认为这里没有菜谱")
        return list(_readings(passage, reply))

    def _sent(self, passage: Passage) -> bool:
        """Whether this passage is for the model."""
        if not _CONTROLS.sub("", passage.text).strip():
            return False
        if not self._options.only_uncertain or passage.reading is None:
            return True
        sure = passage.reading.confidence.values()
        return not sure or min(sure) < self._options.threshold

    def _to_pay(self, passage: Passage) -> bool:
        return self._sent(passage) and len(passage.text) <= _LONGEST_PASSAGE and self._kept(passage) is None

    def _as_by_rules(self, passage: Passage, reason: str) -> list[Reading | Rejected]:
        if passage.reading is not None:
            return [replace(passage.reading, doubts=(*passage.reading.doubts, f"{reason}；这里是按规则读的"))]
        page = _page(passage)
        place = "" if page is None else f"第 {page} 页："
        return [Rejected(path=passage.path, page=page, reason=f"{place}{reason}")]

    def _ask(self, passage: Passage, stop: threading.Event) -> Reply:
        """The model's answer, kept. Raises Unanswered where there is none that holds, after one repair."""
        messages = self._messages(passage)
        completion = self._complete(messages, stop)
        try:
            reply = _checked(completion)
        except BadRecord as fault:
            repair = self._prompts["repair"].replace("{fault}", str(fault))
            said = {"role": "assistant", "content": completion.text or "（空）"}
            completion = self._complete([*messages, said, {"role": "user", "content": repair}], stop)
            try:
                reply = _checked(completion)
            except BadRecord as again:
                raise self._useless(again) from again
        self._useful = True
        if self._cache is not None:
            self._cache.put(self._key(passage), msgspec.json.encode(reply))
        return reply

    def _useless(self, fault: BadRecord) -> ShishenError:
        """An answer that does not hold even when repaired; a model that never gives another is not paid for more."""
        self._useless_count += 1
        if not self._useful and self._useless_count >= _USELESS_FROM_THE_START:
            model, setting = self._options.model, "structurer.openai"
            return ShishenError(
                f"模型 {model} 开头 {self._useless_count} 段都没有按格式回答（{fault}）；"
                f"请换一个模型，或换一种 {setting}.response_format。"
            )
        return Unanswered(f"改过一次仍不行，{fault}")

    def _complete(self, messages: Sequence[dict[str, str]], stop: threading.Event) -> Completion:
        return self._client.complete(
            messages, response_format=self._response_format, max_tokens=self._options.max_tokens or None, stop=stop
        )

    # --- what is asked, what is kept ----------------------------------------------------------------------

    def _messages(self, passage: Passage) -> list[dict[str, str]]:
        # Fonts without a proper table give halves of characters, which no JSON holds.
        text = _CONTROLS.sub("", passage.text)
        return [{"role": "system", "content": self._prompts["structure"]}, {"role": "user", "content": text}]

    @cached_property
    def _prompts(self) -> dict[str, str]:
        prompts = {path.stem: path.read_text(encoding="utf-8").strip() for path in PROMPTS.glob("*.md")}
        if self._options.response_format != "json_schema":
            described = msgspec.json.encode(schema()).decode()
            prompts["structure"] += f"\n\n## 格式\n\n回答要合乎这个 JSON Schema：\n\n{described}"
        return prompts

    @cached_property
    def _response_format(self) -> dict[str, Any] | None:
        if self._options.response_format == "json_schema":
            return {"type": "json_schema", "json_schema": {"name": "dishes", "strict": True, "schema": schema()}}
        return None if self._options.response_format == "none" else {"type": "json_object"}

    def _kept(self, passage: Passage) -> Reply | None:
        kept = self._cache.get(self._key(passage)) if self._cache is not None else None
        try:
            return None if kept is None else msgspec.json.decode(kept, type=Reply)
        except msgspec.DecodeError:
            return None

    def _key(self, passage: Passage) -> str:
        asked = (
            VERSION,
            self._options.model,
            self._options.response_format,
            self._options.max_tokens,
            self._prompts["repair"],
            self._messages(passage),
        )
        return hashlib.blake2b(msgspec.json.encode(asked), digest_size=32).hexdigest()

    def _cost(self, requests: int, input_tokens: int, output_tokens: int) -> Cost:
        prices = self._options.input_price, self._options.output_price
        money = (input_tokens * prices[0] + output_tokens * prices[1]) / 1_000_000 if any(prices) else None
        return Cost(
            requests=requests,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            money=money,
            currency=self._options.currency,
        )


def _checked(completion: Completion) -> Reply:
    try:
        return read_reply(completion.text)
    except BadRecord as error:
        if completion.finish_reason in ("length", "content_filter"):
            why = "太长，被截断了" if completion.finish_reason == "length" else "被服务商的内容过滤拦下了"
            raise BadRecord(f"回答{why}") from error
        raise


# --- an answer as readings -----------------------------------------------------------------------------------


def _readings(passage: Passage, reply: Reply) -> Iterator[Reading]:
    """One reading a dish; of a dish that was given twice the fuller one."""
    by_title: dict[str, Dish] = {}
    for dish in reply.dishes:
        name = "".join(dish.title.split())
        if name not in by_title or _size(dish) > _size(by_title[name]):
            by_title[name] = dish
    for number, dish in enumerate(by_title.values()):
        draft = _draft(dish, _source(passage, dish.title, number))
        doubts = [f"模型没有找到{what}" for what, found in (("材料", draft.lines), ("步骤", draft.steps)) if not found]
        yield Reading(
            draft=draft,
            confidence={
                "title": _SURE,
                "ingredients": _SURE if draft.lines else 0.0,
                "steps": _SURE if draft.steps else 0.0,
            },
            doubts=tuple(doubts),
            lines=passage.lines,
        )


def _size(dish: Dish) -> int:
    return len(dish.ingredients) + len(dish.steps)


def _draft(dish: Dish, source: Source) -> Draft:
    return Draft(
        title=_words(dish.title) or "",
        source=source,
        aliases=_several(dish.aliases),
        category=_words(dish.category),
        servings=_words(dish.servings),
        # Of what nobody said models make 0.
        minutes=dish.minutes or None,
        difficulty=dish.difficulty,
        description=_words(dish.description),
        lines=tuple(DraftLine(text, _words(line.group)) for line in dish.ingredients if (text := _words(line.text))),
        steps=tuple(DraftStep(text, _words(step.section)) for step in dish.steps if (text := _words(step.text))),
        tips=_several(dish.tips),
        features=_words(dish.features),
    )


def _words(text: str | None) -> str | None:
    """Words in one line; None where there are none."""
    return " ".join(_CONTROLS.sub("", text or "").split()) or None


def _several(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(words for text in texts if (words := _words(text)))


def _source(passage: Passage, title: str, number: int) -> Source:
    """Where a dish of the passage stands: the place that the rules gave, else the page that its name stands on."""
    if number == 0 and passage.reading is not None:
        return passage.reading.draft.source
    name = "".join(title.split())
    page = next((line.page for line in passage.lines if name in "".join(line.text.split())), _page(passage))
    return Source(path=passage.path, page=page)


def _page(passage: Passage) -> int | None:
    return next((line.page for line in passage.lines if line.page is not None), None)


def build(options: Options) -> Structurer:
    """The structurer; faults of the options are named when the first passage is sent."""
    return OpenaiStructurer(options)
