"""The pieces of a page cut into blocks in reading order, by the gaps between columns (a recursive XY-cut).

A gutter is an upright stripe of white with text on both sides. The tallest one of a region parts it: what stands
above it, its left side, its right side, what stands below. A stripe between names and their amounts, or between
labels and what they head, is no gutter: such rows are read across. The cut goes back to Nagy and Seth,
“Hierarchical representation of optically scanned documents” (1984).
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from operator import or_
from statistics import median

from msgspec import Struct

from shishen.layout.pieces import Piece, rows_of
from shishen.layout.tables import Rows, box_of, read_tables, tables_of
from shishen.pages import Box

# In units of the usual size of type: the least width of a gutter, and how fine x is looked at.
_GUTTER = 0.7
_BIN = 0.25
_DEPTH = 12
# An entry of a list of ingredients has no more characters than this, and no stop.
_LONGEST_ENTRY = 16
_STOP = re.compile(r"[。；，]")
_MARKER = re.compile(
    r"[（(【\[]?(?:\d{1,2}|[①-⑳❶-❿➀-➓]|[一二三四五六七八九十]{1,3})[)）】\]]?[.、．:：]?"
    r"|第[一二三四五六七八九十\d]+[步道]|(?:步骤|STEP|Step)\s*[一二三四五六七八九十\d]*"
)
_VALUE = re.compile(r"(?:[约各]?\s*[\d½¼¾⅓⅔半一二两三四五六七八九十几]|适量|少许|少量|若干|酌量|随意|各)")
_NUMBER = re.compile(r"\d+(?:[./]\d+)?")
_REMARK = re.compile(r"[（(][^（）()]*[)）]")
_AMOUNT = re.compile(r"\d|适量|少许|少量|若干|[一二两三四五六七八九十半][个只条根片勺块克斤两匙杯碗瓣]")


class _Stripe(Struct, frozen=True):
    """A gutter: white from `left` to `right` between two heights."""

    left: float
    right: float
    top: float
    bottom: float


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
    stripe = _gutter(pieces, unit) if depth and len(pieces) > 3 else None
    if stripe is None:
        yield Rows(tuple(tuple(row) for row in rows_of(pieces)), left, right)
        return
    above = [p for p in pieces if p.middle < stripe.top]
    below = [p for p in pieces if p.middle > stripe.bottom]
    beside = [p for p in pieces if stripe.top <= p.middle <= stripe.bottom]
    middle = (stripe.left + stripe.right) / 2
    if above:
        yield from _cut(above, left, right, unit, depth - 1)
    for band in _bands(beside, middle, unit):
        yield from _cut([p for p in band if p.left < middle], left, stripe.left, unit, depth - 1)
        yield from _cut([p for p in band if p.left >= middle], stripe.right, right, unit, depth - 1)
    if below:
        yield from _cut(below, left, right, unit, depth - 1)


def _gutter(pieces: list[Piece], unit: float) -> _Stripe | None:
    """The tallest stripe of white that has text on both sides and is no gap of a table; None where there is none."""
    start = min(p.left for p in pieces)
    width = _BIN * unit
    # Every height at which something begins or ends; the lines are made a little thinner, so that none touch.
    spans = [
        (p.top, p.bottom, p) if p.table is not None else (p.middle - 0.3 * p.size, p.middle + 0.3 * p.size, p)
        for p in pieces
    ]
    heights = sorted({edge for low, high, _ in spans for edge in (low, high)})
    place = {height: number for number, height in enumerate(heights)}
    bins = int((max(p.right for p in pieces) - start) / width) + 2
    taken = [0] * (len(heights) - 1)
    for low, high, piece in spans:
        first, last = int((piece.left - start) / width), int((piece.right - start) / width - 0.01)
        mask = ((1 << (max(last, first) - first + 1)) - 1) << first
        for number in range(place[low], place[high]):
            taken[number] |= mask
    found: list[_Stripe] = []
    for first, last, low, high in _white(taken, bins):
        found.append(_Stripe(start + low * width, start + high * width, heights[first], heights[last]))
    found.sort(key=lambda s: -_worth(s, pieces, unit))
    for stripe in found[:40]:
        if trimmed := _judge(stripe, pieces, unit):
            return trimmed
    return None


def _worth(stripe: _Stripe, pieces: list[Piece], unit: float) -> float:
    """The height of a stripe, and how many lines begin at its right edge: a column's do, a lone caption does not."""
    right = [p.left for p in pieces if stripe.top <= p.middle <= stripe.bottom and p.left >= stripe.right - _BIN * unit]
    if not right:
        return 0.0
    first = min(right)
    return (stripe.bottom - stripe.top) * (0.4 + 0.6 * sum(left < first + 2.2 * unit for left in right) / len(right))


