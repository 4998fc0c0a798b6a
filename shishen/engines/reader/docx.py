"""Word documents (.docx): paragraphs, lists, tables and text boxes in their order, streaming."""

import posixpath
from collections.abc import Iterator
from typing import Any

from lxml import etree
from msgspec import Struct
from msgspec.structs import replace

from shishen.archive import MOST_ELEMENTS, Archive, local_name, names_of, xml_options
from shishen.errors import BadRecord, UnreadableFile
from shishen.markup import BASE_SIZE, NUMBERED, joined_row, tidy
from shishen.pages import Page, PrintedLine
from shishen.protocols import Reader
from shishen.records import Draft, Rejected
from shishen.source_file import SourceFile
from shishen.word_styles import Numbering, Styles, attribute, child, paragraph_look, points, switched, value_of

EXTRA = None

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Names in the directory of the old format: of a password's parcel, and of the old Word.
_PARCEL, _OLD_WORD = ("EncryptedPackage".encode("utf-16-le"), "WordDocument".encode("utf-16-le"))
_MAIN = "word/document.xml"
_LINES = 2000
# A shelf of books; more is no book, and would be read for minutes out of a file of a megabyte.
_MOST_LINES = 400_000
# Of marks it has no more than this, whatever they hold; one paragraph or table is no longer than that, in bytes.
_MOST_TAGS, _LONGEST = 10_000_000, 32_000_000
_DEEPEST = 12
# Deleted or moved away by a tracked change, the reading above a character, the copy for old programs.
_UNSEEN = frozenset(["del", "moveFrom", "rt", "Fallback", "instrText", "delText"])
# What a body is made of; others would cost an event each.
_BODY = tuple(f"{{*}}{name}" for name in ("p", "tbl", "sdt", "customXml", "ins", "moveTo"))


class Options(Struct, frozen=True):
    """No options."""


class DocxReader:
    """Reads the lines of a document; headers, footers, notes and its table of contents are left out."""

    def recognises(self, file: SourceFile) -> bool:
        """A ZIP file with Word's main part, whole or not; and Word's older and encrypted files, to say so."""
        if file.first_bytes.startswith(_OLE):
            return _ole_kind(file) is not None
        return _is_word(names_of(file)) or (
            file.first_bytes.startswith(b"PK\x03\x04") and b"word/document" in file.first_bytes
        )

    def read(self, file: SourceFile) -> Iterator[Draft | Page | Rejected]:
        """The document in pages of some thousand lines. Raises UnreadableFile where it cannot be opened."""
        if file.first_bytes.startswith(_OLE):
            raise UnreadableFile(
                f"{file.label} 有密码，请先在 Word 里去掉密码（文件、信息、保护文档）再存一份。"
                if _ole_kind(file) == "encrypted"
                else f"{file.label} 是旧版 Word（.doc），请用 Word、WPS 或 LibreOffice 另存为 .docx。"
            )
        with Archive(file) as archive:
            document = _Document(archive)
            lines: list[PrintedLine] = []
            try:
                for number, line in enumerate(document.lines()):
                    if number == _MOST_LINES:
                        raise BadRecord(f"超过 {_MOST_LINES:,} 段，请分成几份")
                    # A page may end before a heading, but no longer goes on for ever without one.
                    if len(lines) >= _LINES and (line.level or len(lines) >= 2 * _LINES):
                        yield Page(lines=tuple(lines))
                        lines = []
                    lines.append(line)
            except BadRecord as error:
                if not document.begun:
                    raise UnreadableFile(f"{file.label} 不完整或已损坏（{error}），请重新下载或另存。") from error
                yield from [Page(lines=tuple(lines))] if lines else []
                yield Rejected(path=file.label, reason=f"后面的部分没有读：{error}")
                return
            if not document.begun:
                raise UnreadableFile(f"{file.label} 里没有文字。")
            yield Page(lines=tuple(lines))


