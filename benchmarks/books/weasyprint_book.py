"""A cookbook set by WeasyPrint, which counts pages and repeats headings by itself."""

import logging

from benchmarks.books.html_book import page
from benchmarks.books.layout import Layout
from benchmarks.books.records import Book, Dish


def set_book(layout: Layout, dishes: tuple[Dish, ...], style: str) -> Book:
    """The book as a PDF, its fonts subset; the same bytes each time."""
    from weasyprint import HTML

    # It warns of every property that only browsers know.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    document = HTML(string=page(style, layout, dishes)).render()
    pages = {anchor: number for number, sheet in enumerate(document.pages, 1) for anchor in sheet.anchors}
    pdf: bytes = document.write_pdf(pdf_identifier=layout.title.encode())
    return Book(pdf, tuple(pages[f"d{place}"] for place in range(len(dishes))))
