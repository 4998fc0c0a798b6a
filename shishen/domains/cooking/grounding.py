"""The verifier: does every number in an answer, with what it counts, stand in the record that it cites?

A number alone says little, as most small numbers stand somewhere in a recipe; so a number is compared together
with the unit or the two characters behind it (5 分钟, 10 克), and a row of the table as a whole.
"""

import re
from collections.abc import Sequence

from shishen.domains.cooking.composing import amount, facts, number, place, rows, span
from shishen.domains.cooking.replies import duration
from shishen.records import Range, Recipe

_COUNTED = re.compile(r"(\d+/\d+|\d+(?:\.\d+)?|半)[ \t]*([A-Za-z°℃%]+|[\u4e00-\u9fff]{1,2})?")
_CLAUSES = re.compile(r"[，,。；;！!？?\n]+")
_LIST_NUMBER = re.compile(r"^\s*\d+\.\s", re.MULTILINE)
# Lines that speak of other recipes, not of the one cited.
_OF_OTHERS = re.compile(r"^(?:菜谱库里还有 \d+ 份同名菜谱|相近的还有：).*$", re.MULTILINE)


def counted(text: str) -> set[tuple[str, str]]:
    """Every (number, what it counts) of a text; numbers that only count a list's items are left out."""
    return set(_COUNTED.findall(_LIST_NUMBER.sub("", text)))


def allowed(recipe: Recipe) -> set[tuple[str, str]]:
    """Every (number, what it counts) of a record: in its words, and in its fields as they are shown."""
    words = [recipe.title, recipe.name, recipe.description, recipe.features, *recipe.tools, *recipe.tips]
    words += [ingredient.raw for ingredient in recipe.ingredients]
    words += [text for step in recipe.steps for text in (step.section, step.text)]
    words += [amount(ingredient) for ingredient in recipe.ingredients]
    words += [*rows(recipe.ingredients), facts(recipe), place(recipe.source), *_in_other_words(recipe)]
    lines = [_one_line(text) for text in words if text]
    # An answer may quote one clause of a step: what follows a number is then the clause's end.
    lines += [clause for line in lines for clause in _CLAUSES.split(line)]
    return {pair for line in lines for pair in _COUNTED.findall(line)}


def _in_other_words(recipe: Recipe) -> list[str]:
    """The fields of a record as short answers say them."""
    words = [f"{len(recipe.ingredients)} 样", f"{sum(not step.noise for step in recipe.steps)} 步"]
    if recipe.servings:
        words.append(f"{span(recipe.servings.min, recipe.servings.max)} 人份")
    if recipe.calories is not None:
        words.append(f"{number(recipe.calories)} 大卡")
    if recipe.difficulty is not None:
        words.append(f"{recipe.difficulty} 星")
    for minutes in (*((Range(recipe.minutes, recipe.minutes),) if recipe.minutes is not None else ()), *_times(recipe)):
        words.append(duration(minutes))
    return words


def _times(recipe: Recipe) -> list[Range]:
    return [span_ for step in recipe.steps for span_ in step.minutes]


def grounded(text: str, recipe: Recipe, said: str = "") -> bool:
    """Whether every number of `text` is in the record with what it counts, or in what was `said`; and every row."""
    text = _OF_OTHERS.sub("", text)
    table = {line for line in text.splitlines() if line.startswith("|")}
    return table <= set(rows(recipe.ingredients)) and counted(text) <= allowed(recipe) | counted(said)


# Numbers that count the answer's own parts, not food: the place of a step or a dish, how many there are.
_QUOTED = re.compile(r"「([^」]*)」")
_OWN = re.compile(
    r"第 \d+ (?:步|天|个|道)|满分 5 星|「?减半」?|共 \d+ 步|一共 \d+ 步|没有第 \d+ 步|\d+ 样(?:材料)?|\d+ 道|× [\d./]+"
    r"|^#+ .*$|^\d+\. ",
    re.MULTILINE,
)


def grounded_in(text: str, recipes: Sequence[Recipe], said: str = "") -> bool:
    """Whether every number of a text stands, with what it counts, in one of the records or in what was `said`.

    `said` are the user's words and rules that were reviewed. Rows of a table of ingredients must be a record's.
    """
    # What the user said may be said back (没有「1号菜」).
    heard = _QUOTED.sub(lambda quoted: "" if quoted[1] in said else quoted[0], text)
    rest = _OWN.sub("", _OF_OTHERS.sub("", heard))
    spoken = counted(_one_line(said))
    known = set().union(*(allowed(recipe) for recipe in recipes)) if recipes else set()
    whole = {row for recipe in recipes for row in rows(recipe.ingredients)}
    table = {line for line in text.splitlines() if line.startswith("|") and line not in whole}
    in_table = {pair for line in table for pair in counted(line)}
    return counted(rest) <= known | spoken and in_table <= known | spoken


def _one_line(text: str) -> str:
    """As the composer sets it: a number at a line's end counts nothing of the next line."""
    return "；".join(part.strip() for part in text.splitlines())
