"""Tandoor: `recipe.json` with its steps, each with its ingredients; a ZIP file of it, or of several such ZIP files.

The form is `RecipeExportSerializer` in cookbook/serializer.py. All that a recipe says beyond its name and
description is kept in `extra` under `tandoor`.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from shishen.archive import Archive, names_of
from shishen.errors import BadRecord, UnreadableFile
from shishen.interchange import (
    decode_object,
    ingredient_line,
    name_of,
    number_of,
    number_text,
    objects_of,
    read_calories,
    text_of,
)
from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile

EXTRA = None

_NEEDED = (re.compile(r'"steps"\s*:\s*\['), re.compile(r'"(?:working_time|waiting_time)"\s*:'))
_MARKS = re.compile(r'"(?:servings_text|internal|show_as_header|show_ingredients_table|is_header|no_amount)"\s*:')
_DOCUMENT = "recipe.json"
_PICTURE = re.compile(r"image\.\w{1,5}")
# A ZIP file of one recipe holds that and a picture; the directory of one that holds more is not even read.
_MOST_MEMBERS = 1_000
_ENTRY = b"PK\x01\x02"
_PARAGRAPH = re.compile(r"\n\s*\n")
_NUMBERED = re.compile(r"\s*\d{1,2}[.、．)]\s*(?!\d)")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
# Keywords of which the description says what they are, as an export from here has them.
_KEYWORD_FIELDS = {"分类": "category", "菜系": "cuisine", "口味": "tastes", "别名": "aliases", "难度": "difficulty"}
# Steps that are none, by their names.
_TIPS = frozenset(["小贴士", "贴士", "提示", "厨师一点通", "notes", "note", "tips", "tip", "notizen"])
_FEATURES, _TOOLS = "特点", "工具"


class Options(Struct, frozen=True):
    """No options."""


class TandoorReader:
    """Reads one recipe a document, however many of them there are."""

    def recognises(self, file: SourceFile) -> bool:
        """A JSON object with Tandoor's fields, or a ZIP file of one, or of ZIP files that each hold one."""
        if file.encoding is not None:
            return _is_tandoor(file.head)
        names = names_of(file)
        inner = sorted(name for name in names if name.lower().endswith(".zip"))
        if not inner and _DOCUMENT not in names:
            return False
        try:
            with Archive(file) as archive:
                if _DOCUMENT in names:
                    head = next(archive.chunks(_DOCUMENT), b"")
                else:
                    head = _inner(archive.read(inner[0]), 65_536, whole=False)[0]
        except (BadRecord, UnreadableFile):
            return False
        return _is_tandoor(head.decode("utf-8", errors="ignore"))

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """One draft a recipe; `line` is its place in a ZIP file, from 1. Raises UnreadableFile."""
        limit = int(file.limits.line_mb * 1_000_000)
        if file.encoding is not None:
            yield _read(file.text(), limit, Source(path=file.label))
            return
        with Archive(file) as archive:
            members = [n for n in archive.names if n == _DOCUMENT or n.lower().endswith(".zip")]
            for number, name in enumerate(members, 1):
                source = Source(path=file.label, line=number)
                try:
                    data = archive.read(name)
                    pictures = tuple(n for n in archive.names if _PICTURE.fullmatch(n))
                    if name != _DOCUMENT:
                        data, inside = _inner(data, limit)
                        pictures = tuple(f"{name}/{picture}" for picture in inside)
                except BadRecord as error:
                    yield Rejected(path=file.label, line=number, reason=str(error))
                    continue
                yield _read(data, limit, source, pictures)


def _inner(data: bytes, limit: int, *, whole: bool = True) -> tuple[bytes, list[str]]:
    """`recipe.json` of a ZIP file within a ZIP file, and its pictures' names; its beginning where not `whole`."""
    if data.count(_ENTRY) > _MOST_MEMBERS:
        raise BadRecord("压缩包里的压缩包文件太多，不像一份菜谱")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            info = archive.getinfo(_DOCUMENT)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 0x1:
                raise BadRecord("压缩包里的 recipe.json 有密码，或用了少见的压缩方法")
            with archive.open(info) as stream:
                text = stream.read(limit + 1)
            if len(text) > limit and whole:
                raise BadRecord(f"recipe.json 超过上限 {limit / 1e6:g} MB")
            return text, [name for name in archive.namelist() if _PICTURE.fullmatch(name)]
    except KeyError as error:
        raise BadRecord("压缩包里的压缩包没有 recipe.json") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, OverflowError) as error:
        raise BadRecord("压缩包里的压缩包已损坏") from error


def _is_tandoor(head: str) -> bool:
    return (
        head.lstrip().startswith("{")
        and '"@type"' not in head
        and all(needed.search(head) for needed in _NEEDED[:1])
        and (_NEEDED[1].search(head) is not None or len(head) >= 60_000)
        and _MARKS.search(head) is not None
    )


