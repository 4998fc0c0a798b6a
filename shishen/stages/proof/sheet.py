"""Sheets of a proof: a page, which of its lines belong to which dish, and the dishes that begin on it.

Only small things are kept (boxes, texts, where the picture is), as a dish may come many pages after its page.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from msgspec import UNSET, Struct, field

from shishen.pages import Box, Page, PageImage, PrintedLine
from shishen.records import Recipe, Rejected

# From here on a field is taken as right; below the second it is marked as likely wrong.
SURE, DOUBTFUL = 0.9, 0.7
# A line that OCR was less sure of than this is drawn as one.
_UNCLEAR = 0.8


class Mark(Struct, frozen=True):
    """A field of a dish that a person should look at; `confidence` is None where there are doubts only."""

    field: str
    confidence: float | None

    @property
    def level(self) -> str:
        """`low` or `middling`."""
        return "low" if self.confidence is not None and self.confidence < DOUBTFUL else "middling"


class Dish(Struct, frozen=True):
    """A dish as it was understood; `number` counts the dishes of the report, `pages` are those it stands on."""

    number: int
    recipe: Recipe
    doubts: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()

    @property
    def confidence(self) -> dict[str, float]:
        """By field; empty where the format itself said what is what."""
        return {} if self.recipe.confidence is UNSET else self.recipe.confidence

    @property
    def marks(self) -> list[Mark]:
        """What is unsure, in the order in which it is shown; doubts about fields that seem sure count as one."""
        order = {"title": 0, "doubts": 1, "ingredients": 3, "steps": 4}
        found = [Mark(name, sure) for name, sure in self.confidence.items() if sure < SURE]
        if self.doubts and not found:
            found = [Mark("doubts", None)]
        return sorted(found, key=lambda mark: order.get(mark.field, 2))


class Spot(Struct, frozen=True):
    """Where a dish stands on a page: the boxes of its lines; `unclear` are those that were hard to read."""

    dish: int
    boxes: tuple[Box, ...]
    unclear: tuple[Box, ...] = ()

    @property
    def regions(self) -> list[Box]:
        """The boxes of lines that stand one under another, as one each."""
        found: list[Box] = []
        for box in self.boxes:
            if found and _follows(found[-1], box):
                last = found[-1]
                found[-1] = Box(
                    min(last.left, box.left),
                    min(last.top, box.top),
                    max(last.right, box.right),
                    max(last.bottom, box.bottom),
                )
            else:
                found.append(box)
        return found


def _follows(region: Box, box: Box) -> bool:
    """Whether a line goes on below a region (or beside its last line), in the same column."""
    height = box.bottom - box.top
    shared = min(region.right, box.right) - max(region.left, box.left)
    below = -0.5 * height < box.top - region.bottom < 1.8 * height
    under = below and shared > 0.5 * min(region.right - region.left, box.right - box.left)
    beside = region.top - 0.5 * height < box.top and box.bottom < region.bottom + 0.5 * height
    near = box.left - region.right < 3 * height and region.left - box.right < 3 * height
    return under or (beside and near)


class Sheet(Struct):
    """One page of the proof, filled as its dishes come."""

    number: int | None = None
    width: float = 0.0
    height: float = 0.0
    image: PageImage | None = None
    tilt: float = 0.0
    lines: tuple[PrintedLine, ...] = ()
    spots: list[Spot] = field(default_factory=list)
    # Which dish a line belongs to, by its place among `lines`, where there is no picture to show it on.
    owners: dict[int, int] = field(default_factory=dict)
    begun: list[Dish] = field(default_factory=list)
    going_on: list[Dish] = field(default_factory=list)
    # With the number that each has in the report.
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)


def sheet_of(page: Page, lines: Sequence[PrintedLine]) -> Sheet:
    """The sheet of a page that was read."""
    return Sheet(
        number=page.number,
        width=page.width,
        height=page.height,
        image=page.image,
        tilt=page.tilt,
        lines=tuple(lines),
    )


def put(dish: Dish, lines: Sequence[PrintedLine], sheets: Sequence[Sheet]) -> int:
    """Put a dish on the sheets that its lines stand on; the index of the one where it begins. There must be one."""
    held = [index for index, sheet in enumerate(sheets) if _mark_lines(sheet, dish, lines)]
    begins = min(held, default=_index_of(dish.recipe.source.page, sheets))
    sheets[begins].begun.append(dish)
    for index in held:
        if index != begins:
            sheets[index].going_on.append(dish)
    return begins


def _index_of(page: int | None, sheets: Sequence[Sheet]) -> int:
    """The sheet of a page, else the one nearest to where work is: the last without a number, else the first."""
    if page is None:
        return len(sheets) - 1
    return next((index for index, sheet in enumerate(sheets) if sheet.number == page), 0)


def _mark_lines(sheet: Sheet, dish: Dish, lines: Sequence[PrintedLine]) -> bool:
    """Note which lines of the sheet are the dish's; whether there are any."""
    if sheet.image is None:
        return _mark_texts(sheet, dish, lines)
    own = [line for line in lines if line.page == sheet.number]
    boxed = [(line, box) for line in own if (box := line.box) and _is_drawable(box)]
    if boxed:
        unclear = tuple(box for line, box in boxed if line.confidence < _UNCLEAR)
        sheet.spots.append(Spot(dish.number, tuple(box for _, box in boxed), unclear))
    return bool(own)


def _mark_texts(sheet: Sheet, dish: Dish, lines: Sequence[PrintedLine]) -> bool:
    # The same objects: equal lines (盐 适量) stand in many dishes.
    places = {id(line): index for index, line in enumerate(sheet.lines)}
    found = [places[id(line)] for line in lines if id(line) in places]
    if not found and (index := _by_text(sheet, lines)) is not None:
        found = [index]
    if not found:
        return False
    # A line that was cut at a label within it is another object; it stands between those that were not.
    for index in range(min(found), max(found) + 1):
        sheet.owners.setdefault(index, dish.number)
    return True


def _by_text(sheet: Sheet, lines: Sequence[PrintedLine]) -> int | None:
    own = {index for index, line in enumerate(sheet.lines) if lines and line.text == lines[0].text}
    return min(own - sheet.owners.keys(), default=None)


def _is_drawable(box: Box) -> bool:
    sides = (box.left, box.top, box.right, box.bottom)
    return all(map(math.isfinite, sides)) and box.right > box.left and box.bottom > box.top


def pages_of(lines: Iterable[PrintedLine]) -> tuple[int, ...]:
    """The pages that lines stand on, each once, in order."""
    return tuple(sorted(set(_numbers(lines))))


def _numbers(lines: Iterable[PrintedLine]) -> Iterator[int]:
    for line in lines:
        if line.page is not None:
            yield line.page
