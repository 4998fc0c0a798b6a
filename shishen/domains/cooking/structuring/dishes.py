"""The rows of one dish → its draft, with how sure the rules are of each field."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec.structs import replace

from shishen.domains.cooking.durations import read_durations, whole_time
from shishen.domains.cooking.structuring.gathering import Gathered, Section
from shishen.domains.cooking.structuring.ingredient_lists import split_list
from shishen.domains.cooking.structuring.joining import Spacing, clean
from shishen.domains.cooking.structuring.marks import Mark, cut_at_marks, mark_of
from shishen.domains.cooking.structuring.paragraphs import Paragraph
from shishen.domains.cooking.structuring.rows import Row, ingredient_score, mended, opens_bracket, title_of
from shishen.pages import Reading
from shishen.records import Draft, DraftLine, DraftStep, Source

_LEVELS = {
    "简单": 1, "初级": 1, "容易": 1, "新手": 1, "普通": 2, "一般": 2, "中等": 3, "中级": 3, "较难": 4, "高级": 4,
    "难": 5, "低": 1, "中": 3, "高": 4,
}  # fmt: skip
_SERVES = re.compile(r"\s*[（(]\s*(\d{1,3}(?:[-~～至到]\d{1,3})?\s*(?:人份|人量|人|份))\s*[)）]$")
# A line is read with less than this much confidence: worth a look.
_UNSURE = 0.8


def read_dish(rows: Sequence[Row], source: Source, category: str | None, spacing: Spacing) -> Reading | None:
    """The dish whose title is the first row; None where it has neither ingredients nor steps."""
    title, rest = _title(rows, spacing)
    found = Gathered(spacing)
    if serves := _SERVES.search(title):
        # 土豆烧鸡块（100人份）
        title = title[: serves.start()].strip() + title[serves.end() :]
        found.facts["servings"] = serves[1]
    found.take(rest)
    lines = [line for group, entry in found.entries for line in split_list(entry.text.strip(), group)]
    steps, numbers = _steps(found.steps)
    if not lines and not steps:
        return None
    facts = found.facts
    draft = Draft(
        title=title,
        source=source,
        aliases=_several(facts.get("aliases")),
        description="\n".join(_texts(found, "intro", "story")) or None,
        category=facts.get("category") or category,
        cuisine=facts.get("cuisine"),
        tastes=_several(facts.get("tastes")),
        difficulty=_difficulty(facts.get("difficulty")),
        minutes=_minutes(facts.get("minutes")),
        calories=_number(facts.get("calories")),
        servings=facts.get("servings"),
        lines=tuple(lines),
        tools=_texts(found, "tools"),
        steps=tuple(steps),
        tips=_texts(found, "tips"),
        features="".join(_texts(found, "features")) or None,
    )
    confidence, doubts = _confidence(found, draft, numbers, rows)
    return Reading(draft=draft, confidence=confidence, doubts=doubts, lines=tuple(row.line for row in rows))


def _minutes(words: str | None) -> float | None:
    """The time that a label calls the dish's: the longer end of a span; of several times the one called the whole."""
    if not words:
        return None
    spans = read_durations(words)
    return (spans[0].max or spans[0].min) if len(spans) == 1 else whole_time(words)


def _title(rows: Sequence[Row], spacing: Spacing) -> tuple[str, Sequence[Row]]:
    """The title, over two lines where it is, and the rows after it."""
    first = rows[0]
    if first.label and first.label.part == "title":
        return clean(first.label.rest), rows[1:]
    title = title_of(first.text) or first.text
    after = rows[1] if len(rows) > 1 else None
    if after and after.label is None and len(after.text) <= 20:
        wrapped = first.line.full and after.style == first.style and after.line.gap < 1.0 and len(title) > 4
        if opens_bracket(title) or wrapped:
            return clean(spacing.join(title, after.text)), rows[2:]
    return clean(title), rows[1:]


def _steps(paragraphs: Iterable[tuple[str | None, Paragraph]]) -> tuple[list[DraftStep], list[int]]:
    """(steps, their numbers): numbered paragraphs, running text cut at its numbers, else a paragraph a step."""
    steps: list[DraftStep] = []
    numbers: list[int] = []
    paragraphs = _in_turn(list(paragraphs))
    for heading, paragraph in paragraphs:
        text = mended(paragraph.text)
        own = _mark_of(paragraph, text)
        pieces = cut_at_marks(clean(text), own.form if own else None)
        if len(pieces) == 1:
            pieces = [(own.number, clean(own.rest)) if own else (None, clean(text))]
        numbers += [number for number, _ in pieces if number is not None]
        steps += [DraftStep(words, heading) for _, words in pieces if words]
    return steps, numbers


