"""Mealie: a recipe as JSON, or the ZIP file of an export (`recipes/<slug>/<slug>.json` with pictures beside it).

The form is `Recipe` in mealie/schema/recipe/recipe.py; the API writes its keys in camelCase, an export of several
in snake_case. All that a recipe says beyond its name and description is kept in `extra` under `mealie`.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from shishen.archive import Archive, names_of
from shishen.errors import BadRecord, UnreadableFile
from shishen.interchange import (
    decode_object,
    ingredient_line,
    list_of,
    name_of,
    number_of,
    number_text,
    objects_of,
    read_calories,
    read_minutes,
    text_of,
)
from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile

EXTRA = None

# What a Mealie recipe has and no other JSON with ingredients does.
_MARKS = re.compile(
    r'"(?:recipe(?:Servings|_servings|YieldQuantity|_yield_quantity)|orgURL|org_url|group_?[Ii]d|disable_?[Aa]mount'
    r'|reference_?[Ii]d|originalText|original_text|dateAdded|date_added)"\s*:'
)
_NEEDED = (
    re.compile(r'"slug"\s*:'),
    re.compile(r'"recipe_?[Ii]ngredient"\s*:'),
)
_MEMBER = re.compile(r"(?:[^/]+/)*recipes/[^/]+/[^/]+\.json|[^/]+\.json")
_PICTURE = re.compile(r"(?:^|/)(?:original|image)\.(?:webp|jpe?g|png)$", re.IGNORECASE)
_FEATURES = "特点"
# The key of Mealie's own `extras` under which an export from here keeps what Mealie has no field for.
_OWN = "shishen"


class Options(Struct, frozen=True):
    """No options."""


class OwnFields(Struct):
    """What an export from here says in `extras`, as JSON."""

    aliases: tuple[str, ...] = ()
    cuisine: str | None = None
    tastes: tuple[str, ...] = ()
    difficulty: int | None = None
    images: tuple[str, ...] = ()
    author: str | None = None
    licence: str | None = None


class MealieReader:
    """Reads one recipe a JSON document, however many of them there are."""

    def recognises(self, file: SourceFile) -> bool:
        """A JSON object with Mealie's fields, or a ZIP file with such an object in it."""
        if file.encoding is not None:
            return _is_mealie(file.head)
        members = [name for name in names_of(file) if _MEMBER.fullmatch(name) and name != "recipe.json"]
        if not members:
            return False
        try:
            with Archive(file) as archive:
                first = next(archive.chunks(min(members)), b"")
        except (BadRecord, UnreadableFile):
            return False
        return _is_mealie(first.decode("utf-8", errors="ignore"))

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """One draft a recipe; `line` is its place in a ZIP file, from 1. Raises UnreadableFile."""
        limit = int(file.limits.line_mb * 1_000_000)
        if file.encoding is not None:
            yield _read(file.text(), limit, Source(path=file.label))
            return
        with Archive(file) as archive:
            members = [name for name in archive.names if _MEMBER.fullmatch(name)]
            for number, name in enumerate(members, 1):
                source = Source(path=file.label, line=number)
                folder = name.rpartition("/")[0] + "/" if "/" in name else ""
                pictures = [n for n in archive.names if n.startswith(folder) and _PICTURE.search(n)]
                try:
                    data = archive.read(name)
                except BadRecord as error:
                    yield Rejected(path=file.label, line=number, reason=str(error))
                    continue
                yield _read(data, limit, source, tuple(pictures))


def _is_mealie(head: str) -> bool:
    return (
        head.lstrip().startswith("{")
        and '"@type"' not in head
        and all(needed.search(head) for needed in _NEEDED)
        and _MARKS.search(head) is not None
    )


def _read(data: bytes | str, limit: int, source: Source, pictures: tuple[str, ...] = ()) -> Draft | Rejected:
    try:
        return _draft(decode_object(data, limit), source, pictures)
    except BadRecord as error:
        return Rejected(path=source.path, line=source.line, reason=str(error))


def _draft(document: dict[str, Any], source: Source, pictures: tuple[str, ...]) -> Draft:
    said = {_camel(key): value for key, value in document.items()}
    title = text_of(said.get("name"), "name")
    if not title:
        raise BadRecord("没有 name")
    description = text_of(said.get("description"), "description") or None
    categories = _names(said.get("recipeCategory"), "recipeCategory")
    tips, features = _notes(said.get("notes"))
    nutrition = said.get("nutrition")
    own = _own(said.get("extras"))
    held = {"name": title, "description": description}
    return Draft(
        title=title,
        source=msgspec.structs.replace(source, author=own.author, licence=own.licence),
        aliases=own.aliases,
        description=description,
        category=categories[0] if categories else None,
        cuisine=own.cuisine,
        tastes=own.tastes,
        difficulty=own.difficulty,
        minutes=read_minutes(text_of(said.get("totalTime"), "totalTime")),
        calories=read_calories(nutrition.get("calories")) if isinstance(nutrition, dict) else None,
        servings=_servings(said),
        lines=tuple(_lines(_objects(said.get("recipeIngredient"), "recipeIngredient"))),
        tools=_names(said.get("tools"), "tools"),
        steps=tuple(_steps(_objects(said.get("recipeInstructions"), "recipeInstructions"))),
        tips=tips,
        features=features,
        images=own.images or pictures,
        keywords=tuple(dict.fromkeys((*categories[1:], *_names(said.get("tags"), "tags")))),
        # What the fields hold to the letter need not be kept twice.
        extra={"mealie": {k: v for k, v in document.items() if k not in held or held[k] != v}},
    )


