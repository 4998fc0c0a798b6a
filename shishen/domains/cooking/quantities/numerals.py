"""Numbers as cooks write them: 2, 1.5, 1 1/2, ¾, 半, 十二, 三分之一, 两三, 十几; what follows them is measures.py.

`read` looks at one place of a text and takes the longest number there. A Chinese pair (两三, 七八) is a span.
"""

import re

from msgspec import Struct

from shishen.records import Range

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
POWERS = {"十": 10, "百": 100, "千": 1000}
# What a number can begin with; callers use it to skip places that hold none.
FIRST = frozenset("0123456789半大小几") | DIGITS.keys() | POWERS.keys()

_WESTERN = re.compile(
    r"(?P<whole>\d{1,4})(?:又|\s+)(?P<top>\d{1,2})\s?/\s?(?P<bottom>\d{1,2})(?![\d/])"
    r"|(?P<over>\d{1,3})\s?/\s?(?P<under>[1-9]\d?)(?![\d/.])"
    r"|(?P<thousands>\d{1,3}(?:,\d{3})+)(?!\d)"
    r"|(?P<plain>\d{1,7}(?:\.\d{1,6})?)(?!\d)"
)
_PART = re.compile(
    r"(?P<under>\d{1,3}|[一二两三四五六七八九十]{1,3})分之(?P<over>\d{1,3}|[一二两三四五六七八九十]{1,3})"
)
_HALF = re.compile(r"一?[大小]?半")
_SPOKEN = re.compile(r"(?P<ones>[零〇一二两三四五六七八九十])点(?P<tenths>[零一二三四五六七八九]{1,3})(?!点)")
_HAN = re.compile(r"[零〇一二两俩三四五六七八九十百千]{1,9}")
_PLAIN_HAN = re.compile(
    r"(?:([一二两三四五六七八九])千)?(?:([一二两三四五六七八九])百)?零?(?:([一二三四五六七八九])?(十))?([一二两俩三四五六七八九])?"
)


class Number(Struct, frozen=True):
    """A number found in a text: its span of values and the place where it ends; `han` if in Chinese."""

    span: Range
    end: int
    han: bool = False


def read(text: str, start: int) -> Number | None:
    """The number that begins at `start`, or None."""
    if part := _PART.match(text, start):
        under, over = _value(part["under"]), _value(part["over"])
        return Number(_exactly(over / under), part.end(), han=True) if under and over else None
    if western := _WESTERN.match(text, start):
        return Number(_exactly(_western(western)), western.end())
    if spoken := _SPOKEN.match(text, start):
        tenths = "".join(str(DIGITS[c]) for c in spoken["tenths"])
        return Number(_exactly(float(f"{_value(spoken['ones']) or 0:.0f}.{tenths}")), spoken.end(), han=True)
    if half := _HALF.match(text, start):
        return Number(_exactly(0.5), half.end(), han=True)
    if han := _HAN.match(text, start):
        return _read_han(han.group(), text, start)
    return None


def _western(match: re.Match[str]) -> float:
    if match["whole"] and int(match["bottom"]):
        return int(match["whole"]) + int(match["top"]) / int(match["bottom"])
    if match["over"]:
        return int(match["over"]) / int(match["under"])
    return float((match["thousands"] or match["plain"] or match["whole"] or "0").replace(",", ""))


def _read_han(run: str, text: str, start: int) -> Number | None:
    end = start + len(run)
    follows = text[end : end + 1]
    if run.endswith("十") and follows == "几":
        low = _value(run)
        return Number(Range(low + 1, low + 9), end + 1, han=True) if low else None
    if run.endswith("十") and follows == "来":
        return Number(_exactly(_value(run) or 10), end + 1, han=True)
    # A last 两 is the unit (二两肉, 七八两), unless the run is the pair 一两 before a measure: measures.py asks.
    for length in range(len(run), 0, -1):
        span = span_of(run[:length])
        if span is not None:
            return Number(span, start + length, han=True)
    return None


def span_of(run: str) -> Range | None:
    """A run of Chinese numerals: one value (二十), neighbours as a span (两三, 五六七八, 十五六), else None."""
    value = _value(run)
    if value is not None:
        return _exactly(value)
    if len(run) == 3 and run[2] in POWERS and (pair := span_of(run[:2])) and pair.max and pair.min != pair.max:
        power = POWERS[run[2]]
        return Range((pair.min or 0) * power, pair.max * power)  # 二三十
    head, tail = (run[: run.rindex("十") + 1], run[run.rindex("十") + 1 :]) if "十" in run[:-1] else ("", run)
    digits = [DIGITS[c] for c in tail if c in DIGITS]
    if len(digits) < 2 or len(digits) != len(tail) or 0 in digits:
        return None
    base = (_value(head) or 0) if head else 0
    low, high = min(digits), max(digits)
    # 三五个 is an idiom for a few; any other pair must be neighbours, or it is no number.
    if high - low == len(digits) - 1 or digits == [3, 5]:
        return Range(base + low, base + high)
    return None


def _value(run: str) -> float | None:
    if run.isdecimal() and run.isascii():
        return float(run)
    match = _PLAIN_HAN.fullmatch(run) if run else None
    if match is None:
        return 0.0 if run in ("零", "〇") else None
    thousands, hundreds, tens, ten, ones = match.groups()
    total = DIGITS.get(thousands or "零", 0) * 1000 + DIGITS.get(hundreds or "零", 0) * 100
    if ten:
        total += DIGITS[tens] * 10 if tens else 10
    return float(total + (DIGITS[ones] if ones else 0))


def _exactly(value: float) -> Range:
    return Range(value, value)