def _read(data: bytes | str, limit: int, source: Source, pictures: tuple[str, ...] = ()) -> Draft | Rejected:
    try:
        return _draft(decode_object(data, limit), source, pictures)
    except BadRecord as error:
        return Rejected(path=source.path, line=source.line, reason=str(error))


def _draft(document: dict[str, Any], source: Source, pictures: tuple[str, ...]) -> Draft:
    title = text_of(document.get("name"), "name")
    if not title:
        raise BadRecord("没有 name")
    description = text_of(document.get("description"), "description") or None
    times = [number_of(document.get(key), key) or 0 for key in ("working_time", "waiting_time")]
    nutrition = document.get("nutrition")
    calories = read_calories(nutrition.get("calories")) if isinstance(nutrition, dict) else None
    keywords, fields = _keywords(objects_of(document.get("keywords"), "keywords"))
    lines: list[DraftLine] = []
    steps: list[DraftStep] = []
    said: dict[str, list[str]] = {_FEATURES: [], _TOOLS: [], "tips": []}
    for step in sorted(objects_of(document.get("steps"), "steps"), key=_order):
        name, text = text_of(step.get("name"), "name"), text_of(step.get("instruction"), "instruction")
        ingredients = objects_of(step.get("ingredients"), "ingredients")
        group = name or None
        for ingredient in sorted(ingredients, key=_order):
            if ingredient.get("is_header") is True:
                group = text_of(ingredient.get("note"), "note") or group
            elif line := _line(ingredient):
                lines.append(DraftLine(line, group))
        place = "tips" if name.lower() in _TIPS else name if name in said else None
        if place is not None and not ingredients:
            said[place] += [words for words in _PARAGRAPH.split(text) if words.strip()]
        else:
            steps += _steps(text, name or None)
    held = {"name": title, "description": description}
    return Draft(
        title=title,
        source=source,
        aliases=tuple(fields["aliases"]),
        description=description,
        category=next(iter(fields["category"]), None),
        cuisine=next(iter(fields["cuisine"]), None),
        tastes=tuple(fields["tastes"]),
        difficulty=next((stars for word in fields["difficulty"] if 1 <= (stars := word.count("★")) <= 5), None),
        minutes=sum(times) or None,
        calories=calories or None,
        servings=_servings(document),
        lines=tuple(lines),
        tools=tuple(tool for words in said[_TOOLS] for tool in words.split("、")),
        steps=tuple(steps),
        tips=tuple(said["tips"]),
        features="\n\n".join(said[_FEATURES]) or None,
        images=pictures,
        keywords=tuple(keywords),
        # What the fields hold to the letter need not be kept twice.
        extra={"tandoor": {k: v for k, v in document.items() if k not in held or held[k] != v}},
    )


def _order(part: dict[str, Any]) -> float:
    return number_of(part.get("order"), "order") or 0


def _keywords(keywords: list[dict[str, Any]]) -> tuple[list[str], dict[str, list[str]]]:
    """(plain keywords, those of which the description says what they are, by field)."""
    plain: list[str] = []
    fields: dict[str, list[str]] = {field: [] for field in _KEYWORD_FIELDS.values()}
    for keyword in keywords:
        name = text_of(keyword.get("name"), "keywords")
        described = keyword.get("description")
        field = _KEYWORD_FIELDS.get(described) if isinstance(described, str) else None
        if name:
            (fields[field] if field else plain).append(name)
    return plain, fields


def _line(ingredient: dict[str, Any]) -> str:
    """An ingredient as a line; `original_text` is there where it came from a web page and nobody has changed it."""
    food = name_of(ingredient.get("food"), "food")
    note = text_of(ingredient.get("note"), "note")
    if ingredient.get("no_amount") is True:
        return ingredient_line(food, None, "", note)
    unit = name_of(ingredient.get("unit"), "unit")
    return ingredient_line(food, number_of(ingredient.get("amount"), "amount"), unit, note)


def _steps(instruction: str, section: str | None) -> Iterator[DraftStep]:
    """A step a paragraph, or a line where the lines are numbered; a Markdown heading opens a section."""
    for paragraph in _PARAGRAPH.split(instruction):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        while lines and (heading := _HEADING.match(lines[0].strip())):
            section = heading[1]
            lines = lines[1:]
        numbered = len(lines) > 1 and all(_NUMBERED.match(line) for line in lines)
        for text in lines if numbered else ["\n".join(lines)]:
            if words := _NUMBERED.sub("", text, count=1).strip() if _NUMBERED.match(text) else text.strip():
                yield DraftStep(words, section)


def _servings(document: dict[str, Any]) -> str | None:
    """`4` and `人份` → `4 人份`; a text that begins with a number says it all itself."""
    servings = number_of(document.get("servings"), "servings")
    text = text_of(document.get("servings_text"), "servings_text")
    if text[:1].isdigit() or not servings:
        return text or None
    return f"{number_text(servings)} {text}".strip()


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return TandoorReader()
