"""Read: files and folders → recipes, streaming; what cannot be read is named with its place.

    shishen read PATH…

Stores nothing (that is `stages/add.py`). A folder is walked in the order of its names; in it, files that no
reader recognises are passed over, while a file that was named is rejected with the reason.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from shishen.archive import MAGIC, Archive
from shishen.domains.cooking.recipes import read_recipe
from shishen.errors import BadRecord, NotFound, UnreadableFile
from shishen.pages import Reading
from shishen.protocols import Reader
from shishen.records import Draft, Recipe, Rejected
from shishen.source_file import Limits, SourceFile
from shishen.stages.structure import NO_DISH, Costs, PageRead, Workshop, structure

# Forms of text that leave their pictures in files of their own. Word, EPUB, MHTML and PDF have theirs inside.
WRITTEN_SUFFIXES = frozenset({".md", ".markdown", ".json", ".jsonl", ".jsonld", ".html", ".htm", ".cook"})
# What looks like a recipe file, so that a damaged one in a folder is worth a word.
RECIPE_SUFFIXES = WRITTEN_SUFFIXES | {
    *(".pdf", ".docx", ".doc", ".epub", ".mhtml", ".mht", ".txt"),
    *(".zip", ".paprikarecipe", ".paprikarecipes"),
}
PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif", ".svg"}
)
# What happens while files are read.
Event = Recipe | Rejected | PageRead | Costs | Reading


# What a page to proof-read by says of itself in its head; in a folder it is passed over.
_REPORT = b'content="shishen read --report"'


class Candidate(Struct, frozen=True):
    """A file to read: where it is, the path that its recipes carry, and whether it was named by hand."""

    path: Path
    label: str
    named: bool


def find_files(paths: Iterable[Path], base: Path | None = None) -> Iterator[Candidate]:
    """Every file of the paths, each once, hidden ones left out; links are followed, loops are not.

    Labels are absolute, or relative to `base`. Raises NotFound where a path does not exist or is neither a file
    nor a folder, before the first file is given out.
    """
    named = list(paths)
    for path in named:
        if not os.path.exists(path):  # noqa: PTH110  (Path.exists raises on a name that is too long)
            raise NotFound(f"没有 {f'{path}':.200} 这个文件或文件夹。")
        if not path.is_file() and not path.is_dir():
            raise NotFound(f"{path} 既不是文件也不是文件夹；请先存成文件。")
    seen: set[tuple[int, int]] = set()
    for path in named:
        for found in _walk(path, seen):
            label = found.resolve() if base is None else found.relative_to(base)
            yield Candidate(found, label.as_posix(), named=found == path)


def _walk(path: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """The files at and below a path in the order of their names; what was seen before, or is closed, is left out.

    So are pictures in or below a folder with written recipes: they are photographs of the dishes. A folder of
    nothing else is a scanned book.
    """
    waiting = [(path, False)]
    while waiting:
        path, illustrated = waiting.pop()
        if illustrated and path.suffix.lower() in PICTURE_SUFFIXES:
            continue
        try:
            status = path.stat()
            here = (status.st_dev, status.st_ino)
            if here in seen:
                continue
            seen.add(here)
            if stat.S_ISDIR(status.st_mode):
                names = sorted(name for name in os.listdir(path) if not name.startswith("."))  # noqa: PTH208
                names = [n for n in names if not _of_a_page(n, names) and not _is_report(path / n)]
                illustrated = illustrated or any(map(_written, names))
                waiting.extend((path / name, illustrated) for name in reversed(names))
                continue
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield path


def _of_a_page(name: str, names: Sequence[str]) -> bool:
    """Whether a folder is what a browser saves beside a page: its pictures, scripts and frames."""
    stem = name.removesuffix("_files").removesuffix(".files")
    return stem != name and any(f"{stem}{suffix}" in names for suffix in (".html", ".htm"))


def _written(name: str) -> bool:
    """Whether a file's name is one of a written recipe."""
    stem, suffix = os.path.splitext(name.lower())  # noqa: PTH122
    # A README tells of the folder, be it one of scanned pages.
    return suffix in WRITTEN_SUFFIXES and stem != "readme"


def _is_report(path: Path) -> bool:
    """Whether a file is a page to proof-read by, which `shishen read --report` wrote."""
    if path.suffix.lower() not in (".html", ".htm"):
        return False
    try:
        with path.open("rb") as stream:
            return _REPORT in stream.read(2000)
    except OSError:
        return False


