"""Gutters: upright stripes of white between the columns of a page, told from the gaps of a table."""

import math
import re
from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from operator import or_

from msgspec import Struct

from shishen.layout.across import has_amount, is_read_across, row_beside, spanning
from shishen.layout.numbers import leading_number
from shishen.layout.pieces import Piece, rows_of

# In units of the usual size of type: the least width of a gutter, and how fine x is looked at.
_GUTTER = 0.7
BIN = 0.25
# The least width where it parts so few lines only, and how far apart these begin where it is narrower.
_FEW, _BETWEEN_FEW = 3, 1.6
_FLUSH = 0.2
# Beside so many more rows a few pieces of so few characters are no column.
_SPARSE, _TINY = 0.25, 3
# A page with more pieces, or wider beside its type, is a drawing, or no page.
_MOST_PIECES, _MOST_BINS = 3000, 2000
# So many stripes are looked at, the best ones first.
_MOST_TRIED = 40
# An entry of a list of ingredients has no more characters than this, and no stop; or more among amounts.
_ENTRY, _LONGEST_ENTRY = 12, 16
_STOP = re.compile(r"[。；，]")


class Stripe(Struct, frozen=True):
    """A gutter: white from `left` to `right` between two heights."""

    left: float
    right: float
    top: float
    bottom: float


def gutter(pieces: list[Piece], unit: float) -> tuple[Stripe | None, dict[int, float]]:
    """(the tallest stripe of white that has text on both sides and is no gap of a table, or None; labels to raise).

    Labels that stand beside the middle of their rows are to be read above them: the height of these by the label's id.
    """
    if len(pieces) > _MOST_PIECES:
        return None, {}
    start = min(p.left for p in pieces)
    width = max(BIN * unit, (max(p.right for p in pieces) - start) / _MOST_BINS)
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
    found: list[Stripe] = []
    for first, last, low, high in _white(taken, bins):
        found.append(Stripe(start + low * width, start + high * width, heights[first], heights[last]))
    found.sort(key=lambda s: -_worth(s, pieces, unit))
    raised: dict[int, float] = {}
    gaps: list[Stripe] = []
    for stripe in found[:_MOST_TRIED]:
        sides = _sides(stripe, pieces, unit)
        if sides is None or any(_is_within(stripe, gap) for gap in gaps):
            continue
        if heights_of_rows := spanning(rows_of(sides[0]), rows_of(sides[1]), unit):
            raised = heights_of_rows | raised
        elif is_read_across(*sides, stripe.left, unit):
            gaps.append(stripe)
        elif trimmed := _judge(stripe, *sides, pieces, unit):
            return trimmed, {}
    return None, raised


def _is_within(stripe: Stripe, gap: Stripe) -> bool:
    """Whether a stripe is a piece of a gap that is read across, as between names and amounts."""
    over = min(stripe.right, gap.right) - max(stripe.left, gap.left)
    return over > 0 and stripe.top >= gap.top and stripe.bottom <= gap.bottom


def _worth(stripe: Stripe, pieces: list[Piece], unit: float) -> float:
    """The height of a stripe, and how many lines begin at its right edge: a column's do, a lone caption does not."""
    right = [p.left for p in pieces if stripe.top <= p.middle <= stripe.bottom and p.left >= stripe.right - BIN * unit]
    if not right:
        return 0.0
    first = min(right)
    return (stripe.bottom - stripe.top) * (0.4 + 0.6 * sum(left < first + 2.2 * unit for left in right) / len(right))


def _white(taken: list[int], bins: int) -> set[tuple[int, int, int, int]]:
    """The tallest white rectangles, each (first slice, behind the last, first bin, behind the last)."""
    least = int(_GUTTER / BIN)
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


def _sides(stripe: Stripe, pieces: list[Piece], unit: float) -> tuple[list[Piece], list[Piece]] | None:
    """What stands left and right of a stripe; None where that are no two rows each, or steps side by side."""
    beside = [p for p in pieces if stripe.top <= p.middle <= stripe.bottom]
    left = [p for p in beside if p.right <= stripe.left + BIN * unit]
    right = [p for p in beside if p.left >= stripe.right - BIN * unit]
    lefts, rights = rows_of(left), rows_of(right)
    if not lefts or not rights or len(left) + len(right) < len(beside):
        return None
    if len(rights) < _SPARSE * len(lefts) and all(len(p.text) <= _TINY for p in right):
        # The last characters of a few justified lines.
        return None
    least = min(len(lefts), len(rights))
    # A few lines of justified text may have their spaces one below the other; what follows these begins anywhere,
    # where of a column only the first line is set in.
    begins = [row[0].left for row in rights[1 if least > 2 else 0 :]]
    sure = least > _FEW or stripe.right - stripe.left > _BETWEEN_FEW * unit or max(begins) - min(begins) < _FLUSH * unit
    return (left, right) if (least > 1 and sure) or _are_steps(lefts, rights) else None


