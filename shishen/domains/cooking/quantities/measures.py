"""Quantities: a number and its unit, a range, a sum, or a word that leaves the amount open.

`read` looks at one place of a text: `2-3段`, `半碗-1碗`, `60+-5克`, `120克+-10克`, `20多粒`, `≥30ml`, `几滴`, `适量`.
"""

import re

from msgspec import Struct

from shishen.domains.cooking.quantities import numerals
from shishen.domains.cooking.quantities.vocabulary import vocabulary
from shishen.records import Range


class Quantity(Struct, frozen=True):
    """An amount: numbers, unit and vague word as in `Item`, and the place in the text where it ends."""

    min: float | None = None
    max: float | None = None
    unit: str | None = None
    vague: str | None = None
    end: int = 0

    @property
    def counted(self) -> bool:
        """Whether there is a number in it."""
        return self.min is not None or self.max is not None


class _Measure(Struct, frozen=True):
    """One number with its unit, without what joins it to another."""

    span: Range
    unit: str | None
    end: int
    han: bool


_ABOUT = re.compile(
    r"\s*(?:大约|大概|约莫|约|差不多|将近|接近|近似|总共|共需|一共|总量|共|需要|需)\s*(?=[\d≥>≤<一二两三四五六七八九十半几数百])"
)
_AT_LEAST = re.compile(r"\s*(?:≥|>=|>|至少|不少于|不低于|多于|大于|超过)\s*(?=[\d一二两三四五六七八九十半])")
_AT_MOST = re.compile(r"\s*(?:≤|<=|<|少于|小于|不超过|不多于|不到|不足|至多|最多)\s*(?=[\d一二两三四五六七八九十半])")
_TO = re.compile(r"\s*(?:-{1,2}|~{1,2}|至|到|或者?)\s*")
_NEIGHBOUR = re.compile(r"\s*[、，,.]\s*(?=\d)|\s+(?=\d)|[、，,](?=[一二两三四五六七八九])")
_SPREAD = re.compile(r"\s*(?:\+-|±|\+/-)\s*")
_PLUS = re.compile(r"\s*\+\s*")
_MORE = re.compile(r"\s*[多余]")
_SOME = re.compile(r"\s*来")
_OVER = re.compile(r"\s*(?:以上|及以上|起步?(?![\u4e00-\u9fff])|多(?!\d|一|些|点|余|放|加|宝|春|味|力))")
_LOOSE = re.compile(
    r"\s*(?:左右|上下|以内|以下|许|的样子|最佳)?(?:就好|就够了?|就行|就可以了?|即可|足够)?(?:量的?(?=[\u4e00-\u9fff])(?<=倍量))?"
)
_FEW = re.compile(r"(?:好几|几十|十几|几|数|若干)")
_FEW_NUMBER = re.compile(r"(好几|几|数|若干|适量|少许|少量)(?=\S)")
_NOT_AMOUNT = re.compile(
    r"\s*(?:块钱|元|毛钱|角钱|分钟|小时|天|年|岁|点钟|次|月|°|℃|度|%|寸|厘米|公分|毫米|cm|mm|CM|MM|种|处(?!理)|个?指节)"
)
_MEASURE_AFTER = "个只根条片瓣颗块粒朵把勺匙杯碗棵袋包份滴瓶张盒头段节枚撮支小大"


def read(text: str, start: int) -> Quantity | None:
    """The quantity that begins at `start`, or None. A Chinese number counts only before a unit or an end."""
    place = start
    if about := _ABOUT.match(text, place):
        place = about.end()
    least, most = _AT_LEAST.match(text, place), _AT_MOST.match(text, place)
    if least or most:
        place = (least or most).end()  # type: ignore[union-attr]
    first = _measure(text, place)
    if first is None:
        return _few(text, place)
    quantity = _extend(text, first)
    if least:
        return Quantity(quantity.min, None, quantity.unit, end=quantity.end)
    if most:
        return Quantity(None, quantity.max, quantity.unit, end=quantity.end)
    return quantity


def _few(text: str, start: int) -> Quantity | None:
    """几片, 数粒, 若干个: a unit and no number."""
    few = _FEW_NUMBER.match(text, start)
    if few is None:
        return None
    unit = vocabulary().unit.match(text, few.end())
    if unit is None:
        return None
    return Quantity(unit=_unit_name(unit), vague=few[1], end=unit.end())


