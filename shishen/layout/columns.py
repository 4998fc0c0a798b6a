"""The pieces of a page cut into blocks in reading order, by the gaps between columns (a recursive XY-cut).

A gutter is an upright stripe of white with text on both sides. The tallest one of a region parts it: what stands
above it, its left side, its right side, what stands below. A stripe between names and their amounts, or between
labels and what they head, is no gutter: such rows are read across. The cut goes back to Nagy and Seth,
“Hierarchical representation of optically scanned documents” (1984).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from msgspec.structs import replace

from shishen.layout.across import has_amount
from shishen.layout.gutters import gutter
from shishen.layout.numbers import is_marker, leading_number
from shishen.layout.pieces import Piece, raise_upright, rows_of
from shishen.layout.tables import Rows, box_of, read_tables, tables_of
from shishen.pages import Box

_DEPTH = 12
# The fewest characters of a caption that stands on the height of a row.
_CAPTION = 6
# How large the title of a dish is beside its text, and how long most lines of a list are at most.
_TITLE, _LISTED = 1.3, 16
_SIGNS = "▲△▼▽◀▶◄►↑↓←→"
_FIGURE = re.compile(rf"[{_SIGNS}]?\s*[（(]?图\s*[\d一二三四五六七八九十]+")


def blocks_of(pieces: list[Piece], rules: Sequence[Box] = ()) -> list[Rows]:
    """The blocks of a page in reading order, its ruled tables row by row."""
    if not pieces:
        return []
    unit = median(piece.size for piece in pieces for _ in piece.text)
    tables = tables_of(rules) if len(rules) >= 5 else []
    inside: list[list[Piece]] = [[] for _ in tables]
    outside: list[Piece] = []
    for piece in pieces:
        number = next((n for n, table in enumerate(tables) if _holds(box_of(table), piece)), None)
        (outside if number is None else inside[number]).append(piece)
    raise_upright(outside)
    for number, table in enumerate(tables):
        if inside[number]:
            box = box_of(table)
            outside.append(Piece("", box.left, box.top, box.right, box.bottom, unit, table=number))
    blocks = _laid_out(outside, unit)
    if not tables:
        return blocks
    return [
        block
        for whole in blocks
        for block in _with_tables(whole, lambda n: read_tables(tables[n], inside[n], lambda own: _laid_out(own, unit)))
    ]


def _laid_out(pieces: list[Piece], unit: float) -> list[Rows]:
    left, right = min(p.left for p in pieces), max(p.right for p in pieces)
    return [block for block in _cut(pieces, left, right, unit, _DEPTH) if block.rows]


def _holds(box: Box, piece: Piece) -> bool:
    return box.left <= (piece.left + piece.right) / 2 <= box.right and box.top <= piece.middle <= box.bottom


def _with_tables(block: Rows, read: Callable[[int], list[Rows]]) -> Iterator[Rows]:
    """A block with each piece that stands for a table replaced by the table's rows."""
    waiting: list[tuple[Piece, ...]] = []
    for row in block.rows:
        numbers = [piece.table for piece in row if piece.table is not None]
        text = tuple(piece for piece in row if piece.table is None)
        if not numbers:
            waiting.append(row)
            continue
        if text:
            waiting.append(text)
        if waiting:
            yield Rows(tuple(waiting), block.left, block.right)
            waiting = []
        for number in numbers:
            yield from read(number)
    if waiting:
        yield Rows(tuple(waiting), block.left, block.right)


def _cut(pieces: list[Piece], left: float, right: float, unit: float, depth: int) -> Iterator[Rows]:
    stripe, raised = gutter(pieces, unit) if depth and len(pieces) > 2 else (None, {})
    if stripe is None:
        rows = rows_of(_raised(piece, raised, unit) for piece in pieces)
        yield Rows(tuple(part for row in rows for part in _parted(row)), left, right)
        return
    above = [p for p in pieces if p.middle < stripe.top]
    below = [p for p in pieces if p.middle > stripe.bottom]
    beside = [p for p in pieces if stripe.top <= p.middle <= stripe.bottom]
    middle = (stripe.left + stripe.right) / 2
    if above:
        yield from _cut(above, left, right, unit, depth - 1)
    bands = _numbered_bands(beside, middle, unit) or _bands(beside, middle, unit)
    if len(bands) > 1:
        for band in bands:
            yield from _cut(band, left, right, unit, depth - 1)
    else:
        one, other = ([p for p in beside if p.left < middle], [p for p in beside if p.left >= middle])
        title = _title_beside(one, other, unit)
        if title:
            yield Rows(tuple(part for row in rows_of(title) for part in _parted(row)), left, right)
        sides = [(one, left, stripe.left), (other, stripe.right, right)]
        for side, begin, end in reversed(sides) if title and title[0] in one else sides:
            if rest := [p for p in side if not any(p is own for own in title)]:
                yield from _cut(rest, begin, end, unit, depth - 1)
    if below:
        yield from _cut(below, left, right, unit, depth - 1)


