"""What is drawn on a page of a PDF besides its text: thin lines, pictures, outlines; and text that is printed twice.

Places are in the page's own space, in points, upwards from its bottom. Whoever calls holds `PDFIUM_LOCK`.
"""

import ctypes
import math
from collections import deque
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as raw
from msgspec import Struct, field

# (left, bottom, right, top); (a, b, c, d, e, f): x' = ax + cy + e, y' = bx + dy + f.
Rectangle = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]
_Point = tuple[float, float]

# In points: a filled shape is a line where it is thinner than this, a stroke is one up to twice of it. A stroke
# leans where its ends are further apart than that.
_THIN, _LEVEL = 3.0, 1.0
# Of a page with more objects or segments than these the rest is left out; forms stand in forms only so deep.
_MOST_OBJECTS, _MOST_SEGMENTS, _DEEPEST = 20_000, 8_000, 6
# Text is printed twice for a bold look by less than this, in units of its size; the second follows soon.
HAIR, _SOON, _MOST_DOUBTS = 0.15, 5, 300
_FARTHEST = 1e6
_UNTURNED: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Drawing(Struct):
    """What stands on a page: its thin lines, how much pictures cover (as an area), how many segments are drawn.

    `largest` are the width and height of the largest picture, in its own pixels.

    `twice` are the addresses of the text objects that are printed once more, a hair apart, where pdfium gives their
    text only once.
    """

    rules: list[Rectangle] = field(default_factory=list)
    pictured: float = 0.0
    largest: tuple[int, int] = (0, 0)
    segments: int = 0
    twice: set[int] = field(default_factory=set)


def address_of(drawn: Any) -> int:
    """What a page object can be known by."""
    # Not by `cast`, which takes five times as long, for every character of a page.
    return ctypes.addressof(drawn.contents)


def drawing_of(page: Any, text: Any) -> Drawing:
    """Everything that is drawn on a page, in forms as well; `text` is its text page."""
    found = Drawing()
    recent: deque[_Printed] = deque(maxlen=_SOON)
    doubts = 0
    for drawn, outer in _objects(page):
        kind = raw.FPDFPageObj_GetType(drawn)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            box = _bounds(drawn, outer)
            if _is_small(box):
                continue
            if _is_thin(box):
                found.rules += [box] if all(map(_is_near, box)) else []
                continue
            count = raw.FPDFPath_CountSegments(drawn)
            found.segments += count
            if found.segments <= _MOST_SEGMENTS:
                found.rules += (rule for rule in _rules(drawn, outer) if all(map(_is_near, rule)))
        elif kind == raw.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = _bounds(drawn, outer)
            found.pictured += (right - left) * (top - bottom)
            found.largest = max(found.largest, _pixels(drawn), key=math.prod)
        elif kind == raw.FPDF_PAGEOBJ_TEXT:
            printed = _printed(drawn, outer)
            for other in recent:
                if doubts < _MOST_DOUBTS and _near(other, printed):
                    doubts += 1
                    # pdfium leaves out the second of two that are alike; of two that are not it gives both.
                    kept = [one for one in (other, printed) if raw.FPDFTextObj_GetText(one.drawn, text, None, 0) > 2]
                    if len(kept) == 1:
                        found.twice.add(address_of(kept[0].drawn))
            recent.append(printed)
    return found


def _pixels(drawn: Any) -> tuple[int, int]:
    wide, high = ctypes.c_uint(), ctypes.c_uint()
    raw.FPDFImageObj_GetImagePixelSize(drawn, wide, high)
    return wide.value, high.value


class _Printed(Struct, frozen=True):
    """A text object and how it is set."""

    drawn: Any
    matrix: Matrix
    size: float


def _printed(drawn: Any, outer: Matrix) -> _Printed:
    size = ctypes.c_float()
    raw.FPDFTextObj_GetFontSize(drawn, size)
    matrix = _within(_matrix(drawn), outer)
    return _Printed(drawn, matrix, size.value * math.hypot(matrix[2], matrix[3]))


def _near(one: _Printed, other: _Printed) -> bool:
    """Whether two texts of one size stand in one place, or a hair apart."""
    apart = math.dist(one.matrix[4:], other.matrix[4:])
    return apart <= HAIR * one.size and math.dist(one.matrix[:4], other.matrix[:4]) < 0.01


def _objects(page: Any) -> Iterator[tuple[Any, Matrix]]:
    """Every object that is no form, in its order, with the matrix of the forms that it stands in."""
    left = _MOST_OBJECTS
    # One iterator a form that is open.
    open_ = [(raw.FPDFPage_GetObject, page, _UNTURNED, iter(range(raw.FPDFPage_CountObjects(page))))]
    while open_ and left > 0:
        get, holder, outer, places = open_[-1]
        for place in places:
            drawn = get(holder, place)
            left -= 1
            if left <= 0:
                break
            if raw.FPDFPageObj_GetType(drawn) == raw.FPDF_PAGEOBJ_FORM and len(open_) <= _DEEPEST:
                inner = iter(range(max(0, raw.FPDFFormObj_CountObjects(drawn))))
                open_.append((raw.FPDFFormObj_GetObject, drawn, _within(_matrix(drawn), outer), inner))
                break
            yield drawn, outer
        else:
            open_.pop()


