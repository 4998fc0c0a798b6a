"""The numbers of steps that stand in coloured discs before a line; detectors of text pass them over.

A disc is a blob as wide as high, about as high as the line, full but for the number that is left white in it.
"""

import unicodedata
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shishen.scans.seen_lines import between, cut_out, size_of, within

if TYPE_CHECKING:
    from shishen.scans.seen_lines import Corners, Pixels

# In heights of the line as it was detected: how far before and behind its beginning a disc is
# looked for, and above and below it; its least and its largest side.
_REACH, _HIGHER, _LEAST, _LARGEST = 2.0, 0.3, 0.55, 1.6
# Of a disc the ground is at least, of its number at most so much; a letter has less ground, a bullet no number.
_GROUND, _NUMBER, _ROUND = 0.5, 0.008, 0.7
# The darkest of its ground to the lightest; and the room behind it.
_EVEN, _CLEAR = 0.75, 0.08
_CIRCLED = 0x2460


class Disc(Struct, frozen=True):
    """Where a disc is, its inside in dark on white, and what is left of the line behind it."""

    place: "Corners"
    inside: "Pixels"
    line: "Corners"


def disc_before(pixels: "Pixels", corners: "Corners") -> Disc | None:
    """The disc before a line or at its beginning; None where there is none."""
    import cv2
    import numpy as np

    width, height = size_of(corners)
    before = between(corners, -_REACH * height / width, _REACH * height / width)
    # A disc may be higher than the line.
    before = within(before, -_HIGHER, 1 + _HIGHER)
    crop = cut_out(pixels, before)
    paper = np.percentile(crop.reshape(-1, 3), 80, axis=0)
    far = np.abs(crop.astype(np.int16) - paper.astype(np.int16)).max(axis=2).astype(np.uint8)
    if far.max() < 40:
        return None
    marks = (far > max(25, 0.5 * float(np.percentile(far, 97)))).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=4)
    for number in sorted(range(1, count), key=lambda n: -int(stats[n][4])):
        left, top, wide, high, area = (int(value) for value in stats[number])
        if not _LEAST * height <= high <= _LARGEST * height or not 0.8 < wide / high < 1.25:
            continue
        own = (labels[top : top + high, left : left + wide] == number).astype(np.uint8)
        outline, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        filled = float(cv2.drawContours(np.zeros_like(own), outline, -1, 1, cv2.FILLED).sum()) / (wide * high)
        ground = area / (wide * high)
        if filled < _ROUND or ground < _GROUND or filled - ground < _NUMBER:
            continue
        # A letter that is blurred to a blob is darker and lighter from place to place; and it has neighbours.
        shades = np.percentile(far[top : top + high, left : left + wide][own > 0], (30, 95))
        beside = marks[top : top + high, left + wide + 1 : left + wide + 1 + round(_CLEAR * height)]
        if shades[0] < _EVEN * shades[1] or beside.any():
            continue
        inside: Any = far[top : top + high, left : left + wide].copy()
        # The number is as light as the paper, the ground dark: turned round, and without the disc's edge.
        mask = np.zeros_like(inside)
        cv2.ellipse(mask, (wide // 2, high // 2), (round(0.42 * wide), round(0.42 * high)), 0, 0, 360, 255, -1)
        inside[mask == 0] = inside.max()
        inside = cv2.normalize(inside, inside.copy(), 0, 255, cv2.NORM_MINMAX)
        part = between(before, left / crop.shape[1], (left + wide) / crop.shape[1])
        place = within(part, top / crop.shape[0], (top + high) / crop.shape[0])
        end = (left + wide + 1) / height - _REACH
        line = between(corners, end * height / width, 1.0) if end > 0 else corners
        return Disc(place, np.ascontiguousarray(np.repeat(inside[..., None], 3, axis=2)), line)
    return None


def circled(text: str) -> str | None:
    """The circled numeral of a number from 1 to 20: 3 → ③; None for anything else."""
    text = unicodedata.normalize("NFKC", text).strip().strip(".、")
    return chr(_CIRCLED + int(text) - 1) if text.isdecimal() and text.isascii() and 1 <= int(text) <= 20 else None
