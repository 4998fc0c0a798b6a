"""HTML and XHTML as the lines that a reader of the page sees: headings, paragraphs, items of lists, rows of tables.

Knows nothing of food. Scripts, hidden parts and what is no text are left out; what is navigation or advertisement is
for the reader to take out of the tree before. The tree may be as deep as it likes: nothing here recurses on it but
tables in tables, and these only so far.
"""

import html
import re
from collections.abc import Iterator, Sequence
from html.entities import html5
from typing import Any

from lxml import etree
from msgspec.structs import replace

from shishen.archive import MOST_ELEMENTS, local_name, xml_options
from shishen.errors import BadRecord
from shishen.pages import PrintedLine
from shishen.stylesheet import Stylesheet, style_of

BASE_SIZE = 10.0
# Cells of a row are one line where that is no longer; longer ones are a layout, or a text beside its label.
_LONGEST_ROW, _LONGEST_LABEL = 80, 8
_LONGEST_CELL = 24
_DEEPEST_TABLES = 12
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCK_NAMES = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form header hgroup hr html legend li main menu nav ol optgroup p pre search section summary table tbody"
    " td tfoot th thead tr ul listing xmp h1 h2 h3 h4 h5 h6"
)
BLOCKS = frozenset(_BLOCK_NAMES.split())
_SILENT_NAMES = (
    "applet audio base button canvas datalist embed frame frameset head iframe input link map math meta noframes"
    " noscript object option picture progress rp rt script select source style svg template textarea title track"
    " video"
)
SILENT = frozenset(_SILENT_NAMES.split())
_INLINE_CELLS = frozenset(["a", "b", "em", "i", "span", "strong", "label"])
_BOLD = frozenset(["b", "strong", "th"])
_VERBATIM = frozenset(["pre", "listing", "xmp"])
_FONT_SIZES = {"1": 0.63, "2": 0.82, "3": 1.0, "4": 1.13, "5": 1.5, "6": 2.0, "7": 3.0}
_SIZED = {"big": 1.2, "small": 0.83}
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
_BETWEEN_WIDE = re.compile(rf"(?<=[{_WIDE}])[ \t]*\n\s*(?=[{_WIDE}])")
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_BROAD_SPACES = re.compile(r"[ \u00a0\u3000\u2000-\u200a]{2,}|[\u00a0\u3000\u2000-\u200a]")
_INVISIBLE = re.compile(r"[\u200b\u200c\u200d\u2060\ufeff\u00ad\x00-\x08\x0e-\x1f]")
NUMBERED = re.compile(r"\d{1,3}\s*[.、．)）]|[(（]\d{1,3}[)）]|第[一二三四五六七八九十\d]+步|[①-⑳]")
_REFERENCE = re.compile(r"[\[［]?\d{1,3}[\]］]?")
# To HTML an element such as <title/> is open, and swallows what follows.
_SELF_CLOSED = re.compile(r"<(title|script|style|textarea|iframe|noscript|a|p|div|span|b|i|em|strong)(\b[^<>]*)/>")
_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")


def parse_html(text: str) -> Any:
    """The root of a page, however broken it is. Raises BadRecord where it holds nothing, or too many elements."""
    if text.count("<") > 2 * MOST_ELEMENTS:
        raise BadRecord("标记太多")
    # The default depth of 256 would drop the rest of a page that never closes its <div> or <font>.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRecord("没有内容") from error
    if root is None:
        raise BadRecord("没有内容")
    return root


def parse_xhtml(data: bytes) -> Any:
    """The root of a document of an e-book: as XML, and as HTML where it is not well-formed."""
    if data.count(b"<") > 2 * MOST_ELEMENTS:
        raise BadRecord("标记太多")
    # &nbsp; and its like are declared in a document type that is not read.
    known = _ENTITY.sub(_character, data)
    try:
        root = etree.fromstring(known, etree.XMLParser(**xml_options()))
    except (etree.XMLSyntaxError, ValueError, LookupError):
        root = None
    return root if root is not None else parse_html(_SELF_CLOSED.sub(r"<\1\2></\1>", decode_markup(known)))


def _character(entity: "re.Match[bytes]") -> bytes:
    name = entity[1].decode()
    if name in ("amp", "lt", "gt", "quot", "apos") or f"{name};" not in html5:
        return entity[0]
    return "".join(f"&#{ord(c)};" for c in html5[f"{name};"]).encode()


_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([-\w]+)|<meta[^>]{0,300}charset\s*=\s*["']?\s*([-\w]+)""", re.IGNORECASE
)
_ENCODINGS = re.compile(r"utf-?8|gb\w*|big5\w*|hz-gb-2312|shift[-_]jis|euc-(?:jp|kr)|(?:windows|iso|cp)[-_]?[-\w]+")


