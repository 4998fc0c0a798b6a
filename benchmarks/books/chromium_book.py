"""A cookbook printed by Chromium; the numbers of its table of contents come from a first printing."""

import io
import shutil

from benchmarks.books.html_book import page
from benchmarks.books.layout import Layout
from benchmarks.books.records import Book, Dish
from shishen.errors import NotFound

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def set_book(layout: Layout, dishes: tuple[Dish, ...], style: str) -> Book:
    """The book as a PDF. Raises NotFound where there is no Chromium."""
    printed = _print(page(style, layout, dishes))
    pages = _title_pages(printed, dishes)
    while layout.contents:
        # The contents make the book longer, which changes the numbers in them.
        printed = _print(page(style, layout, dishes, pages))
        counted = _title_pages(printed, dishes)
        if counted == pages:
            break
        pages = counted
    return Book(printed, pages)


def _print(html: str) -> bytes:
    from playwright.sync_api import sync_playwright

    executable = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if executable is None:
        raise NotFound("没有 Chromium；Debian：sudo apt-get install chromium。")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable)
        try:
            sheet = browser.new_page()
            sheet.set_content(html)
            pdf: bytes = sheet.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
        finally:
            browser.close()
    return pdf


def _title_pages(pdf: bytes, dishes: tuple[Dish, ...]) -> tuple[int, ...]:
    """The page of each dish's heading, from the outline that Chromium makes of the headings."""
    import pypdfium2

    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        outline = [("".join(mark.get_title().split()), mark.get_dest().get_index() + 1) for mark in document.get_toc()]
    finally:
        document.close()
    marks = iter(outline)
    pages = []
    for dish in dishes:
        name = "".join(dish.name.split())
        pages.append(next(page for title, page in marks if title.endswith(name)))
    return tuple(pages)
