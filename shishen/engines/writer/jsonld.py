"""schema.org/Recipe as JSON-LD: a lone object for one recipe, an `@graph` for several.

What schema.org has no word for (tips, difficulty, the groups of ingredients …) stands under names of our own,
`urn:shishen:…`, which JSON-LD allows anywhere and other programs pass over. What another page said in JSON-LD and
no field holds is said again.
"""

import re
from collections.abc import Iterable
from itertools import chain, groupby, islice
from typing import Any, BinaryIO

import msgspec
from msgspec import UNSET, Struct

from shishen.interchange import lines_of, number_text, servings_text
from shishen.protocols import Writer
from shishen.records import Recipe

EXTRA = None

_CONTEXT = "https://schema.org"
_OWN = "urn:shishen:"
# What readers of other formats keep in `extra` is no property of schema.org's.
_FORMATS = frozenset(["mealie", "tandoor", "paprika", "cooklang"])
_SEPARATOR = re.compile(r"[,，、]")


class Options(Struct, frozen=True):
    """No options."""


class JsonLdWriter:
    """Writes one JSON document, a recipe at a time."""

    def write(self, recipes: Iterable[Recipe], stream: BinaryIO) -> int:
        """Write every recipe; how many there were."""
        remaining = iter(recipes)
        first = list(islice(remaining, 2))
        if len(first) == 1:
            document = {"@context": _CONTEXT, **_node(first[0])}
            stream.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
            return 1
        stream.write(f'{{"@context": "{_CONTEXT}", "@graph": ['.encode())
        count = 0
        for count, recipe in enumerate(chain(first, remaining), 1):
            stream.write((b",\n" if count > 1 else b"\n") + msgspec.json.encode(_node(recipe)))
        stream.write(b"\n]}\n")
        return count


def _node(recipe: Recipe) -> dict[str, Any]:
    """A Recipe node; what is unknown is left away."""
    extra = {} if recipe.extra is UNSET else recipe.extra
    kept = {key: value for key, value in extra.items() if key not in _FORMATS}
    lines = list(lines_of(recipe))
    author, licence = recipe.source.author, recipe.source.licence
    said: dict[str, Any] = {
        "@type": "Recipe",
        "name": recipe.title,
        "alternateName": recipe.aliases,
        "description": recipe.description,
        "recipeCategory": recipe.category,
        "recipeCuisine": recipe.cuisine,
        "keywords": recipe.keywords,
        "image": recipe.images,
        "author": author and {"@type": "Person", "name": author},
        "license": licence and (licence if "://" in licence else {"@type": "CreativeWork", "name": licence}),
        "totalTime": None if recipe.minutes is None else f"PT{number_text(recipe.minutes)}M",
        "recipeYield": None if recipe.servings is None else servings_text(recipe.servings),
        "nutrition": _nutrition(recipe.calories),
        "tool": recipe.tools,
        "recipeIngredient": [line for line, _ in lines],
        "recipeInstructions": _instructions(recipe),
    }
    own: dict[str, Any] = {
        "difficulty": recipe.difficulty,
        "tastes": recipe.tastes,
        "tips": recipe.tips,
        "features": recipe.features,
        "groups": [group or "" for _, group in lines] if any(group for _, group in lines) else None,
        # What schema.org has only words for, or words that a comma parts, is said exactly beside them.
        "servings": None if recipe.servings is None or "recipeYield" in kept else servings_text(recipe.servings),
        "calories": None if "nutrition" in kept else recipe.calories,
        "keywords": recipe.keywords if any(map(_SEPARATOR.search, recipe.keywords)) else None,
    }
    node = {key: value for key, value in said.items() if value} | kept
    node |= {_OWN + key: value for key, value in own.items() if value}
    if others := {key: value for key, value in extra.items() if key in _FORMATS}:
        node[_OWN + "extra"] = {"@type": "@json", "@value": others}
    return node


def _nutrition(calories: float | None) -> dict[str, str] | None:
    if calories is None:
        return None
    return {"@type": "NutritionInformation", "calories": f"{number_text(calories)} kcal"}


def _instructions(recipe: Recipe) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for section, steps in groupby(recipe.steps, key=lambda step: step.section):
        texts = [{"@type": "HowToStep", "text": step.text} for step in steps]
        found += [{"@type": "HowToSection", "name": section, "itemListElement": texts}] if section else texts
    return found


def build(options: Options) -> Writer:  # noqa: ARG001
    """The writer; it has no options."""
    return JsonLdWriter()
