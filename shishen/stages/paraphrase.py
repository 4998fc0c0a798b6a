"""Paraphrase: the questions of a dataset in other wordings by a teacher, those kept that still ask the same.

A wording must hold what the slots of its template held (the dish, the ingredient), say no number that the question
does not, and be none of the templates' own. The answer stays as it is. Only dialogues of one turn that ask of one
recipe are worded anew; `plain` has one wording, which other programs know it by.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import normalise
from shishen.domains.cooking.dialogues.templates import Templates
from shishen.examples import Example, Split, dialogue, example_id
from shishen.protocols import Cost, Teacher, Untaught
from shishen.training.dataset.parts import LeftOut, left_out_of
from shishen.training.documents.numbers import numbers_of

KINDS = ("recipe", "ingredients", "method", "features", "tips", "fact")
REASONS: Mapping[str, str] = {
    "wording_unanswered": "模型没有换成说法",
    "wording_lost": "换的说法丢了菜名或食材",
    "wording_number": "换的说法多了数",
    "wording_again": "换的说法和已有的一样",
    "wording_long": "换的说法太长",
}
_SLOT = re.compile(r"\{([^{}]*)\}")
# A wording is one sentence; what is so much longer says something else too.
_LONGER_BY = 40
# Questions asked together, and examples held meanwhile.
_ASKED, _CHUNK = 512, 5000


class _Pattern(Struct, frozen=True):
    """A template as a pattern, how many characters of it are its own, and its slots."""

    pattern: re.Pattern[str]
    own: int
    slots: tuple[str, ...]


class Wordings:
    """The templates turned round: what a question's slots held, and whether a wording is one of theirs."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    @cached_property
    def _patterns(self) -> dict[str, list[_Pattern]]:
        found: dict[str, list[_Pattern]] = {kind: [] for kind in KINDS}
        for table, questions in self._templates.questions.items():
            kind = table.partition(".")[0]
            if kind in found:
                found[kind] += [_pattern_of(question) for question in questions]
        return {kind: sorted(patterns, key=lambda one: -one.own) for kind, patterns in found.items()}

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(_plain(question) for those in self._templates.questions.values() for question in those)

    def slots(self, kind: str, question: str) -> dict[str, str] | None:
        """What the slots of a question held; None where that cannot be told for certain."""
        for one in self._patterns.get(kind, ()):
            if found := one.pattern.fullmatch(question):
                # Of two slots side by side nobody can say where one ends.
                return found.groupdict() if one.slots else None
        return None

    def fault_of(self, wording: str, question: str, slots: Mapping[str, str]) -> str:
        """The key of the reason why a wording does not ask what the question asks; '' where there is none."""
        plain = _plain(wording)
        if not all(_plain(held) in plain for held in slots.values()):
            return "wording_lost"
        if numbers_of(wording, strict=False) - numbers_of(question, strict=False):
            return "wording_number"
        if len(wording) > len(question) + _LONGER_BY:
            return "wording_long"
        # Another template's wording may ask for something else, and would have another answer.
        for name, held in slots.items():
            plain = plain.replace(_plain(held), f"{{{name}}}")
        return "wording_again" if plain in self._own else ""


def _pattern_of(question: str) -> _Pattern:
    parts = _SLOT.split(question)
    slots = tuple(dict.fromkeys(parts[1::2]))
    text = ""
    met: set[str] = set()
    for n, part in enumerate(parts):
        if n % 2 == 0:
            text += re.escape(part)
        else:
            text += f"(?P={part})" if part in met else f"(?P<{part}>.+?)"
            met.add(part)
    adjacent = "}{" in question
    own = sum(map(len, parts[::2]))
    return _Pattern(re.compile(text, re.DOTALL), own, () if adjacent else slots)


def _plain(text: str) -> str:
    """A text for comparing: one width, case and script, without spaces and the marks at its end."""
    return normalise(text).replace(" ", "").rstrip("?!。.~,")


def estimate(stream: Iterable[tuple[Example, Split]], teacher: Teacher, count: int, wordings: Wordings) -> Cost | None:
    """What it will cost to word these anew, about: duplicates that fall away later are counted."""
    whole: Cost | None = None
    for chunk in _chunks(stream, wordings):
        cost = teacher.estimate(_questions(chunk), count)
        if cost is not None:
            whole = cost if whole is None else whole + cost
    return whole


def paraphrased(
    stream: Iterable[tuple[Example, Split]],
    teacher: Teacher,
    count: int,
    wordings: Wordings,
    leave_out: Callable[[LeftOut], None],
) -> Iterator[tuple[Example, Split]]:
    """Every example, those for training followed by their other wordings; a chunk of them is held at a time."""
    for chunk in _chunks(stream, wordings):
        came = iter(teacher.paraphrase(_questions(chunk), count))
        for example, split, slots in chunk:
            yield example, split
            if slots is not None:
                for other in _worded(example, slots, next(came), wordings, leave_out):
                    yield other, split


_Chunk = list[tuple[Example, Split, Mapping[str, str] | None]]


def _chunks(stream: Iterable[tuple[Example, Split]], wordings: Wordings) -> Iterator[_Chunk]:
    """The examples in chunks, each with what its slots held where it is to be worded anew."""
    chunk: _Chunk = []
    asked = 0
    for example, split in stream:
        slots = _slots(example, wordings) if split == "train" else None
        chunk.append((example, split, slots))
        asked += slots is not None
        if asked == _ASKED or len(chunk) == _CHUNK:
            yield chunk
            chunk, asked = [], 0
    if chunk:
        yield chunk


def _questions(chunk: _Chunk) -> Iterator[str]:
    return (example.turns[0][0] for example, _, slots in chunk if slots is not None)


def _slots(example: Example, wordings: Wordings) -> dict[str, str] | None:
    """What a question's slots held, where it is one to be worded anew."""
    if example.kind not in KINDS or len(example.turns) != 1:
        return None
    return wordings.slots(example.kind, example.turns[0][0])


def _worded(
    example: Example,
    slots: Mapping[str, str],
    came: tuple[str, ...] | Untaught,
    wordings: Wordings,
    leave_out: Callable[[LeftOut], None],
) -> Iterator[Example]:
    """The example in the wordings that hold; the others are left out with the reason."""
    question, answer = example.turns[0]
    if isinstance(came, Untaught):
        leave_out(left_out_of(example, None, "wording_unanswered", came.reason))
        return
    met = {_plain(question)}
    for wording in came:
        key = wordings.fault_of(wording, question, slots)
        if not key and _plain(wording) in met:
            key = "wording_again"
        if key:
            leave_out(left_out_of(example, None, key, f"{REASONS[key]}：{wording:.60}"))
            continue
        met.add(_plain(wording))
        messages = dialogue([(wording, answer)], example.system)
        yield replace(example, id=example_id(messages, example.kind), messages=messages)
