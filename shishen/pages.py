"""Pages of documents: what is printed where, before anybody knows what it means; frozen records only.

A reader of PDF, pictures, web pages, Word or plain text yields `Page`s; the stage `structure` puts the spans of
each in reading order (`layout/`), the cooking domain finds the dishes (`Reading`), a structurer may read again
what it was unsure of (`Passage`).
"""

from msgspec import Struct

from shishen.records import Draft


class Box(Struct, frozen=True):
    """A rectangle in the units of its page (points or pixels), from the page's top left corner."""

    left: float
    top: float
    right: float
    bottom: float


class Span(Struct, frozen=True, kw_only=True):
    """A piece of text that stands on one line of a page: a character, a word, or what an OCR engine found.

    `size` is the font's size, or the height of the box, in the units of the page; `confidence` is in [0, 1].
    """

    text: str
    box: Box
    size: float
    bold: bool = False
    confidence: float = 1.0


class PrintedLine(Struct, frozen=True, kw_only=True):
    """One line of a document in reading order.

    Of a page with places: `box`, `size` as in `Span`, `indent` (from the left edge of its column) and `gap` (the
    space above it) in units of `size`; `full` where the line runs so far to the right that the first word of the
    next line had no room, so that the next may go on with its sentence.
    Of a document that flows (HTML, Word, text) `box` is None and a line is a whole paragraph (`full` is False).
    `level` is the heading level (1 is the highest) and `item` the mark of a list where the format itself says so.
    """

    text: str
    page: int | None = None
    box: Box | None = None
    size: float = 10.0
    bold: bool = False
    confidence: float = 1.0
    full: bool = False
    gap: float = 0.0
    indent: float = 0.0
    level: int | None = None
    item: bool = False


class PageImage(Struct, frozen=True):
    """Where the picture of a page is: an image file, or a page (from 1) of a PDF. `imaging.py` opens it."""

    path: str
    page: int | None = None


class Page(Struct, frozen=True, kw_only=True):
    """One page of a document, numbered from 1; None where the document has no pages.

    `spans` are what stands on it in no certain order; `lines` stand in reading order already. A page with
    neither, but with an `image`, is to be looked at (OCR). `rules` are the thin lines drawn on it, of tables and
    boxes. `count` is how many pages the document has, if known.
    `tilt`: by how many degrees (counter-clockwise) the picture was turned before places were measured on it.
    """

    number: int | None = None
    count: int | None = None
    width: float = 0.0
    height: float = 0.0
    spans: tuple[Span, ...] = ()
    lines: tuple[PrintedLine, ...] = ()
    rules: tuple[Box, ...] = ()
    image: PageImage | None = None
    tilt: float = 0.0


class Reading(Struct, frozen=True, kw_only=True):
    """A draft and how sure the one who read it is, in [0, 1] by field (`title`, `ingredients`, `steps` …).

    `doubts` say in words, for a person, what is unsure; `lines` are the lines that it was read from.
    """

    draft: Draft
    confidence: dict[str, float]
    doubts: tuple[str, ...] = ()
    lines: tuple[PrintedLine, ...] = ()


class Passage(Struct, frozen=True, kw_only=True):
    """The lines of one dish (or of what may be one), and what the rules made of them; None where nothing."""

    path: str
    lines: tuple[PrintedLine, ...]
    reading: Reading | None = None

    @property
    def text(self) -> str:
        """The lines, one under another."""
        return "\n".join(line.text for line in self.lines)
