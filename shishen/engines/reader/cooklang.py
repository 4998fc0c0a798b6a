"""Cooklang: `.cook` files, in which the steps name ingredients (`@盐{3%克}`), tools (`#锅{}`) and times (`~{5%分钟}`).

Written after the specification and its canonical tests (cooklang/spec) with the extensions of cooklang-rs; also a
ZIP file of such files. The whole text is kept in `extra` under `cooklang`: which amount stands where in a step, and
what a comment says, no field holds.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from shishen.archive import Archive, names_of
from shishen.cooklang_marks import Mark, pieces, read_metadata, unescaped, without_comments
from shishen.errors import BadRecord
from shishen.interchange import ingredient_line, read_calories, read_minutes
from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile, detect_encoding

EXTRA = None

_SUFFIX = ".cook"
_MARKDOWN = re.compile(r"^#{1,6}\s", re.MULTILINE)
_BRACED = re.compile(
    r"@[^\s@#~{}\\][^\n@#~{}\\]{0,100}\{[^{}\n:;=<>\"]{0,60}\}|~[^\s@#~{}]{0,30}\{[^{}\n%]{1,20}%[^{}\n]{1,20}\}"
)
_OLD_METADATA = re.compile(r"^>>\s*\S[^:\n]{0,60}:\s*\S", re.MULTILINE)
_WORD_MARK = re.compile(r"(?:^|\s)@\w", re.MULTILINE)
_ONLY_MARKS = re.compile(r"[\s,，、;；。.]*")
_HAN_BREAK = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t]*\n[ \t]*(?=[@#~]?[&?]?[\u3000-\u9fff\uff00-\uffef])")
_LIST = re.compile(r"\s*[,，、]\s*")
_PLAIN_NUMBER = re.compile(r"\d{1,7}(?:\.\d{1,4})?")
# The names that a field goes by, in their order of trust: the specification's own, and what an export from here adds.
_KEYS = {
    "title": ("title", "name"),
    "aliases": ("aliases",),
    "description": ("introduction", "description"),
    "category": ("course", "category"),
    "cuisine": ("cuisine",),
    "tastes": ("tastes",),
    "difficulty": ("difficulty",),
    "time": ("time required", "time", "duration", "total time"),
    "prep": ("prep time", "time.prep", "prep_time"),
    "cook": ("cook time", "time.cook", "cook_time"),
    "servings": ("servings", "serves", "yield"),
    "calories": ("calories",),
    "tags": ("tags",),
    "images": ("image", "images", "picture", "pictures"),
    "author": ("author", "source.author"),
    "licence": ("license", "licence"),
    "features": ("features",),
}


class Options(Struct, frozen=True):
    """No options."""


class CooklangReader:
    """Reads one recipe a text."""

    def recognises(self, file: SourceFile) -> bool:
        """Marks with braces, or old metadata with any mark, and no Markdown heading; or a ZIP file of `.cook` files."""
        if file.encoding is None:
            return any(name.lower().endswith(_SUFFIX) for name in names_of(file))
        head = file.head
        if _MARKDOWN.search(head) or re.match(r"[\s\ufeff]*(?:[{<]|\[(?!-))", head):
            return False
        marked = _BRACED.search(head) or (_OLD_METADATA.search(head) and _WORD_MARK.search(head))
        # The specification lets a recipe be without any mark; then only the name says what it is.
        return marked is not None or file.path.suffix.lower() == _SUFFIX

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """One draft a text; `line` is its place in a ZIP file, from 1. Raises UnreadableFile."""
        limit = int(file.limits.line_mb * 1_000_000)
        if file.encoding is not None:
            yield _read(file.text(), limit, Source(path=file.label), PurePath(file.label).stem)
            return
        with Archive(file) as archive:
            members = [name for name in archive.names if name.lower().endswith(_SUFFIX)]
            for number, name in enumerate(members, 1):
                try:
                    text = _decoded(archive.read(name))
                except BadRecord as error:
                    yield Rejected(path=file.label, line=number, reason=str(error))
                    continue
                yield _read(text, limit, Source(path=file.label, line=number), PurePath(name).stem)


def _decoded(data: bytes) -> str:
    try:
        return data.decode(detect_encoding(data, whole=True) or "ascii").lstrip("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadRecord("不是文本，或不是 UTF-8、GBK 编码") from error


def _read(text: str, limit: int, source: Source, stem: str) -> Draft | Rejected:
    try:
        if len(text) > limit:
            raise BadRecord(f"这份菜谱有 {len(text) / 1e6:.1f} MB，超过上限 {limit / 1e6:g} MB")
        return _draft(text, source, stem)
    except BadRecord as error:
        return Rejected(path=source.path, line=source.line, reason=str(error))


class _Body:
    """What the paragraphs of a recipe come to."""

    def __init__(self) -> None:
        self.lines: dict[DraftLine, None] = {}
        self.tools: dict[str, None] = {}
        self.steps: list[DraftStep] = []
        self.tips: list[str] = []

    def add(self, paragraph: str, section: str | None) -> None:
        """A note, a list of what is needed, or a step."""
        if paragraph.startswith(">"):
            lines = [line.strip().removeprefix(">").strip() for line in paragraph.split("\n")]
            self.tips.append(unescaped("\n".join(line for line in lines if line)))
            return
        words: list[str] = []
        listed = True
        for piece in pieces(_HAN_BREAK.sub("", paragraph)):
            if isinstance(piece, str):
                words.append(unescaped(piece))
                listed = listed and _ONLY_MARKS.fullmatch(piece) is not None
                continue
            words.append(piece.shown)
            listed = listed and piece.kind != "~"
            if piece.kind == "@" and not piece.hidden:
                self.lines[DraftLine(_line(piece), section)] = None
            elif piece.kind == "#" and piece.name:
                self.tools[piece.name] = None
        text = " ".join("".join(words).split())
        if not listed and text:
            self.steps.append(DraftStep(text, section))


def _draft(text: str, source: Source, stem: str) -> Draft:
    metadata, rest = read_metadata(text)
    body = _Body()
    section: str | None = None
    for block in without_comments(rest).split("\n\n"):
        paragraph: list[str] = []
        for line in block.split("\n"):
            if line.startswith("="):
                _close(paragraph, body, section)
                # By hand: a pattern with blanks on both sides takes minutes over many of them.
                section = unescaped(line.strip("= \t\u3000")) or None
            else:
                paragraph.append(line)
        _close(paragraph, body, section)
    said = {field: _first(metadata, keys) for field, keys in _KEYS.items()}
    title = _text(said["title"]) or stem
    prep, cook = (read_minutes(_text(said[key])) for key in ("prep", "cook"))
    minutes = read_minutes(_text(said["time"]))
    if minutes is None and not _text(said["time"]):
        minutes = (prep or 0) + (cook or 0) or None
    return Draft(
        title=title,
        source=Source(
            path=source.path,
            line=source.line,
            author=_text(said["author"]) or None,
            licence=_text(said["licence"]) or None,
        ),
        aliases=_texts(said["aliases"]),
        description=_text(said["description"]) or None,
        category=_text(said["category"]) or None,
        cuisine=_text(said["cuisine"]) or None,
        tastes=_texts(said["tastes"]),
        difficulty=_difficulty(_text(said["difficulty"])),
        minutes=minutes,
        calories=read_calories(_text(said["calories"])),
        servings=_text(said["servings"]).partition("|")[0].strip() or None,
        lines=tuple(body.lines),
        tools=tuple(body.tools),
        steps=tuple(body.steps),
        tips=tuple(tip for tip in body.tips if tip),
        features=_text(said["features"]) or None,
        images=_texts(said["images"]),
        keywords=_texts(said["tags"]),
        extra={"cooklang": text},
    )


def _close(paragraph: list[str], body: _Body, section: str | None) -> None:
    """Hand over what was gathered, and begin anew."""
    text = "\n".join(line for line in paragraph if line.strip()).strip()
    paragraph.clear()
    if text:
        body.add(text, section)


def _line(mark: Mark) -> str:
    """An ingredient as a line: `盐 3 克（切碎）`; what is no number is said as it stands."""
    optional = "（可选）" if mark.optional else ""
    if _PLAIN_NUMBER.fullmatch(mark.amount):
        return ingredient_line(mark.name, float(mark.amount), mark.unit, mark.note) + optional
    measured = " ".join(part for part in (mark.name, mark.amount, mark.unit) if part)
    return ingredient_line(measured, None, "", mark.note) + optional


def _first(metadata: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((metadata[key] for key in keys if metadata.get(key)), None)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(str(part) for part in value if not isinstance(part, list | dict))
    return "" if value is None or isinstance(value, dict) else str(value).strip()


def _texts(value: Any) -> tuple[str, ...]:
    """A list, or a text with commas between."""
    if isinstance(value, list):
        return tuple(text for part in value if (text := _text(part)))
    return tuple(text for text in _LIST.split(_text(value)) if text)


def _difficulty(text: str) -> int | None:
    stars = text.count("★") or (int(text) if re.fullmatch(r"[1-5]", text) else 0)
    return stars if 1 <= stars <= 5 else None


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return CooklangReader()