def _are_steps(lefts: list[list[Piece]], rights: list[list[Piece]]) -> bool:
    """Whether a step and the next one begin side by side, as below two pictures."""
    first = next((row[0] for row in rights if leading_number(row[0].text) is not None), None)
    if first is None or not (beside := row_beside(first, lefts)):
        return False
    number = leading_number(beside[-1].text)
    return number is not None and leading_number(first.text) == number + 1


def _judge(stripe: Stripe, left: list[Piece], right: list[Piece], pieces: list[Piece], unit: float) -> Stripe | None:
    """The stripe cut to where text stands on both sides; None where it is no gutter."""
    if all(p.upright for p in left) or all(p.upright for p in right):
        return None
    top = _head(rows_of(left), rows_of(right), pieces, unit)
    bottom = max(p.bottom for p in (*left, *right))
    lefts, rights = (rows_of(p for p in side if p.bottom > top) for side in (left, right))
    if _are_entries(lefts, rights) and not _are_steps(lefts, rights):
        # A list in columns ends with the shorter one; what stands below the longer may be anything.
        bottom = min(bottom, max(p.bottom for p in lefts[-1]), max(p.bottom for p in rights[-1]))
    if below := [p.top for p in pieces if p.middle > stripe.bottom]:
        bottom = min(bottom, _foot(lefts, right, min(below), unit), _foot(rights, left, min(below), unit))
    return Stripe(stripe.left, stripe.right, max(top, min(p.top for p in (*left, *right))), bottom)


def _head(lefts: list[list[Piece]], rights: list[list[Piece]], pieces: list[Piece], unit: float) -> float:
    """Where two columns begin below a title that stands over one of them only, as a centred one may."""
    near, far = min(p.left for p in pieces), max(p.right for p in pieces)
    for one, other in ((lefts, rights), (rights, lefts)):
        begin = min(p.top for p in other[0])
        above = [row for row in one if row[0].middle < begin - 0.3 * unit]
        if not 1 <= len(above) <= 4 or len(above) == len(one) or max(p.size for p in above[0]) <= 1.12 * unit:
            continue
        # Lines of the column below a title that only happens to stand in the middle do not stand there too.
        if all(abs((row[0].left + row[-1].right) / 2 - (near + far) / 2) < 0.05 * (far - near) for row in above):
            return begin - 0.01
    return min(lefts[0][0].top, rights[0][0].top)


def _are_entries(lefts: list[list[Piece]], rights: list[list[Piece]]) -> bool:
    """Whether the shorter of two columns holds the entries of a list, each beside one of the other's."""
    short, other = sorted((lefts, rights), key=len)
    beside = [found for row in short if (found := row_beside(row[0], other))]
    entries = [piece.text for row in (*short, *beside) for piece in row]
    if not entries or len(beside) < 0.8 * len(short) or any(_STOP.search(text) for text in entries):
        return False
    longest = max(map(len, entries))
    return longest <= _ENTRY or (longest <= _LONGEST_ENTRY and sum(map(has_amount, entries)) >= 0.3 * len(entries))


def _foot(rows: list[list[Piece]], others: list[Piece], below: float, unit: float) -> float:
    """Where a column ends above text of the full width: before a heading of that text, below the other column's end.

    The heading is large and set off from what is above it, or stands below the widest gap, nearer to the text, which
    begins at `below`. Infinity where there is none.
    """
    lowest = max(p.bottom for p in others)
    widest, foot = max(0.9 * unit, below - max(p.bottom for p in rows[-1])), math.inf
    for above, row in pairwise(rows):
        top, end = min(p.top for p in row), max(p.bottom for p in above)
        large = max(p.size for p in row) > 1.12 * unit and top - end > 0.9 * unit
        if top > lowest - 0.2 * unit and (top - end > widest or large):
            widest, foot = top - end, max((top + end) / 2, min(top, lowest))
            if large:
                break
    return foot
