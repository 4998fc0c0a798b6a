"""Paprika: `.paprikarecipes`, a ZIP file of gzipped JSON documents, or one such document (`.paprikarecipe`).

Paprika has texts where others have lists: ingredients and directions are lines, a line that ends in a colon heads
those after it. All that a recipe says beyond its name and description is kept in `extra` under `paprika`, its
pictures too where they are together no more than 2 MB.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from shishen.archive import Archive, names_of
from shishen.errors import BadRecord, UnreadableFile
from shishen.interchange import decode_object, list_of, name_of, read_calories, read_minutes, text_of
from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile

EXTRA = None

_GZIP = b"\x1f\x8b"
_SUFFIX = ".paprikarecipe"
_NEEDED = tuple(re.compile(rf'"{key}"\s*:') for key in ("name", "ingredients", "directions"))
_MARKS = re.compile(r'"(?:photo_data|photo_hash|nutritional_info|photo_large|on_favorites|uid)"\s*:')
_MOST_PHOTO_BYTES = 2_000_000
_CHUNK = 65_536
_HEADING = re.compile(r"[^\d:：]{1,30}[:：]")
_NUMBERED = re.compile(r"\d{1,2}\s*[.、．)]\s*(?!\d)")
# What notes may begin with, as an export from here has them, and as cooks write of their own accord.
_NOTE_FIELDS = {
    "别名": "aliases",
    "菜系": "cuisine",
    "口味": "tastes",
    "工具": "tools",
    "特点": "features",
    "关键词": "keywords",
    "许可": "licence",
}
_NOTE = re.compile(rf"({'|'.join(_NOTE_FIELDS)})[：:]\s*(\S.*)")
_LIST_SEPARATOR = re.compile(r"[、，,]\s*")


class Options(Struct, frozen=True):
    """No options."""


class PaprikaReader:
    """Reads one recipe a document, however many of them there are."""

    def recognises(self, file: SourceFile) -> bool:
        """A ZIP file of Paprika's recipes, or one of them: gzipped, or as the JSON that it is inside."""
        if file.encoding is not None:
            return _is_paprika(file.head)
        if file.first_bytes.startswith(_GZIP):
            try:
                head = zlib.decompressobj(31).decompress(file.first_bytes, _CHUNK)
            except zlib.error:
                return False
            return _is_paprika(head.decode("utf-8", errors="ignore"))
        return any(name.lower().endswith(_SUFFIX) for name in names_of(file))

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """One draft a recipe; `line` is its place in a ZIP file, from 1. Raises UnreadableFile."""
        limit = int(file.limits.line_mb * 1_000_000)
        if file.encoding is not None:
            yield _read(file.text(), limit, Source(path=file.label))
            return
        budget = _Budget(file)
        if file.first_bytes.startswith(_GZIP):
            try:
                data = budget.unzipped(file.data())
            except BadRecord as error:
                raise UnreadableFile(f"{file.label}：{error}。") from error
            yield _read(data, limit, Source(path=file.label))
            return
        with Archive(file) as archive:
            members = [name for name in archive.names if name.lower().endswith(_SUFFIX)]
            for number, name in enumerate(members, 1):
                try:
                    data = budget.unzipped(archive.read(name))
                except BadRecord as error:
                    yield Rejected(path=file.label, line=number, reason=str(error))
                    continue
                yield _read(data, limit, Source(path=file.label, line=number))


