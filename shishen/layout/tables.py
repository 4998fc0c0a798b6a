"""Ruled tables: the grid that thin lines make, its cells, and their text read row by row.

Where the lines of one side do not go on at the other (a list of ingredients beside a column of text) the table is
two tables side by side. A cell that holds a paragraph is laid out like a page of its own.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

from msgspec import Struct

from shishen.layout.pieces import Piece, rows_of
from shishen.pages import Box

# Two lines nearer to one another than this are one; in points, or pixels of a scan.
_NEAR = 3.0
_SHORTEST = 8.0
# A cell with more lines than this holds text of its own; with as many characters a paragraph.
_LINES, _LONG = 4, 60
# The least gap, in units of the size, between what belongs to two cells.
_CELL_GAP = 1.5
# A page where more lines cross, or with more tables, is a drawing; a table with more cells is no table.
_MOST_CROSSINGS, _MOST_TABLES, _MOST_CELLS = 20_000, 100, 5_000
# The most steps that looking for tables side by side may take: columns by level lines.
_MOST_STEPS = 100_000


class Line(Struct):
    """A straight rule: where it stands across its direction, and from where to where it runs."""

    at: float
    start: float
    end: float


class Cell(Struct):
    """A cell over one or more rows and columns of the grid, numbers from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


class Table(Struct, frozen=True):
    """A grid: the places of its upright and level lines, and its cells."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    cells: tuple[Cell, ...]

    @property
    def box(self) -> Box:
        """What the whole table covers."""
        return Box(self.columns[0], self.rows[0], self.columns[-1], self.rows[-1])


def tables_of(rules: Sequence[Box]) -> list[tuple[Table, ...]]:
    """The tables that rules make, those that hang together as one group from left to right.

    A table has two columns and two rows at least; a frame around text is none.
    """
    level = _merged(Line((b.top + b.bottom) / 2, b.left, b.right) for b in rules if b.right - b.left > b.bottom - b.top)
    upright = _merged(
        Line((b.left + b.right) / 2, b.top, b.bottom) for b in rules if b.bottom - b.top > b.right - b.left
    )
    found = []
    for group_level, group_upright in _connected(level, upright):
        group = tuple(_split(group_level, group_upright))
        if any(len(t.cells) >= 4 and len(t.columns) > 2 and len(t.rows) > 2 for t in group):
            found.append(group)
    return found if len(found) <= _MOST_TABLES else []


def box_of(tables: Sequence[Table]) -> Box:
    """What a group of tables covers."""
    boxes = [table.box for table in tables]
    return Box(
        min(b.left for b in boxes), min(b.top for b in boxes), max(b.right for b in boxes), max(b.bottom for b in boxes)
    )


def _merged(lines: Iterator[Line]) -> list[Line]:
    """Pieces of one line joined; what is too short for a cell's side is left out."""
    ordered = sorted(lines, key=attrgetter("at"))
    merged: list[Line] = []
    first = 0
    while first < len(ordered):
        # Those that stand at one height, whatever their order along it.
        end = bisect_left(ordered, ordered[first].at + _NEAR, lo=first, key=attrgetter("at"))
        last: Line | None = None
        for line in sorted(ordered[first:end], key=attrgetter("start")):
            if last and line.start - last.end < _NEAR:
                last.end = max(last.end, line.end)
            else:
                last = line
                merged.append(line)
        first = end
    return [line for line in merged if line.end - line.start > _SHORTEST]


def _connected(level: list[Line], upright: list[Line]) -> list[tuple[list[Line], list[Line]]]:
    """The lines that touch one another, as groups of (level, upright) ones; none at all where too many do.

    A sweep from top to bottom: the upright lines that a height goes through are kept by where they stand, so that
    of each level line only those are looked at that it crosses.
    """
    # What an upright line's beginning, a level line and an upright line's end come to at one height, in this order.
    events = sorted(
        [(line.start - _NEAR, 0, place) for place, line in enumerate(upright)]
        + [(line.at, 1, place) for place, line in enumerate(level)]
        + [(line.end + _NEAR, 2, place) for place, line in enumerate(upright)]
    )
    groups = _Groups(len(level) + len(upright))
    open_: list[tuple[float, int]] = []
    crossings = 0
    for _, kind, place in events:
        if kind == 1:
            line = level[place]
            first, last = bisect_left(open_, (line.start - _NEAR, 0)), bisect_right(open_, (line.end + _NEAR, 0))
            crossings += last - first
            if crossings > _MOST_CROSSINGS:
                return []
            for _, other in open_[first:last]:
                groups.join(place, len(level) + other)
        elif kind == 0:
            insort(open_, (upright[place].at, place))
        else:
            del open_[bisect_left(open_, (upright[place].at, place))]
    found: dict[int, tuple[list[Line], list[Line]]] = {}
    for place, line in enumerate([*level, *upright]):
        found.setdefault(groups.root(place), ([], []))[place >= len(level)].append(line)
    return [lines for lines in found.values() if len(lines[0]) + len(lines[1]) >= 5]


