"""Mealie: the ZIP file of an export (`recipes/<slug>/<slug>.json`), to be taken in under Settings → Migrations.

A recipe that came from Mealie goes back as it came, without its pictures. Of any other, ingredients are lines
that nobody has parsed: Mealie takes parsed ones only with the ids of its own foods and units.
"""

import zipfile
from collections.abc import Iterable
from typing import Any, BinaryIO

import msgspec
from msgspec import UNSET, Struct

from shishen.interchange import file_names, identifier, lines_of, minutes_text, number_text, servings_text
from shishen.protocols import Writer
from shishen.records import Recipe

EXTRA = None


class Options(Struct, frozen=True):
    """No options."""


class MealieWriter:
    """Writes one ZIP file."""

    def write(self, recipes: Iterable[Recipe], stream: BinaryIO) -> int:
        """Write every recipe; how many there were."""
        count = 0
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for count, (name, recipe) in enumerate(file_names(recipes), 1):  # noqa: B007
                # A fixed time: the same recipes give the same file.
                member = zipfile.ZipInfo(f"recipes/{name}/{name}.json")
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, msgspec.json.encode(_document(recipe, name)))
        return count


def _document(recipe: Recipe, slug: str) -> dict[str, Any]:
    kept = {} if recipe.extra is UNSET else recipe.extra.get("mealie")
    if isinstance(kept, dict) and kept:
        described = {} if recipe.description is None else {"description": recipe.description}
        return {"name": recipe.title, **described, **kept}
    servings = recipe.servings
    document: dict[str, Any] = {
        "name": recipe.title,
        "slug": slug,
        "description": recipe.description or "",
        "recipeServings": (servings.min or 0) if servings else 0,
        "recipeYieldQuantity": 0,
        "recipeYield": servings_text(servings) if servings and servings.min != servings.max else "",
        "totalTime": None if recipe.minutes is None else minutes_text(recipe.minutes),
        "recipeCategory": _named([recipe.category] if recipe.category else []),
        "tags": _named(recipe.keywords),
        "tools": [{"id": identifier("tool", tool["name"]), **tool} for tool in _named(recipe.tools)],
        "orgURL": None,
        "recipeIngredient": _ingredients(recipe),
        "recipeInstructions": _instructions(recipe),
        "nutrition": {} if recipe.calories is None else {"calories": number_text(recipe.calories)},
        "notes": _notes(recipe),
        "settings": {"public": True, "showNutrition": recipe.calories is not None, "disableAmount": True},
        "extras": _extras(recipe),
    }
    return document


def _named(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": name, "slug": name} for name in names]


def _ingredients(recipe: Recipe) -> list[dict[str, Any]]:
    found = []
    group: str | None = None
    for place, (line, its_group) in enumerate(lines_of(recipe)):
        found.append(
            {
                "quantity": 0,
                "unit": None,
                "food": None,
                "note": line,
                "title": its_group if its_group != group else None,
                "originalText": line,
                "isFood": False,
                "disableAmount": True,
                "referenceId": identifier(recipe.id, "ingredient", str(place)),
            }
        )
        group = its_group or group
    return found


def _instructions(recipe: Recipe) -> list[dict[str, Any]]:
    found = []
    section: str | None = None
    for place, step in enumerate(recipe.steps):
        title = step.section if step.section and step.section != section else ""
        section = step.section or section
        found.append(
            {
                "id": identifier(recipe.id, "step", str(place)),
                "title": title,
                "text": step.text,
                "ingredientReferences": [],
            }
        )
    return found


def _notes(recipe: Recipe) -> list[dict[str, str]]:
    praise = [{"title": "特点", "text": recipe.features}] if recipe.features else []
    return [*praise, *({"title": "", "text": tip} for tip in recipe.tips)]


def _extras(recipe: Recipe) -> dict[str, str]:
    """What Mealie has no field for, as one text under one key: its extras hold texts only."""
    own = {
        "aliases": recipe.aliases,
        "cuisine": recipe.cuisine,
        "tastes": recipe.tastes,
        "difficulty": recipe.difficulty,
        "images": recipe.images,
        "author": recipe.source.author,
        "licence": recipe.source.licence,
    }
    said = {key: value for key, value in own.items() if value}
    return {"shishen": msgspec.json.encode(said).decode()} if said else {}


def build(options: Options) -> Writer:  # noqa: ARG001
    """The writer; it has no options."""
    return MealieWriter()
