"""The verifier: does every number in an answer stand in the record that it cites?"""

import re

import msgspec

from shishen.domains.cooking.composing import number
from shishen.records import Recipe

_NUMBER = re.compile(r"\d+/\d+|\d+(?:\.\d+)?|半")
_LIST_NUMBER = re.compile(r"^\s*\d+\.\s", re.MULTILINE)
_COUNT_OF_SAME = re.compile(r"菜谱库里还有 \d+ 份同名菜谱")


def numbers(text: str) -> set[str]:
    """Every number in a text, as written; those that only count a list's items do not count."""
    return set(_NUMBER.findall(_LIST_NUMBER.sub("", text)))


def allowed(recipe: Recipe) -> set[str]:
    """Every number that the record has: in its words, and its own numbers in each way that they are shown."""
    texts = set(_NUMBER.findall(msgspec.json.encode(recipe).decode()))
    values = {recipe.minutes, recipe.calories}
    values |= {x for i in recipe.ingredients for x in (i.min, i.max)}
    if recipe.servings:
        values |= {recipe.servings.min, recipe.servings.max}
    if recipe.minutes is not None:
        values |= set(divmod(recipe.minutes, 60))
    return texts | {number(value) for value in values if value is not None}


def grounded(text: str, recipe: Recipe, said: str = "") -> bool:
    """Whether every number of `text` is in the record or in what was `said`."""
    shown = numbers(_COUNT_OF_SAME.sub("", text))
    return shown <= allowed(recipe) | set(_NUMBER.findall(said))
