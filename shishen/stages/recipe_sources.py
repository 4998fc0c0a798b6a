"""Where the recipes of a dataset come from: files, or else the library; and whether they are still the same."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct

from shishen.library import Library
from shishen.pages import Reading
from shishen.protocols import Reader
from shishen.records import Draft, Recipe, Rejected
from shishen.source_file import Limits
from shishen.stages.read import drafts, find_files
from shishen.stages.structure import Workshop


class RecipeSources(Struct, frozen=True):
    """What they are called, what they are as they stand, and a function that gives them from the first on."""

    names: tuple[str, ...]
    fingerprint: str
    every: Callable[[], Iterable[Draft | Reading | Recipe | Rejected]]


def of_files(
    paths: Sequence[str | Path],
    limit: int,
    readers: Mapping[str, Reader],
    limits: Limits,
    workshop: Callable[[], Workshop],
) -> RecipeSources:
    """Those of files and folders, at most `limit` of them (0: all). Raises NotFound."""
    found = list(find_files([Path(path) for path in paths]))
    state = [(one.label, (status := one.path.stat()).st_size, status.st_mtime_ns) for one in found]
    return RecipeSources(
        tuple(str(path) for path in paths),
        f"{state} {limit}",
        lambda: islice(drafts(found, readers, limits, workshop()), limit or None),
    )


def of_library(library: Library, limit: int) -> RecipeSources:
    """Those of the library, at most `limit` of them (0: all)."""
    state = [("library", len(library), library.generation())]
    return RecipeSources(("菜谱库",), f"{state} {limit}", lambda: islice(library.recipes(), limit or None))
