"""Tandoor: the ZIP file of its own export, one ZIP file with `recipe.json` a recipe; taken in under Import → Tandoor.

A recipe that came from Tandoor goes back as it came, without its picture. Of any other, what Tandoor has no field
for becomes keywords that say what they are (分类, 菜系, 口味 …) and steps of that name (小贴士, 特点, 工具).
"""

import io
import zipfile
from collections.abc import Iterable
from itertools import groupby
from typing import Any, BinaryIO

import msgspec
from msgspec import UNSET, Struct

from shishen.interchange import besides, file_names, measure_text, servings_text
from shishen.protocols import Writer
from shishen.records import Ingredient, Recipe, Step

EXTRA = None

# How long Tandoor's fields may be.
_NAME, _FOOD, _UNIT, _NOTE, _DESCRIPTION, _KEYWORD = 128, 128, 128, 256, 512, 64


class Options(Struct, frozen=True):
    """No options."""


class TandoorWriter:
    """Writes one ZIP file of ZIP files."""

    def write(self, recipes: Iterable[Recipe], stream: BinaryIO) -> int:
        """Write every recipe; how many there were."""
        count = 0
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for count, (name, recipe) in enumerate(file_names(recipes), 1):  # noqa: B007
                inner = io.BytesIO()
                with zipfile.ZipFile(inner, "w") as one:
                    # A fixed time: the same recipes give the same file.
                    member = zipfile.ZipInfo("recipe.json")
                    member.compress_type = zipfile.ZIP_DEFLATED
                    one.writestr(member, msgspec.json.encode(_document(recipe)))
                archive.writestr(zipfile.ZipInfo(f"{name}.zip"), inner.getvalue())
        return count


def _document(recipe: Recipe) -> dict[str, Any]:
    kept = {} if recipe.extra is UNSET else recipe.extra.get("tandoor")
    if isinstance(kept, dict) and kept:
        described = {} if recipe.description is None else {"description": recipe.description}
        return {"name": recipe.title, **described, **kept}
    description = recipe.description or ""
    long = len(description) > _DESCRIPTION
    document: dict[str, Any] = {
        "name": recipe.title[:_NAME],
        "description": "" if long else description,
        "keywords": list(_keywords(recipe)),
        "steps": _steps(recipe, description if long else ""),
        "working_time": round(recipe.minutes or 0),
        "waiting_time": 0,
        "internal": True,
        "nutrition": None,
        "source_url": "",
    }
    if recipe.calories is not None:
        nutrition = {"carbohydrates": 0, "fats": 0, "proteins": 0, "calories": recipe.calories, "source": ""}
        document["nutrition"] = nutrition
    if recipe.servings is not None:
        low = recipe.servings.min or 1
        whole = low == recipe.servings.max and low == round(low)
        document["servings"] = max(1, round(low))
        document["servings_text"] = "人份" if whole else servings_text(recipe.servings)
    return document


def _keywords(recipe: Recipe) -> Iterable[dict[str, str]]:
    stars = "★" * recipe.difficulty if recipe.difficulty else ""
    said = (
        ("分类", (recipe.category,)),
        ("菜系", (recipe.cuisine,)),
        ("口味", recipe.tastes),
        ("别名", recipe.aliases),
        ("难度", (stars,)),
        ("", recipe.keywords),
    )
    for description, names in said:
        for name in names:
            if name:
                yield {"name": name[:_KEYWORD], "description": description}


def _steps(recipe: Recipe, description: str) -> list[dict[str, Any]]:
    """A step each; those of one section are one, under its name. The first one has all the ingredients."""
    texts: list[tuple[str, str]] = []
    for section, steps in groupby(recipe.steps, key=lambda step: step.section):
        words = [_one_paragraph(step) for step in steps]
        texts += [(section, "\n\n".join(words))] if section else [("", text) for text in words]
    more = (
        ("特点", recipe.features),
        ("工具", "、".join(recipe.tools)),
        ("小贴士", "\n\n".join(recipe.tips)),
        ("小贴士", description),
    )
    texts += [(name, text) for name, text in more if text]
    if recipe.ingredients and texts[0][0]:
        # A step of its own: a section's name would otherwise be taken for that of a group of ingredients.
        texts.insert(0, ("", ""))
    return [
        {
            "name": name,
            "instruction": text,
            "ingredients": _ingredients(recipe) if place == 0 else [],
            "time": 0,
            "order": place,
            "show_as_header": False,
            "show_ingredients_table": True,
        }
        for place, (name, text) in enumerate(texts)
    ]


def _one_paragraph(step: Step) -> str:
    return "\n".join(line for line in step.text.split("\n") if line.strip())


def _ingredients(recipe: Recipe) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    group: str | None = None
    for ingredient in recipe.ingredients:
        if ingredient.group and ingredient.group != group:
            group = ingredient.group
            found.append(_row(len(found), note=group, is_header=True, no_amount=True))
        found.append(_ingredient(ingredient, len(found)))
    return found


def _ingredient(ingredient: Ingredient, order: int) -> dict[str, Any]:
    """A number where there is one; a span, 适量 and all else that Tandoor cannot count is said in the note."""
    low = ingredient.min
    counted = low is not None and low == ingredient.max and low > 0
    said = besides(ingredient)
    if not counted:
        said = "，".join(part for part in (measure_text(ingredient), said) if part)
    unit = ingredient.unit[:_UNIT] if ingredient.unit and counted else None
    return _row(
        order,
        food={"name": ingredient.name[:_FOOD]},
        unit={"name": unit} if unit else None,
        amount=low if counted else 0,
        no_amount=not counted,
        note=said[:_NOTE],
    )


def _row(order: int, **said: Any) -> dict[str, Any]:
    plain = {"food": None, "unit": None, "amount": 0, "note": "", "is_header": False, "no_amount": False}
    return {**plain, **said, "order": order, "always_use_plural_unit": False, "always_use_plural_food": False}


def build(options: Options) -> Writer:  # noqa: ARG001
    """The writer; it has no options."""
    return TandoorWriter()
