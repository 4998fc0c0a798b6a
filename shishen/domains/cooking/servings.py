"""How many people or portions the amounts of a recipe serve, only where the text says so.

Reads short forms (「2 人」, 「3–4 人份」, 「2 servings」) and running text (the whole 计算 of HowToCook).
"""

import re

from shishen.domains.cooking.durations import read_number
from shishen.records import Range

_NUMBER = r"\d{1,4}(?:\.\d{1,2})?|[一二两三四五六七八九十]{1,4}"
_SPAN = rf"(?P<low>{_NUMBER})\s*(?:(?:[-~～—–－至到]|\s-\s)+\s*(?P<high>{_NUMBER})\s*)?"


def _people(text: str) -> str:
    """A pattern with the span of people in it, its groups numbered so that several can be joined."""
    return text.replace("SPAN", _SPAN)


# In the order in which they are believed; a line is searched for each of them, the first line first.
_PEOPLE = tuple(
    re.compile(_people(pattern))
    for pattern in (
        r"=\s*SPAN人份",
        # 一份正好够 2 个人吃, 适合 3-4 人食用, 可供 6～8 人食用
        r"(?:够|足够|适合|可供|供|食用|正好|仅仅? ?1? ?够)\s*(?:约|大约|给)?\s*SPAN个?人(?!吃不|以上)",
        # 2 人份, 两人食用, 三人量, 一人餐, 2-3 个人的量, 一人版本, 二人食用分量
        r"SPAN个?人(?:份|食用|吃(?!不|直接)|喝|饮用|量|用量|的(?:份|分|用)?量|一?餐|一餐|版本|版|(?:的)?版本|食(?![用物材])|够吃|一顿|\s*\d+\s*顿|可以食用)",
        # 每份（2-3 人）
        r"份[（(]\s*约?\s*SPAN个?人\s*[）)]",
    )
)
_OPEN = re.compile(_people(r"SPAN个?人以上(?:的?版本|食用|份)"))
_SINGLE = re.compile(r"(?<!菜)单人(?!床)")
_EACH_PERSON = re.compile(r"/\s*[男女]?人|每人|每个人|[*×x]\s*人数|人数\s*[*×x]")
_PORTIONS = re.compile(
    rf"(?:按照?|为|以|每|制作|^)\s*(?P<low>{_NUMBER})\s*(?:[-~～—–－至到]+\s*(?P<high>{_NUMBER})\s*)?份(?!数|量的)"
)
# 一杯分量, 按照 1 盘的份量: the word says that it is a portion.
_VESSELS = re.compile(rf"{_SPAN}\s*(?:杯|盘|大盘|碗|大碗)的?(?:份量|分量)")
_EACH_PORTION = re.compile(r"每一?份|一份(?!正好|约?可?够)|份数|按每份")
_LINE_LENGTH = 300
_BULLET = re.compile(r"^\s*[-*+]\s")
_SPLIT_UP = re.compile(r"分[为成]|等[为成]|切[为成]")
_SHORT = re.compile(
    rf"(?:约|大约|大概|适合|供|[Ss]erves?|[Yy]ields?|[Mm]akes?)?[\s:：]*{_SPAN}\s*"
    r"(?:个?人(?:份|食|食用|吃|量|用)?|份|位|人次|(?:servings?|people|persons?|portions?|adults?)\b)?\s*(?:左右|的?量)?[。.]?"
)


def read_servings(text: str | None) -> Range | None:
    """The people or portions that the amounts in `text` serve; None where it says nothing of them."""
    if text is None or not (text := text.strip()):
        return None
    if len(text) <= 30 and (short := _SHORT.fullmatch(text)):
        return _span(short)
    lines = [line[:_LINE_LENGTH] for line in text.splitlines() if line.strip()]
    if any(open_ := _OPEN.search(line) for line in lines):
        assert open_
        low = read_number(open_["low"])
        return Range(low[0], None) if low else None
    for line in lines:
        for pattern in _PEOPLE:
            if found := pattern.search(line):
                return _span(found)
    if any(_SINGLE.search(line) or _EACH_PERSON.search(line) for line in lines):
        return Range(1.0, 1.0)
    prose = [line for line in lines if not _BULLET.match(line) and not _SPLIT_UP.search(line)]
    for line in prose:
        if found := _PORTIONS.search(line.lstrip("> ")):
            return _span(found)
    for line in lines:
        if found := _VESSELS.search(line):
            return _span(found)
    if any(_EACH_PORTION.search(line) for line in prose) or any("份数" in line for line in lines):
        return Range(1.0, 1.0)
    return None


def _span(match: re.Match[str]) -> Range | None:
    low = read_number(match["low"])
    high = read_number(match["high"]) if match["high"] else low
    if low is None or high is None or not 0 < low[0] <= high[1]:
        return None
    return Range(low[0], high[1])