def _white(taken: list[int], bins: int) -> set[tuple[int, int, int, int]]:
    """The tallest white rectangles, each (first slice, behind the last, first bin, behind the last)."""
    least = int(_GUTTER / _BIN)
    everything = reduce(or_, taken, 0)
    begin, end = (everything & -everything).bit_length(), everything.bit_length() - least
    if end <= begin:
        return set()
    within = ((1 << end) - 1) & ~((1 << begin) - 1)
    spans: dict[tuple[int, int], list[int]] = {}
    since = [0] * (end + 1)
    before = 0
    for number, filled in enumerate((*taken, -1)):
        # A bit of `free` says that as many bins as a gutter needs are white from here on.
        free = ~filled
        for _ in range(least - 1):
            free &= free >> 1
        free &= within
        for place in _bits(free & ~before):
            since[place] = number
        for place in _bits(before & ~free):
            if number - since[place] > 2:
                spans.setdefault((since[place], number), []).append(place)
        before = free
    found = set()
    for (first, last), places in spans.items():
        filled = reduce(or_, taken[first:last], 0)
        reached = -1
        for place in sorted(places):
            if place < reached:
                continue
            low, high = place, place + least
            while low and not filled >> (low - 1) & 1:
                low -= 1
            while high < bins and not filled >> high & 1:
                high += 1
            reached = high
            # Text on both sides, or it is only a margin.
            if filled & ((1 << low) - 1) and filled >> high:
                found.add((first, last, low, high))
    return found