def decode_markup(data: bytes, guess: str | None = None) -> str:
    """A page's text: by its mark, as UTF-8 where it is that, else as it says itself, else by a guess.

    A page that was saved is often UTF-8 though it says something else; the other way round it never is.
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(name, "replace")
    declared = _DECLARED.search(data[:8192])
    name = (declared[1] or declared[2]).decode().lower() if declared else ""
    # The supersets that browsers take these names for.
    name = "gb18030" if name.startswith("gb") else "big5hkscs" if name.startswith("big5") else name
    names = ["utf-8", name if _ENCODINGS.fullmatch(name) else "", guess or "", "gb18030", "big5hkscs"]
    readings: list[str] = []
    for name in filter(None, names):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            readings.append(data.decode(name, "replace"))
        except LookupError:
            continue
    return min(readings, key=lambda text: text.count("\ufffd"))


def lines_of(root: Any, styles: Stylesheet | None = None, *, numbers: bool = True, depth: int = 0) -> list[PrintedLine]:
    """The lines of an element in the order of the text; with `numbers` items of <ol> begin with theirs."""
    return _Writer(styles or {}, numbers, depth).write(root)


def joined_row(cells: Sequence[list[PrintedLine]]) -> list[PrintedLine]:
    """The row of a table as one line, its cells two spaces apart; cell after cell where they are long."""
    filled = [cell for cell in cells if cell]
    if len(filled) > 1 and all(len(cell) == 1 for cell in filled):
        lines = [cell[0] for cell in filled]
        label = len(lines) == 2 and len(lines[0].text) <= _LONGEST_LABEL
        if label or sum(len(line.text) for line in lines) <= _LONGEST_ROW:
            first = lines[0]
            text = "  ".join(line.text for line in lines)
            return [replace(first, text=text, bold=all(line.bold for line in lines), level=None, item=False)]
    return [line for cell in filled for line in cell]


class _Writer:
    """Walks a tree and writes its lines; what is begun and not yet a line stands in `_pieces`."""

    def __init__(self, styles: Stylesheet, numbers: bool, depth: int) -> None:
        self._styles, self._numbers, self._depth = styles, numbers, depth
        self._lines: list[PrintedLine] = []
        self._pieces: list[tuple[str, bool, float]] = []
        # What holds where the walk is: one entry an open element that changes it.
        self._bold, self._size, self._verbatim = [False], [1.0], [False]
        self._level: list[int] = []
        self._counters: list[int | None] = []
        self._item: str | None = None
        self._done: set[Any] = set()

    def write(self, root: Any) -> list[PrintedLine]:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            name = local_name(element).lower()
            if event == "start":
                if not self._start(element, name, element is root):
                    walk.skip_subtree()
                    self._done.add(element)
                    continue
            elif element in self._done:
                self._done.discard(element)
            else:
                self._end(element, name)
            if event == "end" and element is not root and element.tail:
                self._add(element.tail)
        self._flush()
        return self._lines

    def _start(self, element: Any, name: str, is_root: bool) -> bool:
        """Whether to go into the element."""
        style = style_of(name, element.get("class") or "", element.get("style") or "", self._styles)
        hidden = style.hidden or element.get("hidden") is not None
        if not name or name in SILENT or (hidden and not is_root) or _is_reference(element, name):
            return False
        if name == "br":
            self._flush()
            return False
        if name in BLOCKS:
            self._flush()
            if (lines := self._row(element, name, is_root)) is not None:
                self._lines.extend(lines)
                return False
        if name in _HEADINGS:
            self._level.append(_HEADINGS[name])
        elif name in ("ol", "ul", "menu", "dir"):
            self._counters.append(_start_of(element) if name == "ol" else None)
        elif name == "li":
            self._item = self._mark()
        bold = name in _BOLD if style.bold is None else style.bold
        self._bold.append(bold or (self._bold[-1] and style.bold is not False))
        factor = style.size or _SIZED.get(name) or _FONT_SIZES.get(element.get("size") or "" if name == "font" else "")
        self._size.append(
            (1.0 if style.absolute or name == "font" else self._size[-1]) * factor if factor else self._size[-1]
        )
        self._verbatim.append(self._verbatim[-1] or name in _VERBATIM or style.lines)
        if element.text:
            self._add(element.text)
        return True

    def _end(self, element: Any, name: str) -> None:
        if name in BLOCKS:
            self._flush()
        elif name in _INLINE_CELLS and _is_inline_cell(element):
            self._add("\u00a0\u00a0")
        for stack in (self._bold, self._size, self._verbatim):
            stack.pop()
        if name in _HEADINGS:
            self._level.pop()
        elif name in ("ol", "ul", "menu", "dir"):
            self._counters.pop()
        elif name == "li":
            self._item = None

    def _mark(self) -> str:
        """The mark of the next item: its number in a list that counts, else nothing."""
        if not self._counters or (number := self._counters[-1]) is None:
            return ""
        self._counters[-1] = number + 1
        return f"{number}. " if self._numbers else ""

    def _add(self, text: str) -> None:
        if self._verbatim[-1] and "\n" in text:
            first, *others = text.splitlines()
            self._pieces.append((first, self._bold[-1], self._size[-1]))
            for other in others:
                self._flush()
                self._pieces.append((other, self._bold[-1], self._size[-1]))
        else:
            self._pieces.append((text, self._bold[-1], self._size[-1]))

    def _flush(self) -> None:
        """End the line that was begun."""
        if not self._pieces:
            return
        text = tidy("".join(piece for piece, _, _ in self._pieces))
        # A colon behind a bold word takes nothing from it.
        said = [(sum(map(str.isalnum, piece)), bold, size) for piece, bold, size in self._pieces]
        self._pieces.clear()
        if not text:
            return
        item = self._item is not None and not self._level
        if item and self._item and not NUMBERED.match(text):
            text = self._item + text
        self._item = None
        self._lines.append(
            PrintedLine(
                text=text,
                size=round(max(said)[2] * BASE_SIZE, 2),
                bold=all(bold for count, bold, _ in said if count) and any(count for count, _, _ in said),
                level=self._level[-1] if self._level else None,
                item=item,
            )
        )

    def _row(self, element: Any, name: str, is_root: bool) -> list[PrintedLine] | None:
        """The lines of an element that is a row of cells by its name or its look; None where it is none."""
        if self._depth >= _DEEPEST_TABLES:
            return None
        if name == "tr":
            cells = [cell for cell in element if local_name(cell).lower() in ("td", "th")]
        elif name == "dt" and not is_root:
            cells = [element, *_definition(element)]
            if len(cells) == 1:
                return None
        elif name == "dd" and element in self._done:
            self._done.discard(element)
            return []
        elif _looks_like_row(element):
            cells = list(element)
        else:
            return None
        written = [lines_of(cell, self._styles, numbers=self._numbers, depth=self._depth + 1) for cell in cells]
        if name == "dt":
            if len(written[0]) != 1 or len(written[1]) != 1 or len(written[1][0].text) > _LONGEST_CELL:
                return None
            self._done.add(cells[1])
        lines = joined_row(written)
        if name == "li" and len(lines) == 1:
            mark = self._mark()
            text = lines[0].text if NUMBERED.match(lines[0].text) else mark + lines[0].text
            lines = [replace(lines[0], text=text, item=True)]
        return lines


def tidy(text: str) -> str:
    """A text as it is shown: runs of blanks are one, broad ones two, none where a line of Chinese was broken."""
    text = _SPACES.sub(" ", _BETWEEN_WIDE.sub("", _INVISIBLE.sub("", text)))
    return _BROAD_SPACES.sub(lambda m: "  " if len(m[0]) > 1 else " ", text).strip()


def _start_of(element: Any) -> int:
    start = (element.get("start") or "").strip()
    return int(start) if re.fullmatch(r"\d{1,4}", start) else 1


def _is_reference(element: Any, name: str) -> bool:
    """Whether it is the number of a footnote."""
    return name == "sup" and len(element) == 1 and _REFERENCE.fullmatch("".join(element.itertext()).strip()) is not None


def _is_inline_cell(element: Any) -> bool:
    """Whether it is one of the two to four inline elements that a line is made of, and not the last.

    Each has a class of its own: text that was pasted from Word is cut into elements anywhere, but not so named.
    """
    parent, after = element.getparent(), element.getnext()
    if parent is None or after is None:
        return False
    # Counted no further than needed: a paragraph may have a hundred thousand of them.
    inline = _first(iter(parent), 5)
    return (
        2 <= len(inline) <= 4
        and not (parent.text or "").strip()
        and len({e.get("class") for e in inline} - {None}) == len(inline)
        and all(local_name(e).lower() in _INLINE_CELLS and not (e.tail or "").strip() for e in inline)
        and sum(len(text.strip()) for text in _first(parent.itertext(), 12)) <= _LONGEST_CELL * 2
    )


def _definition(term: Any) -> list[Any]:
    """The <dd> of a <dt>, where each has but one."""
    after = term.getnext()
    if after is None or local_name(after).lower() != "dd":
        return []
    beyond = after.getnext()
    return [] if beyond is not None and local_name(beyond).lower() == "dd" else [after]


def _looks_like_row(element: Any) -> bool:
    """Whether it is two to four short blocks, and its neighbour is made the same way: a table in all but name."""
    if not 2 <= len(element) <= 4 or (element.text or "").strip() or not _short_blocks(element):
        return False
    shape = [local_name(child) for child in element]
    for other in (element.getnext(), element.getprevious()):
        if other is not None and other.tag == element.tag and [local_name(child) for child in other] == shape:
            return _short_blocks(other)
    return False


def _short_blocks(element: Any) -> bool:
    for child in element:
        if local_name(child).lower() != "div" or (child.tail or "").strip():
            return False
        parts = _first(child.iter(), 12)
        if len(parts) == 12 or any(local_name(part).lower() in BLOCKS | {"br"} for part in parts[1:]):
            return False
        if not 0 < len(tidy("".join(child.itertext()))) <= _LONGEST_CELL:
            return False
    return True


def _first(values: Iterator[Any], count: int) -> list[Any]:
    return [value for _, value in zip(range(count), values, strict=False)]


def unescaped(text: str) -> str:
    """A text whose characters were escaped once too often (`&amp;amp;`)."""
    for _ in range(3):
        plain = html.unescape(text)
        if plain == text:
            break
        text = plain
    return text
