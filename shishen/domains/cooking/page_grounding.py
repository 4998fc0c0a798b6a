"""Grounding: is what a model read off a page on that page? What is not is dropped and said, field by field.

A name, an amount with its unit, a number of a step must stand in the page's text (`page_text.py`); a sentence may
differ in one character of ten. What is dropped stands among the reading's doubts, for a person to look at, and the
confidence of its field falls.
"""

import math
import re
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from shishen.domains.cooking.durations import read_durations
from shishen.domains.cooking.page_text import PrintedText, flat
from shishen.domains.cooking.quantities import read_line
from shishen.pages import Reading
from shishen.records import Draft, DraftLine, DraftStep, Item, Rejected

_PIECES = re.compile(r"\s*[、，,；;]\s*(?!\d)")
_SAYS_DIFFICULTY = re.compile(r"难|易|简单|初级|中级|高级|新手|[★☆⭐]|[一二三四五\d]\s*颗?星")
_LONGEST_SHOWN = 40


# What is left of an ingredient of which only the name is printed; so much of its weight in the confidence.
_NAME_ALONE = 0.5


class _Kept(Struct, frozen=True):
    """What is left of a text, how much of it (in [0, 1]), and what to say; None where there is nothing."""

    text: str | None
    share: float
    doubt: str | None = None


def grounded(reading: Reading, text: str) -> Reading | Rejected:
    """The reading without what does not stand in `text`, the page's; rejected where the dish's name does not.

    The confidence of the ingredients, and of the steps, falls by the share that was dropped; an ingredient that
    only lost its amount counts half.
    """
    page = PrintedText(text)
    draft = reading.draft
    place = "" if draft.source.page is None else f"第 {draft.source.page} 页："

    def rejected(reason: str) -> Rejected:
        source = draft.source
        return Rejected(path=source.path, page=source.page, line=source.line, reason=f"{place}{reason}")

    if not page.has(draft.title):
        return rejected(f"模型给的菜名「{_short(draft.title)}」不在原文里")
    doubts: list[str] = []
    lines, shares = _lines(draft.lines, page, doubts)
    named, named_shares = _lines(draft.named, page, doubts)
    steps = _steps(draft.steps, page, doubts)
    if not lines and not named and not steps and (draft.lines or draft.named or draft.steps):
        return rejected(f"模型给的「{_short(draft.title)}」的材料和步骤都不在原文里")
    found = replace(
        _with_grounded_fields(draft, page, text, doubts),
        lines=lines,
        named=named,
        steps=steps,
    )
    ingredients = [*shares, *named_shares]
    kept = {
        "ingredients": sum(ingredients) / max(len(ingredients), 1),
        "steps": len(steps) / max(len(draft.steps), 1),
    }
    dropped = {
        # Downwards: a small loss in a long list is seen too.
        field: math.floor(reading.confidence.get(field, 1.0) * kept[field] * 100) / 100
        for field, given in (("ingredients", ingredients), ("steps", draft.steps))
        if given and kept[field] < 1
    }
    confidence = {**reading.confidence, **dropped}
    return replace(reading, draft=found, confidence=confidence, doubts=(*reading.doubts, *doubts))


def _with_grounded_fields(draft: Draft, page: PrintedText, text: str, doubts: list[str]) -> Draft:
    """The draft with its short fields and sentences checked."""

    def one(label: str, value: str | None, stands: Callable[[str], bool]) -> str | None:
        if value is None or stands(value):
            return value
        doubts.append(f"{label}「{_short(value)}」不在原文里，去掉了")
        return None

    def several(label: str, values: tuple[str, ...], stands: Callable[[str], bool]) -> tuple[str, ...]:
        return tuple(value for value in values if one(label, value, stands) is not None)

    minutes, difficulty, calories = draft.minutes, draft.difficulty, draft.calories
    if minutes is not None and not _lasts(minutes, text):
        doubts.append(f"时间「{minutes:g} 分钟」不在原文里，去掉了")
        minutes = None
    if difficulty is not None and not _SAYS_DIFFICULTY.search(text):
        doubts.append("原文没有说难度，去掉了")
        difficulty = None
    if calories is not None and page.lacking(f"{calories:g}"):
        doubts.append(f"热量「{calories:g}」不在原文里，去掉了")
        calories = None
    return replace(
        draft,
        aliases=several("别名", draft.aliases, page.has),
        category=one("分类", draft.category, page.has),
        cuisine=one("菜系", draft.cuisine, page.has),
        tastes=several("口味", draft.tastes, page.has),
        keywords=several("关键词", draft.keywords, page.has),
        tools=several("工具", draft.tools, page.has),
        servings=one("份量", draft.servings, page.says),
        description=one("简介", draft.description, page.says),
        features=one("特点", draft.features, page.says),
        tips=several("小贴士", draft.tips, page.says),
        minutes=minutes,
        difficulty=difficulty,
        calories=calories,
    )


