"""Lines of text where a detector saw them in a picture: cut out level, parted, fitted to their ink.

Needs numpy and OpenCV, which the OCR engines bring.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from shishen.pages import Box
from shishen.scans.flat_page import FlatPage
from shishen.scans.ruled_lines import Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Ink = NDArray[np.bool_]
    # Four corners of a line, clockwise from its top left: shape (4, 2).
    Corners = NDArray[np.float32]

# An empty space within a line that is wider than this many times its height parts it: there may be two columns.
_GAP = 1.0
# Grey levels between ink and paper; with less there is nothing to tell them apart by.
_FAINTEST = 40
# How much of an em the ink of a line is high: of Chinese, of digits and capitals, of those with a g or a comma beside
# them; and the least of a box that is one.
_HAN_INK, _LATIN_INK, _LOW_INK, _LEAST_EM = 0.92, 0.74, 0.94, 0.45
# Ink over this share of the height, or the length, of a line is a rule, and no letter.
_RULE = 0.9
# In heights of a line: what is cut off beside a rule.
_EDGE = 0.1
# How far from the middle of a line a long rule, and a short one, is taken for strokes of its letters; what is long.
_CORE, _WHOLE, _LONG = 0.3, 0.48, 8


def apart(lines: list["Corners"]) -> list["Corners"]:
    """The lines without those that lie within another: the detector takes gaps inside a line for lines as well."""
    boxes = [box_of(corners) for corners in lines]
    return [
        corners
        for corners, box in zip(lines, boxes, strict=True)
        if not any(area(other) > area(box) and overlap(box, other) > 0.7 * area(box) for other in boxes)
    ]


def area(box: Box) -> float:
    """How much a box covers."""
    return (box.right - box.left) * (box.bottom - box.top)


def overlap(one: Box, other: Box) -> float:
    """How much two boxes cover both."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, width) * max(0.0, height)