def recognise(
    candidate: Candidate, readers: Mapping[str, Reader], limits: Limits
) -> tuple[SourceFile, Reader] | Rejected | None:
    """The file with the reader that knows its format; a rejection, or None where it may be passed over."""
    # A name in another encoding (of a ZIP file from Windows) can be shown, but is no identity to store.
    label = os.fsencode(candidate.label).decode("utf-8", "backslashreplace")
    # In a folder only what looks like a recipe file is worth a word.
    worth = candidate.named or candidate.path.suffix.lower() in RECIPE_SUFFIXES
    try:
        file = SourceFile(candidate.path, label, limits)
    except UnreadableFile as error:
        return Rejected(path=label, reason=str(error)) if worth else None
    for reader in readers.values():
        if reader.recognises(file):
            if label != candidate.label:
                return Rejected(path=label, reason=f"文件名 {label} 不是 UTF-8 编码；请改名再试。")
            return file, reader
    if not candidate.named and (file.encoding is not None or not worth):
        return None
    if file.first_bytes.startswith(MAGIC):
        return Rejected(path=label, reason=_of_an_archive(file))
    what = f"{label} 不是文本文件（{file.kind or '二进制内容'}）" if file.encoding is None else f"认不出 {label} 的格式"
    return Rejected(path=label, reason=f"{what}；能读的有：{'、'.join(readers)}（见 docs/read.md）。")


def _of_an_archive(file: SourceFile) -> str:
    """Why no reader knows a ZIP file: it cannot be opened, or holds nothing of theirs."""
    try:
        with Archive(file):
            return f"{file.label} 这个压缩包里没有能读的菜谱；请解开，把里面的文件加进来。"
    except UnreadableFile as error:
        return str(error)


def read_file(file: SourceFile, reader: Reader, workshop: Workshop | None = None) -> Iterator[Recipe | Rejected]:
    """Every recipe of a file, and every record of it that could not be read; a document needs a workshop."""
    return (event for event in watch_file(file, reader, workshop) if isinstance(event, Recipe | Rejected))


def watch_file(
    file: SourceFile, reader: Reader, workshop: Workshop | None = None, *, named: bool = True
) -> Iterator[Event]:
    """The same, and the pages of a document as they are done, what it costs, the reading right before its recipe.

    A text without a dish, of a web page, a letter, a novel, is worth a word only where it was `named` by hand.
    """
    pictured = False
    try:
        for found in structure(reader.read(file), file, workshop):
            if isinstance(found, PageRead):
                pictured = pictured or found.page.image is not None
            if isinstance(found, Rejected) and not (named or pictured) and _dishless(found):
                continue
            if isinstance(found, Rejected | PageRead | Costs):
                yield found
                continue
            draft = found.draft if isinstance(found, Reading) else found
            try:
                recipe = read_recipe(draft)
            except BadRecord as error:
                yield _rejected(draft, error)
                continue
            if isinstance(found, Reading):
                yield found
                recipe = replace(recipe, confidence=found.confidence)
            yield recipe
    except UnreadableFile as error:
        yield Rejected(path=file.label, reason=str(error))


def drafts(
    candidates: Iterable[Candidate], readers: Mapping[str, Reader], limits: Limits, workshop: Workshop | None = None
) -> Iterator[Draft | Reading | Rejected]:
    """What the files hold before the domain has read it, so that others may do that work in processes of their own."""
    for candidate in candidates:
        recognised = recognise(candidate, readers, limits)
        if recognised is None:
            continue
        if isinstance(recognised, Rejected):
            yield recognised
            continue
        file, reader = recognised
        try:
            for found in structure(reader.read(file), file, workshop):
                if isinstance(found, Draft | Reading | Rejected):
                    yield found
        except UnreadableFile as error:
            yield Rejected(path=file.label, reason=str(error))


def _dishless(rejected: Rejected) -> bool:
    """Whether this is the rejection of a document that was read to its end and has no dish in it."""
    return rejected.reason.startswith(f"{rejected.path} {NO_DISH}")


def _rejected(draft: Draft, error: BadRecord) -> Rejected:
    """The rejection of one record, which takes nothing from the rest of its file."""
    page = draft.source.page
    place = "" if page is None else f"第 {page} 页："
    return Rejected(path=draft.source.path, page=page, line=draft.source.line, reason=f"{place}{error}")


def read(
    candidates: Iterable[Candidate], readers: Mapping[str, Reader], limits: Limits, workshop: Workshop | None = None
) -> Iterator[Recipe | Rejected]:
    """Every recipe of the files, and what was rejected, in order."""
    events = watch(candidates, readers, limits, workshop)
    return (event for event in events if isinstance(event, Recipe | Rejected))


def watch(
    candidates: Iterable[Candidate], readers: Mapping[str, Reader], limits: Limits, workshop: Workshop | None = None
) -> Iterator[Event]:
    """The same with all that happens on the way, as `watch_file` gives it."""
    for candidate in candidates:
        recognised = recognise(candidate, readers, limits)
        if isinstance(recognised, Rejected):
            yield recognised
        elif recognised is not None:
            yield from watch_file(*recognised, workshop, named=candidate.named)
