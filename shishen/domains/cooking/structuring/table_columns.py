"""The columns of a table of ingredients: which one says how much, and in what."""

import re

from msgspec import Struct

from shishen.chinese import simplify
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.structuring.rows import ingredient_score, is_food_name

_UNIT = re.compile(r"[（(]\s*([^（()）]{1,4})\s*[)）]")
_NUMBER = re.compile(r"[\d.]+(?:\s*[-~～–—]\s*[\d.]+)?")
_DIGITS = re.compile(r"\d|适量|少许|少量|若干|随意")
_LONGEST_GROUP = 8


class Columns(Struct, frozen=True):
    """How many cells a row has, and which of them are the name and the amount; the unit that the head names."""

    count: int
    name: int
    amount: int
    unit: str

    def entry(self, text: str) -> str:
        """A row's name and amount: 高筋面粉  6.3  25 → 高筋面粉  25g; a row of other cells as it is."""
        cells = re.split(r"\s{2,}", text.strip())
        if len(cells) != self.count:
            return text
        amount = cells[self.amount]
        return f"{cells[self.name]}  {amount}{self.unit if _NUMBER.fullmatch(amount) else ''}"


def columns_of(head: str) -> Columns | None:
    """The columns of a table with one name and one amount a row, where its head says more than the cells do.

    So it does where it names a unit, 重量（g）, or has a column of percentages, which are no amounts.
    """
    cells = re.split(r"\s{2,}", head.strip())
    words = [simplify(_UNIT.sub("", cell)).strip() for cell in cells]
    units = [found[1] if (found := _UNIT.search(cell)) else "" for cell in cells]
    lists = knowledge("structuring")
    amounts = [n for n, word in enumerate(words) if word in lists["amount_columns"].split()]
    shares = [n for n, word in enumerate(words) if word in lists["share_columns"].split()]
    names = [n for n, word in enumerate(words) if n not in (*amounts, *shares)]
    if len(amounts) != 1 or not names or not (shares or units[amounts[0]]):
        return None
    return Columns(len(cells), names[0], amounts[0], units[amounts[0]])


def with_group(text: str) -> tuple[str | None, str]:
    """(the heading in the first cell of a row, the entry behind it): 到店买  大鸡腿 2个; (None, text) without one."""
    head, gap, rest = text.partition("  ")
    rest = rest.strip()
    if not gap or not 2 <= len(head) <= _LONGEST_GROUP or _DIGITS.search(head) or is_food_name(head):
        return None, text
    # The cell behind it is an entry by itself, with a name and an amount.
    entry = rest.partition("  ")[0]
    whole = ingredient_score(entry) >= 0.9 and re.match(r"[\u3400-\u9fff]{1,8}\s*[\d半一二两三四五六七八九十]", entry)
    return (head, rest) if whole else (None, text)
