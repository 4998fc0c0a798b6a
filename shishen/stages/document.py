"""Document: any file → its pages as lines in reading order, whatever it is about; streaming.

The readers that read cookbooks read it: PDF, pictures, Word, web pages, e-books. A text that none of them knows, for
there is no food in it, is read as plain text. What a format says itself is a recipe is one page of its words.
"""

from collections.abc import Iterator, Mapping, Sequence

from shishen.errors import UnreadableFile
from shishen.pages import Page, PrintedLine
from shishen.protocols import Reader
from shishen.records import Draft, Rejected
from shishen.source_file import Limits, SourceFile
from shishen.stages.read import Candidate, recognise
from shishen.stages.structure import WINDOW, Workshop, looked_at

# A text in a folder, where not every file is meant.
_TEXT_SUFFIXES = frozenset({".md", ".markdown", ".txt", ".text", ".rst"})
PageLines = tuple[int | None, Sequence[PrintedLine]]


def read_document(
    candidate: Candidate, readers: Mapping[str, Reader], limits: Limits, workshop: Workshop
) -> Iterator[PageLines | Rejected]:
    """Every page of a file with its lines; what cannot be read is rejected, what is not meant gives nothing."""
    recognised = _recognised(candidate, readers, limits)
    if recognised is None:
        return
    if isinstance(recognised, Rejected):
        yield recognised
        return
    file, reader = recognised
    try:
        yield from _pages(file, reader, workshop)
    except UnreadableFile as error:
        yield Rejected(path=file.label, reason=str(error))


def _recognised(
    candidate: Candidate, readers: Mapping[str, Reader], limits: Limits
) -> tuple[SourceFile, Reader] | Rejected | None:
    """The file with its reader; that of plain text for a text that no other knows."""
    found = recognise(candidate, readers, limits)
    if isinstance(found, tuple):
        return found
    if not (candidate.named or candidate.path.suffix.lower() in _TEXT_SUFFIXES):
        return found
    try:
        file = SourceFile(candidate.path, candidate.label, limits)
    except UnreadableFile:
        return found
    # The last one that is asked is that of plain text.
    return (file, list(readers.values())[-1]) if file.encoding is not None and readers else found


def _pages(file: SourceFile, reader: Reader, workshop: Workshop) -> Iterator[PageLines | Rejected]:
    """The pages in windows, so that running heads are seen to repeat and no book stands in memory whole."""
    from shishen.layout.furniture import Furniture
    from shishen.layout.reading_order import reading_order

    furniture = Furniture()
    window: list[Page | Draft | Rejected] = []

    def turned() -> Iterator[PageLines | Rejected]:
        furniture.learn([page for page in window if isinstance(page, Page)])
        for page in window:
            if isinstance(page, Rejected):
                yield page
            elif isinstance(page, Draft):
                yield None, _lines(page)
            else:
                yield page.number, reading_order(furniture.strip(page))
        window.clear()

    for page in looked_at(reader.read(file), file, workshop):
        window.append(page)
        if len(window) == WINDOW:
            yield from turned()
    yield from turned()


def _lines(draft: Draft) -> list[PrintedLine]:
    """The words of a recipe that its format told apart, one under another."""
    words = [draft.description, *(line.text for line in draft.lines), *(step.text for step in draft.steps), *draft.tips]
    return [PrintedLine(text=draft.title, level=1), *(PrintedLine(text=text) for text in words if text)]
