"""The thin straight lines drawn on a picture of a page: those of tables and frames, found by their shape.

A rule is darker than what stands on both its sides, thin, and longer than any stroke of a letter: a narrow black-hat
across it and an opening along it leave nothing else. Needs numpy and OpenCV, which the OCR engines bring.
"""

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

# In units of the height of a line of text: the least length of a rule, the most thickness.
_SHORTEST, _THICKEST = 2.2, 0.3
# Grey levels by which a rule is darker than what is beside it.
_FAINTEST = 14
# The share of a rule's length that is dark, and in heights of a line the longest piece of it that is not.
_UNBROKEN, _BREAK = 0.9, 0.1
# More than a page of tables has; a picture of fur or of a sieve has more.
_MOST = 400


class Segment(Struct, frozen=True):
    """A straight line from one point to another, from left to right or from top to bottom, in pixels."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def length(self) -> float:
        """From one end to the other."""
        return float(((self.x2 - self.x1) ** 2 + (self.y2 - self.y1) ** 2) ** 0.5)


def ruled_lines(pixels: "Pixels", height: float) -> tuple[list[Segment], list[Segment]]:
    """(level, upright) rules of a picture that leans by 2° at most; `height` is that of a line of its text.

    None at all where there are more than on any page of tables.
    """
    import cv2
    import numpy as np

    grey: Any = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels
    level = _found(grey, height)
    upright = [Segment(s.y1, s.x1, s.y2, s.x2) for s in _found(np.ascontiguousarray(grey.T), height)]
    return ([], []) if len(level) + len(upright) > _MOST else (level, upright)


def _found(grey: "Pixels", height: float) -> list[Segment]:
    """The level rules."""
    import cv2
    import numpy as np

    length = max(12, round(_SHORTEST * height))
    across = 2 * max(2, round(_THICKEST * height / 2)) + 1
    # Along the rule noise is averaged away; a letter's stroke is shorter than what is kept in the end.
    smooth = cv2.blur(grey, (max(3, length // 6), 1))
    dark = cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, np.ones((across, 1), np.uint8))
    mask = (dark > _FAINTEST).astype(np.uint8)
    # One that leans goes from row to row of pixels.
    thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
    # What is no rule has gaps, as letters one below another have.
    sharp = cv2.morphologyEx(cv2.blur(grey, (3, 1)), cv2.MORPH_BLACKHAT, np.ones((across, 1), np.uint8))
    dense = cv2.dilate((sharp > _FAINTEST / 2).astype(np.uint8), np.ones((5, 1), np.uint8))
    found = []
    for number in range(1, min(count, 2 * _MOST)):
        left, top, width, tall, area = (int(value) for value in stats[number])
        # Of itself the mask is three rows thicker than the rule.
        if width < length or area > (across + 3) * width or tall > across + 0.1 * width:
            continue
        part = labels[top : top + tall, left : left + width] == number
        rows, columns = np.nonzero(part)
        slope, start = np.polyfit(columns, rows, 1) if width > 1 else (0.0, float(rows.mean()))
        steps = np.arange(width)
        heights = np.clip(np.rint(top + start + slope * steps).astype(int), 0, grey.shape[0] - 1)
        # At its ends it was made longer by the averaging.
        along = dense[heights, left + steps][length // 6 : width - length // 6]
        white = np.diff(np.flatnonzero(np.concatenate(([1], along, [1]))))
        if along.mean() < _UNBROKEN or int(white.max()) - 1 > max(3, _BREAK * height):
            continue
        first, last = top + float(start), top + float(start + slope * width)
        found.append(Segment(float(left), first, float(left + width), last))
    return found
