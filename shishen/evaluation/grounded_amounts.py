"""Grounded amounts: which numbers of an answer, with what they count, stand in the reference, and which it left out.

Numbers are compared by value and unit (三分钟 = 3 分钟, 500g = 500 克), as those of a page are; the numbers that only
number a list are none. A number that was said in the question may be said back.
"""

import re
from collections.abc import Sequence

from shishen.domains.cooking.page_text import flat, numbers

_LIST_NUMBER = re.compile(r"^\s*(?:\d{1,3}[.、)）．]\s*(?!\d)|第\s*\d{1,3}\s*步)", re.MULTILINE)
Amount = tuple[float | None, float | None, str]


def amounts(text: str) -> frozenset[Amount]:
    """Every (least, most, unit) of a text; numerals of Chinese only where a unit follows (一起 holds none)."""
    found = set()
    for line in _LIST_NUMBER.sub("", text).splitlines():
        plain = flat(line)
        found |= {(n.low, n.high, n.unit) for n in numbers(plain) if plain[n.start].isdigit() or n.unit}
    return frozenset(found)


def amounts_right(said: str, reference: str, asked: Sequence[str] = ()) -> tuple[int, int]:
    """(how many of the amounts that were said stand in the reference or were asked about, how many were said)."""
    mine = amounts(said)
    known = amounts(reference).union(*map(amounts, asked))
    return len(mine & known), len(mine)


def amounts_said(said: str, reference: str) -> tuple[int, int]:
    """(how many of the reference's amounts were said, how many it has)."""
    right = amounts(reference)
    return len(amounts(said) & right), len(right)