def _camel(key: str) -> str:
    """`recipe_ingredient` → `recipeIngredient`; both forms of `orgURL` alike."""
    first, *rest = key.split("_")
    return "orgURL" if key == "org_url" else first + "".join(word.capitalize() for word in rest)


def _objects(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of objects; texts, as the first versions have them, become objects with that text. Raises BadRecord."""
    parts = [{"note": part, "text": part} if isinstance(part, str) else part for part in list_of(value, what)]
    return [{_camel(k): v for k, v in part.items()} for part in objects_of(parts, what)]


def _names(value: Any, what: str) -> tuple[str, ...]:
    return tuple(name for part in list_of(value, what) if (name := name_of(part, what)))


def _own(extras: Any) -> OwnFields:
    text = extras.get(_OWN) if isinstance(extras, dict) else None
    try:
        return msgspec.json.decode(text, type=OwnFields) if isinstance(text, str) else OwnFields()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        # Somebody else's key of this name; it is kept with all the rest.
        return OwnFields()


def _servings(said: dict[str, Any]) -> str | None:
    """People first; else what is yielded (`8 slices`), which the domain may take for people or not."""
    servings = number_of(said.get("recipeServings"), "recipeServings")
    yielded = text_of(said.get("recipeYield"), "recipeYield")
    quantity = number_of(said.get("recipeYieldQuantity"), "recipeYieldQuantity")
    if servings and not (yielded[:1].isdigit() and not quantity):
        return number_text(servings)
    return f"{number_text(quantity)} {yielded}".strip() if quantity else yielded or None


def _lines(ingredients: list[dict[str, Any]]) -> Iterator[DraftLine]:
    """The line of each ingredient; a `title` begins a group that goes on to the next."""
    group: str | None = None
    for ingredient in ingredients:
        group = text_of(ingredient.get("title"), "title") or group
        if line := _line(ingredient):
            yield DraftLine(line, group)


def _line(ingredient: dict[str, Any]) -> str:
    """The line as it was written, where its parts still say the same; else one made of its parts."""
    food = name_of(ingredient.get("food"), "food") or name_of(ingredient.get("referencedRecipe"), "referencedRecipe")
    unit = name_of(ingredient.get("unit"), "unit")
    note = text_of(ingredient.get("note"), "note")
    quantity = number_of(ingredient.get("quantity"), "quantity")
    written = text_of(ingredient.get("originalText"), "originalText")
    if not food:
        # A recipe that nobody has parsed has the line as a note, and a quantity of 1 that means nothing.
        measured = number_text(quantity) if quantity and (unit or quantity != 1) else ""
        line = " ".join(part for part in (measured, unit, note) if part) if measured else note
        return line or written or text_of(ingredient.get("display"), "display")
    # Who changed an amount in Mealie changed the parts; the text stays what it was.
    amount = number_text(quantity) if quantity else ""
    if written and all(part in written for part in (food, unit, note)) and re.search(_alone(amount), written):
        return written
    return ingredient_line(food, quantity, unit, note)


def _alone(amount: str) -> str:
    """A pattern of a number that is no part of a longer one, nor an end of a span; no number at all for none."""
    if not amount:
        return r"^\D*$"
    return rf"(?<![\d./~～–—-]){re.escape(amount)}(?!\d|[./~～–—-]\s*\d)"


def _steps(instructions: list[dict[str, Any]]) -> Iterator[DraftStep]:
    section: str | None = None
    for step in instructions:
        section = text_of(step.get("title"), "title") or section
        if text := text_of(step.get("text"), "text"):
            yield DraftStep(text, section)


def _notes(value: Any) -> tuple[tuple[str, ...], str | None]:
    """(tips, features) of the notes."""
    tips: list[str] = []
    features: list[str] = []
    for note in objects_of(value, "notes"):
        title, text = text_of(note.get("title"), "title"), text_of(note.get("text"), "text")
        if title == _FEATURES and text:
            features.append(text)
        elif words := f"{title}：{text}" if title and text else title or text:
            tips.append(words)
    return tuple(tips), "\n".join(features) or None


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return MealieReader()
