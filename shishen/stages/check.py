"""Check: what a model read of each passage, held against the page and against what the rules had read of it.

What does not stand on the page is dropped and said (`page_grounding.py`). A dish that falls with that is given as the
rules read it, with a doubt that says so; only one that they had not read either is rejected. Every dish of a page has
a place of its own, which is its identity.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from msgspec.structs import replace

from shishen.domains.cooking.page_grounding import grounded
from shishen.domains.cooking.page_text import PrintedText
from shishen.pages import Passage, Reading
from shishen.records import Rejected, Source

# Facts that the rules read behind labels or off a chapter's page; a model may not be asked for them.
_TOLD_BY_RULES = ("category", "cuisine", "tastes", "calories", "tools")
# Path, page and line: what a recipe's id is made of.
_Place = tuple[str, int | None, int | None]


def check(results: Iterable[Reading | Rejected], passages: Sequence[Passage]) -> Iterator[Reading | Rejected]:
    """The results of all passages, in their order, each reading grounded and in a place of its own."""
    places = _Places(passages)
    for passage, own in _by_passage(results, passages):
        known = passage.reading if passage else None
        held: list[Reading | Rejected] = []
        for result in own:
            placed = places.placed(result, known) if isinstance(result, Reading) else result
            held.append(_grounded(placed, passage, alone=len(own) == 1) if isinstance(placed, Reading) else placed)
        yield from held if known is None else _with_the_rules(held, known)


def _by_passage(
    results: Iterable[Reading | Rejected], passages: Sequence[Passage]
) -> Iterator[tuple[Passage | None, list[Reading | Rejected]]]:
    """The results of one passage together; of what is of none that can be told, each alone."""
    numbers = {id(passage.lines): number for number, passage in enumerate(passages)}
    at = 0
    own: list[Reading | Rejected] = []
    for result in results:
        # The very lines first: two dishes may be printed alike.
        found = numbers.get(id(result.lines)) if isinstance(result, Reading) else None
        if found is None:
            # A rejection says its page only; the passage at hand has its answer.
            first = at + bool(own) if isinstance(result, Rejected) else at
            found = next((n for n in range(first, len(passages)) if _may_be_of(result, passages[n])), None)
        if own and found != at:
            yield passages[at], own
            own = []
        if found is None:
            yield None, [result]
        else:
            at = found
            own.append(result)
    if own:
        yield passages[at], own


def _may_be_of(result: Reading | Rejected, passage: Passage) -> bool:
    """Whether a result was read from a passage's lines, or has its place."""
    known = passage.reading.draft.source if passage.reading else None
    if isinstance(result, Reading):
        return result.lines == passage.lines if result.lines else result.draft.source == known
    page = known.page if known else next((line.page for line in passage.lines if line.page is not None), None)
    return result.page == page and (result.line is None or (known is not None and result.line == known.line))


def _grounded(reading: Reading, passage: Passage | None, *, alone: bool) -> Reading | Rejected:
    """A reading that is held against the page; one by the rules is taken from there as it is.

    `alone`: the passage holds this dish only, so that what the rules read in it is of this dish.
    """
    known = passage.reading if passage else None
    if known and reading.draft == known.draft:
        return reading
    text = passage.text if passage else "\n".join(line.text for line in reading.lines)
    category = known.draft.category if known else None
    # The name of a chapter is not in the passage, and is of all its dishes.
    chapter = category if category and not PrintedText(text).has(category) else None
    if chapter and reading.draft.category == chapter:
        reading = replace(reading, draft=replace(reading.draft, category=None))
    found = grounded(reading, text)
    if known is None or isinstance(found, Rejected):
        return found
    told = {name: getattr(known.draft, name) for name in _TOLD_BY_RULES} if alone else {"category": chapter}
    missing = {name: value for name, value in told.items() if value and not getattr(found.draft, name)}
    return replace(found, draft=replace(found.draft, **missing))


def _with_the_rules(held: Sequence[Reading | Rejected], known: Reading) -> Iterator[Reading | Rejected]:
    """What was held, and where the dish that the rules had read is lost in it, their reading instead."""
    lost = [result for result in held if isinstance(result, Rejected)]
    kept = [result for result in held if isinstance(result, Reading)]
    if not lost or any(_is_the_dish(reading, known) for reading in kept):
        yield from held
        return
    page = known.draft.source.page
    reasons = "；".join(
        dict.fromkeys(rejected.reason.removeprefix(f"第 {page} 页：").rstrip("。") for rejected in lost)
    )
    yield replace(known, doubts=(*known.doubts, f"{reasons}；这里是按规则读的"))
    yield from kept


def _is_the_dish(reading: Reading, known: Reading) -> bool:
    """Whether a reading is of the dish that the rules had read: in its place, or of its name."""
    same_name = "".join(reading.draft.title.split()) == "".join(known.draft.title.split())
    return same_name or reading.draft.source == known.draft.source


class _Places:
    """Gives each dish of a document a place that no other has; those of the rules stay theirs."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._taken = {_place(p.reading.draft.source) for p in passages if p.reading}
        self._given: set[_Place] = set()

    def placed(self, reading: Reading, known: Reading | None) -> Reading:
        """The reading in a place of its own: the rules' for the first of a passage, else the first that is free."""
        source = reading.draft.source
        place = _place(source)
        own = _place(known.draft.source) if known else None
        if source.line is None and own and own[:2] == place[:2]:
            place = own
        if place[2] is None or place in self._given or (place in self._taken and place != own):
            path, page, _ = place
            place = next(free for line in count(1) if (free := (path, page, line)) not in self._taken)
        self._taken.add(place)
        self._given.add(place)
        return replace(reading, draft=replace(reading.draft, source=replace(source, line=place[2])))


def _place(source: Source) -> _Place:
    return source.path, source.page, source.line
