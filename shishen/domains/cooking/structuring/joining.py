"""Lines joined to what they are lines of: sentences over a line's end, over a column's, over a page's."""

import re
from collections import Counter
from collections.abc import Iterable

from shishen.pages import PrintedLine

SOFT_HYPHEN = "\u00ad"
_WORD = re.compile(r"[A-Za-z0-9]")
_DIGIT_HAN = re.compile(r"\d ?[\u3400-\u9fff]|[\u3400-\u9fff] ?\d")
_DIGIT_UNIT = re.compile(r"\d ?(?:g|kg|ml|mL|cm|mm|L|l)\b")


class Spacing:
    """Whether a book writes 「3 克」 or 「3克」: what is lost where a line ends is given back in its manner."""

    def __init__(self) -> None:
        self._han: Counter[bool] = Counter()
        self._unit: Counter[bool] = Counter()

    def learn(self, lines: Iterable[PrintedLine]) -> None:
        """Take note of how these lines write it."""
        for line in lines:
            for found in _DIGIT_HAN.findall(line.text):
                self._han[" " in found] += 1
            for found in _DIGIT_UNIT.findall(line.text):
                self._unit[" " in found] += 1

    def join(self, one: str, other: str) -> str:
        """Two pieces of one sentence that a line's end parted."""
        one, other = one.rstrip(), other.lstrip()
        if not one or not other:
            return one + other
        before, after = one[-1], other[0]
        if before in (SOFT_HYPHEN, "\u2010", "-") and _WORD.match(after) and len(one) > 1:
            if before in (SOFT_HYPHEN, "\u2010"):
                return one[:-1] + other
            # A hyphen that the word needs (2-3, low-fat) is kept; one between letters was for the line's end.
            return one + other if one[-2].isdigit() or not (one[-2].isascii() and after.islower()) else one[:-1] + other
        return one + self._between(before, after) + other

    def _between(self, before: str, after: str) -> str:
        latin_before, latin_after = bool(_WORD.match(before)), bool(_WORD.match(after))
        if latin_before and latin_after:
            if before.isdigit() and after.isalpha():
                return " " if self._unit[True] > self._unit[False] else ""
            return " "
        if (latin_before and "\u3400" <= after <= "\u9fff") or (latin_after and "\u3400" <= before <= "\u9fff"):
            return " " if self._han[True] > self._han[False] else ""
        if before in ",.;:!?" and latin_after:
            return " "
        return ""


def clean(text: str) -> str:
    """A line's text without soft hyphens, its inner spaces single."""
    return re.sub(r"[ \t\u3000]+", " ", text.replace(SOFT_HYPHEN, "")).strip()


def goes_on(line: PrintedLine, after: PrintedLine, *, marked: bool) -> bool:
    """Whether a line's sentence goes on in the next: it ran to the edge, and the next begins nothing of its own."""
    if marked or line.box is None:
        return False
    text, following = line.text.rstrip(), after.text.lstrip()
    if following[:1] in "，。、；：！？）】」』》〉,.;:!?)]}”’":
        return True
    if not line.full:
        return False
    # The first line of a paragraph is set in; one that is set in as deep as the one above is not.
    if text[-1:] in "。！？!?" and after.indent > line.indent + 1.2:
        return False
    if abs(line.size - after.size) > 0.06 * line.size and line.confidence == after.confidence == 1.0:
        return False
    return after.gap < 1.3
