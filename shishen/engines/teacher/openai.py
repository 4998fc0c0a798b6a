"""A model behind any OpenAI-compatible endpoint rewords questions and asks about passages; cached, repaired once.

Questions go a few at a time, passages one at a time. Nothing of what comes back is checked here but its form: whether
a wording still asks the same, and whether an answer stands in its passage, is for the one who asked.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shishen.content_cache import ContentCache
from shishen.model_answers import CONTROLS, Answers, Request, ResponseFormat, in_order, prompts_in
from shishen.model_client import Endpoint, ModelClient, Unanswered
from shishen.protocols import Cost, Lesson, Taught, Teacher, Untaught
from shishen.token_estimate import estimated_tokens, message_tokens

EXTRA = None

# Raise it when the same answer would be read in another way.
VERSION = 1
PROMPTS = Path(__file__).parent / "prompts"
# Questions a request: the rules are sent once for all of them, and one bad answer costs only these.
_TOGETHER = 8
# Tokens of a pair of question, answer and quote, about; and of the JSON around a wording.
_PAIR_TOKENS, _WORDING_FRAME = 150, 8

Positive = Annotated[float, Meta(ge=0)]


class Options(Struct, frozen=True):
    """Which model, what its server allows, what it costs.

    `base_url`: empty for the environment's OPENAI_BASE_URL. `key_variable`: the environment variable that holds the
    key. `retries`: after faults that pass. 0 requests or tokens a minute: no limit. `input_price`, `output_price`: per
    million tokens in `currency`; both 0: money is not shown. `max_tokens`: of one answer, 0 leaves it to the server.
    `path`: the folder of kept answers; empty for the one in the home folder.
    """

    base_url: str = ""
    model: str = ""
    key_variable: str = "OPENAI_API_KEY"
    concurrency: Annotated[int, Meta(ge=1, le=64)] = 4
    timeout_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 120.0
    retries: Annotated[int, Meta(ge=0, le=20)] = 4
    requests_per_minute: Positive = 0.0
    tokens_per_minute: Positive = 0.0
    input_price: Positive = 0.0
    output_price: Positive = 0.0
    currency: str = "元"
    max_tokens: Annotated[int, Meta(ge=0)] = 4096
    response_format: ResponseFormat = "json_schema"
    path: str = ""


# --- what the model answers ---------------------------------------------------------------------------------


class Wordings(Struct, frozen=True):
    """Other wordings of the question with this number, from 1."""

    number: int
    wordings: list[str]


class Paraphrases(Struct, frozen=True):
    """Every question of a request."""

    questions: list[Wordings]


class Pair(Struct, frozen=True):
    """One question on a passage, its answer, and the words of the passage that it stands on."""

    question: str
    answer: str
    quote: str


class Pairs(Struct, frozen=True):
    """Every pair of a passage; none where it says nothing worth asking."""

    pairs: list[Pair]


# --- the engine ----------------------------------------------------------------------------------------------


class OpenaiTeacher:
    """One model. Nothing is opened or read before the first question."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._cache = ContentCache(options.path) if options.path else None
        names = {field.name for field in msgspec.structs.fields(Endpoint)}
        given = {name: value for name, value in msgspec.structs.asdict(options).items() if name in names}
        self._client = ModelClient(Endpoint(**given, setting="teacher.openai"))

    def estimate(self, asked: Iterable[str | Lesson], count: int = 0) -> Cost | None:
        """Requests, tokens and money for what would be sent; wordings are about as long as their question."""
        requests = tokens_in = tokens_out = 0
        questions: list[str] = []

        def take(answers: Answers[Paraphrases] | Answers[Pairs], text: str, said: int) -> None:
            nonlocal requests, tokens_in, tokens_out
            if answers.kept(text) is None:
                requests += 1
                tokens_in += message_tokens(answers.messages(text))
                tokens_out += said

        def take_questions() -> None:
            if questions:
                said = sum((estimated_tokens(question) + _WORDING_FRAME) * count for question in questions)
                take(self._paraphrases, _numbered(questions, count), said)
                questions.clear()

        for one in asked:
            if isinstance(one, Lesson):
                take(self._pairs, _spoken(one), one.count * _PAIR_TOKENS)
                continue
            questions.append(one)
            if len(questions) == _TOGETHER:
                take_questions()
        take_questions()
        return self._cost(requests, tokens_in, tokens_out)

    def paraphrase(self, questions: Iterable[str], count: int) -> Iterator[tuple[str, ...] | Untaught]:
        """The wordings of each question, in their order, while up to `concurrency` requests run."""

        def word(together: Sequence[str], stop: threading.Event) -> list[tuple[str, ...] | Untaught]:
            try:
                reply = self._paraphrases.ask(_numbered(together, count), stop)
            except Unanswered as error:
                return [Untaught(f"模型没有答成：{error}")] * len(together)
            by_number = {one.number: one.wordings for one in reply.questions}
            return [
                tuple(_in_one_line(text) for text in by_number[number][:count])
                if number in by_number
                else Untaught("模型漏了这一句")
                for number in range(1, len(together) + 1)
            ]

        for several in in_order(word, _batches(questions), self._options.concurrency):
            yield from several

    def questions(self, lessons: Iterable[Lesson]) -> Iterator[tuple[Taught, ...] | Untaught]:
        """The pairs of each lesson, in their order, while up to `concurrency` requests run."""

        def teach(lesson: Lesson, stop: threading.Event) -> tuple[Taught, ...] | Untaught:
            try:
                reply = self._pairs.ask(_spoken(lesson), stop)
            except Unanswered as error:
                return Untaught(f"模型没有答成：{error}")
            return tuple(
                Taught(question=_in_one_line(one.question), answer=one.answer.strip(), quote=one.quote.strip())
                for one in reply.pairs
            )

        return in_order(teach, lessons, self._options.concurrency)

    def spent(self) -> Cost | None:
        """What was used so far, repairs included."""
        spent = self._client.spent
        return self._cost(spent.requests, spent.input_tokens, spent.output_tokens)

    # --- what is asked, what is kept ----------------------------------------------------------------------

    @cached_property
    def _paraphrases(self) -> Answers[Paraphrases]:
        return Answers(self._client, Paraphrases, self._request("paraphrase"), self._cache)

    @cached_property
    def _pairs(self) -> Answers[Pairs]:
        return Answers(self._client, Pairs, self._request("questions"), self._cache)

    def _request(self, name: str) -> Request:
        prompts = prompts_in(PROMPTS)
        return Request(
            name=name,
            prompt=prompts[name],
            repair=prompts["repair"],
            model=self._options.model,
            version=VERSION,
            response_format=self._options.response_format,
            max_tokens=self._options.max_tokens,
            setting="teacher.openai",
        )

    def _cost(self, requests: int, input_tokens: int, output_tokens: int) -> Cost:
        prices = self._options.input_price, self._options.output_price
        return Cost.priced(requests, input_tokens, output_tokens, prices, self._options.currency)


def _batches(questions: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(questions)
    while batch := list(islice(waiting, _TOGETHER)):
        yield batch


def _numbered(questions: Sequence[str], count: int) -> str:
    """What is sent of some questions."""
    lines = "\n".join(f"{number}. {_in_one_line(question)}" for number, question in enumerate(questions, 1))
    return f"每个问题要 {count} 种说法。\n\n{lines}"


def _spoken(lesson: Lesson) -> str:
    """What is sent of a passage; its text last, so that nothing in it is taken for a word of ours."""
    asked = "\n".join(f"- {_in_one_line(question)}" for question in lesson.asked)
    before = f"这一段已经问过：\n{asked}\n请问别的。\n\n" if asked else ""
    return f"文件：{_in_one_line(lesson.title)}\n要 {lesson.count} 对。\n\n{before}原文：\n\n{lesson.text}"


def _in_one_line(text: str) -> str:
    return " ".join(CONTROLS.sub("", text).split())


def build(options: Options) -> Teacher:
    """The teacher; faults of the options are named when the first question is sent."""
    return OpenaiTeacher(options)