def _is_heading(row: list[Piece], size: float) -> bool:
    """Whether a row begins with type larger than `size` that is no step's number."""
    return row[0].size > size and not is_marker(row[0].text)


def _is_list(rows: list[list[Piece]], unit: float) -> bool:
    """Whether the rows of a side are a list of ingredients: short ones, most with an amount, no title among them."""
    texts = ["".join(piece.text for piece in row) for row in rows]
    short = sum(len(text) <= _LISTED for text in texts) >= 0.8 * len(texts)
    measured = sum(has_amount(text) and leading_number(text) is None for text in texts) >= 0.5 * len(texts)
    return len(rows) > 1 and short and measured and not any(_is_heading(row, _TITLE * unit) for row in rows)


def _title_beside(left: list[Piece], right: list[Piece], unit: float) -> list[Piece]:
    """The title at the head of one side, where the other is the list that goes with it: it is read before the list.

    With the title goes what stands between it and the first step, or is set small.
    """
    lefts, rights = rows_of(left), rows_of(right)
    for rows, other in ((rights, lefts), (lefts, rights)):
        if not rows or not other or not _is_heading(rows[0], _TITLE * unit) or not _is_list(other, unit):
            continue
        begin = next((n for n, row in enumerate(rows) if not _is_heading(row, 1.12 * unit)), len(rows))
        end = next((n for n in range(begin, min(begin + 6, len(rows))) if leading_number(rows[n][0].text) == 1), None)
        entries = [p for row in rows[begin:] for p in row if len(p.text) <= _LISTED and has_amount(p.text)]
        if rows is lefts and (end is None or sum(leading_number(p.text) is None for p in entries) > 1):
            # What is on the left has a list of its own, which goes on at the right.
            continue
        if end is None:
            end = next((n for n in range(begin, len(rows)) if rows[n][0].size > 0.97 * unit), len(rows))
        return [piece for row in rows[:end] for piece in row]
    return []


def _raised(piece: Piece, heights: dict[int, float], unit: float) -> Piece:
    """A piece put just above the height that is told for it."""
    height = heights.get(id(piece))
    return piece if height is None else replace(piece, top=height - 0.04 * unit, bottom=height)


def _parted(row: list[Piece]) -> Iterator[tuple[Piece, ...]]:
    """A row without what only happens to stand on its height, set smaller and far off: the caption of a picture."""
    first, last = row[0], row[-1]
    if (
        len(row) > 1
        and last.size < 0.7 * first.size
        and last.left - row[-2].right > first.size
        and not is_marker(first.text)
    ):
        # What stands at the end of a title's line: how long it takes, who it serves.
        yield tuple(row[:-1])
        yield (last,)
        return
    apart = len(row) > 1 and last.left - row[-2].right > 2 * first.size
    small = last.size < 0.88 * first.size and not has_amount(last.text)
    if apart and (_FIGURE.match(last.text) or (len(last.text) >= _CAPTION and (last.text[0] in _SIGNS or small))):
        yield tuple(row[:-1])
        yield (last,)
    else:
        yield tuple(row)