def _in_turn(paragraphs: list[tuple[str | None, Paragraph]]) -> list[tuple[str | None, Paragraph]]:
    """Steps in the order of their numbers, where every one has its own: pictures in rows may be read by columns."""
    numbers = [paragraph.mark.number if paragraph.mark else 0 for _, paragraph in paragraphs]
    if numbers != sorted(numbers) and sorted(numbers) == list(range(1, len(numbers) + 1)):
        return [pair for _, pair in sorted(zip(numbers, paragraphs, strict=True), key=lambda both: both[0])]
    return paragraphs


def _mark_of(paragraph: Paragraph, text: str) -> Mark | None:
    """The number that a paragraph begins with, and all that stands behind it."""
    if not paragraph.mark:
        return None
    found = mark_of(text)
    if found and found.form == paragraph.mark.form:
        return found
    return replace(paragraph.mark, rest=re.sub(r"^\s*\d{1,2}\s*[.．、:：,，]?\s*", "", text))


def _texts(found: Gathered, *sections: Section) -> tuple[str, ...]:
    return tuple(text for section in sections for p in found.prose.get(section, []) if (text := clean(p.text)))


def _several(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[、，,/；;\s]", text or "") if part.strip())


def _difficulty(text: str | None) -> int | None:
    if not text:
        return None
    if stars := sum(text.count(star) for star in "★⭐🌟"):
        return min(stars, 5)
    number = _number(text)
    if number is not None:
        return int(number) if 1 <= number <= 5 else None
    return next((level for word, level in _LEVELS.items() if word in text), None)


def _number(text: str | None) -> float | None:
    found = re.search(r"\d+(?:\.\d+)?", text or "")
    return float(found[0]) if found else None


def _confidence(
    found: Gathered, draft: Draft, numbers: Sequence[int], rows: Sequence[Row]
) -> tuple[dict[str, float], tuple[str, ...]]:
    """(how sure each field is, in [0, 1], what is doubtful in words): labels, numbers in turn, lines that fit."""
    doubts: list[str] = []
    broken = bool(numbers) and (numbers[0] != 1 or any(b not in (1, a + 1) for a, b in pairwise(numbers)))
    if broken:
        doubts.append("步骤的编号不连续，可能漏了一步：" + "、".join(map(str, numbers[:30])))
    unsure = [row.text for row in rows if row.line.confidence < _UNSURE]
    if unsure:
        doubts.append("没有看清的行：" + _shown(unsure))
    seen = min((row.line.confidence for row in rows), default=1.0)
    sight = 1.0 if seen == 1.0 else 0.5 + 0.5 * seen
    head = rows[0].line
    set_apart = head.level or head.bold or (len(rows) > 1 and head.size > 1.1 * rows[1].line.size)
    ingredients = _sure_of_ingredients(found, draft.lines, doubts)
    steps = 0.0
    if draft.steps:
        steps = (0.98 if "method" in found.labelled else 0.75) - (0.3 if broken else 0.0)
    else:
        doubts.append("没有找到步骤")
    sure = {"title": 0.98 if set_apart else 0.8, "ingredients": ingredients, "steps": steps}
    return {field: round(share * sight, 2) for field, share in sure.items()}, tuple(doubts)


def _sure_of_ingredients(found: Gathered, lines: Sequence[DraftLine], doubts: list[str]) -> float:
    if not lines:
        doubts.append("没有找到食材")
        return 0.0
    scores = [ingredient_score(line.text) for line in lines]
    odd = [line.text for line, score in zip(lines, scores, strict=True) if score < 0.3]
    if odd:
        doubts.append("像食材又不像的行：" + _shown(odd))
    labelled = 0.6 if "ingredients" in found.labelled else 0.5
    return (labelled + 0.4 * (1 - len(odd) / len(lines))) * (0.95 if found.slipped else 1.0)


def _shown(texts: Sequence[str]) -> str:
    return "；".join(f"{text:.30}" for text in texts[:5])
