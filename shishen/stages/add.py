"""Add: files → the library, a batch at a time, then the index catches up.

    shishen add PATH…

Adding the same file again changes nothing; a changed file replaces its recipes; recipes that a file no longer
has are removed once it was read to its end without a fault.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from shishen.domains.cooking.questions import completeness, ingredient_names, questions
from shishen.library import Changes, Library, Shelved
from shishen.protocols import Reader
from shishen.records import Recipe, Rejected
from shishen.source_file import Limits, SourceFile
from shishen.stages.read import Candidate, read_file, recognise


class Progress(Struct, frozen=True):
    """Where the work stands: the file, and what has happened in all so far."""

    file: SourceFile
    changes: Changes
    rejected: int


def shelve(recipe: Recipe) -> Shelved:
    """A recipe with its questions, its ingredients' canonical names and how complete it is."""
    return Shelved(recipe, questions(recipe), ingredient_names(recipe), completeness(recipe))


def add(
    candidates: Iterable[Candidate],
    library: Library,
    readers: Mapping[str, Reader],
    limits: Limits,
    batch_size: int,
) -> Iterator[Progress | Rejected]:
    """Add every file; yields what was rejected, and the progress after each batch and each file."""
    changes, rejected = Changes(), 0
    for candidate in candidates:
        recognised = recognise(candidate, readers, limits)
        if recognised is None:
            continue
        if isinstance(recognised, Rejected):
            rejected += 1
            yield recognised
            continue
        file, reader = recognised
        batch: list[Shelved] = []
        # One byte a line marks which of them gave a recipe, so that a corpus of any length stays small.
        seen = bytearray()
        whole = True
        for result in read_file(file, reader):
            line = (result.line if isinstance(result, Rejected) else result.source.line) or 0
            if line >= len(seen):
                seen.extend(bytes(max(1024, line + 1 - len(seen))))
            seen[line] = 1
            if isinstance(result, Rejected):
                rejected += 1
                # A fault without a line is the file's: nothing of it may be taken for gone.
                whole = whole and result.line is not None
                yield result
                continue
            batch.append(shelve(result))
            if len(batch) >= batch_size:
                changes += library.put(batch)
                batch = []
                yield Progress(file, changes, rejected)
        if batch:
            changes += library.put(batch)
        if whole and any(seen):
            changes += library.remove(_gone(library, file.label, seen))
        yield Progress(file, changes, rejected)


def _gone(library: Library, path: str, seen: bytearray) -> list[str]:
    """The ids of recipes that the file held once and holds no more."""
    return [id_ for id_, _, line in library.places(path) if (line or 0) >= len(seen) or not seen[line or 0]]
