"""The text of a document in passages of a bounded size, cut where a paragraph ends, each with its place.

A page's text is its paragraphs, one a line; places are characters of that text. Of a document without pages it is
the text of the whole file.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from shishen.pages import PrintedLine

# Characters of a passage: two or three paragraphs, about a page.
SIZE = 1200
# A passage with fewer letters says nothing that could be asked about.
SHORTEST = 20
_SENTENCE_END = re.compile(r"[。！？!?；;](?:[”』」）)\"]?)|\.(?=\s)")
_LONGEST_HEADING = 60


class DocumentPassage(Struct, frozen=True, kw_only=True):
    """Some paragraphs from character `start` of the text of a page, or of the file, with the `heading` above them."""

    path: str
    page: int | None = None
    start: int
    heading: str = ""
    text: str


class _Paragraph(Struct, frozen=True):
    start: int
    text: str
    heading: str


def passages_of(
    path: str, pages: Iterable[tuple[int | None, Sequence[PrintedLine]]], size: int = SIZE
) -> Iterator[DocumentPassage]:
    """The passages of a document, page by page, in order; `pages` are page numbers with their lines."""
    heading = ""
    # Pages without a number are pieces of one text.
    length = 0
    for number, lines in pages:
        start = 0 if number is not None else length
        paragraphs: list[_Paragraph] = []
        for text, level in paragraphs_of(lines):
            heading = text if level is not None and len(text) <= _LONGEST_HEADING else heading
            paragraphs.append(_Paragraph(start, text, heading))
            start += len(text) + 1
        length = start if number is None else length
        for together in _together(paragraphs, size):
            text = "\n".join(one.text for one in together)
            if sum(c.isalnum() for c in text) >= SHORTEST:
                first = together[0]
                yield DocumentPassage(path=path, page=number, start=first.start, heading=first.heading, text=text)


def paragraphs_of(lines: Iterable[PrintedLine]) -> Iterator[tuple[str, int | None]]:
    """Each paragraph with its heading level: lines that run to the edge of their column are joined with the next."""
    text, level, full = "", None, False
    for line in lines:
        words = " ".join(line.text.split())
        if not words:
            continue
        if text and full and line.level is None and not line.item:
            between = " " if text[-1].isascii() and words[0].isascii() and not text.endswith("-") else ""
            text += between + words
        else:
            if text:
                yield text, level
            text, level = words, line.level
        full = line.full
    if text:
        yield text, level


def _together(paragraphs: Sequence[_Paragraph], size: int) -> Iterator[list[_Paragraph]]:
    """Paragraphs in groups of at most `size` characters, about equally long; one that is longer is cut."""
    pieces = [piece for one in paragraphs for piece in _cut(one, size)]
    whole = sum(len(piece.text) + 1 for piece in pieces)
    # As many groups as are needed, and none of them a remnant.
    wanted = whole / max(1, -(-whole // size))
    group: list[_Paragraph] = []
    length = 0
    for piece in pieces:
        longer = length + len(piece.text) + 1
        # A piece of a cut paragraph does not stand on a line of its own.
        torn = bool(group) and group[-1].start + len(group[-1].text) + 1 != piece.start
        if group and (longer > size + 1 or torn or length + len(piece.text) / 2 > wanted):
            yield group
            group, longer = [], len(piece.text) + 1
        group.append(piece)
        length = longer
    if group:
        yield group


def _cut(paragraph: _Paragraph, size: int) -> Iterator[_Paragraph]:
    """A paragraph, in pieces where it is too long: after a sentence if one ends in time."""
    at, text = 0, paragraph.text
    while len(text) - at > size:
        ends = [found.end() for found in _SENTENCE_END.finditer(text, at, at + size)]
        end = ends[-1] if ends and ends[-1] - at > size // 4 else at + size
        yield _Paragraph(paragraph.start + at, text[at:end], paragraph.heading)
        at = end
    yield _Paragraph(paragraph.start + at, text[at:], paragraph.heading)
