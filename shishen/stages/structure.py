"""Structure: the pages of a document → the dishes in it, streaming.

    pages ──look (OCR, where a page has no text)──▶ spans ──reading order──▶ lines ──rules──▶ passages ──structurer──▶

Pages are looked at in parallel and kept in a cache, so that a book that was stopped goes on where it was. Two windows
of pages are in memory, however long the book. What a model read is checked (`check.py`).
"""

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shishen.content_cache import ContentCache
from shishen.errors import UnreadableFile
from shishen.pages import Page, Passage, PrintedLine, Reading
from shishen.protocols import Cost, Ocr, Structurer
from shishen.records import Draft, Rejected
from shishen.source_file import SourceFile

if TYPE_CHECKING:
    from shishen.domains.cooking.structuring.book import Book
    from shishen.layout.furniture import Furniture

# Pages that are judged together: enough to see what repeats, few enough to stay small.
WINDOW = 32
# What is said of a document without a dish; `read.py` leaves it out for files that nobody named.
NO_DISH = "里没有找到菜谱"
# Pages with fewer characters than this in a picture hold no text worth the name.
_FEWEST = 8
# The confidence of what was seen, at most: 1 means that the text itself was there.
_AT_MOST = 0.999


class Workshop(Struct, frozen=True, kw_only=True):
    """What documents are read with. `ocr` is built when a page first needs it; `checked` asks for grounding."""

    ocr: Callable[[], Ocr]
    structurer: Structurer
    cache: ContentCache
    dpi: int = 200
    workers: int = 2
    checked: bool = False


class PageRead(Struct, frozen=True):
    """A page is done: its number, of how many, the page itself, and its lines in reading order."""

    page: Page
    lines: tuple[PrintedLine, ...]


class Costs(Struct, frozen=True):
    """What asking a model is about to cost, or (`paid`) has cost."""

    cost: Cost
    paid: bool


def structure(
    pages: Iterable[Draft | Page | Rejected], file: SourceFile, workshop: Workshop | None
) -> Iterator[Draft | Reading | Rejected | PageRead | Costs]:
    """What a reader gave, its pages made into readings; drafts pass as they are, and need no workshop."""
    if workshop is None:
        for page in pages:
            assert not isinstance(page, Page), "a document is read in a workshop"
            yield page
        return
    opened: tuple[Book, Furniture] | None = None
    window: list[Page] = []
    passages: list[Passage] = []
    found = 0
    for page in looked_at(pages, file, workshop):
        if not isinstance(page, Page):
            yield page
            found += isinstance(page, Draft)
            continue
        opened = opened or _open(file.label)
        window.append(page)
        if len(window) == WINDOW:
            passages += yield from _turn(window, *opened, last=False)
            window = []
            if not workshop.checked:
                found += yield from _structured(passages, workshop)
                passages = []
    if opened is None:
        return
    passages += yield from _turn(window, *opened, last=True)
    found += yield from _structured(passages, workshop)
    if not found:
        yield Rejected(path=file.label, reason=f"{file.label} {NO_DISH}{opened[0].impression}。")


def _open(label: str) -> "tuple[Book, Furniture]":
    """What finds the dishes of one document. Loaded with its first page: who only asks for a dish needs none of it."""
    from shishen.domains.cooking.structuring.book import Book
    from shishen.layout.furniture import Furniture

    return Book(label), Furniture()


def _turn(
    pages: list[Page], book: "Book", furniture: "Furniture", *, last: bool
) -> Generator[PageRead, None, list[Passage]]:
    """A window of pages read into passages, which are returned."""
    from shishen.layout.reading_order import reading_order

    furniture.learn(pages)
    lines: list[PrintedLine] = []
    for page in pages:
        own = reading_order(furniture.strip(page))
        lines.extend(own)
        yield PageRead(page, tuple(own))
    return list(book.feed(lines, last=last))


