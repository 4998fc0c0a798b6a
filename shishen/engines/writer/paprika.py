"""Paprika: `.paprikarecipes`, a ZIP file of one gzipped JSON document a recipe.

A recipe that came from Paprika goes back as it came, its pictures too where they were kept. Of any other, what
Paprika has no field for stands in the notes, a line each, under its name (别名：…, 口味：…).
"""

import gzip
import hashlib
import zipfile
from collections.abc import Iterable
from typing import Any, BinaryIO

import msgspec
from msgspec import UNSET, Struct

from shishen.interchange import file_names, identifier, lines_of, minutes_text, number_text, servings_text
from shishen.protocols import Writer
from shishen.records import Recipe

EXTRA = None

# No record says when it was written; a fixed time: the same recipes give the same file.
_CREATED = "2000-01-01 00:00:00"


class Options(Struct, frozen=True):
    """No options."""


class PaprikaWriter:
    """Writes one ZIP file of gzipped documents."""

    def write(self, recipes: Iterable[Recipe], stream: BinaryIO) -> int:
        """Write every recipe; how many there were."""
        count = 0
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for count, (name, recipe) in enumerate(file_names(recipes), 1):  # noqa: B007
                data = gzip.compress(msgspec.json.encode(_document(recipe)), mtime=0)
                archive.writestr(zipfile.ZipInfo(f"{name}.paprikarecipe"), data)
        return count


def _document(recipe: Recipe) -> dict[str, Any]:
    kept = {} if recipe.extra is UNSET else recipe.extra.get("paprika")
    if isinstance(kept, dict) and kept:
        described = {} if recipe.description is None else {"description": recipe.description}
        return {"name": recipe.title, **described, **kept}
    links = [image for image in recipe.images if image.startswith(("http://", "https://"))]
    categories = [recipe.category, *recipe.keywords] if recipe.category else []
    document: dict[str, Any] = {
        "uid": identifier(recipe.id).upper(),
        "created": _CREATED,
        "name": recipe.title,
        "description": recipe.description or "",
        "ingredients": _under_headings(lines_of(recipe), "\n"),
        "directions": _under_headings([(step.text, step.section) for step in recipe.steps], "\n\n"),
        "notes": "\n".join(_notes(recipe, categories)),
        "nutritional_info": "" if recipe.calories is None else f"热量：{number_text(recipe.calories)} 千卡",
        "prep_time": "",
        "cook_time": "",
        "total_time": "" if recipe.minutes is None else minutes_text(recipe.minutes),
        "difficulty": "★" * (recipe.difficulty or 0),
        "servings": "" if recipe.servings is None else servings_text(recipe.servings),
        "rating": 0,
        "source": recipe.source.author or "",
        "source_url": "",
        "image_url": links[0] if links else "",
        "photo": "",
        "photo_hash": None,
        "photo_large": None,
        "photo_data": None,
        "photos": [],
        "categories": categories,
    }
    return {**document, "hash": hashlib.sha256(msgspec.json.encode(document)).hexdigest()}


def _under_headings(lines: Iterable[tuple[str, str | None]], separator: str) -> str:
    """The texts one under another; a line with a colon heads those of one group."""
    found: list[str] = []
    group: str | None = None
    for text, its_group in lines:
        if its_group and its_group != group:
            found.append(f"{its_group}：")
            group = its_group
        # A line is an ingredient or a step of its own.
        found.append(" ".join(text.split("\n")))
    return separator.join(found)


def _notes(recipe: Recipe, categories: list[str]) -> Iterable[str]:
    said = (
        ("别名", recipe.aliases),
        ("菜系", (recipe.cuisine,)),
        ("口味", recipe.tastes),
        ("工具", recipe.tools),
        ("关键词", () if categories else recipe.keywords),
        ("许可", (recipe.source.licence,)),
        ("特点", ((recipe.features or "").replace("\n", " "),)),
    )
    for name, words in said:
        if any(words):
            yield f"{name}：{'、'.join(word for word in words if word)}"
    for tip in recipe.tips:
        yield " ".join(tip.split("\n"))


def build(options: Options) -> Writer:  # noqa: ARG001
    """The writer; it has no options."""
    return PaprikaWriter()
