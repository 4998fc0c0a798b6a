"""Cooklang: one recipe as a `.cook` text; several as a ZIP file of them.

A recipe that came from Cooklang goes back as it came. Of any other, what it needs stands in front of the steps, a
paragraph of marks a group, so that order, groups and amounts stay what they are; times are marked where they stand.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from typing import Any, BinaryIO

import msgspec
from msgspec import UNSET, Struct

from shishen.cooklang_marks import escaped
from shishen.interchange import besides, file_names, measure_text, number_text, servings_text
from shishen.protocols import Writer
from shishen.records import Ingredient, Recipe

EXTRA = None

_TIME = re.compile(r"(?<![\d.\-~～–—至到/])(\d{1,4}(?:\.\d{1,2})?) (分钟|小时|秒|minutes?|hours?|min)(?![a-z])")
# What YAML takes for the text that it is, without quotes.
_BARE = re.compile(r"[\u3400-\u9fff A-Za-z0-9（），。！？、·]{0,500}")
_NOT_BARE = re.compile(r"^(?:[\d.]+|true|false|yes|no|on|off|null|)$|^\s|\s$", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[@#~{}()|\\\n]|^[?&+\-]+|\.{1,2}[/\\]")


class Options(Struct, frozen=True):
    """No options."""


class CooklangWriter:
    """Writes one text, or one ZIP file of texts."""

    def write(self, recipes: Iterable[Recipe], stream: BinaryIO) -> int:
        """Write every recipe; how many there were."""
        remaining = iter(recipes)
        first = list(islice(remaining, 2))
        if len(first) < 2:
            for recipe in first:
                stream.write(_text(recipe).encode())
            return len(first)
        count = 0
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for count, (name, recipe) in enumerate(file_names(chain(first, remaining)), 1):  # noqa: B007
                # A fixed time: the same recipes give the same file.
                member = zipfile.ZipInfo(f"{name}.cook")
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, _text(recipe))
        return count


def _text(recipe: Recipe) -> str:
    kept = None if recipe.extra is UNSET else recipe.extra.get("cooklang")
    if isinstance(kept, str) and kept:
        return kept
    blocks = ["\n".join(["---", *_metadata(recipe), "---"])]
    section: str | None = None

    def heading(wanted: str | None) -> Iterator[str]:
        nonlocal section
        if wanted != section:
            section = wanted
            yield f"= {' '.join(escaped(wanted).split())}" if wanted else "=="

    for group, ingredients in groupby(recipe.ingredients, key=lambda ingredient: ingredient.group):
        blocks += heading(group)
        blocks.append("\n".join(map(_mark, ingredients)))
    if recipe.tools:
        blocks += heading(None)
        blocks.append("\n".join(f"#{_name(tool)}{{}}" for tool in recipe.tools))
    for step in recipe.steps:
        blocks += heading(step.section)
        blocks.append(_step(step.text))
    for tip in recipe.tips:
        blocks.append("\n".join(f"> {escaped(line)}" for line in tip.split("\n") if line.strip()))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _metadata(recipe: Recipe) -> Iterator[str]:
    said: dict[str, Any] = {
        "title": recipe.title,
        "aliases": list(recipe.aliases),
        "description": recipe.description,
        "course": recipe.category,
        "cuisine": recipe.cuisine,
        "tastes": list(recipe.tastes),
        "difficulty": recipe.difficulty,
        "time": _time(recipe.minutes),
        "servings": _servings(recipe),
        "calories": None if recipe.calories is None else number_text(recipe.calories),
        "tags": list(recipe.keywords),
        "images": list(recipe.images),
        "author": recipe.source.author,
        "license": recipe.source.licence,
        "features": recipe.features,
    }
    for key, value in said.items():
        if value:
            yield f"{key}: {_yaml(value)}"


def _time(minutes: float | None) -> str | None:
    """`1h20m`, as the specification recommends."""
    if minutes is None:
        return None
    hours, rest = divmod(minutes, 60)
    return (f"{int(hours)}h" if hours else "") + (f"{number_text(rest)}m" if rest or not hours else "")


def _servings(recipe: Recipe) -> str | None:
    servings = recipe.servings
    if servings is None:
        return None
    # A bare number is what other programs scale by.
    return number_text(servings.min) if servings.min and servings.min == servings.max else servings_text(servings)


def _yaml(value: Any) -> str:
    """A value on one line; JSON is YAML, too."""
    if isinstance(value, str) and _BARE.fullmatch(value) and not _NOT_BARE.search(value):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d+(?:\.\d+)?|\d+h(?:\d+m)?", value):
        return value
    return msgspec.json.encode(value).decode()


def _name(name: str) -> str:
    return " ".join(_NOT_IN_NAMES.sub(" ", name).split()) or "？"


def _mark(ingredient: Ingredient) -> str:
    """`@盐{3%克}(切碎)`: the note is what the line says besides, so that the line can be made again."""
    measure, note = measure_text(ingredient), besides(ingredient)
    number, _, unit = measure.partition(" ")
    quantity = f"{number}%{unit}" if unit and number[:1].isdigit() else measure
    optional = "?" if ingredient.optional and "可选" not in note else ""
    said = f"({_NOT_IN_NAMES.sub(' ', note)})" if note else ""
    return f"@{optional}{_name(ingredient.name)}{{{_NOT_IN_NAMES.sub(' ', quantity)}}}{said}"


def _step(text: str) -> str:
    """One paragraph; what is a time is marked as such."""
    line = " ".join(line.strip() for line in text.split("\n") if line.strip())
    return _TIME.sub(r"~{\1%\2}", escaped(line))


def build(options: Options) -> Writer:  # noqa: ARG001
    """The writer; it has no options."""
    return CooklangWriter()
