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
from shishen.records import Recipe, Rejected, Source, recipe_id
from shishen.source_file import Limits, SourceFile
from shishen.stages.read import Candidate, recognise, watch_file
from shishen.stages.structure import Costs, PageRead, Workshop


class Progress(Struct, frozen=True):
    """Where the work stands: the file, what has happened in all so far, and the last page of a document."""

    file: SourceFile
    changes: Changes
    rejected: int
    found: int = 0
    page: PageRead | None = None


class _Seen:
    """The places of a file that gave something, so that what it holds no more can be told."""

    def __init__(self) -> None:
        # One byte a line, so that a corpus of any length stays small; a book has few dishes, by their ids.
        self._lines = bytearray()
        self._ids: set[str] = set()
        self.whole = True

    def note(self, result: Recipe | Rejected) -> None:
        """Take note of a recipe, or of a record that was rejected; a fault without a place is the whole file's."""
        page, line = (result.page, result.line) if isinstance(result, Rejected) else _place(result.source)
        if isinstance(result, Rejected) and line is None:
            # A page that could not be read may hold dishes that are still there.
            self.whole = False
        if page is not None:
            path = result.path if isinstance(result, Rejected) else result.source.path
            self._ids.add(recipe_id(Source(path=path, page=page, line=line)))
            return
        line = line or 0
        if line >= len(self._lines):
            self._lines.extend(bytes(max(1024, line + 1 - len(self._lines))))
        self._lines[line] = 1

    def gone(self, library: Library, path: str) -> list[str]:
        """The ids of recipes that the file held once and holds no more; none where it could not be read to its end."""
        if not self.whole or not (self._ids or any(self._lines)):
            return []
        places = library.places(path)
        return [id_ for id_, _, line in places if id_ not in self._ids and not self._has_line(line or 0)]

    def _has_line(self, line: int) -> bool:
        return not self._ids and line < len(self._lines) and self._lines[line] == 1


def _place(source: Source) -> tuple[int | None, int | None]:
    return source.page, source.line


def shelve(recipe: Recipe) -> Shelved:
    """A recipe with its questions, its ingredients' canonical names and how complete it is."""
    return Shelved(recipe, questions(recipe), ingredient_names(recipe), completeness(recipe))


def add(
    candidates: Iterable[Candidate],
    library: Library,
    readers: Mapping[str, Reader],
    limits: Limits,
    batch_size: int,
    workshop: Workshop | None = None,
) -> Iterator[Progress | Rejected | Costs]:
    """Add every file; yields what was rejected, and the progress after each page, each batch and each file."""
    changes, rejected, found = Changes(), 0, 0
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
        seen = _Seen()
        for result in watch_file(file, reader, workshop, named=candidate.named):
            if isinstance(result, PageRead):
                yield Progress(file, changes, rejected, found, result)
            elif isinstance(result, Costs):
                yield result
            elif isinstance(result, Rejected):
                seen.note(result)
                rejected += 1
                yield result
            elif isinstance(result, Recipe):
                seen.note(result)
                found += 1
                batch.append(shelve(result))
                if len(batch) >= batch_size:
                    changes += library.put(batch)
                    batch = []
                    yield Progress(file, changes, rejected, found)
        if batch:
            changes += library.put(batch)
        changes += library.remove(seen.gone(library, file.label))
        yield Progress(file, changes, rejected, found)
