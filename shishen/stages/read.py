"""Read: files and folders → recipes, streaming; what cannot be read is named with its place.

    shishen read PATH…

Stores nothing (that is `stages/add.py`). A folder is walked in the order of its names; in it, files that no
reader recognises are passed over, while a file that was named is rejected with the reason.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from shishen.domains.cooking.recipes import read_recipe
from shishen.errors import BadRecord, NotFound, UnreadableFile
from shishen.protocols import Reader
from shishen.records import Recipe, Rejected
from shishen.source_file import Limits, SourceFile


class Candidate(Struct, frozen=True):
    """A file to read: where it is, the path that its recipes carry, and whether it was named by hand."""

    path: Path
    label: str
    named: bool


def find_files(paths: Iterable[Path], base: Path | None = None) -> Iterator[Candidate]:
    """Every file of the paths, each once, hidden ones left out; links are followed, loops are not.

    Labels are absolute, or relative to `base`. Raises NotFound where a path does not exist.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if not path.exists():
            raise NotFound(f"没有 {path} 这个文件或文件夹。")
        for found in [path] if path.is_file() else _walk(path, set()):
            status = found.stat()
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                label = found.resolve() if base is None else found.relative_to(base)
                yield Candidate(found, label.as_posix(), named=found == path)


def _walk(folder: Path, ancestors: set[tuple[int, int]]) -> Iterator[Path]:
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in ancestors:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except PermissionError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        if path.is_dir():
            yield from _walk(path, ancestors | {here})
        elif path.is_file():
            yield path


def recognise(
    candidate: Candidate, readers: Mapping[str, Reader], limits: Limits
) -> tuple[SourceFile, Reader] | Rejected | None:
    """The file with the reader that knows its format; a rejection, or None where it may be passed over."""
    try:
        file = SourceFile(candidate.path, candidate.label, limits)
    except UnreadableFile as error:
        return Rejected(path=candidate.label, reason=str(error)) if candidate.named else None
    for reader in readers.values():
        if reader.recognises(file):
            return file, reader
    if not candidate.named:
        return None
    reason = f"认不出 {candidate.label} 的格式；能读的有：{'、'.join(readers)}（见 docs/read.md）。"
    return Rejected(path=candidate.label, reason=reason)


def read_file(file: SourceFile, reader: Reader) -> Iterator[Recipe | Rejected]:
    """Every recipe of a file, and every record of it that could not be read."""
    try:
        for draft in reader.read(file):
            if isinstance(draft, Rejected):
                yield draft
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