class _Budget:
    """How much may still be unpacked of one file, gzip in ZIP counted as it comes out."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._left = int(file.limits.unpacked_mb * 1_000_000)
        self._document = int(file.limits.document_mb * 1_000_000)

    def unzipped(self, data: bytes) -> bytes:
        """What gzip packed. Raises BadRecord where it is broken or large, UnreadableFile where nothing is left."""
        unpacker = zlib.decompressobj(31)
        try:
            unpacked = unpacker.decompress(data, self._document + 1)
        except zlib.error as error:
            raise BadRecord("gzip 数据已损坏，请重新导出") from error
        self._left -= len(unpacked)
        if self._left < 0:
            limit = self._file.limits.unpacked_mb
            raise UnreadableFile(
                f"{self._file.label} 解开后超过 {limit:g} MB 的上限（可用 --set reader.unpacked_mb=… 放宽）。"
            )
        if len(unpacked) > self._document:
            raise BadRecord(f"一份菜谱超过单个文档的上限 {self._file.limits.document_mb:g} MB")
        if not unpacker.eof:
            raise BadRecord("gzip 数据不完整，请重新导出")
        return unpacked


def _is_paprika(head: str) -> bool:
    # In a long document the pictures may stand before some of the fields.
    found = sum(needed.search(head) is not None for needed in _NEEDED)
    whole = found == len(_NEEDED) or (found > 0 and len(head) > 60_000)
    return head.lstrip().startswith("{") and '"@type"' not in head and whole and _MARKS.search(head) is not None


def _read(data: bytes | str, limit: int, source: Source) -> Draft | Rejected:
    try:
        document = _without_large_photos(decode_object(data))
        said = sum(len(value) for key, value in document.items() if isinstance(value, str) and key != "photo_data")
        if said > limit:
            raise BadRecord(f"这份菜谱的文字超过上限 {limit / 1e6:g} MB")
        return _draft(document, source)
    except BadRecord as error:
        return Rejected(path=source.path, line=source.line, reason=str(error))


def _without_large_photos(document: dict[str, Any]) -> dict[str, Any]:
    """The document with as many of its pictures as are together within the limit; the others are None."""
    left = _MOST_PHOTO_BYTES

    def kept(data: Any) -> Any:
        nonlocal left
        # Four characters of base64 are three bytes.
        size = len(data) * 3 // 4 if isinstance(data, str) else 0
        if size > left:
            return None
        left -= size
        return data

    changed = dict(document)
    if "photo_data" in document:
        changed["photo_data"] = kept(document["photo_data"])
    if isinstance(photos := document.get("photos"), list):
        changed["photos"] = [
            {**photo, "data": kept(photo["data"])} if isinstance(photo, dict) and "data" in photo else photo
            for photo in photos
        ]
    return changed


def _draft(document: dict[str, Any], source: Source) -> Draft:
    title = text_of(document.get("name"), "name")
    if not title:
        raise BadRecord("没有 name")
    texts = {
        key: text_of(document.get(key), key)
        for key in (
            "description", "ingredients", "directions", "notes", "nutritional_info", "servings", "difficulty",
            "prep_time", "cook_time", "total_time", "source", "image_url", "photo_url",
        )
    }  # fmt: skip
    description = texts["description"] or None
    categories = [name for part in list_of(document.get("categories"), "categories") if (name := name_of(part, "分类"))]
    tips, fields = _notes(texts["notes"])
    parts = [read_minutes(texts[key]) for key in ("prep_time", "cook_time")]
    # Two times make the whole only where both can be read, or the other is not said.
    known = all(part is not None or not texts[key] for part, key in zip(parts, ("prep_time", "cook_time"), strict=True))
    minutes = read_minutes(texts["total_time"])
    if minutes is None and not texts["total_time"] and known:
        minutes = sum(part or 0 for part in parts) or None
    stars = texts["difficulty"].count("★")
    held = {"name": title, "description": description}
    return Draft(
        title=title,
        source=Source(
            path=source.path,
            line=source.line,
            author=texts["source"] or None,
            licence="".join(fields["licence"]) or None,
        ),
        aliases=_split(fields["aliases"]),
        description=description,
        category=categories[0] if categories else None,
        cuisine="、".join(fields["cuisine"]) or None,
        tastes=_split(fields["tastes"]),
        difficulty=stars if 1 <= stars <= 5 else None,
        minutes=minutes,
        calories=read_calories(texts["nutritional_info"].split("\n")[0]),
        servings=texts["servings"] or None,
        lines=tuple(_lines(texts["ingredients"])),
        tools=_split(fields["tools"]),
        steps=tuple(_steps(texts["directions"])),
        tips=tips,
        features="\n".join(fields["features"]) or None,
        images=tuple(dict.fromkeys(url for key in ("image_url", "photo_url") if (url := texts[key]))),
        keywords=tuple(dict.fromkeys((*categories[1:], *_split(fields["keywords"])))),
        # What the fields hold to the letter need not be kept twice.
        extra={"paprika": {k: v for k, v in document.items() if k not in held or held[k] != v}},
    )


def _split(texts: list[str]) -> tuple[str, ...]:
    return tuple(word for text in texts for word in _LIST_SEPARATOR.split(text) if word)


def _notes(text: str) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """(tips, what the lines say that begin with the name of a field)."""
    tips: list[str] = []
    fields: dict[str, list[str]] = {field: [] for field in _NOTE_FIELDS.values()}
    for line in text.split("\n"):
        words = line.strip()
        if said := _NOTE.fullmatch(words):
            fields[_NOTE_FIELDS[said[1]]].append(said[2])
        elif words:
            tips.append(words)
    return tuple(tips), fields


def _lines(text: str) -> Iterator[DraftLine]:
    group: str | None = None
    for line in text.split("\n"):
        words = line.strip()
        if _HEADING.fullmatch(words):
            group = words.rstrip(":：").strip() or None
        elif words:
            yield DraftLine(words, group)


def _steps(text: str) -> Iterator[DraftStep]:
    section: str | None = None
    for line in text.split("\n"):
        words = _NUMBERED.sub("", line.strip(), count=1) if _NUMBERED.match(line.strip()) else line.strip()
        if _HEADING.fullmatch(words):
            section = words.rstrip(":：").strip() or None
        elif words:
            yield DraftStep(words, section)


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return PaprikaReader()