def _bits(mask: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _judge(stripe: _Stripe, pieces: list[Piece], unit: float) -> _Stripe | None:
    """The stripe cut to where text stands on both sides; None where it is no gutter."""
    beside = [p for p in pieces if stripe.top <= p.middle <= stripe.bottom]
    left = [p for p in beside if p.right <= stripe.left + _BIN * unit]
    right = [p for p in beside if p.left >= stripe.right - _BIN * unit]
    if len(rows_of(left)) < 2 or len(rows_of(right)) < 2 or len(left) + len(right) < len(beside):
        return None
    if all(p.upright for p in left) or all(p.upright for p in right):
        return None
    edge = [p.text for p in left if stripe.left - p.right < 2 * unit]
    if sum(bool(_MARKER.fullmatch(text)) for text in edge) >= max(2, 0.7 * len(edge)) and _count_up(edge):
        return None
    if _is_table(left, right, unit):
        return None
    top = _head(rows_of(left), rows_of(right), pieces, unit)
    bottom = max(p.bottom for p in beside)
    if any(p.middle > stripe.bottom for p in pieces):
        lefts, rights = (rows_of(p for p in side if p.bottom > top) for side in (left, right))
        if _are_entries(lefts, rights):
            # A list in columns ends with the shorter one; what stands below the longer may be anything.
            bottom = min(bottom, max(p.bottom for p in lefts[-1]), max(p.bottom for p in rights[-1]))
        bottom = min(bottom, _foot(lefts, right, unit), _foot(rights, left, unit))
    return _Stripe(stripe.left, stripe.right, max(top, min(p.top for p in beside)), bottom)


def _count_up(markers: list[str]) -> bool:
    """Whether numbers are those of steps: they go up one by one, or by a few where steps stand in rows of pictures.

    The page numbers of a contents do not; markers that are no numbers are of steps.
    """
    numbers = [
        int(text.strip("（(【[)）】].、．:： ")) for text in markers if text.strip("（(【[)）】].、．:： ").isdecimal()
    ]
    if len(numbers) < len(markers) / 2:
        return True
    strides = [b - a for a, b in pairwise(numbers)]
    if len(numbers) <= 3:
        return max(numbers) <= 20 and all(1 <= stride <= 4 for stride in strides)
    usual = max(set(strides), key=strides.count)
    return 1 <= usual <= 4 and sum(stride in (usual, 1 - numbers[0]) for stride in strides) >= 0.6 * len(strides)


def _head(lefts: list[list[Piece]], rights: list[list[Piece]], pieces: list[Piece], unit: float) -> float:
    """Where two columns begin below a title that stands over one of them only, as a centred one may."""
    for one, other in ((lefts, rights), (rights, lefts)):
        begin = min(p.top for p in other[0])
        above = [row for row in one if row[0].middle < begin - 0.3 * unit]
        if not 1 <= len(above) <= 4 or len(above) == len(one) or max(p.size for p in above[0]) <= 1.12 * unit:
            continue
        near, far = min(p.left for p in pieces), max(p.right for p in pieces)
        if abs((above[0][0].left + above[0][-1].right) / 2 - (near + far) / 2) < 0.05 * (far - near):
            return begin - 0.01
    return min(lefts[0][0].top, rights[0][0].top)


def _are_entries(lefts: list[list[Piece]], rights: list[list[Piece]]) -> bool:
    """Whether the shorter of two columns holds the entries of a list, each beside one of the other's."""
    short, other = sorted((lefts, rights), key=len)
    beside = sum(bool(_beside(row[0], other)) for row in short)
    return beside >= 0.8 * len(short) and all(
        len(p.text) <= _LONGEST_ENTRY and not _STOP.search(p.text) for row in short for p in row
    )


def _foot(rows: list[list[Piece]], others: list[Piece], unit: float) -> float:
    """Where a column ends above text of the full width: before a heading of that text, below the other column's end.

    The heading is set off from what is above it, and large, or the last that is set off so. Infinity where there is
    none.
    """
    lowest = max(p.bottom for p in others)
    foot = math.inf
    for above, row in pairwise(rows):
        top, end = min(p.top for p in row), max(p.bottom for p in above)
        if top - end > 0.9 * unit and top > lowest - 0.2 * unit:
            foot = max((top + end) / 2, min(top, lowest))
            if max(p.size for p in row) > 1.12 * unit:
                break
    return foot


def _is_table(left: list[Piece], right: list[Piece], unit: float) -> bool:
    """Whether the two sides are read across: markers, names or labels, and what belongs to each on the same line."""
    lefts, rights = rows_of(left), rows_of(right)
    pairs = [(beside[-1].text, row[0].text) for row in rights if (beside := _beside(row[0], lefts))]
    # A table's head says 用量 where its rows say how much.
    body = pairs[1:] if len(pairs) > 2 and not _VALUE.match(pairs[0][1]) else pairs
    if len(body) >= 2 and len(pairs) >= 0.6 * len(rights):
        values = [name for name, value in body if _VALUE.match(value) and len(value) <= 10]
        if len(values) >= 0.7 * len(body) and sum(map(_has_amount, values)) <= 0.3 * len(values):
            return True
        numbers = sum(_NUMBER.fullmatch(name) is not None for name, _ in body)
        if numbers >= 0.8 * len(body) and sum(len(value) <= 3 for _, value in body) >= 0.8 * len(body):
            return True
    if _are_spanning(lefts, rights, unit):
        return True
    aligned = [row[-1] for row in lefts if _beside(row[-1], rights)]
    if len(aligned) < 0.75 * len(lefts):
        return False
    across = max(p.right for p in left) - min(p.left for p in left)
    short = all(len(row[-1].text) <= 7 and not _has_amount(row[-1].text) for row in lefts)
    return short and across < 7 * unit and (len(lefts) < 0.7 * len(rights) or all(row[-1].bold for row in lefts))


def _are_spanning(lefts: list[list[Piece]], rights: list[list[Piece]], unit: float) -> bool:
    """Whether the left side are labels that each stand beside the middle of several rows; these are then raised.

    Where a label stands in the middle of its rows, the rows of the first begin at the top, those of each other one
    where the ones above end, and those of the last end at the foot.
    """
    labels = [row[0] for row in lefts]
    if (
        any(len(row) > 1 for row in lefts)
        or len(rights) < 2 * len(lefts)
        or any(len(p.text) > 5 or _has_amount(p.text) or _MARKER.fullmatch(p.text) for p in labels)
        or max(p.right for p in labels) - min(p.left for p in labels) > 6 * unit
    ):
        return False
    pitch = (rights[-1][0].middle - rights[0][0].middle) / (len(rights) - 1)
    # The head of the table, if it has one, stands beside the head of its first column.
    start = 1 if _beside(labels[0], rights[:1]) else 0
    top = rights[start][0].middle - pitch / 2 if len(rights) > start else 0.0
    tops: list[float] = []
    for label in labels[start:]:
        tops.append(top)
        top = 2 * label.middle - top
    foot = rights[-1][0].middle + pitch / 2
    if not tops or abs(top - foot) > 1.2 * pitch or any(low >= high for low, high in pairwise([*tops, top])):
        return False
    for label, raised in zip(labels[start:], tops, strict=True):
        # Just above the row that it begins with, and below the one before.
        label.top, label.bottom = raised - 0.02 * unit, raised + 0.02 * unit
    return True


def _has_amount(name: str) -> bool:
    """Whether what may be a name has an amount in it; a remark in brackets, 蒜（约50克）, is none."""
    return _AMOUNT.search(_REMARK.sub("", name)) is not None


def _beside(piece: Piece, rows: list[list[Piece]]) -> list[Piece]:
    """The row on whose height a piece stands."""
    for row in rows:
        if abs(row[0].middle - piece.middle) < 0.5 * min(row[0].size, piece.size):
            return row
    return []


def _aligned(one: list[list[Piece]], other: list[list[Piece]], unit: float) -> bool:
    """Whether headings stand side by side throughout, two or more on each side: cards in rows."""
    return len(one) == len(other) >= 2 and all(
        abs(a[0].top - b[0].top) < 0.6 * unit for a, b in zip(one, other, strict=True)
    )


def _bands(beside: list[Piece], middle: float, unit: float) -> list[list[Piece]]:
    """Columns that stand under several headings of the left one: cut at each, as each heads both sides.

    So where only the left side has headings, each begins where both sides have white above it, and the type
    beside it begins no higher: a page of dishes with the ingredients on the left and the method on the right.
    """
    left = rows_of([p for p in beside if p.left < middle])
    right = rows_of([p for p in beside if p.left >= middle])
    large, larger = ([row for row in side if min(p.size for p in row) > 1.12 * unit] for side in (left, right))
    if larger and not _aligned(large, larger, unit):
        return [beside]
    if not large:
        return [beside]
    heights = [min(p.top for p in row) for row in large]
    cuts = []
    for height in heights:
        crossing = any(p.top < height - 0.7 * unit and p.bottom > height + 0.1 * unit for row in right for p in row)
        # Lines of running text stand closer to one another than what is set apart.
        before = [max(p.bottom for p in row) for row in right if row[0].middle < height]
        after = [min(p.top for p in row) for row in right if row[0].middle > height]
        apart = bool(after) and (not before or min(after) - max(before) > 2.2 * unit)
        if crossing or not apart:
            return [beside]
        cuts.append(height)
    cuts.sort()
    bands: list[list[Piece]] = [[] for _ in range(len(cuts) + 1)]
    for piece in beside:
        bands[sum(piece.middle > cut for cut in cuts)].append(piece)
    return [band for band in bands if band]
