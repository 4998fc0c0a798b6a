"""One dialogue as it is written, with the records that its answers stand on, and the check that they do.

Beside `grounding.grounded_in` it looks at what that leaves to the composer: whole rows, the numbers of steps, counts.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from shishen.domains.cooking.composing import rows
from shishen.domains.cooking.grounding import counted, grounded_in
from shishen.domains.cooking.replies import one_line, steps_of
from shishen.examples import LONGEST_MESSAGE, Example, dialogue, example_id
from shishen.records import Recipe, Rejected

# What answers say of the record as a whole, and of how it was scaled.
_STEP_COUNT = re.compile(r"共 (\d+) 步")
_INGREDIENT_COUNT = re.compile(r"、(\d+) 样材料")
_SCALED_BY = re.compile(r"（原方[^（）\n]*× [\d.]+）")
# A step named by its number, and what is said of it to the line's end.
_NTH = re.compile(r"^(?:- |\*\*)第 (\d+) 步(?:\*\*（共 \d+ 步）(?:（[^）]*）)?)?：(.*)", re.MULTILINE)


class Dialogue(Struct, frozen=True):
    """`turns` are questions with their answers; every number of an answer must stand in `records` or in `said`.

    `said` is what code worked out (how a recipe was scaled). The first of `records` is the recipe itself.
    """

    kind: str
    turns: tuple[tuple[str, str], ...]
    records: tuple[Recipe, ...]
    said: str = ""

    @property
    def answers(self) -> tuple[str, ...]:
        """What is answered, in order."""
        return tuple(answer for _, answer in self.turns)


def fault_of(answers: Sequence[str], records: Sequence[Recipe], said: str = "") -> str:
    """Why these answers do not stand on the records: '' where they do."""
    # Joined by line breaks they hold just the numbers that they hold apart.
    if _stands("\n".join(answers), records, said):
        return ""
    # Answers quote a step in one line, where a number may stand before what was the next line, and spaces as spaces.
    records = (*records, *(shown for one in records if (shown := _as_quoted(one)) != one))
    if _stands("\n".join(answers), records, said):
        return ""
    line = next((one for answer in answers for one in answer.splitlines() if not _stands(one, records, said)), "")
    return f"回答里有菜谱没有的数或行：{line[:60]}"


def _stands(text: str, records: Sequence[Recipe], said: str) -> bool:
    if not (_rows_stand(text, records) and _counts_stand(text, records, said) and _steps_stand(text, records)):
        return False
    # Most of what is checked here says the record's own words, which is quicker to see than all that it may say.
    return _is_quoted(text, records) or grounded_in(text, records, said)


def _is_quoted(text: str, records: Sequence[Recipe]) -> bool:
    lines = [
        line for recipe in records for line in (*(i.raw for i in recipe.ingredients), *(s.text for s in recipe.steps))
    ]
    return counted(text) <= counted("\n".join(lines))


def _as_quoted(recipe: Recipe) -> Recipe:
    """The recipe with every step in one line and nothing that is not seen, as answers quote it."""
    steps = tuple(replace(step, text=one_line(printable(step.text))) for step in recipe.steps)
    return replace(recipe, steps=steps, ingredients=tuple(replace(i, raw=printable(i.raw)) for i in recipe.ingredients))


def printable(text: str) -> str:
    """A text without what is not seen: every sort of space a plain one; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else " " if c.isspace() else "" for c in text)


def _rows_stand(text: str, records: Sequence[Recipe]) -> bool:
    table = {line for line in text.splitlines() if line.startswith("|")}
    return not table or table <= {row for recipe in records for row in rows(recipe.ingredients)}


def _counts_stand(text: str, records: Sequence[Recipe], said: str) -> bool:
    """Whether the numbers of steps and of ingredients are the records', and factors what was worked out."""
    steps = {str(len(steps_of(recipe))) for recipe in records}
    ingredients = {str(len(recipe.ingredients)) for recipe in records}
    return (
        set(_STEP_COUNT.findall(text)) <= steps
        and set(_INGREDIENT_COUNT.findall(text)) <= ingredients
        and set(_SCALED_BY.findall(text)) <= set(_SCALED_BY.findall(said))
    )


def _steps_stand(text: str, records: Sequence[Recipe]) -> bool:
    """Whether every step that is named by its number says what that step says."""
    told = _NTH.findall(text)
    if not told:
        return True
    steps = [[one_line(step.text) for step in steps_of(recipe)] for recipe in records]
    return all(any(0 < int(n) <= len(one) and clause.strip() in one[int(n) - 1] for one in steps) for n, clause in told)


def checked(written: Iterable[Dialogue]) -> Iterator[Example | Rejected]:
    """The example of each dialogue; one whose answers do not stand on its records is rejected with the reason.

    Dialogues that stand on one record alone are checked together, as most of the work is reading the record.
    """
    waiting: list[Dialogue] = []
    for one in written:
        if waiting and (one.said or one.records != waiting[0].records):
            yield from _checked_together(waiting)
            waiting = []
        waiting.append(one)
        if one.said:
            yield from _checked_together(waiting)
            waiting = []
    if waiting:
        yield from _checked_together(waiting)


def _checked_together(written: Sequence[Dialogue]) -> Iterator[Example | Rejected]:
    first = written[0]
    answers = tuple(dict.fromkeys(answer for one in written for answer in one.answers))
    sound = not fault_of(answers, first.records, first.said)
    for one in written:
        fault = _too_long(one) or ("" if sound else fault_of(one.answers, one.records, one.said))
        yield rejected(one, fault) if fault else example(one)


def _too_long(one: Dialogue) -> str:
    longest = max(len(said) for turn in one.turns for said in turn)
    return f"有一句 {longest} 个字，最多 {LONGEST_MESSAGE} 个" if longest > LONGEST_MESSAGE else ""


def example(one: Dialogue) -> Example:
    """A dialogue as an example, its cluster not known yet."""
    messages = dialogue(one.turns)
    ids = dict.fromkeys(recipe.id for recipe in one.records)
    source = one.records[0].source.path if one.records else ""
    return Example(
        id=example_id(messages, one.kind), messages=messages, kind=one.kind, recipes=tuple(ids), source=source
    )


def rejected(one: Dialogue, reason: str) -> Rejected:
    """A dialogue that is not given, at the place of its recipe."""
    if not one.records:
        return Rejected(path="", reason=f"{one.kind}：{reason}")
    recipe = one.records[0]
    place = recipe.source
    return Rejected(path=place.path, page=place.page, line=place.line, reason=f"「{recipe.name}」{one.kind}：{reason}")