def usual_height(lines: Sequence["Corners"]) -> float:
    """The height that most lines have; 0 where there are none."""
    heights = sorted(size_of(corners)[1] for corners in lines)
    return heights[len(heights) // 2] if heights else 0.0


def size_of(corners: "Corners") -> tuple[float, float]:
    """Width and height of a line, along and across it."""
    import numpy as np

    width = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    height = max(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    return float(width), float(height)


def run_sideways(lines: list["Corners"]) -> bool:
    """Whether most of the text, by its length, runs up or down."""
    along = across = 0.0
    for width, height in map(size_of, lines):
        if width > 2 * height:
            along += width
        elif height > 2 * width:
            across += height
    return across > 2 * along


def is_standing(corners: "Corners", usual: float) -> bool:
    """Whether a line runs downwards; a single tall character, such as 1, does not."""
    width, height = size_of(corners)
    return height >= 1.5 * width and height > 1.6 * usual


def box_of(corners: "Corners", flat: FlatPage | None = None) -> Box:
    """The upright rectangle around a line, on the flat page if one is given."""
    points = [(float(x), float(y)) for x, y in corners]
    places = [flat.place(x, y) for x, y in points] if flat else points
    across, down = [x for x, _ in places], [y for _, y in places]
    return Box(min(across), min(down), max(across), max(down))


def middle_line(corners: "Corners") -> Segment:
    """From the middle of a line's left edge to that of its right edge."""
    left, right = (corners[0] + corners[3]) / 2, (corners[1] + corners[2]) / 2
    return Segment(float(left[0]), float(left[1]), float(right[0]), float(right[1]))


# --- cut out ---------------------------------------------------------------------------------------------


def cut_out(pixels: "Pixels", corners: "Corners") -> "Pixels":
    """The line cut out, level."""
    import cv2
    import numpy as np

    width, height = (max(1, round(side)) for side in size_of(corners))
    square = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, square)
    crop: Any = cv2.warpPerspective(
        pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return np.asarray(crop, dtype=np.uint8)


def ink_of(crop: "Pixels") -> "Ink | None":
    """Which pixels of a cut-out line are ink; None where ink and paper cannot be told apart."""
    import numpy as np

    grey = crop.min(axis=2)
    dark, light = (float(np.percentile(grey, share)) for share in (3, 97))
    if light - dark < _FAINTEST:
        return None
    ink: Ink = grey < (dark + light) / 2
    return np.logical_not(ink) if ink.mean() > 0.5 else ink


def without_rules(ink: "Ink") -> "Ink":
    """The ink of letters: without that of a rule beside them, which is as high as the whole line."""
    upright = ink.mean(axis=0) >= _RULE
    if not upright.any() or upright.mean() > 0.2:
        return ink
    # Its edges are grey.
    wide = upright.copy()
    wide[1:] |= upright[:-1]
    wide[:-1] |= upright[1:]
    left: Ink = ink & ~wide[None, :]
    return left if left.any() else ink


# --- parted ----------------------------------------------------------------------------------------------


def parted_at_rules(corners: "Corners", upright: Sequence[Segment]) -> list["Corners"]:
    """The parts of a line between the upright rules that cross it: cells of a table."""
    width, height = size_of(corners)
    along = middle_line(corners)
    middle = (along.y1 + along.y2) / 2
    shares = []
    for rule in upright:
        if rule.y1 < middle < rule.y2:
            x = rule.x1 + (rule.x2 - rule.x1) * (middle - rule.y1) / (rule.y2 - rule.y1)
            share = (x - along.x1) / max(along.x2 - along.x1, 1e-6)
            if 0 < share < 1:
                shares.append(share)
    # What is left of a rule at the edge would be taken for a letter's ink.
    edge = _EDGE * height / width
    bounds = [-edge, *sorted(shares), 1 + edge]
    parts = [
        between(corners, start + edge, end - edge)
        for start, end in pairwise(bounds)
        if (end - start) * width > 0.4 * height
    ]
    return parts or [corners]


def strikes_out(rule: Segment, lines: Sequence["Corners"]) -> bool:
    """Whether what looks like a level rule runs through lines of text: strokes side by side, and no rule."""
    usual = usual_height(lines)
    # The edge of a line may be as deep in it as the line of a table is in a box that is too high.
    core = _CORE if rule.length > _LONG * usual else _WHOLE
    points = [(rule.x1 + (rule.x2 - rule.x1) * n / 8, rule.y1 + (rule.y2 - rule.y1) * n / 8) for n in range(9)]
    return sum(any(_is_within(corners, x, y, core) for corners in lines) for x, y in points) >= 4


def in_tables(upright: Sequence[Segment], level: Sequence[Segment], height: float) -> list[Segment]:
    """The upright rules that level ones meet, as in a table: brackets one below another look like a rule as well."""
    return [rule for rule in upright if sum(_meets(rule, other, height) for other in level) >= 2]


def _meets(upright: Segment, level: Segment, height: float) -> bool:
    x = (upright.x1 + upright.x2) / 2
    y = level.y1 + (level.y2 - level.y1) * (x - level.x1) / max(level.x2 - level.x1, 1e-6)
    return level.x1 - height < x < level.x2 + height and upright.y1 - height < y < upright.y2 + height


def is_stroke(rule: Segment, lines: Sequence["Corners"]) -> bool:
    """Whether what looks like an upright rule is a stroke of a large letter: no longer than the line it stands in."""
    x, y = (rule.x1 + rule.x2) / 2, (rule.y1 + rule.y2) / 2
    for corners in lines:
        box = box_of(corners)
        if box.left <= x <= box.right and box.top <= y <= box.bottom and rule.length < 1.3 * (box.bottom - box.top):
            return True
    return False


def _is_within(corners: "Corners", x: float, y: float, core: float) -> bool:
    """Whether a point is inside a line, and no further from its middle than a share of its height."""
    along = middle_line(corners)
    if not along.x1 <= x <= along.x2:
        return False
    level = along.y1 + (along.y2 - along.y1) * (x - along.x1) / max(along.x2 - along.x1, 1e-6)
    return abs(y - level) < core * size_of(corners)[1]


def parted(pixels: "Pixels", corners: "Corners", usual: float) -> list["Corners"]:
    """The parts of a line in which there is text: parted where nothing stands for long."""
    import numpy as np

    crop = cut_out(pixels, corners)
    height, width = crop.shape[:2]
    if width < 3 * height or is_standing(corners, usual):
        return [corners]
    ink = ink_of(crop)
    if ink is None:
        return [corners]
    # A rule above or below the line, or a speck, is no letter.
    inside = ink[height // 6 : height - height // 6]
    filled = np.flatnonzero(inside.sum(axis=0) >= max(1, height // 20))
    wide = np.flatnonzero(np.diff(filled) > _GAP * height)
    if not len(wide):
        return [corners]
    starts = [int(filled[0]), *(int(filled[i + 1]) for i in wide)]
    ends = [*(int(filled[i]) + 1 for i in wide), int(filled[-1]) + 1]
    margin = height // 4
    return [
        between(corners, max(0.0, (start - margin) / width), min(1.0, (end + margin) / width))
        for start, end in zip(starts, ends, strict=True)
    ]


def between(corners: "Corners", start: float, end: float) -> "Corners":
    """The corners of a part of a line: from one share of its length to another."""
    import numpy as np

    left_top, right_top, right_bottom, left_bottom = corners
    top, bottom = right_top - left_top, right_bottom - left_bottom
    return np.array(
        [left_top + start * top, left_top + end * top, left_bottom + end * bottom, left_bottom + start * bottom],
        dtype=np.float32,
    )


# --- fitted ----------------------------------------------------------------------------------------------


def em_of(ink: "Ink", text: str) -> tuple[float, float] | None:
    """From where to where, in shares of its height, a line holds its letters: an em, around the middle of the ink."""
    import numpy as np

    height, width = ink.shape
    filled = np.flatnonzero(ink.sum(axis=1) >= max(1, width // 100))
    bands = np.split(filled, np.flatnonzero(np.diff(filled) > 1) + 1)
    # Above and below there may be the edges of other lines.
    inner = [band for band in bands if len(band) and not (band[-1] < height * 0.2 or band[0] >= height * 0.8)]
    if not inner:
        return None
    top, bottom = float(inner[0][0]), float(inner[-1][-1] + 1)
    if any("\u4e00" <= character <= "\u9fff" for character in text):
        share = _HAN_INK
    else:
        share = _LOW_INK if any(character in "gjpqy,()（）" for character in text) else _LATIN_INK
    em = min(max((bottom - top) / share, _LEAST_EM * height), float(height))
    middle = (top + bottom) / 2
    return (middle - em / 2) / height, (middle + em / 2) / height


def within(corners: "Corners", start: float, end: float) -> "Corners":
    """The corners of a line that is lower: from one share of its height to another."""
    import numpy as np

    left_top, right_top, right_bottom, left_bottom = corners
    left, right = left_bottom - left_top, right_bottom - right_top
    return np.array(
        [left_top + start * left, right_top + start * right, right_top + end * right, left_top + end * left],
        dtype=np.float32,
    )