def _is_word(names: frozenset[str]) -> bool:
    return any(name.startswith("word/document") and name.endswith(".xml") for name in names)


def _ole_kind(file: SourceFile) -> str | None:
    """What a file in the old format is: `encrypted`, `word`, or None for another (a sheet, a mail, pictures)."""
    try:
        with file.path.open("rb") as stream:
            before = b""
            found = None
            while chunk := stream.read(1_000_000):
                if _PARCEL in before + chunk:
                    return "encrypted"
                found = found or ("word" if _OLD_WORD in before + chunk else None)
                before = chunk[-64:]
    except OSError:
        return None
    return found


class _Document:
    """The main part of a document, read paragraph by paragraph."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._main = _main_part(archive)
        folder = posixpath.dirname(self._main)
        self._styles = Styles(self._part(f"{folder}/styles.xml"))
        self._numbering = Numbering(self._part(f"{folder}/numbering.xml"))
        self._standard = self._styles.size or 10.5
        # Whether a line was found: a fault behind it costs only what is behind it.
        self.begun = False

    def _part(self, name: str) -> Any:
        try:
            return self._archive.xml(name)
        except BadRecord:
            # The text can be read without its looks.
            return None

    def lines(self) -> Iterator[PrintedLine]:
        """The lines of the body. Raises BadRecord where it breaks off."""
        parser = etree.XMLPullParser(events=("end",), tag=_BODY, **xml_options())
        tags = length = all_tags = 0
        try:
            for chunk in self._archive.chunks(self._main):
                parser.feed(chunk)
                tags += chunk.count(b"<")
                length += len(chunk.strip())
                # As a tree a mark of many attributes is ten times as large as it is in the file.
                if tags > 2 * MOST_ELEMENTS or length > _LONGEST:
                    raise BadRecord("一个段落或表格里的标记太多")
                if all_tags + tags > _MOST_TAGS:
                    raise BadRecord(f"标记超过 {_MOST_TAGS:,} 个，请分成几份")
                before = tags
                for _, element in parser.read_events():
                    parent = element.getparent()
                    if parent is not None and local_name(parent) == "body":
                        yield from self._block(element, 0)
                        _forget(element)
                        tags = length = 0
                all_tags += before - tags
            parser.close()
        except (etree.XMLSyntaxError, ValueError, LookupError) as error:
            raise BadRecord("不是完整的 XML") from error

    def _block(self, element: Any, depth: int) -> Iterator[PrintedLine]:
        """The lines of a paragraph, a table, or of what stands around them."""
        name = local_name(element)
        if name == "p":
            for line in self._paragraph(element, depth):
                self.begun = True
                yield line
        elif name == "tbl" and depth < _DEEPEST:
            self._numbering.passed(heading=True)
            for row in element:
                yield from self._row(row, depth)
        elif name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag") and depth < _DEEPEST:
            if value_of(element, "sdtPr", "docPartObj", "docPartGallery") == "Table of Contents":
                return
            for inner in element:
                yield from self._block(inner, depth + 1)

    def _row(self, row: Any, depth: int) -> Iterator[PrintedLine]:
        if local_name(row) in ("sdt", "sdtContent"):
            for inner in row:
                yield from self._row(inner, depth)
        elif local_name(row) == "tr":
            cells: list[list[PrintedLine]] = []
            for cell in row.iter():
                if local_name(cell) != "tc" or _row_of(cell) is not row:
                    continue
                merged = child(cell, "tcPr", "vMerge")
                # A cell that continues the one above is said there.
                if merged is None or attribute(merged, "val") == "restart":
                    cells.append([line for inner in cell for line in self._block(inner, depth + 1)])
            yield from joined_row(cells)

    def _paragraph(self, paragraph: Any, depth: int) -> Iterator[PrintedLine]:
        """A paragraph's lines, cut at soft breaks; those of its text boxes after it."""
        if not len(paragraph):
            return
        properties = child(paragraph, "pPr")
        style = self._styles.look(value_of(paragraph, "pPr", "pStyle"))
        own = paragraph_look(properties)
        if style.contents:
            return
        look = replace(
            style,
            level=own.level or style.level,
            list_id=own.list_id or style.list_id,
            depth=own.depth if own.depth is not None else style.depth,
        )
        reader = _Runs(bold=bool(look.bold), size=look.size or self._standard)
        reader.read(paragraph)
        # Headings that count (一、凉菜) and bullets are no items of a list for that.
        mark = self._numbering.mark(look) if reader.said and not look.level else None
        if reader.said and mark is None:
            self._numbering.passed(heading=look.level is not None)
        for text, bold, size in reader.lines():
            marked = mark + text if mark and not NUMBERED.match(text) else text
            yield PrintedLine(
                text=marked,
                bold=bold,
                size=round(size / self._standard * BASE_SIZE, 2),
                level=look.level,
                item=mark is not None,
            )
            mark = None
        if depth < _DEEPEST:
            for box in reader.boxes:
                for inner in box:
                    yield from self._block(inner, depth + 1)