def _numbered_bands(beside: list[Piece], middle: float, unit: float) -> list[list[Piece]]:
    """Steps that are numbered along the rows of a grid of pictures, cut at each row; none where they are not so.

    The numbers tell: read along the rows they go up by one, read down the columns they do not.
    """
    steps = [(piece, number) for piece in beside if (number := leading_number(piece.text)) is not None]
    rows: list[list[tuple[Piece, int]]] = []
    for piece, number in sorted(steps, key=lambda step: (step[0].middle, step[0].left)):
        if rows and abs(piece.middle - rows[-1][0][0].middle) < 0.6 * unit:
            rows[-1].append((piece, number))
        else:
            rows.append([(piece, number)])
    along = [[number for _, number in sorted(row, key=lambda step: step[0].left)] for row in rows]
    inside = all(b == a + 1 for numbers in along for a, b in pairwise(numbers))
    # The next row counts on, or another grid begins.
    between = all(below[0] in (above[-1] + 1, 1) for above, below in pairwise(along))
    if len(rows) < 2 or len(steps) < 4 or not inside or not between:
        return []
    if all(piece.left < middle for piece, _ in steps) or sum(len(row) > 1 for row in rows) < 0.5 * len(rows):
        return []
    cuts = [min(piece.top for piece, _ in row) for row in rows[1:]]
    # What stands below the last row of a grid is no part of it.
    lasts = [row for row, below in zip(rows, [*along[1:], [1]], strict=True) if below[0] == 1]
    cuts = sorted({*cuts, *(end for row in lasts if (end := _end_of_grid(row, beside, unit)))})
    bands: list[list[Piece]] = [[] for _ in range(len(cuts) + 1)]
    for piece in beside:
        bands[sum(piece.middle > cut for cut in cuts)].append(piece)
    return [band for band in bands if band]


def _end_of_grid(row: list[tuple[Piece, int]], beside: list[Piece], unit: float) -> float | None:
    """Where the columns end that begin with a row of steps: at the first piece set apart below all of them."""
    top = min(piece.top for piece, _ in row)
    foot = top
    for piece in sorted((p for p in beside if p.top >= top), key=lambda p: p.top):
        if piece.top - foot > 1.5 * unit:
            return piece.top - 0.01
        foot = max(foot, piece.bottom)
    return None


def _aligned(one: list[list[Piece]], other: list[list[Piece]], unit: float) -> bool:
    """Whether headings stand side by side throughout, two or more on each side: cards in rows."""
    return len(one) == len(other) >= 2 and all(
        abs(a[0].top - b[0].top) < 0.6 * unit for a, b in zip(one, other, strict=True)
    )


def _bands(beside: list[Piece], middle: float, unit: float) -> list[list[Piece]]:
    """Columns that stand under several headings of one of them: cut at each, as each heads both sides.

    So where only one side has headings, each begins where both sides have white above it, and the type beside it
    begins no higher: a page of dishes with the ingredients on one side and the method on the other.
    """
    left = rows_of([p for p in beside if p.left < middle])
    right = rows_of([p for p in beside if p.left >= middle])
    large, larger = (
        [] if _is_list(side, unit) else [row for row in side if _is_heading(row, 1.12 * unit)] for side in (left, right)
    )
    if large and larger and not _aligned(large, larger, unit):
        return [beside]
    heads, other = (large, right) if large else (larger, left)
    if heads is larger and len(heads) < 2:
        return [beside]
    tops = sorted(min(p.top for p in row) for row in heads)
    cuts = _cuts_at(tops, other, unit) or (_cuts_between(tops, beside, unit) if _is_list(other, unit) else [])
    if not cuts:
        return [beside]
    bands: list[list[Piece]] = [[] for _ in range(len(cuts) + 1)]
    for piece in beside:
        bands[sum(piece.middle > cut for cut in cuts)].append(piece)
    return [band for band in bands if band]


def _cuts_at(tops: list[float], other: list[list[Piece]], unit: float) -> list[float]:
    """The tops of headings, where the column beside them has white at each of these heights; else none."""
    for height in tops:
        crossing = any(p.top < height - 0.7 * unit and p.bottom > height + 0.1 * unit for row in other for p in row)
        # Lines of running text stand closer to one another than what is set apart.
        before = [max(p.bottom for p in row) for row in other if row[0].middle < height]
        after = [min(p.top for p in row) for row in other if row[0].middle > height]
        apart = bool(after) and (not before or min(after) - max(before) > 2.2 * unit)
        if crossing or not apart:
            return []
    return tops


def _cuts_between(tops: list[float], beside: list[Piece], unit: float) -> list[float]:
    """A height between each heading and the next at which both columns are white; none where one has no such."""
    cuts = []
    for one, following in pairwise(tops):
        rows = sorted((p for p in beside if p.bottom > one and p.top < following + unit), key=lambda p: p.top)
        foot, widest, cut = one, 2.2 * unit, None
        for piece in rows:
            if piece.top - foot > widest:
                widest, cut = piece.top - foot, (piece.top + foot) / 2
            foot = max(foot, piece.bottom)
        if cut is None:
            return []
        cuts.append(cut)
    return cuts
