"""The verifier: does every number in an answer, with what it counts, stand in the record that it cites?

A number alone says little, as most small numbers stand somewhere in a recipe; so a number is compared together
with the unit or the two characters behind it (5 分钟, 10 克), and a row of the table as a whole.
"""

import re

from shishen.domains.cooking.composing import amount, facts, place, rows
from shishen.records import Recipe

_COUNTED = re.compile(r"(\d+/\d+|\d+(?:\.\d+)?|半)[ \t]*([A-Za-z°℃%]+|[\u4e00-\u9fff]{1,2})?")
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
    words += [*rows(recipe.ingredients), facts(recipe), place(recipe.source)]
    return {pair for text in words if text for pair in _COUNTED.findall(_one_line(text))}


def grounded(text: str, recipe: Recipe, said: str = "") -> bool:
    """Whether every number of `text` is in the record with what it counts, or in what was `said`; and every row."""
    text = _OF_OTHERS.sub("", text)
    table = {line for line in text.splitlines() if line.startswith("|")}
    return table <= set(rows(recipe.ingredients)) and counted(text) <= allowed(recipe) | counted(said)


def _one_line(text: str) -> str:
    """As the composer sets it: a number at a line's end counts nothing of the next line."""
    return "；".join(part.strip() for part in text.splitlines())