class _Runs:
    """The text of one paragraph, gathered run by run."""

    def __init__(self, *, bold: bool, size: float) -> None:
        self._bold, self._size = bold, size
        self._pieces: list[tuple[str, bool, float]] = []
        self.boxes: list[Any] = []

    @property
    def said(self) -> bool:
        """Whether the paragraph says anything."""
        return any(text.strip() for text, _, _ in self._pieces)

    def read(self, paragraph: Any) -> None:
        """Gather what a paragraph says; text boxes in it are kept for after it."""
        bold, size, hidden = self._bold, self._size, False
        walk = etree.iterwalk(paragraph, events=("start",))
        for _, element in walk:
            name = local_name(element)
            if name in _UNSEEN or name == "pPr":
                walk.skip_subtree()
            elif name == "txbxContent":
                self.boxes.append(element)
                walk.skip_subtree()
            elif name == "r":
                properties = child(element, "rPr")
                own = switched(properties, "b") if properties is not None else None
                bold = self._bold if own is None else own
                size = points(properties) or self._size
                hidden = properties is not None and bool(switched(properties, "vanish"))
            elif hidden:
                continue
            elif name == "t":
                self._pieces.append((element.text or "", bold, size))
            elif name in ("br", "cr"):
                self._pieces.append(("\n", bold, size))
            elif name in ("tab", "ptab"):
                self._pieces.append(("\u00a0\u00a0", bold, size))
            elif name == "noBreakHyphen":
                self._pieces.append(("-", bold, size))

    def lines(self) -> Iterator[tuple[str, bool, float]]:
        """(text, whether all of it is bold, its size) of each line."""
        line: list[tuple[str, bool, float]] = []
        for text, bold, size in [*self._pieces, ("\n", False, 0.0)]:
            if text != "\n":
                line.append((text, bold, size))
                continue
            words = tidy("".join(piece for piece, _, _ in line))
            said = [(sum(map(str.isalnum, piece)), b, s) for piece, b, s in line]
            line = []
            if words:
                told = [b for count, b, _ in said if count]
                yield words, bool(told) and all(told), max(said)[2]


def _main_part(archive: Archive) -> str:
    """The name of the main part: as the package says, else what it is nearly always called."""
    try:
        for relation in archive.xml("_rels/.rels"):
            if (relation.get("Type") or "").endswith("/officeDocument"):
                return posixpath.normpath((relation.get("Target") or "").lstrip("/"))
    except BadRecord:
        pass
    return next((name for name in archive.names if _is_word(frozenset([name]))), _MAIN)


def _row_of(cell: Any) -> Any:
    return next((above for above in cell.iterancestors() if local_name(above) == "tr"), None)


def _forget(element: Any) -> None:
    """Free an element of the body that was read, and those before it."""
    element.clear()
    parent = element.getparent()
    while element.getprevious() is not None:
        del parent[0]


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return DocxReader()
