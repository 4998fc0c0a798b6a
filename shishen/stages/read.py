"""Read: files and folders → recipes, streaming; what cannot be read is named with its place.

    shishen read PATH…

Stores nothing (that is `stages/add.py`). A folder is walked in the order of its names; in it, files that no
reader recognises are passed over, while a file that was named is rejected with the reason.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from shishen.domains.cooking.recipes import read_recipe
from shishen.errors import BadRecord, NotFound, UnreadableFile
from shishen.pages import Page
from shishen.protocols import Reader
from shishen.records import Recipe, Rejected
from shishen.source_file import Limits, SourceFile

RECIPE_SUFFIXES = frozenset({".md", ".markdown", ".json", ".jsonl", ".jsonld"})


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
    """The files at and below a path in the order of their names; what was seen before, or is closed, is left out."""
    waiting = [path]
    while waiting:
        path = waiting.pop()
        try:
            status = path.stat()
            here = (status.st_dev, status.st_ino)
            if here in seen:
                continue
            seen.add(here)
            if stat.S_ISDIR(status.st_mode):
                names = sorted(name for name in os.listdir(path) if not name.startswith("."))  # noqa: PTH208
                waiting.extend(path / name for name in reversed(names))
                continue
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield path


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
    what = f"{label} 不是文本文件（{file.kind or '二进制内容'}）" if file.encoding is None else f"认不出 {label} 的格式"
    return Rejected(path=label, reason=f"{what}；能读的有：{'、'.join(readers)}（见 docs/read.md）。")


def read_file(file: SourceFile, reader: Reader) -> Iterator[Recipe | Rejected]:
    """Every recipe of a file, and every record of it that could not be read."""
    try:
        for draft in reader.read(file):
            if isinstance(draft, Rejected):
                yield draft
                continue
            if isinstance(draft, Page):
                continue
            try:
                yield read_recipe(draft)
            except BadRecord as error:
                yield Rejected(path=file.label, line=draft.source.line, reason=str(error))
    except UnreadableFile as error:
        yield Rejected(path=file.label, reason=str(error))


def read(candidates: Iterable[Candidate], readers: Mapping[str, Reader], limits: Limits) -> Iterator[Recipe | Rejected]:
    """Every recipe of the files, and what was rejected, in order."""
    for candidate in candidates:
        recognised = recognise(candidate, readers, limits)
        if isinstance(recognised, Rejected):
            yield recognised
        elif recognised is not None:
            yield from read_file(*recognised)