def _lasts(minutes: float, text: str) -> bool:
    """Whether the text names this duration."""
    plain = flat(text)
    spans = [*read_durations(plain), *(span for line in text.splitlines() for span in read_durations(line))]
    return any(minutes in (span.min, span.max) for span in spans)


def _heading(label: str, words: str | None, page: PrintedText, doubts: list[str]) -> str | None:
    if words is None or page.has(words):
        return words
    doubt = f"{label}「{_short(words)}」不在原文里，去掉了"
    if doubt not in doubts:
        doubts.append(doubt)
    return None


def _steps(steps: tuple[DraftStep, ...], page: PrintedText, doubts: list[str]) -> tuple[DraftStep, ...]:
    kept = []
    for step in steps:
        if page.says(step.text):
            kept.append(DraftStep(step.text, _heading("步骤的小标题", step.section, page, doubts)))
        elif lacking := page.lacking(step.text):
            doubts.append(f"步骤「{_short(step.text)}」里的 {'、'.join(lacking[:3])} 不在原文里，去掉了")
        else:
            doubts.append(f"步骤「{_short(step.text)}」不在原文里，去掉了")
    return tuple(kept)


def _lines(
    lines: tuple[DraftLine, ...], page: PrintedText, doubts: list[str]
) -> tuple[tuple[DraftLine, ...], list[float]]:
    """(the ingredient lines with what stands on the page, how much is left of each line that was given).

    A line of several things is looked at thing by thing.
    """
    kept, shares = [], []
    for line in lines:
        alone = page.has(line.text) or len(read_line(line.text).items) == 1
        pieces = [line.text] if alone else _PIECES.split(line.text)
        checked = [_piece(piece, page) for piece in pieces if flat(piece)]
        doubts += [piece.doubt for piece in checked if piece.doubt]
        shares.append(sum(piece.share for piece in checked) / len(checked) if checked else 0.0)
        if texts := [piece.text for piece in checked if piece.text]:
            whole = line.text if texts == pieces else "、".join(texts)
            kept.append(DraftLine(whole, _heading("材料的小标题", line.group, page, doubts)))
    return tuple(kept), shares


def _piece(piece: str, page: PrintedText) -> _Kept:
    if page.has(piece):
        return _Kept(piece, 1.0)
    line = read_line(piece)
    shown = _short(piece)
    gone = _Kept(None, 0.0, f"材料「{shown}」不在原文里，去掉了")
    names = [name for item in line.items for name in (item.name, *item.alt)]
    if not names:
        # A heading or a remark, not a food.
        return _Kept(piece, 1.0) if page.says(piece) else gone
    if not all(page.has(name) for name in names):
        return gone
    if page.lacking(piece) or any(not _amount_stands(item, piece, page) for item in line.items):
        bare = "、".join(item.name for item in line.items)
        return _Kept(bare, _NAME_ALONE, f"材料「{shown}」的用量不在原文里，只留下「{bare}」")
    return _Kept(piece, 1.0, f"材料「{shown}」的写法和原文不同，请核对")


def _amount_stands(item: Item, piece: str, page: PrintedText) -> bool:
    """Whether this may be the thing's amount: a number that is not another thing's; 适量 is one as well."""
    if item.vague is not None:
        return page.has(item.vague)
    return not page.gives_another(item.name, piece)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_SHOWN else plain[:_LONGEST_SHOWN] + "…"
