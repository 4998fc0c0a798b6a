"""Where dishes begin: the set of titles that parts a document best into ingredients-and-method pieces.

Every line that may be a title is weighed by how it is set and what follows; then the best set of them is found by
dynamic programming over the document, each piece between two titles judged by what it holds. A second round favours
titles that are set like those of the first: a book sets all its titles alike.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import accumulate

from msgspec import Struct

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.structuring.labels import FACTS
from shishen.domains.cooking.structuring.rows import (
    Row,
    begins_steps,
    has_next_step,
    ingredient_score,
    is_food_name,
    opens_bracket,
    sentence_of,
    tells_a_step,
    title_of,
)

# How many possible titles back a piece may begin.
_REACH = 80
_LEAST = -1.0
CHAPTER = re.compile(
    r"^第\s*[一二三四五六七八九十\d]+\s*(?:部分|章|篇|辑|单元|部|编)|^[一二三四五六七八九十]+\s*[、.．]\s*.{1,6}[类篇]$"
)
_SEPARATORS = re.compile(r"[、，,；;]")
# What a piece is worth: whole, with one half only, with neither; and each further list of ingredients in it.
_WHOLE, _HALF, _NOTHING, _AGAIN = 10.0, -1.0, -6.0, -5.0


class Evidence(Struct, frozen=True):
    """Where lists of ingredients and methods begin: one entry a row, I or M or empty."""

    begins: tuple[str, ...]

    def cycles(self) -> tuple[list[int], list[int]]:
        """How many of each begin before every row, as running sums."""
        return (
            [0, *accumulate(int(kind == "I") for kind in self.begins)],
            [0, *accumulate(int(kind == "M") for kind in self.begins)],
        )


def evidence_of(rows: Sequence[Row]) -> Evidence:
    """Where lists of ingredients and methods begin, by their labels or by what the lines look like."""
    begins = [""] * len(rows)
    part = ""
    listed: set[tuple[int, bool]] = set()
    for place, row in enumerate(rows):
        found = row.label.part if row.label else None
        if found == "ingredients" or (found == "group" and part != "I" and _heads_a_list(rows, place)):
            if part != "I":
                begins[place] = "I"
            part = "I"
        elif found == "method":
            if part != "M":
                begins[place] = "M"
            part = "M"
        elif found in ("features", "tips", "story"):
            part = "T"
        elif found is None and part != "I" and _begins_a_list(rows, place, part, listed):
            begins[place] = part = "I"
        elif found is None and part == "I" and _begins_a_method(rows, place):
            begins[place] = part = "M"
        if part == "I" and found is None and ingredient_score(row.text) >= 0.6:
            listed.add(row.style)
    return Evidence(tuple(begins))


def _heads_a_list(rows: Sequence[Row], place: int) -> bool:
    """Whether a label such as 腌料 has ingredients with amounts behind it."""
    label = rows[place].label
    if label and label.rest:
        return ingredient_score(label.rest) >= 0.6
    return place + 1 < len(rows) and rows[place + 1].label is None and ingredient_score(rows[place + 1].text) >= 0.6


def _begins_a_list(rows: Sequence[Row], place: int, part: str, listed: Collection[tuple[int, bool]]) -> bool:
    """Whether several lines from here look like ingredients, or one of several of them.

    In a method or a tip they must be set like the list.
    """
    row, need = rows[place], 4 if part in ("M", "T") else 3
    run = rows[place : place + need]
    if part in ("M", "T") and (any(r.mark for r in run) or (listed and row.style not in listed)):
        return False
    above = rows[place - 1] if place else row
    # 盐3克、糖5克、醋10克 right below a title.
    several = len(_SEPARATORS.findall(row.text)) >= 2 and row.label is None and ingredient_score(row.text) >= 0.9
    if several and above.label is None and above.style[0] > row.style[0] + 1 and title_of(above.text):
        return True
    return len(run) == need and all(r.label is None and ingredient_score(r.text) >= 0.8 for r in run)


def _begins_a_method(rows: Sequence[Row], place: int) -> bool:
    row = rows[place]
    if begins_steps(row) or (row.mark and row.mark.number == 1 and has_next_step(row, rows[place + 1 : place + 7])):
        return True
    before = rows[place - 1] if place else None
    sentence = sentence_of(rows[place : place + 5])
    told = ingredient_score(row.text) < 0.3 and tells_a_step(sentence) and "。" in sentence
    return told and not (before and before.line.full)


def find_heads(
    rows: Sequence[Row], body: float, contents: Collection[str], styles: Counter[tuple[int, bool]]
) -> list[int]:
    """The rows at which dishes begin, in order. `styles` are those of titles found before, and are added to.

    `body` is the size of type of running text, `contents` the titles of the table of contents.
    """
    evidence = evidence_of(rows)
    weights = {
        place: weight
        for place, row in enumerate(rows)
        if (weight := _weight(rows, place, body, contents, evidence)) is not None and weight >= _LEAST
    }
    chosen = _best(list(weights.items()), evidence, len(rows))
    seen = styles + Counter(rows[place].style for place in chosen)
    if seen:
        most = seen.total()
        favoured = {place: weight + _favour(rows[place], seen, most) for place, weight in weights.items()}
        chosen = _best(list(favoured.items()), evidence, len(rows))
    ingredients, methods = evidence.cycles()
    ends = [*chosen[1:], len(rows)][: len(chosen)]
    for place, end in zip(chosen, ends, strict=True):
        if ingredients[end] > ingredients[place] and methods[end] > methods[place]:
            styles[rows[place].style] += 1
    return chosen


def _favour(row: Row, seen: Counter[tuple[int, bool]], total: int) -> float:
    """How much more a title counts that is set like the others."""
    share = seen[row.style] / total
    return 5.0 * share - (3.0 if share < 0.1 and total >= 5 else 1.5) if total >= 3 else 0.0


def _weight(
    rows: Sequence[Row], place: int, body: float, contents: Collection[str], evidence: Evidence
) -> float | None:
    """How well a row does as a title; None where it cannot be one."""
    row = rows[place]
    if row.label and row.label.part == "title" and row.label.rest:
        return 8.0
    # 油酥 is a part of a list, and a dish where it is set like one.
    if row.label and not (row.label.part == "group" and not row.label.rest and row.line.size > 1.15 * body):
        return None
    title = title_of(row.text)
    if title is None or (place and opens_bracket(rows[place - 1].text)):
        return None
    line = row.line
    weight = 0.0
    if line.level:
        weight += 3.0
    elif line.size > 1.05 * body:
        weight += min(3.5, (line.size / body - 1) * 10)
    elif line.size < 0.93 * body:
        weight -= 2.0
    weight += 1.0 if line.bold else 0.0
    weight += 1.0 if is_food_name(title) else -0.5
    weight += 4.0 if _key(title) in contents else 0.0
    weight -= 0.0 if any("\u3400" <= c <= "\u9fff" for c in title) else 2.0
    weight -= 1.5 if row.dotted else 0.0
    weight -= 2.0 if line.full else 0.0
    weight -= 1.0 if len(title) > 16 else 0.0
    weight -= 1.5 if ingredient_score(row.text) >= 0.6 else 0.0
    before = rows[place - 1] if place else None
    if before and before.line.full and before.style == row.style and not line.gap > 0.9:
        weight -= 2.5
    if before and before.line.size and line.box and line.gap > (before.line.gap or 0.5) + 0.4:
        weight += 0.7
    if row.mark and (row.mark.form in ("step", "named") or _counts_on(rows, place)):
        return None
    if _heads_titles(rows, place, body):
        weight -= 8.0 if _is_known_chapter(title) else 4.0
    following = rows[place + 1 : place + 6]
    for distance, after in enumerate(following):
        if evidence.begins[place + 1 + distance] == "I" or (
            after.label and after.label.part in FACTS | {"features", "story"}
        ):
            weight += 2.5 - 0.4 * distance
            break
        if evidence.begins[place + 1 + distance] == "M":
            weight += 0.5
            break
    return weight


def _heads_titles(rows: Sequence[Row], place: int, body: float) -> bool:
    """Whether a row names a chapter: by its words, or as the next row is a title of its own, set in another way.

    汤羹 and the like may be set as titles are.
    """
    row = rows[place]
    if CHAPTER.search(row.text):
        return True
    after = rows[place + 1] if place + 1 < len(rows) else None
    if after is None or after.label or after.line.page != row.line.page:
        return False
    if after.style == row.style and not _is_known_chapter(title_of(row.text)):
        return False
    title = title_of(after.text)
    set_apart = after.line.level is not None or after.line.size > 1.12 * body
    return title is not None and set_apart and any("\u4e00" <= c <= "\u9fff" for c in title)


def _is_known_chapter(title: str | None) -> bool:
    return title in knowledge("structuring")["chapters"].split()


def _counts_on(rows: Sequence[Row], place: int) -> bool:
    """Whether a row's number follows that of a row shortly above, set alike: a step's, not a dish's."""
    mark, style = rows[place].mark, rows[place].style
    for row in reversed(rows[max(0, place - 8) : place]):
        if row.label:
            return False
        if mark and row.mark and row.mark.form == mark.form and row.style == style:
            return row.mark.number == mark.number - 1
    return False


