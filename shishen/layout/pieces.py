"""Spans joined to pieces: what stands on one line with no wide gap in it, vertical labels made one."""

import itertools
import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from shishen.layout.numbers import is_marker
from shishen.pages import Span

# In units of the type's size: a gap of less is inside a piece, a gap of more may part two columns.
WIDE = 0.7
# How near to its text a step's number stands, and how many Chinese characters that has at least.
_NUMBER_GAP = 2.0
_FEWEST_HAN = 4
# How far below its rows an upright label may stand.
_BELOW = 2.0
# How far apart the rows beside it begin.
_NEXT = 4.0
_HAN = re.compile(r"[\u3400-\u9fff]")
# Dots that lead to a page or an amount: at a piece's end, or as all of it but what they lead to.
_LEADER = re.compile(r"^(?:[.…·‥．。・—_-]\s?){4,}(?:\s*\S{0,8})$|(?:[.…·‥．・—_-]\s?){4,}\s*$")
_FIGURE = re.compile(r"图\s*[\d一二三四五六七八九十]+[.:：]?")
_WORD = re.compile(r"[A-Za-z0-9]")


class Piece(Struct):
    """What stands on one line without a wide gap; places in the units of the page, from its top left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool = False
    confidence: float = 1.0
    upright: bool = False
    # The number of the ruled table that this piece stands for; None for text.
    table: int | None = None

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return (self.top + self.bottom) / 2


def pieces_of(spans: Sequence[Span]) -> list[Piece]:
    """The spans joined, in the order of their lines."""
    waiting = [
        Piece(s.text, s.box.left, s.box.top, s.box.right, s.box.bottom, s.size, s.bold, s.confidence)
        for s in spans
        if s.text.strip()
    ]
    joined = [piece for row in rows_of(waiting) for piece in _numbered(_led(_join(row)))]
    return _stacked(joined)


def rows_of(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Pieces whose middles stand at one height, each row from left to right, the rows from top to bottom."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: (p.bottom + p.middle, p.left)):
        if rows and _level(rows[-1][-1], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda p: p.left)
    return rows


def _level(one: Piece, other: Piece) -> bool:
    """Whether two pieces stand on one line; type of two sizes does so by its foot."""
    small = min(one.size, other.size)
    return abs(one.middle - other.middle) < 0.45 * small or abs(one.bottom - other.bottom) < 0.25 * small


def _join(row: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    spread = _is_spread(row)
    for piece in row:
        last = joined[-1] if joined else None
        if last and _is_note(last, piece):
            continue
        if last and (spread or piece.left - last.right < WIDE * min(last.size, piece.size)):
            space = "" if spread else space_between(last, piece)
            # The size of a line is that of most of it, not of the large numeral before it.
            last.size = last.size if len(last.text) >= len(piece.text) else piece.size
            last.text += space + piece.text
            last.right = max(last.right, piece.right)
            last.top, last.bottom = min(last.top, piece.top), max(last.bottom, piece.bottom)
            last.confidence = min(last.confidence, piece.confidence)
            # A bold word in a line makes no bold line, a bold label before it does not either.
            last.bold = last.bold and piece.bold
        else:
            joined.append(
                Piece(
                    piece.text,
                    piece.left,
                    piece.top,
                    piece.right,
                    piece.bottom,
                    piece.size,
                    piece.bold,
                    piece.confidence,
                )
            )
    return joined


def _led(row: list[Piece]) -> list[Piece]:
    """A row with names, the dots that lead from them, and what these lead to joined."""
    joined: list[Piece] = []
    for piece in row:
        last = joined[-1] if joined else None
        if last and (_LEADER.match(piece.text) or _LEADER.search(last.text)):
            joined[-1] = _together(last, piece)
        else:
            joined.append(piece)
    return joined


def _together(one: Piece, other: Piece) -> Piece:
    return Piece(
        f"{one.text}  {other.text}",
        one.left,
        min(one.top, other.top),
        other.right,
        max(one.bottom, other.bottom),
        other.size,
        other.bold,
        min(one.confidence, other.confidence),
    )


def _numbered(row: list[Piece]) -> list[Piece]:
    """A row with the number of each step or picture joined to the text right behind it: no column ends between them."""
    joined: list[Piece] = []
    for piece in row:
        last = joined[-1] if joined else None
        near = last is not None and piece.left - last.right < _NUMBER_GAP * piece.size
        numbered = last is not None and (is_marker(last.text) or _FIGURE.fullmatch(last.text))
        if last and near and numbered and len(_HAN.findall(piece.text)) >= _FEWEST_HAN:
            joined[-1] = _together(last, piece)
        else:
            joined.append(piece)
    return joined


def _is_note(last: Piece, piece: Piece) -> bool:
    """Whether a piece is the raised number of a footnote; m² and the like are none."""
    small = piece.size < 0.8 * last.size and last.bottom - piece.bottom > 0.15 * last.size
    return small and re.fullmatch(r"[\d*†‡①-⑳\[\]]{1,3}", piece.text) is not None and not last.text[-1:].isascii()


def space_between(one: Piece, other: Piece) -> str:
    """The space that two neighbours have between them: none between Chinese characters."""
    gap = (other.left - one.right) / max(min(one.size, other.size), 0.1)
    before, after = one.text[-1:], other.text[:1]
    if _HAN.match(before) and _HAN.match(after):
        return " " if gap > 0.45 else ""
    if _WORD.match(before) and _WORD.match(after):
        return " " if gap > 0.12 else ""
    return " " if gap > 0.35 else ""


def _is_spread(row: list[Piece]) -> bool:
    """Whether a row is one letter-spaced title (红 烧 肉): single characters at equal distances."""
    if len(row) < 2 or any(len(piece.text) != 1 or not _HAN.match(piece.text) for piece in row):
        return False
    gaps = [b.left - a.right for a, b in itertools.pairwise(row)]
    return max(gaps) - min(gaps) < 0.4 * row[0].size and max(gaps) < 3.5 * row[0].size


def _stacked(pieces: list[Piece]) -> list[Piece]:
    """Single characters one below another, with nothing beside them, are one vertical word."""
    single = [p for p in pieces if len(p.text) == 1 and _HAN.match(p.text)]
    taken: set[int] = set()
    for first in single:
        if id(first) in taken:
            continue
        stack = [first]
        for piece in single:
            last = stack[-1]
            if (
                id(piece) not in taken
                and abs(piece.left - last.left) < 0.3 * last.size
                and abs(piece.size - last.size) < 0.2 * last.size
                and 0 < piece.top - last.top < 1.45 * last.size
            ):
                stack.append(piece)
        if 2 <= len(stack) <= 6:
            taken |= {id(piece) for piece in stack[1:]}
            first.text, first.upright, first.bottom = "".join(piece.text for piece in stack), True, stack[-1].bottom
    return [piece for piece in pieces if id(piece) not in taken]


def raise_upright(pieces: list[Piece]) -> None:
    """Put each upright label above the rows that it stands beside the middle of; in a ruled table its cell tells."""
    for piece in pieces:
        if piece.upright:
            _raise(piece, pieces)


def _raise(label: Piece, pieces: list[Piece]) -> None:
    beside = sorted(
        (p for p in pieces if p is not label and p.left > label.right and p.size < 1.2 * label.size),
        key=lambda p: p.top,
    )
    group = [p for p in beside if p.bottom > label.top and p.top < label.bottom]
    # In a box that is higher than its rows the label may stand below all of them.
    group = group or [p for p in beside if 0 <= label.top - p.bottom < _BELOW * label.size]
    if not group:
        return
    # The column next to it, not one farther off that begins elsewhere.
    near = min(p.left for p in group) + _NEXT * label.size
    top = min(p.top for p in group if p.left < near)
    for piece in reversed([p for p in beside if p.top < top and p.left < near]):
        if top - piece.bottom > 1.1 * piece.size:
            break
        top = min(top, piece.top)
    label.bottom, label.top = top - 0.01, top - 0.01 - label.size