class _Groups:
    """Numbers that come to belong together (union-find)."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def root(self, one: int) -> int:
        """The number that stands for all that belong together with this one."""
        while self._above[one] != one:
            self._above[one] = one = self._above[self._above[one]]
        return one

    def join(self, one: int, other: int) -> None:
        """From now on these two belong together."""
        self._above[self.root(one)] = self.root(other)


def _split(level: list[Line], upright: list[Line]) -> Iterator[Table]:
    """One table, or several that touch: one below another, side by side where most level lines end."""
    columns, rows = _places(upright), _places(level)
    if len(columns) < 2 or len(rows) < 2 or len(columns) * len(level) > _MOST_STEPS:
        return
    if bands := _stacked(columns, rows, level, upright):
        for band_level, band_upright in bands:
            yield from _split(band_level, band_upright)
        return
    for place in columns[1:-1]:
        touching = [line for line in level if line.start - _NEAR < place < line.end + _NEAR]
        across = [line for line in touching if line.start < place - _NEAR and line.end > place + _NEAR]
        narrow = min(place - columns[0], columns[-1] - place) < 0.15 * (columns[-1] - columns[0])
        # A column whose cells all end where others of the whole width do is one of labels over several rows.
        own = min(
            sum(line.end < place + _NEAR for line in touching), sum(line.start > place - _NEAR for line in touching)
        )
        labels = own == 0 and len(across) > 2
        if not narrow and not labels and len(touching) >= 5 and len(across) < 0.5 * len(touching):
            left = [Line(one.at, one.start, min(one.end, place)) for one in level if one.start < place - _NEAR]
            right = [Line(one.at, max(one.start, place), one.end) for one in level if one.end > place + _NEAR]
            yield from _split(left, [one for one in upright if one.at <= place + _NEAR])
            yield from _split(right, [one for one in upright if one.at >= place - _NEAR])
            return
    if (len(columns) - 1) * (len(rows) - 1) <= _MOST_CELLS:
        yield Table(tuple(columns), tuple(rows), tuple(_cells(columns, rows, level, upright)))


def _stacked(
    columns: list[float], rows: list[float], level: list[Line], upright: list[Line]
) -> list[tuple[list[Line], list[Line]]]:
    """Tables one below another that touch, parted where other columns begin at a line of the full width."""
    full = [
        row
        for row in rows
        if any(
            abs(one.at - row) <= _NEAR and one.start < columns[0] + _NEAR and one.end > columns[-1] - _NEAR
            for one in level
        )
    ]
    if len(full) < 3:
        return []
    inside = [
        frozenset(
            place
            for place, column in enumerate(columns)
            if any(
                abs(one.at - column) < _NEAR and one.start < low + _NEAR and one.end > high - _NEAR for one in upright
            )
        )
        for low, high in pairwise(full)
    ]
    cuts = [full[place + 1] for place, (above, below) in enumerate(pairwise(inside)) if above != below]
    edges = [rows[0], *cuts, rows[-1]]
    return (
        [
            (
                [one for one in level if low - _NEAR < one.at < high + _NEAR],
                [
                    Line(one.at, max(one.start, low), min(one.end, high))
                    for one in upright
                    if min(one.end, high) - max(one.start, low) > _SHORTEST
                ],
            )
            for low, high in pairwise(edges)
        ]
        if cuts
        else []
    )


def _places(lines: list[Line]) -> list[float]:
    places: list[float] = []
    for line in sorted(lines, key=lambda one: one.at):
        if not places or line.at - places[-1] > _NEAR:
            places.append(line.at)
    return places


def _cells(columns: list[float], rows: list[float], level: list[Line], upright: list[Line]) -> Iterator[Cell]:
    """The cells of a grid; two fields without a line between them are one."""
    owner: dict[tuple[int, int], Cell] = {}
    sides, tops = _standing(upright, columns), _standing(level, rows)
    for i in range(len(rows) - 1):
        for j in range(len(columns) - 1):
            across, down = (columns[j] + columns[j + 1]) / 2, (rows[i] + rows[i + 1]) / 2
            beside = owner.get((i, j - 1))
            above = owner.get((i - 1, j))
            if beside and beside.top == i and not _is_drawn(sides[j], down):
                beside.right = j
                owner[i, j] = beside
            elif above and above.left <= j and not _is_drawn(tops[i], across):
                above.bottom = i
                owner[i, j] = above
            else:
                owner[i, j] = Cell(i, j, i, j)
    seen: set[int] = set()
    for cell in owner.values():
        if id(cell) not in seen:
            seen.add(id(cell))
            yield cell


def _standing(lines: list[Line], places: list[float]) -> list[list[Line]]:
    """The lines that stand at each place."""
    ordered = sorted(lines, key=attrgetter("at"))
    bounds = [
        (
            bisect_right(ordered, at - _NEAR, key=attrgetter("at")),
            bisect_left(ordered, at + _NEAR, key=attrgetter("at")),
        )
        for at in places
    ]
    return [ordered[first:last] for first, last in bounds]


def _is_drawn(lines: list[Line], through: float) -> bool:
    """Whether one of the lines that stand at a place runs through a height (or a level one through a place)."""
    return any(line.start - 1 <= through <= line.end + 1 for line in lines)


def read_tables(
    tables: Sequence[Table], pieces: list[Piece], lay_out: Callable[[list[Piece]], list["Rows"]]
) -> list["Rows"]:
    """The rows of tables that touch, one table after another; `lay_out` reads a cell that holds text of its own."""
    found: list[Rows] = []
    taken: set[int] = set()
    for table in tables:
        own = [piece for piece in pieces if id(piece) not in taken and _is_inside(table.box, piece)]
        taken |= {id(piece) for piece in own}
        found += _read(table, own, lay_out)
    rest = [piece for piece in pieces if id(piece) not in taken]
    return [*found, *lay_out(rest)] if rest else found


def _is_inside(box: Box, piece: Piece) -> bool:
    return box.left <= (piece.left + piece.right) / 2 <= box.right and box.top <= piece.middle <= box.bottom


def _read(table: Table, pieces: list[Piece], lay_out: Callable[[list[Piece]], list["Rows"]]) -> list["Rows"]:
    """The rows of a table, from top to bottom."""
    fields = {
        (row, column): cell
        for cell in table.cells
        for row in range(cell.top, cell.bottom + 1)
        for column in range(cell.left, cell.right + 1)
    }
    contents: dict[int, list[Piece]] = {}
    for piece in pieces:
        place = _field(table.rows, piece.middle), _field(table.columns, (piece.left + piece.right) / 2)
        if place in fields:
            contents.setdefault(id(fields[place]), []).append(piece)
    rows: dict[int, list[Cell]] = {}
    for cell in table.cells:
        if id(cell) in contents:
            rows.setdefault(cell.top, []).append(cell)
    found: list[Rows] = []
    texts: list[Cell] = []
    for number in sorted(rows):
        # A text beside several rows is read below the last of them.
        for cell in [cell for cell in texts if cell.bottom < number]:
            texts.remove(cell)
            found.extend(lay_out(contents[id(cell)]))
        starting = sorted(rows[number], key=lambda c: c.left)
        row: list[Piece] = []
        for cell in starting:
            own = contents[id(cell)]
            if len(rows_of(own)) >= _LINES or sum(len(p.text) for p in own) >= _LONG:
                texts.append(cell)
                continue
            joined = _joined(own)
            if cell.bottom > cell.top and len(starting) > 1:
                # A label over several rows stands above the first of them.
                found.append(Rows(((joined,),), table=True))
            else:
                row.append(joined)
        if row:
            found.append(Rows((tuple(row),), table=True))
    for cell in texts:
        found.extend(lay_out(contents[id(cell)]))
    return found


class Rows(Struct, frozen=True):
    """Rows that are read one after another; those of a table have nothing to do with their neighbours' ends."""

    rows: tuple[tuple[Piece, ...], ...]
    left: float = 0.0
    right: float = 0.0
    table: bool = False


def _field(places: Sequence[float], at: float) -> int:
    """Between which two places something stands, from 0; what stands on the first one is behind it."""
    return max(bisect_left(places, at) - 1, 0 if at == places[0] else -1)


def _in_a_row(row: Sequence[Piece]) -> str:
    """The text of a row of a cell, two spaces where the gap is so wide that a rule may have been missed there."""
    text = row[0].text
    for one, other in pairwise(row):
        text += ("  " if other.left - one.right > _CELL_GAP * one.size else " ") + other.text
    return text


def _joined(pieces: list[Piece]) -> Piece:
    """The text of a cell as one piece: its lines one behind another."""
    rows = rows_of(pieces)
    text = "".join(map(_in_a_row, rows))
    first = rows[0][0]
    return Piece(
        text,
        min(p.left for p in pieces),
        min(p.top for p in pieces),
        max(p.right for p in pieces),
        max(p.bottom for p in pieces),
        first.size,
        all(p.bold for p in pieces),
        min(p.confidence for p in pieces),
    )
