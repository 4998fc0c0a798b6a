"""A page → its lines in reading order, each with what is known of its place in the column."""

import itertools
import re

from shishen.layout.columns import blocks_of
from shishen.layout.pieces import Piece, pieces_of, space_between
from shishen.layout.tables import Rows
from shishen.pages import Box, Page, PrintedLine

_WORD = re.compile(r"[A-Za-z0-9.,%°/~\-]+")
_CLOSING = "，。、；：！？）】」』》〉”’…,.;:!?)]}%"
# In units of the size: how near to the edge of its column a line ends that runs to it.
_EDGE = 1.3
# How far the first line of a paragraph is set in, at least.
_SET_IN = 1.2
_STOPS = "。！？!?"
# How far a few lines may hang out over the edge at which the others end.
_HANGING = 2.5
# How far from its name an amount at the edge stands, and the most characters that it has.
_LED, _AMOUNT = 2.0, 8


def reading_order(page: Page) -> list[PrintedLine]:
    """The lines of a page; those of a page that has lines already, as they are."""
    if page.lines:
        return list(page.lines)
    blocks = blocks_of(pieces_of(page.spans), page.rules)
    edges = _Edges(blocks, page.width)
    lines: list[PrintedLine] = []
    for block in blocks:
        lines.extend(_lines(block, edges, page.number))
    return lines


class _Edges:
    """Where the lines of a page end, and where they could."""

    def __init__(self, blocks: list[Rows], width: float) -> None:
        self._rights = [row[-1].right for block in blocks if not block.table for row in block.rows]
        self._lefts = sorted({min(row[0].left for row in block.rows) for block in blocks})
        self._margin = width - min(self._lefts, default=0.0)

        # Where lines that go on begin, farther out than the first line of their paragraph.
        self._outer: list[float] = []
        for block in blocks:
            for row, following in itertools.pairwise(() if block.table else block.rows):
                if row[-1].text[-1:] not in _STOPS and row[0].left - following[0].left > _SET_IN * row[0].size:
                    self._outer.append(following[0].left)

    def begins_anew(self, row: tuple[Piece, ...], following: tuple[Piece, ...]) -> bool:
        """Whether a paragraph has ended: with a stop, before one whose first line is set in as its own was."""
        left, size = row[0].left, row[0].size
        return (
            row[-1].text[-1:] in _STOPS
            and abs(following[0].left - left) < 0.3 * size
            and any(_SET_IN * size < left - outer < 2.5 * _SET_IN * size for outer in self._outer)
        )

    def breaks_at(self, right: float, size: float, block: Rows) -> bool:
        """Whether text is broken at this edge: several lines end near it, and no room is left to its right.

        Beside a picture there is room; then most lines of the block must end there.
        """
        low, high = right - 1.3 * size, right + 0.5 * size
        following = next((left for left in self._lefts if left > right), self._margin)
        if right > 0.85 * self._margin or following - right < 5 * size:
            return sum(low < edge < high for edge in self._rights) >= 2
        own = sum(low < row[-1].right < high for row in block.rows)
        return own >= max(4, 0.4 * len(block.rows))


def _lines(block: Rows, edges: _Edges, number: int | None) -> list[PrintedLine]:
    rows = block.rows
    left = min(row[0].left for row in rows)
    right = _edge([row[-1].right for row in rows], rows[0][0].size)
    lines = []
    for place, row in enumerate(rows):
        size = max(row, key=lambda piece: len(piece.text)).size
        following = rows[place + 1] if place + 1 < len(rows) else None
        above = rows[place - 1] if place else None
        box = Box(row[0].left, min(p.top for p in row), row[-1].right, max(p.bottom for p in row))
        lines.append(
            PrintedLine(
                text=_text(row, block.table),
                page=number,
                box=box,
                size=round(size, 1),
                bold=all(piece.bold for piece in row),
                confidence=min(piece.confidence for piece in row),
                full=not block.table and _is_full(row, following, left, right, block, edges),
                # Rows of a table stand apart, whatever the room between them.
                gap=1.5 if block.table else round((box.top - max(p.bottom for p in above)) / size, 2) if above else 0.0,
                indent=round((box.left - left) / size, 2),
            )
        )
    return lines


def _edge(ends: list[float], size: float) -> float:
    """Where the lines of a block end at their longest, but for a few that hang out."""
    ordered = sorted(ends, reverse=True)
    for place, end in enumerate(ordered[: len(ordered) // 4]):
        if ordered[0] - end > _HANGING * size:
            break
        if sum(end - 1.2 * size < other <= end for other in ordered[place:]) >= max(2, 0.12 * len(ordered)):
            return end
    return ordered[0]


def _text(row: tuple[Piece, ...], table: bool) -> str:
    """A row's pieces, two spaces where the gap is wide."""
    text = row[0].text
    for one, other in itertools.pairwise(row):
        wide = table or other.left - one.right > 0.9 * min(one.size, other.size)
        text += ("  " if wide else space_between(one, other)) + other.text
    return text


def _is_full(
    row: tuple[Piece, ...],
    following: tuple[Piece, ...] | None,
    left: float,
    right: float,
    block: Rows,
    edges: _Edges,
) -> bool:
    """Whether the next line's first word had no room on this one, in a column whose lines are broken at its edge."""
    size = row[-1].size
    end = row[-1].right
    if end - left < 5 * size:
        return False
    if len(row) > 1 and row[-1].left - row[-2].right > _LED * size and len(row[-1].text) <= _AMOUNT:
        # An amount that stands at the edge, far from its name.
        return False
    if following and edges.begins_anew(row, following):
        return False
    room = right - end
    need = _first_word(following[0].text) * size if following else size
    if room >= need + 0.3 * size and room > _EDGE * size:
        return False
    return edges.breaks_at(right, size, block)


def _first_word(text: str) -> float:
    """The width of what cannot be parted at the beginning of a line, in units of its size."""
    if word := _WORD.match(text):
        return 0.55 * len(word[0]) + sum(c in _CLOSING for c in text[word.end() : word.end() + 1])
    width = 1.0
    for character in text[1:3]:
        if character not in _CLOSING:
            break
        width += 1.0
    return width