def _unit_name(match: re.Match[str]) -> str:
    return match["unit"].lower()


def _measure(text: str, start: int) -> _Measure | None:
    number = numerals.read(text, start)
    if number is None:
        return None
    number = _without_liang(text, start, number)
    if _NOT_AMOUNT.match(text, number.end):
        return None
    place = number.end
    span = number.span
    if (come := _SOME.match(text, place)) and vocabulary().unit.match(text, come.end()):
        place = come.end()
    if (more := _MORE.match(text, place)) and vocabulary().unit.match(text, more.end()):
        span, place = Range(span.min, None), more.end()
    unit = vocabulary().unit.match(text, place)
    if unit is None:
        return _Measure(span, None, place, number.han)
    return _Measure(span, _unit_name(unit), unit.end(), number.han)


def _without_liang(text: str, start: int, number: numerals.Number) -> numerals.Number:
    """二两肉 is two liang, not a number 二两; 一两个 stays the pair one-or-two."""
    run = text[start : number.end]
    if not number.han or len(run) < 2 or not run.endswith("两"):
        return number
    after = vocabulary().unit.match(text, number.end)
    if after is not None:
        return number
    span = numerals.span_of(run[:-1])
    return numerals.Number(span, number.end - 1, han=True) if span else number


def _extend(text: str, first: _Measure) -> Quantity:
    low, high, unit, end = first.span.min, first.span.max, first.unit, first.end
    if unit is not None and (half := _half_more(text, end)) and low is not None and high is not None:
        return Quantity(low + 0.5, high + 0.5, unit, end=half)
    if (
        unit == "斤"
        and low is not None
        and high is not None
        and (ounces := _measure(text, end))
        and ounces.unit == "两"
    ):
        tenth = (ounces.span.min or 0) / 10
        return Quantity(low + tenth, high + tenth, unit, end=ounces.end)
    second = _second(text, first)
    if second is not None:
        end = second.end
        high = second.span.max
        if second.unit is not None:
            unit = second.unit
        if low is not None and high is not None and high < low:
            low, high = high, low
    elif (spread := _SPREAD.match(text, end)) and (by := _measure(text, spread.end())) and by.span.max is not None:
        if low is not None and high is not None:
            low, high = low - by.span.max, high + by.span.max
        unit, end = unit or by.unit, by.end
    else:
        while (plus := _PLUS.match(text, end)) and (more := _measure(text, plus.end())) and not more.han:
            if more.unit != unit and unit is not None and more.unit is not None:
                end = more.end
                break
            low = None if low is None or more.span.min is None else low + more.span.min
            high = None if high is None or more.span.max is None else high + more.span.max
            unit, end = unit or more.unit, more.end
    if over := _OVER.match(text, end):
        return Quantity(low, None, unit, end=over.end())
    if (loose := _LOOSE.match(text, end)) and loose.end() > end:
        end = loose.end()
        if unit is None and (late := vocabulary().unit.match(text, end)):
            unit, end = _unit_name(late), late.end()
    return Quantity(low, high, unit, end=end)


def _half_more(text: str, place: int) -> int | None:
    """The end of 半 in 一勺半盐; None in 一斤半干豆腐 and 一个半斤重的."""
    if text[place : place + 1] != "半" or vocabulary().protected.match(text, place):
        return None
    return None if vocabulary().unit.match(text, place + 1) else place + 1


def _second(text: str, first: _Measure) -> _Measure | None:
    """The other end of a range, or None."""
    joint = _TO.match(text, first.end)
    if joint:
        second = _measure(text, joint.end())
        if second is None or (second.han and second.unit is None):
            return None
        if "或" in joint.group() and second.unit not in (first.unit, None) and first.unit is not None:
            return None
        same = first.unit is None or second.unit is None or second.unit == first.unit
        return second if same else None
    if first.unit is not None or first.span.min != first.span.max:
        return None
    second = first
    found: _Measure | None = None
    # 8、9朵 and 6，7，8粒: neighbours only, for a list separator stands between.
    while (joint := _NEIGHBOUR.match(text, second.end)) and second.unit is None:
        third = _measure(text, joint.end())
        if third is None or third.span.min is None or second.span.max is None:
            break
        if third.span.min != second.span.max + 1:
            break
        found = second = third
    return found
