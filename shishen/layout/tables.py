"""Ruled tables: the grid that thin lines make, its cells, and their text read row by row.

Where the lines of one side do not go on at the other (a list of ingredients beside a column of text) the table is
two tables side by side. A cell that holds a paragraph is laid out like a page of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from shishen.layout.pieces import Piece, rows_of
from shishen.pages import Box

# Two lines nearer to one another than this are one; in points, or pixels of a scan.
_NEAR = 3.0
_SHORTEST = 8.0
# A cell with more lines than this holds text of its own; with as many characters a paragraph.
_LINES, _LONG = 4, 60


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
    for group in _connected(level, upright):
        tables = _split([one for one in level if id(one) in group], [one for one in upright if id(one) in group])
        group_of_tables = tuple(tables)
        if any(len(t.cells) >= 4 and len(t.columns) > 2 and len(t.rows) > 2 for t in group_of_tables):
            found.append(group_of_tables)
    return found


def box_of(tables: Sequence[Table]) -> Box:
    """What a group of tables covers."""
    boxes = [table.box for table in tables]
    return Box(
        min(b.left for b in boxes), min(b.top for b in boxes), max(b.right for b in boxes), max(b.bottom for b in boxes)
    )


def _merged(lines: Iterator[Line]) -> list[Line]:
    """Pieces of one line joined; what is too short for a cell's side is left out."""
    merged: list[Line] = []
    for line in sorted(lines, key=lambda one: (round(one.at / _NEAR), one.start)):
        last = merged[-1] if merged else None
        if last and abs(line.at - last.at) < _NEAR and line.start - last.end < _NEAR:
            last.start, last.end = min(last.start, line.start), max(last.end, line.end)
        else:
            merged.append(line)
    return [line for line in merged if line.end - line.start > _SHORTEST]


def _connected(level: list[Line], upright: list[Line]) -> list[set[int]]:
    """The lines that touch one another, as groups of their ids."""
    groups: list[set[int]] = []
    for one in level:
        touching = {id(one)} | {
            id(other)
            for other in upright
            if one.start - _NEAR < other.at < one.end + _NEAR and other.start - _NEAR < one.at < other.end + _NEAR
        }
        apart = [group for group in groups if not group & touching]
        groups = [*apart, set().union(touching, *(group for group in groups if group & touching))]
    return [group for group in groups if len(group) >= 5]


def _split(level: list[Line], upright: list[Line]) -> Iterator[Table]:
    """One table, or several side by side where most level lines end at an upright one."""
    columns, rows = _places(upright), _places(level)
    if len(columns) < 2 or len(rows) < 2:
        return
    for place in columns[1:-1]:
        touching = [line for line in level if line.start - _NEAR < place < line.end + _NEAR]
        across = [line for line in touching if line.start < place - _NEAR and line.end > place + _NEAR]
        narrow = min(place - columns[0], columns[-1] - place) < 0.15 * (columns[-1] - columns[0])
        if not narrow and len(touching) >= 5 and len(across) < 0.5 * len(touching):
            left = [Line(one.at, one.start, min(one.end, place)) for one in level if one.start < place - _NEAR]
            right = [Line(one.at, max(one.start, place), one.end) for one in level if one.end > place + _NEAR]
            yield from _split(left, [one for one in upright if one.at <= place + _NEAR])
            yield from _split(right, [one for one in upright if one.at >= place - _NEAR])
            return
    yield Table(tuple(columns), tuple(rows), tuple(_cells(columns, rows, level, upright)))


def _places(lines: list[Line]) -> list[float]:
    places: list[float] = []
    for line in sorted(lines, key=lambda one: one.at):
        if not places or line.at - places[-1] > _NEAR:
            places.append(line.at)
    return places


def _cells(columns: list[float], rows: list[float], level: list[Line], upright: list[Line]) -> Iterator[Cell]:
    """The cells of a grid; two fields without a line between them are one."""
    owner: dict[tuple[int, int], Cell] = {}
    for i in range(len(rows) - 1):
        for j in range(len(columns) - 1):
            across, down = (columns[j] + columns[j + 1]) / 2, (rows[i] + rows[i + 1]) / 2
            beside = owner.get((i, j - 1))
            above = owner.get((i - 1, j))
            if beside and beside.top == i and not _is_drawn(upright, columns[j], down):
                beside.right = j
                owner[i, j] = beside
            elif above and above.left <= j and not _is_drawn(level, rows[i], across):
                above.bottom = i
                owner[i, j] = above
            else:
                owner[i, j] = Cell(i, j, i, j)
    seen: set[int] = set()
    for cell in owner.values():
        if id(cell) not in seen:
            seen.add(id(cell))
            yield cell


def _is_drawn(lines: list[Line], at: float, through: float) -> bool:
    return any(abs(line.at - at) < _NEAR and line.start - 1 <= through <= line.end + 1 for line in lines)


def read_tables(
    tables: Sequence[Table], pieces: list[Piece], lay_out: Callable[[list[Piece]], list["Rows"]]
) -> list["Rows"]:
    """The rows of tables side by side, one table after another; `lay_out` reads a cell that holds text of its own."""
    found: list[Rows] = []
    left = pieces
    for table in tables:
        edge = table.box.right
        own = [p for p in left if (p.left + p.right) / 2 <= edge]
        left = [p for p in left if (p.left + p.right) / 2 > edge]
        found += _read(table, own, lay_out)
    return found


def _read(table: Table, pieces: list[Piece], lay_out: Callable[[list[Piece]], list["Rows"]]) -> list["Rows"]:
    """The rows of a table, from top to bottom."""
    contents: dict[int, list[Piece]] = {}
    for piece in pieces:
        cell = _cell_at(table, (piece.left + piece.right) / 2, piece.middle)
        if cell is not None:
            contents.setdefault(id(cell), []).append(piece)
    found: list[Rows] = []
    for number in range(len(table.rows) - 1):
        starting = sorted((c for c in table.cells if c.top == number and id(c) in contents), key=lambda c: c.left)
        row: list[Piece] = []
        texts: list[Cell] = []
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


def _cell_at(table: Table, across: float, down: float) -> Cell | None:
    column = next((j for j, (a, b) in enumerate(pairwise(table.columns)) if a <= across <= b), None)
    row = next((i for i, (a, b) in enumerate(pairwise(table.rows)) if a <= down <= b), None)
    if column is None or row is None:
        return None
    return next((c for c in table.cells if c.top <= row <= c.bottom and c.left <= column <= c.right), None)


def _joined(pieces: list[Piece]) -> Piece:
    """The text of a cell as one piece: its lines one behind another."""
    rows = rows_of(pieces)
    text = "".join(" ".join(piece.text for piece in row) for row in rows)
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
