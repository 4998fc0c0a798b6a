"""Reads a book in a process of its own, so that its time and its memory are its own.

In raw order the layout is left out: the lines of OCR become a plain text in the order that the engine gives them in,
and that text is read by the same rules.
"""

import multiprocessing
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from shishen.records import Recipe, Rejected

if TYPE_CHECKING:
    from shishen.stages.structure import Workshop


class ReadBook(Struct, frozen=True):
    """What came out of a book, how long it took, and the most memory (MB) that the process and its children had."""

    recipes: tuple[Recipe, ...]
    rejected: tuple[Rejected, ...]
    pages: int
    seconds: float
    megabytes: float


def read_book(path: Path, *, raw_order: bool = False) -> ReadBook:
    """The book read by a fresh Kitchen in a fresh process, with a home that is empty."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(_read, path, raw_order).result()


def _read(path: Path, raw_order: bool) -> ReadBook:
    import pypdfium2

    from shishen import Kitchen
    from shishen.settings import Settings

    document = pypdfium2.PdfDocument(path)
    pages = len(document)
    document.close()
    recipes: list[Recipe] = []
    rejected: list[Rejected] = []
    with tempfile.TemporaryDirectory() as home:
        # Default settings: what another machine has set must not change the figures.
        kitchen = Kitchen(Settings(home=Path(home)))
        started = time.perf_counter()
        source = _in_raw_order(path, pages, kitchen.workshop, Path(home) / "book.txt") if raw_order else path
        for result in kitchen.read(source):
            if isinstance(result, Rejected):
                rejected.append(result)
            else:
                recipes.append(result)
        seconds = time.perf_counter() - started
    kilobytes = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return ReadBook(tuple(recipes), tuple(rejected), pages, seconds, kilobytes / 1024)


def _in_raw_order(path: Path, pages: int, workshop: "Workshop", text: Path) -> Path:
    """A text of the lines of all pages as the OCR engine gives them, a blank line between two pages."""
    from shishen.imaging import open_page, straighten
    from shishen.pages import PageImage
    from shishen.source_file import Limits

    ocr = workshop.ocr()

    def look(number: int) -> str:
        picture, _ = straighten(open_page(PageImage(str(path), number), Limits(), workshop.dpi))
        page = ocr.read(picture)
        return "\n".join(piece.text for piece in page.spans or page.lines)

    with ThreadPoolExecutor(workshop.workers) as pool:
        text.write_text("\n\n".join(pool.map(look, range(1, pages + 1))), encoding="utf-8")
    return text
