"""Documents → pairs of question and answer by a teacher, each held against its passage.

Of each document as many as are wanted, spread over its passages; where some do not hold, others are asked for, of
passages not asked yet first, until there are enough or no passage gives any more.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from msgspec import Struct
from msgspec.structs import replace

from shishen.examples import Evidence, Example, dialogue, example_id
from shishen.protocols import Lesson, Taught, Teacher, Untaught
from shishen.training.dataset.benchmark_check import BenchmarkCheck
from shishen.training.dataset.parts import LeftOut
from shishen.training.documents.evidence import fault_of, span_of
from shishen.training.documents.near_questions import NearQuestions
from shishen.training.documents.passages import DocumentPassage
from shishen.training.quality.filters import Filters, Reason, chinese_share, fault

KIND = "document"
# Pairs a request: more of one passage repeat themselves.
_MOST_A_REQUEST = 8
# Characters of a passage that a pair takes, about.
_A_PAIR = 40
# How often a document is asked again for what did not hold.
_ROUNDS = 8
# A question on a document of another language is none of a lack of Chinese.
_CHINESE = 0.5


class Document(Struct, frozen=True):
    """The passages of one file, in order."""

    path: str
    passages: tuple[DocumentPassage, ...]


class Kept(Struct, frozen=True):
    """An example that holds, with the number of its document, and of its passage in that."""

    document: int
    passage: int
    example: Example


class Enough(Struct, frozen=True):
    """A document is done: how many examples it gave, and why others of it were left out."""

    document: int
    kept: int
    reasons: Counter[str]


class _State(Struct):
    """How far a document is: what has been asked of each passage, and which give no more."""

    asked: list[list[str]]
    times: list[int]
    spent: set[int]
    reasons: Counter[str]
    kept: int = 0


def lessons_of(document: Document, count: int) -> list[Lesson]:
    """What is asked of a document first."""
    return [_lesson(document, passage, wanted, ()) for passage, wanted in _plan(document, _begun(document), count)]


class Checks(Struct, frozen=True):
    """What an example must pass: the filters, the questions so far, the questions of benchmarks."""

    filters: Filters
    seen: NearQuestions
    benchmarks: BenchmarkCheck


def ask(
    documents: Sequence[Document], count: int, teacher: Teacher, checks: Checks, system: str = ""
) -> Iterator[Kept | LeftOut | Enough]:
    """`count` examples of each document, what was left out, and of each document, in order, that it is done.

    Raises ShishenError where the teacher cannot go on.
    """
    states = [_begun(document) for document in documents]
    for _ in range(_ROUNDS):
        plans = [
            (number, passage, wanted)
            for number, (document, state) in enumerate(zip(documents, states, strict=True))
            for passage, wanted in _plan(document, state, count - state.kept)
        ]
        if not plans:
            break
        # Made before the first answer comes, for answers change what has been asked.
        lessons = [_lesson(documents[n], p, wanted, states[n].asked[p]) for n, p, wanted in plans]
        for (number, passage, wanted), came in zip(plans, teacher.questions(lessons), strict=True):
            document, state = documents[number], states[number]
            state.times[passage] += 1
            before = state.kept
            for one in _examples(document.passages[passage], came, checks, system):
                if isinstance(one, LeftOut):
                    state.reasons[one.key] += 1
                    yield one
                elif state.kept - before < wanted:
                    state.kept += 1
                    yield Kept(number, passage, one)
            if state.kept == before:
                state.spent.add(passage)
            # What did not hold is not asked for again either.
            state.asked[passage] += [] if isinstance(came, Untaught) else [taught.question for taught in came]
    yield from (Enough(number, state.kept, state.reasons) for number, state in enumerate(states))


def _begun(document: Document) -> _State:
    count = len(document.passages)
    return _State(asked=[[] for _ in range(count)], times=[0] * count, spent=set(), reasons=Counter())


def _plan(document: Document, state: _State, wanted: int) -> list[tuple[int, int]]:
    """Which passages to ask next, and for how many pairs each: evenly over those that were asked least."""
    left = [n for n in range(len(document.passages)) if n not in state.spent]
    if wanted <= 0 or not left:
        return []
    least = min(state.times[n] for n in left)
    left = [n for n in left if state.times[n] == least]
    chosen = min(wanted, len(left))
    plan = []
    for place in range(chosen):
        passage = left[(2 * place + 1) * len(left) // (2 * chosen)]
        share = (wanted * (place + 1)) // chosen - (wanted * place) // chosen
        room = max(1, len(document.passages[passage].text) // _A_PAIR)
        plan.append((passage, min(share, room, _MOST_A_REQUEST)))
    return plan


def _lesson(document: Document, passage: int, wanted: int, asked: Sequence[str]) -> Lesson:
    name = PurePath(document.path).stem
    heading = document.passages[passage].heading
    title = f"{name}　{heading}" if heading and heading != name else name
    return Lesson(title=title, text=document.passages[passage].text, count=wanted, asked=tuple(asked))


def _examples(
    passage: DocumentPassage, came: tuple[Taught, ...] | Untaught, checks: Checks, system: str
) -> Iterator[Example | LeftOut]:
    """What was taught of a passage, each an example or left out with the reason."""
    if isinstance(came, Untaught):
        yield _left_out(passage, Reason("unanswered", came.reason), "")
        return
    filters = checks.filters
    if chinese_share(passage.text) < _CHINESE:
        filters = replace(filters, chinese=0.0)
    for taught in came:
        reason = fault_of(taught, passage.text)
        example = None if reason else _example(passage, taught, system)
        if example is not None:
            reason = fault(example, filters)
            if reason is None and (hit := checks.benchmarks.hit_of(example)):
                reason = Reason("benchmark", hit.words)
            if reason is None and not checks.seen.see(taught.question):
                reason = Reason("near_question", "和前面的问题几乎一样")
        yield example if example is not None and reason is None else _left_out(passage, reason, taught.question)


def _example(passage: DocumentPassage, taught: Taught, system: str) -> Example | None:
    span = span_of(taught.quote, passage.text)
    if span is None:
        return None
    messages = dialogue([(taught.question, taught.answer)], system)
    start, end = (passage.start + at for at in span)
    return Example(
        id=example_id(messages, KIND, passage.path),
        messages=messages,
        kind=KIND,
        source=passage.path,
        evidence=Evidence(path=passage.path, page=passage.page, start=start, end=end),
    )


def _left_out(passage: DocumentPassage, reason: Reason | None, question: str) -> LeftOut:
    assert reason is not None
    asked = f"「{question:.40}」：" if question else ""
    return LeftOut(key=reason.key, path=passage.path, page=passage.page, reason=f"{asked}{reason.words}")