def _key(title: str) -> str:
    return "".join(title.split()).lower()


def _best(weights: list[tuple[int, float]], evidence: Evidence, count: int) -> list[int]:
    """The set of titles with the greatest sum of their weights and their pieces' worth."""
    ingredients, methods = evidence.cycles()
    places = [place for place, _ in weights]
    # best[j]: the greatest sum of a chain of titles that ends with j, its last piece still open.
    best: list[float] = []
    came: list[int] = []
    for j, (place, weight) in enumerate(weights):
        # What stands before the first title is worth nothing, and costs what it holds.
        value, origin = -4.0 * min(ingredients[place], methods[place]), -1
        for i in range(max(0, j - _REACH), j):
            worth = best[i] + _worth(places[i], place, ingredients, methods)
            if worth > value:
                value, origin = worth, i
        best.append(value + weight)
        came.append(origin)
    if not best:
        return []
    last = max(range(len(best)), key=lambda j: best[j] + _worth(places[j], count, ingredients, methods))
    if best[last] + _worth(places[last], count, ingredients, methods) < 0:
        return []
    chain = []
    while last >= 0:
        chain.append(places[last])
        last = came[last]
    return chain[::-1]


def _worth(start: int, end: int, ingredients: list[int], methods: list[int]) -> float:
    lists, ways = ingredients[end] - ingredients[start], methods[end] - methods[start]
    if not lists and not ways:
        return _NOTHING
    again = _AGAIN * max(lists - 1, 0)
    return (_WHOLE if lists and ways else _HALF) + again
