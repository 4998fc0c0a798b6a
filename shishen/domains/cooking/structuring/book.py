"""A document's lines, a window of pages at a time → its dishes, streaming; memory does not grow with the book."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.structuring.dishes import read_dish
from shishen.domains.cooking.structuring.heads import CHAPTER, find_heads
from shishen.domains.cooking.structuring.joining import Spacing
from shishen.domains.cooking.structuring.rows import Row, body_size, chapter_of, contents_of, rows_of, title_of
from shishen.pages import Passage, PrintedLine, Reading
from shishen.records import Source

# Rows kept where no dish was found; and the longest a dish may get before it is taken as it is.
_KEPT = 120
_LONGEST = 1500
# The most characters of 第二章　鱼虾类.
_LONGEST_CHAPTER = 14


class Book:
    """Finds the dishes of one document; feed it windows of lines in reading order, the last one marked as such."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._waiting: list[Row] = []
        self._contents: dict[str, str | None] = {}
        self._styles: Counter[tuple[int, bool]] = Counter()
        self._spacing = Spacing()
        self._category: str | None = None
        self._on_page: Counter[int | None] = Counter()
        self._listed: str | None = None
        self._lines = 0
        self._cover: int | None = None

    def feed(self, lines: Sequence[PrintedLine], *, last: bool = False) -> Iterator[Passage]:
        """The dishes that are whole by now. A passage without a reading looked like a dish and was none."""
        self._spacing.learn(lines)
        if lines and not self._lines:
            self._cover = lines[0].page
        self._lines += len(lines)
        rows = [*self._waiting, *self._without_contents(rows_of(lines))]
        self._waiting = []
        if not rows:
            return
        body = body_size(rows)
        heads = find_heads(rows, body, self._contents, self._styles)
        if not heads:
            self._waiting = [] if last else rows[-_KEPT:]
            return
        prefaces = _prefaces(rows, heads)
        self._note_category(rows[: heads[0]], rows[heads[0]], body)
        for place, head in enumerate(heads):
            following = heads[place + 1] if place + 1 < len(heads) else len(rows)
            end = prefaces.get(following, following)
            first = prefaces.get(head, head)
            if end == len(rows) and not last and end - head < _LONGEST:
                self._waiting = rows[first:]
                return
            self._note_category(rows[first:head], rows[head], body)
            preface = [row for row in rows[first:head] if not _heads_chapter(row, rows[head], body)]
            dish, tail = _trimmed([rows[head], *preface, *rows[head + 1 : end]], rows[head], body)
            yield self._passage(dish)
            if end < len(rows):
                self._note_category(tail, rows[head], body)

    @property
    def impression(self) -> str:
        """What was there where no dish was found, in words to put behind it."""
        return "" if self._lines else "（没有文字）"

    def _passage(self, rows: Sequence[Row]) -> Passage:
        start = next((i for i, row in enumerate(rows) if row.line.gap >= 0), 0)
        page = rows[start].line.page
        self._on_page[page] += 1
        source = Source(path=self._path, page=page, line=self._on_page[page])
        reading = read_dish(rows, source, None, self._spacing)
        if reading:
            reading = self._categorised(reading)
        return Passage(path=self._path, lines=tuple(row.line for row in rows), reading=reading)

    def _categorised(self, reading: Reading) -> Reading:
        from msgspec.structs import replace

        if reading.draft.category:
            return reading
        category = self._contents.get(_key(reading.draft.title)) or self._category
        return replace(reading, draft=replace(reading.draft, category=category)) if category else reading

    def _note_category(self, tail: Iterable[Row], head: Row, body: float) -> None:
        """A heading above dishes, set larger than running text, names the category of those that follow."""
        for row in tail:
            title = chapter_of(row.text)
            known = title in knowledge("structuring")["chapters"].split()
            if row.line.page is not None and row.line.page == self._cover != head.line.page and not known:
                # The name of the book, on its cover.
                continue
            if title and _key(title) not in self._contents and _heads_chapter(row, head, body):
                self._category = re.sub(
                    r"^(?:第[一二三四五六七八九十\d]+[章篇部辑]|[一二三四五六七八九十]+、)\s*", "", title
                )

    def _without_contents(self, rows: list[Row]) -> list[Row]:
        """The rows without those of a table of contents, whose titles and categories are taken note of."""
        pages: dict[int | None, list[Row]] = {}
        for row in rows:
            pages.setdefault(row.line.page, []).append(row)
        kept: list[Row] = []
        for page, own in pages.items():
            found = [contents_of(row.text) for row in own]
            listed = sum(entry is not None for entry in found)
            headed = any("".join(row.text.split()).lower() in ("目录", "目次", "contents") for row in own[:6])
            # A recipe has amounts at the ends of lines too, so a page must be a list and hold no recipe.
            many = listed >= (3 if headed else 6) and listed >= (0.3 if headed else 0.5) * len(own)
            if page is None or not many or sum(row.label is not None for row in own) > 0.15 * len(own):
                kept.extend(own)
                continue
            sizes = sorted(row.line.size for row, entry in zip(own, found, strict=True) if entry)
            indents = sorted(row.line.indent for row, entry in zip(own, found, strict=True) if entry)
            size, indent = sizes[len(sizes) // 2], indents[len(indents) // 2]
            category = self._listed
            for row, entry in zip(own, found, strict=True):
                # A chapter has its page too, but is set larger than its dishes, or further out.
                larger = 1.08 if row.line.confidence == 1 else 1.25
                if entry and row.line.size < larger * size and row.line.indent > indent - 0.7:
                    self._contents[_key(title_of(entry[0]) or entry[0])] = category
                elif entry:
                    category = self._listed = title_of(entry[0]) or entry[0]
                elif (
                    (title := title_of(row.text))
                    and title not in ("目录", "目次")
                    and (row.line.size > (larger - 0.04) * size or row.line.bold or row.line.indent < indent - 0.7)
                ):
                    category = self._listed = title
        return kept


def _key(title: str) -> str:
    return "".join(title.split()).lower()


def _heads_chapter(row: Row, head: Row, body: float) -> bool:
    """Whether a row names a chapter: a few words set larger than running text, as large as titles or known for one."""
    if CHAPTER.match(row.text) and len(row.text) <= _LONGEST_CHAPTER and not row.line.full:
        return True
    title = chapter_of(row.text)
    if not title or row.line.size <= 1.15 * body or len(title) > 10:
        return False
    known = title in knowledge("structuring")["chapters"].split()
    # 酱料 heads a list too; set as large as a title it heads a chapter.
    return known if row.label or row.line.size < 0.95 * head.line.size else True


def _trimmed(rows: Sequence[Row], head: Row, body: float) -> tuple[Sequence[Row], Sequence[Row]]:
    """A dish's rows without the heading of a chapter at their end, and what was cut off."""
    end = len(rows)
    while end > 1:
        row = rows[end - 1]
        if row.mark is None and _heads_chapter(row, head, body):
            end -= 1
        else:
            break
    return rows[:end], rows[end:]


def _prefaces(rows: Sequence[Row], heads: Sequence[int]) -> dict[int, int]:
    """For each title that has lines above it at the top of its page, where these begin.

    They are its own (a line in praise of the dish) where most of the titles have such; else the dish before ends there.
    """
    found: dict[int, int] = {}
    for before, head in zip([-1, *heads], heads, strict=False):
        first = head
        while first - 1 > before and rows[first - 1].line.page == rows[head].line.page and head - first < 3:
            first -= 1
        new_page = first == 0 or rows[first - 1].line.page != rows[head].line.page
        own = rows[first:head]
        if (
            own
            and new_page
            and not any(row.label or row.mark for row in own)
            and not (first and rows[first - 1].line.full)
        ):
            found[head] = first
    return found if len(found) >= 2 and len(found) >= 0.6 * len(heads) else {}
