"""A language model behind any OpenAI-compatible endpoint reads each passage into JSON; cached, limited, repaired once.

What the rules had is never lost: where the model fails or finds nothing, their reading is given with a doubt that
says so, and only a passage that they could not read either is rejected, with its page and the reason. Whether what
the model says stands on the page is not looked at here (`domains/cooking/page_grounding.py`).
How a model is asked, and what is kept of its answers, is in `model_answers.py`.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from shishen.content_cache import ContentCache
from shishen.errors import BadRecord
from shishen.model_answers import CONTROLS, Answers, Request, in_order, prompts_in, read_answer, schema_of
from shishen.model_client import Endpoint, ModelClient, Unanswered
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
# The JSON around the words of an answer, in tokens.
_FRAME_TOKENS = 200

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
    """The JSON schema of `Reply` as `response_format` wants it."""
    return schema_of(Reply)


def read_reply(text: str) -> Reply:
    """The answer out of what a model says.

    Raises BadRecord with what is wrong, in words for the model and the user.
    """
    reply = read_answer(text, Reply)
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
        self._client = ModelClient(Endpoint(**given, setting="structurer.openai"))

    def estimate(self, passages: Sequence[Passage]) -> Cost | None:
        """Requests, tokens and money for those passages that would be sent; an answer is about as long as its text."""
        asked = [passage for passage in passages if self._to_pay(passage)]
        return self._cost(
            len(asked),
            sum(message_tokens(self._answers.messages(passage.text)) for passage in asked),
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
        for results in in_order(self._read, passages, self._options.concurrency):
            yield from results

    # --- one passage -------------------------------------------------------------------------------------

    def _read(self, passage: Passage, stop: threading.Event) -> list[Reading | Rejected]:
        if not self._sent(passage):
            return [] if passage.reading is None else [passage.reading]
        if len(passage.text) > _LONGEST_PASSAGE:
            return self._as_by_rules(passage, f"这一段有 {len(passage.text)} 个字，太长，没有发给模型")
        try:
            reply = self._answers.ask(passage.text, stop)
        except Unanswered as error:
            return self._as_by_rules(passage, f"模型没有读成：{error}")
        if not reply.dishes:
            return [] if passage.reading is None else self._as_by_rules(passage, "模型认为这里没有菜谱")
        return list(_readings(passage, reply))

    def _sent(self, passage: Passage) -> bool:
        """Whether this passage is for the model."""
        if not CONTROLS.sub("", passage.text).strip():
            return False
        if not self._options.only_uncertain or passage.reading is None:
            return True
        sure = passage.reading.confidence.values()
        return not sure or min(sure) < self._options.threshold

    def _to_pay(self, passage: Passage) -> bool:
        return (
            self._sent(passage) and len(passage.text) <= _LONGEST_PASSAGE and self._answers.kept(passage.text) is None
        )

    def _as_by_rules(self, passage: Passage, reason: str) -> list[Reading | Rejected]:
        if passage.reading is not None:
            return [replace(passage.reading, doubts=(*passage.reading.doubts, f"{reason}；这里是按规则读的"))]
        page = _page(passage)
        place = "" if page is None else f"第 {page} 页："
        return [Rejected(path=passage.path, page=page, reason=f"{place}{reason}")]

    @cached_property
    def _answers(self) -> Answers[Reply]:
        prompts = prompts_in(PROMPTS)
        request = Request(
            name="dishes",
            prompt=prompts["structure"],
            repair=prompts["repair"],
            model=self._options.model,
            version=VERSION,
            response_format=self._options.response_format,
            max_tokens=self._options.max_tokens,
            setting="structurer.openai",
        )
        return Answers(self._client, Reply, request, self._cache, read_reply)

    def _cost(self, requests: int, input_tokens: int, output_tokens: int) -> Cost:
        prices = self._options.input_price, self._options.output_price
        return Cost.priced(requests, input_tokens, output_tokens, prices, self._options.currency)


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
    return " ".join(CONTROLS.sub("", text or "").split()) or None


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
