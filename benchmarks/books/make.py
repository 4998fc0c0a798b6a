"""Sets a book: its PDF and its gold, side by side in a folder."""

import io
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from benchmarks.books import chromium_book, reportlab_book, weasyprint_book
from benchmarks.books.layout import Layout, dishes_for, layout, style_sheet
from benchmarks.books.records import Book, Dish, GoldDish, gold_dish

_TOOLS: dict[str, Callable[[str, Layout, tuple[Dish, ...]], Book]] = {
    "reportlab": lambda _, layout, dishes: reportlab_book.set_book(layout, dishes),
    "weasyprint": lambda name, layout, dishes: weasyprint_book.set_book(layout, dishes, style_sheet(name)),
    "chromium": lambda name, layout, dishes: chromium_book.set_book(layout, dishes, style_sheet(name)),
}


class BadBook(Exception):
    """A tool lost words that it was given."""


def make(name: str, folder: Path) -> Path:
    """Write `NAME.pdf` and `NAME.gold.jsonl`; the path of the former. Raises BadBook."""
    chosen = layout(name)
    return _write(name, name, chosen, folder)


def make_scanned(name: str, folder: Path, look: str = "scan", dishes: int = 30, seed: int = 7) -> Path:
    """Write `NAME.scanned.pdf` and its gold: the first dishes of the book as a scanner sees them.

    `seed` decides how each page lies, is lit and is noisy.
    """
    from tests.scanning import LOOKS, scan

    chosen = layout(name)
    book = f"{name}.scanned"
    path = _write(name, book, replace(chosen, count=min(chosen.count, dishes), repeat=1), folder)
    scan(path.rename(folder / f"{book}.text-layer"), path, LOOKS[look], seed=seed)
    (folder / f"{book}.text-layer").unlink()
    return path


def pdf_of(name: str) -> bytes:
    """The PDF of a layout's book. Raises BadBook."""
    chosen = layout(name)
    return _set(name, chosen, dishes_for(chosen)).pdf


def _set(name: str, chosen: Layout, dishes: tuple[Dish, ...]) -> Book:
    printed = _TOOLS[chosen.tool](name, chosen, dishes)
    if lost := lost_characters(printed.pdf, dishes):
        raise BadBook(f"{name}: {chosen.tool} did not print {lost}")
    return printed


def _write(name: str, book: str, chosen: Layout, folder: Path) -> Path:
    dishes = dishes_for(chosen)
    printed = _set(name, chosen, dishes)
    folder.mkdir(parents=True, exist_ok=True)
    pdf, gold = folder / f"{book}.pdf", folder / f"{book}.gold.jsonl"
    pdf.write_bytes(printed.pdf)
    gold.write_bytes(b"".join(msgspec.json.encode(dish) + b"\n" for dish in gold_of(book, chosen, printed, dishes)))
    return pdf


def gold_of(book: str, chosen: Layout, printed: Book, dishes: tuple[Dish, ...]) -> list[GoldDish]:
    """What must be read of a book, dish by dish."""
    return [
        gold_dish(book, page, dish, categories=chosen.categories and bool(dish.category))
        for page, dish in zip(printed.pages, dishes, strict=True)
    ]


def lost_characters(pdf: bytes, dishes: tuple[Dish, ...]) -> dict[str, int]:
    """The characters of the dishes that the PDF's text has not so many of; nothing where all was printed."""
    import pypdfium2

    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    there: Counter[str] = Counter()
    try:
        for page in document:
            text_page = page.get_textpage()
            there.update(unicodedata.normalize("NFKC", text_page.get_text_range()))
            text_page.close()
            page.close()
    finally:
        document.close()
    words = (w for d in dishes for w in (d.name, *d.steps, *(p.name for p in d.ingredients)))
    wanted = Counter(c for word in words for c in unicodedata.normalize("NFKC", word) if not c.isspace())
    return dict(wanted - there)
