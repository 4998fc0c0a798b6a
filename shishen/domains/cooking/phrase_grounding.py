"""Does what a model says, sentence by sentence, stand in what it was shown? Numbers with units, foods, whose amount.

The words may be others; these may not:
- every number stands there with its unit (三分钟 = 3 分钟);
- every food is named there, or is another name of one that is (番茄 and 西红柿);
- an amount right beside a food is one that stands right beside it there, where any does.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from shishen.chinese import normalise
from shishen.domains.cooking.page_text import PrintedText, flat, numbers
from shishen.domains.cooking.understanding import food_words

_SENTENCE_END = re.compile(r"[。；;！!？?\n]+")
_STOP = re.compile(r"[，,、。；;！!？?（()）和与及跟]")
_TO_THE_STOP = re.compile(r"[^，,、。；;！!？?（()）和与及跟]*")
# Characters around a food that are looked at, those that may stand between it and its amount (盐约 3 克), and those
# between an amount's number and the food behind it, unit and all (30 毫升的醋).
_NEAR, _GAP, _UNIT_AND_GAP = 14, 2, 4
# 煮面 3 分钟 says nothing of how much of it.
_NO_AMOUNTS = frozenset(("minute", "hour", "second", "day", "degree", "percent", "centimetre", "millimetre", "person"))
# What stands in every kitchen, and in hardly a record.
_ALWAYS = frozenset(("水", "清水", "冷水", "热水", "温水", "开水", "沸水", "凉水"))
# So many pairs of letters in common are more than 好的 and 可以.
_SOMETHING = 3
Amount = tuple[float | None, float | None, str]


class Grounds:
    """What may be said: the words of an answer that was composed from records, which is all that a model was shown.

    Not those of the record beside it, as they may be of another amount, nor those of the question: what somebody takes
    for true is not true for that.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._page = PrintedText(text)
        self._amounts: dict[str, set[Amount]] = {}
        for food, _, amounts in _foods(text):
            self._amounts.setdefault(food, set()).update(amounts)

    def tells(self, said: str, dish: str) -> bool:
        """Whether something of the answer is in what was said: an amount, a food, some words beside the dish's name."""
        text, words = self._text.replace(dish, "\0"), said.replace(dish, "\0")
        if _measures(text) & _measures(words) or any(food in self._amounts for food, _, _ in _foods(words)):
            return True
        return len(_pairs(text) & _pairs(words)) >= min(_SOMETHING, max(1, len(_pairs(text))))

    def stray(self, sentence: str) -> str:
        """The first thing of a sentence that is not said there; '' where all of it may be said."""
        if self._page.has(sentence):
            return ""
        if lacking := self._page.lacking(sentence):
            return lacking[0]
        for food, word, amounts in _foods(sentence):
            if food not in self._amounts and word not in _ALWAYS and not self._page.has(word):
                return word
            known = self._amounts.get(food)
            # Between two amounts (3 克盐 1 茶匙糖) only the sense tells which is whose.
            if amounts and known and not known.intersection(amounts):
                return word
        return ""


def _measures(text: str) -> set[Amount]:
    """Its numbers with a unit."""
    return {(number.low, number.high, number.unit) for number in numbers(flat(text)) if number.unit}


def _pairs(text: str) -> set[str]:
    """The pairs of letters or digits that stand side by side."""
    return {a + b for a, b in pairwise(normalise(text)) if a.isalnum() and b.isalnum()}


def _foods(text: str) -> Iterator[tuple[str, str, list[Amount]]]:
    """(its plain name, as it is written, the amounts right beside it) of each food of a text."""
    for line in map(normalise, _SENTENCE_END.split(text)):
        words = food_words(line)
        for word in words:
            amounts = _amounts_beside(line, word.start, word.end)
            if not amounts and len(words) == 1:
                # 把盐准备好，一共 3 克: of nothing else.
                amounts = _only_amount(line)
            yield word.canonical, word.text, amounts


def _only_amount(line: str) -> list[Amount]:
    """The amount of a sentence that has just one, and no other number."""
    plain = flat(line)
    # 一共 and 一起 hold no number.
    found = [number for number in numbers(plain) if plain[number.start].isdigit() or number.unit]
    if len(found) != 1 or not found[0].unit or found[0].unit in _NO_AMOUNTS:
        return []
    return [(found[0].low, found[0].high, found[0].unit)]


def _amounts_beside(line: str, start: int, end: int) -> list[Amount]:
    """The amount right behind the food at this place, and the one right before it, those that there are."""
    found: list[Amount] = []
    behind = _TO_THE_STOP.match(line[end : end + _NEAR])
    after = flat(behind[0]) if behind else ""
    for number in numbers(after)[:1]:
        if number.start <= _GAP and number.unit not in _NO_AMOUNTS:
            found.append((number.low, number.high, number.unit))
    before = flat(_STOP.split(line[max(0, start - _NEAR) : start])[-1])
    for number in numbers(before)[-1:]:
        # Between the two stands the unit (3 克盐).
        if number.unit and number.unit not in _NO_AMOUNTS and len(before) - number.end <= _UNIT_AND_GAP:
            found.append((number.low, number.high, number.unit))
    return found
