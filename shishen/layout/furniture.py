"""Running heads and page numbers: what stands at one height of many pages and says the same, found and taken away."""

import re
from collections import Counter, deque
from collections.abc import Sequence
from statistics import median

from msgspec import Struct, field
from msgspec.structs import replace

from shishen.pages import Page, Span

# The share of a page's height, at its top and at its foot, where furniture stands; and how high a band of it is.
_ZONE = 0.13
_SIDE = 0.08
_BANDS = 110
# A number this near to the number of the page may be the one that is printed on it.
_NEAR_PAGE, _LONGEST_NUMBER = 40, 6
_DIGITS = re.compile(r"\d+|(?<![A-Za-z])[ivxlc]+(?![A-Za-z])")
_NUMBER = re.compile(r"[\W_]*(?:第|page|p\.?)?\s*\d{1,4}\s*(?:页|/\s*\d{1,4})?[\W_]*", re.IGNORECASE)


class _Window(Struct):
    """What stands at the edges of some pages, by height; a book that says a thing again much later is no matter."""

    pages: int = 0
    texts: dict[int, Counter[str]] = field(default_factory=dict)
    small: Counter[int] = field(default_factory=Counter)
    sizes: dict[int, Counter[int]] = field(default_factory=dict)


class Furniture:
    """What was learnt from the last two windows of pages; feed it a window before its pages are stripped."""

    def __init__(self) -> None:
        self._windows: deque[_Window] = deque(maxlen=2)
        self._texts: dict[int, Counter[str]] = {}
        self._small: Counter[int] = Counter()
        self._sizes: dict[int, int] = {}
        self._pages = 0

    def learn(self, pages: Sequence[Page]) -> None:
        """Take note of what stands at the edges of these pages."""
        window = _Window()
        for page in pages:
            if not page.spans:
                continue
            window.pages += 1
            edges = _at_edges(page)
            for band, text in {(_band(page, span), _plain(span.text, page.number)) for span in edges}:
                window.texts.setdefault(band, Counter())[text] += 1
            for span in edges:
                window.sizes.setdefault(_band(page, span), Counter())[round(span.size)] += 1
            window.small.update({_band(page, span) for span in edges if _is_small(page, span)})
        self._windows.append(window)
        bands = {band for window in self._windows for band in window.texts}
        self._texts = {
            band: sum((window.texts.get(band, Counter()) for window in self._windows), Counter()) for band in bands
        }
        self._sizes = {
            band: counts.most_common(1)[0][0] for window in self._windows for band, counts in window.sizes.items()
        }
        self._small = sum((window.small for window in self._windows), Counter())
        self._pages = sum(window.pages for window in self._windows)

    def strip(self, page: Page) -> Page:
        """The page without its furniture."""
        if not page.spans:
            return page
        gone = {id(span) for span in _at_sides(page) if self._is_furniture(page, span)}
        for rows in (_rows_from_edge(page, top=True), _rows_from_edge(page, top=False)):
            for place, row in enumerate(rows):
                inner = rows[place + 1] if place + 1 < len(rows) else []
                # Furniture stands outside all text: from the edge inwards, up to the first row that is none.
                if not all(id(span) in gone or self._is_furniture(page, span) for span in row):
                    break
                if inner and not _is_set_off(row, inner):
                    break
                gone |= {id(span) for span in row}
        gone |= {id(span) for span in _lone_numbers(page)}
        return replace(page, spans=tuple(s for s in page.spans if id(s) not in gone)) if gone else page

    def _is_furniture(self, page: Page, span: Span) -> bool:
        band, text = _band(page, span), _plain(span.text, page.number)
        near = sum((self._texts[b] for b in (band - 1, band, band + 1) if b in self._texts), Counter[str]())
        # In most pages something small stands here: a head that names what is on the page.
        if _is_small(page, span) and self._small[band] >= max(3, 0.6 * self._pages):
            return True
        # A band of running heads says little that is new; one of titles or of text says something else each time.
        repeated = sum(count for count in near.values() if count > 1)
        if repeated < 0.6 * near.total() or near.total() < min(4, 0.3 * self._pages):
            return False
        # What stands once in such a band is a running head too, of a chapter with but one page, if it is set alike.
        return near[text] > 1 or (near.total() > 5 and round(span.size) == self._sizes.get(band))