def _structured(passages: list[Passage], workshop: Workshop) -> Generator[Reading | Rejected | Costs, None, int]:
    """The passages through the structurer, checked where a model did it; how many dishes there were."""
    cost = workshop.structurer.estimate(passages)
    if cost and cost.requests:
        yield Costs(cost, paid=False)
    results = workshop.structurer.structure(passages)
    if workshop.checked:
        from shishen.stages.check import check

        results = check(results, passages)
    found = 0
    for result in results:
        found += isinstance(result, Reading)
        yield result
    spent = workshop.structurer.spent()
    if spent and cost and cost.requests:
        yield Costs(spent, paid=True)
    return found


def looked_at(
    pages: Iterable[Draft | Page | Rejected], file: SourceFile, workshop: Workshop
) -> Iterator[Draft | Page | Rejected]:
    """The pages in their order, those without text looked at by OCR, several at a time.

    As many wait behind one that is being looked at as make a window: a picture here and there in a book of text
    keeps every worker busy, and memory stays small.
    """
    waiting: deque[Draft | Page | Rejected | Future[Page | Rejected]] = deque()
    eye: _Eye | None = None
    blind = False
    pool = ThreadPoolExecutor(workshop.workers, thread_name_prefix="ocr")
    try:
        for page in pages:
            if not (isinstance(page, Page) and page.image and not page.spans and not page.lines) or blind:
                waiting.append(page)
            else:
                try:
                    eye = eye or _Eye(file, workshop)
                    waiting.append(pool.submit(eye.look, page))
                except UnreadableFile as error:
                    if page.count in (None, 1):
                        raise
                    # The rest of the book has text of its own; one word is enough.
                    blind = True
                    reason = f"第 {page.number} 页是图片，这样的页没有读：{error}"
                    waiting.append(Rejected(path=file.label, page=page.number, reason=reason))
            while waiting and (len(waiting) > WINDOW or _done(waiting[0])):
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _done(page: object) -> bool:
    return not isinstance(page, Future) or page.done()


def _result(page: Draft | Page | Rejected | Future[Page | Rejected]) -> Draft | Page | Rejected:
    return page.result() if isinstance(page, Future) else page


class _Eye:
    """Looks at the pages of one file, and remembers what it saw."""

    def __init__(self, file: SourceFile, workshop: Workshop) -> None:
        self._file = file
        self._workshop = workshop
        self._ocr = workshop.ocr()
        with file.path.open("rb") as stream:
            self._digest = hashlib.file_digest(stream, "blake2b").hexdigest()

    def look(self, page: Page) -> Page | Rejected:
        """The page with what stands on it; rejected where its picture cannot be opened or holds no text at all."""
        from shishen.imaging import open_page, straighten
        from shishen.model_client import Unanswered

        assert page.image
        key = f"{self._ocr.identity}\0{self._digest}\0{page.image.page}\0{self._workshop.dpi}"
        if kept := self._workshop.cache.get(key):
            seen = msgspec.msgpack.decode(kept, type=Page)
        else:
            try:
                image = open_page(page.image, self._file.limits, self._workshop.dpi)
            except UnreadableFile as error:
                if page.count in (None, 1):
                    raise
                return Rejected(path=self._file.label, page=page.number, reason=str(error))
            straight, tilt = straighten(image)
            try:
                read = self._ocr.read(straight)
            except Unanswered as error:
                # A model that is asked over the network failed on this page only.
                return Rejected(
                    path=self._file.label, page=page.number, reason=f"第 {page.number} 页没有认出来：{error}"
                )
            # An engine that turned the picture says how large it was then.
            width, height = read.width or float(straight.width), read.height or float(straight.height)
            seen = replace(read, width=width, height=height, tilt=tilt)
            self._workshop.cache.put(key, msgspec.msgpack.encode(seen))
        if page.count in (None, 1) and _length(seen) < _FEWEST:
            raise UnreadableFile(f"{self._file.label} 里看不到文字；拍菜谱时请拍清楚、拍正。")
        return replace(
            page,
            spans=tuple(replace(span, confidence=min(span.confidence, _AT_MOST)) for span in seen.spans),
            lines=tuple(
                replace(line, page=page.number, confidence=min(line.confidence, _AT_MOST)) for line in seen.lines
            ),
            width=seen.width,
            height=seen.height,
            tilt=seen.tilt,
            rules=seen.rules,
        )


def _length(page: Page) -> int:
    return sum(len(span.text) for span in page.spans) + sum(len(line.text) for line in page.lines)