def _matrix(drawn: Any) -> Matrix:
    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(drawn, matrix):
        return _UNTURNED
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _within(inner: Matrix, outer: Matrix) -> Matrix:
    """One matrix after another."""
    if outer is _UNTURNED:
        return inner
    a, b, c, d, e, f = inner
    e, f = _moved((e, f), outer)
    return (
        a * outer[0] + b * outer[2],
        a * outer[1] + b * outer[3],
        c * outer[0] + d * outer[2],
        c * outer[1] + d * outer[3],
        e,
        f,
    )


def _moved(point: _Point, matrix: Matrix) -> _Point:
    x, y = point
    return matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]


def _bounds(drawn: Any, outer: Matrix) -> Rectangle:
    """What an object covers; nothing where it has no place."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not raw.FPDFPageObj_GetBounds(drawn, left, bottom, right, top):
        return 0.0, 0.0, 0.0, 0.0
    if outer is _UNTURNED:
        return left.value, bottom.value, right.value, top.value
    return _around([_moved((x.value, y.value), outer) for x in (left, right) for y in (bottom, top)])


def _around(points: list[_Point]) -> Rectangle:
    return min(x for x, _ in points), min(y for _, y in points), max(x for x, _ in points), max(y for _, y in points)


# --- lines ------------------------------------------------------------------------------------------------


class _Part(Struct):
    """A part of a path that is drawn in one go: its corners, how many curves it has, its straight strokes."""

    points: list[_Point]
    curves: int = 0
    straight: list[tuple[_Point, _Point]] = field(default_factory=list)

    def go(self, point: _Point) -> None:
        """Draw a straight stroke from where the part has come to."""
        self.straight.append((self.points[-1], point))
        self.points.append(point)

    @property
    def box(self) -> Rectangle:
        """What it covers."""
        return _around(self.points)


def _rules(drawn: Any, outer: Matrix) -> Iterator[Rectangle]:
    """The thin lines that a larger path draws: the sides of its boxes, the strokes of a grid."""
    filled, stroked = ctypes.c_int(), ctypes.c_int()
    if not raw.FPDFPath_GetDrawMode(drawn, filled, stroked):
        return
    parts = _parts(drawn, outer)
    if stroked.value:
        width = ctypes.c_float()
        raw.FPDFPageObj_GetStrokeWidth(drawn, width)
        if width.value * math.hypot(*_within(_matrix(drawn), outer)[2:4]) <= 2 * _THIN:
            for part in parts:
                yield from _strokes(part)
    elif filled.value:
        yield from _fillings(parts)


def _parts(drawn: Any, outer: Matrix) -> list[_Part]:
    matrix = _within(_matrix(drawn), outer)
    x, y = ctypes.c_float(), ctypes.c_float()
    parts: list[_Part] = []
    bent = 0
    for place in range(raw.FPDFPath_CountSegments(drawn)):
        segment = raw.FPDFPath_GetPathSegment(drawn, place)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = _moved((x.value, y.value), matrix)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO or not parts:
            parts.append(_Part([point]))
            bent = 0
        elif kind == raw.FPDF_SEGMENT_BEZIERTO:
            # Two points that pull at the curve, then where it ends.
            bent = (bent + 1) % 3
            if bent == 0:
                parts[-1].points.append(point)
                parts[-1].curves += 1
        else:
            parts[-1].go(point)
        if raw.FPDFPathSegment_GetClose(segment):
            parts[-1].go(parts[-1].points[0])
    return parts


def _strokes(part: _Part) -> Iterator[Rectangle]:
    """The level and upright strokes of a part; a box with round corners has the sides that it would have without."""
    sides = [_around([*ends]) for ends in part.straight]
    sides = [side for side in sides if not _is_small(side) and min(side[2] - side[0], side[3] - side[1]) <= _LEVEL]
    yield from _sides(part.box) if len(sides) == 4 <= part.curves else sides


def _fillings(parts: list[_Part]) -> Iterator[Rectangle]:
    """What is filled and thin, and the frame between a box and the one right inside it."""
    boxes = [part.box for part in parts]
    for place, box in enumerate(boxes):
        if _is_small(box):
            continue
        if _is_thin(box):
            yield box
        elif any(all(0 < d <= _THIN for d in _margins(box, other)) for other in boxes[max(0, place - 1) : place + 2]):
            yield from _sides(box)


def _margins(outer: Rectangle, inner: Rectangle) -> tuple[float, ...]:
    return inner[0] - outer[0], inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3]


def _sides(box: Rectangle) -> Iterator[Rectangle]:
    left, bottom, right, top = box
    yield left, bottom, right, bottom
    yield left, top, right, top
    yield left, bottom, left, top
    yield right, bottom, right, top


def _is_near(place: float) -> bool:
    """Whether a place is one, not a number that overflowed."""
    return abs(place) < _FARTHEST


def _is_small(box: Rectangle) -> bool:
    return max(box[2] - box[0], box[3] - box[1]) <= _THIN


def _is_thin(box: Rectangle) -> bool:
    return min(box[2] - box[0], box[3] - box[1]) <= _THIN