def _is_small(page: Page, span: Span) -> bool:
    """Whether a span is set smaller than the text of its page."""
    return span.size < 0.92 * median(s.size for s in page.spans)


def _is_set_off(row: list[Span], inner: list[Span]) -> bool:
    """Whether a row at the edge is set apart from the next one: by its size or by more than a line's space."""
    size = max(span.size for span in row)
    room = max(inner[0].box.top - row[0].box.bottom, row[0].box.top - inner[0].box.bottom)
    beside = median(span.size for span in inner)
    return room > 0.95 * size or abs(size - beside) > 0.08 * beside


def _at_edges(page: Page) -> list[Span]:
    """What stands in the outer parts of a page."""
    low, high = _ZONE * page.height, (1 - _ZONE) * page.height
    return [s for s in page.spans if s.box.bottom < low or s.box.top > high] + _at_sides(page)


def _at_sides(page: Page) -> list[Span]:
    """What stands in the outer margins between head and foot: a book's name set upright, a thumb index."""
    low, high = _ZONE * page.height, (1 - _ZONE) * page.height
    if len(page.spans) < 10:
        return []
    # Outside of where nearly all the text of the page stands.
    tenth = len(page.spans) // 10
    left = min(_SIDE * page.width, sorted(s.box.left for s in page.spans)[tenth])
    right = max((1 - _SIDE) * page.width, sorted(s.box.right for s in page.spans)[-1 - tenth])
    aside = [s for s in page.spans if s.box.right <= left or s.box.left >= right]
    return [s for s in aside if low <= s.box.bottom and s.box.top <= high]


def _rows_from_edge(page: Page, *, top: bool) -> list[list[Span]]:
    """The rows of a page's head or foot, the outermost first."""
    limit = _ZONE * page.height if top else (1 - _ZONE) * page.height
    spans = [s for s in page.spans if (s.box.bottom < limit if top else s.box.top > limit)]
    rows: list[list[Span]] = []
    for span in sorted(spans, key=_middle, reverse=not top):
        if rows and abs(_middle(span) - _middle(rows[-1][0])) < 0.6 * span.size:
            rows[-1].append(span)
        else:
            rows.append([span])
    return rows


def _middle(span: Span) -> float:
    return (span.box.top + span.box.bottom) / 2


def _band(page: Page, span: Span) -> int:
    return round((span.box.top + span.box.bottom) / 2 / max(page.height, 1) * _BANDS)


def _plain(text: str, page: int | None) -> str:
    """A text without spaces, a number near the page's own told by how far it is from that."""

    def relative(found: re.Match[str]) -> str:
        if len(found[0]) > _LONGEST_NUMBER:
            return found[0]
        far = int(found[0]) - (page or 0) if found[0].isdecimal() else 0
        return f"#{far}" if abs(far) <= _NEAR_PAGE else found[0]

    return _DIGITS.sub(relative, "".join(text.split()).lower())


def _lone_numbers(page: Page) -> list[Span]:
    """A page number that stands alone as the highest or the lowest of a page, set apart from the rest."""
    found = []
    for span in _at_edges(page):
        if not _NUMBER.fullmatch(span.text):
            continue
        middle = (span.box.top + span.box.bottom) / 2
        others = [s for s in page.spans if s is not span]
        below = [s for s in others if s.box.bottom > middle]
        above = [s for s in others if s.box.top < middle]
        nearest = min((s.box.top - span.box.bottom for s in below), default=1e9) if not above else 0.0
        farthest = min((span.box.top - s.box.bottom for s in above), default=1e9) if not below else 0.0
        if max(nearest, farthest) > 1.2 * span.size:
            found.append(span)
    return found
