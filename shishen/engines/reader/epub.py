"""E-books (EPUB 2 and 3): the documents of the spine in reading order, a page each; no cover, no contents."""

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from shishen.archive import MAGIC, Archive, local_name, names_of
from shishen.errors import BadRecord, UnreadableFile
from shishen.markup import decode_markup, lines_of, parse_xhtml
from shishen.pages import Page, PrintedLine
from shishen.protocols import Reader
from shishen.records import Draft, Rejected
from shishen.source_file import SourceFile
from shishen.stylesheet import Style, read_stylesheet

EXTRA = None

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_TYPE = b"application/epub+zip"
_TEXTS = frozenset(["application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"])
# Fonts that are scrambled so that nobody lifts them are no bar to reading.
_SCRAMBLED = frozenset(["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"])
_NAVIGATION = frozenset(["toc", "landmarks", "page-list", "lot", "loi"])
_SHEETS = 64
# A shelf of books; more is no book, and would be read for an hour out of a file of a few megabytes.
_MOST_LINES = 400_000


class Options(Struct, frozen=True):
    """No options."""


class EpubReader:
    """Reads the lines of every document that the book's spine names."""

    def recognises(self, file: SourceFile) -> bool:
        """A ZIP file that says so at its beginning, as it should, or that has a book's container."""
        if not file.first_bytes.startswith(MAGIC):
            return False
        return _TYPE in file.first_bytes[:200] or _CONTAINER in names_of(file)

    def read(self, file: SourceFile) -> Iterator[Draft | Page | Rejected]:
        """A page a document. Raises UnreadableFile where the book cannot be opened, or is encrypted."""
        with Archive(file) as archive:
            try:
                book = _Book(archive)
            except BadRecord as error:
                raise UnreadableFile(f"{file.label} 不是完整的 EPUB：{error}；请重新下载。") from error
            if book.encrypted:
                raise UnreadableFile(f"{file.label} 有版权保护（DRM），读不了；请换一份没有加密的。")
            found = False
            # Kept until there is a page: of a book of which nothing can be read one word is enough.
            faults: list[str] = []
            count = 0
            for name in book.spine:
                try:
                    lines = book.lines(name)
                except BadRecord as error:
                    faults.append(str(error))
                    lines = []
                if lines or found:
                    found = True
                    yield from (Rejected(path=file.label, reason=f"有一节没有读：{fault}") for fault in faults)
                    faults = []
                count += len(lines)
                if count > _MOST_LINES:
                    yield Rejected(path=file.label, reason=f"后面的部分没有读：超过 {_MOST_LINES:,} 行，请分成几本")
                    return
                if lines:
                    yield Page(lines=tuple(lines))
            if faults:
                raise UnreadableFile(f"{file.label} 一节也没有读成：{faults[0]}；请重新下载，或转成 PDF 再试。")
            if not found:
                raise UnreadableFile(f"{file.label} 里没有文字（可能每页都是图片）；请转成 PDF 再试。")


class _Book:
    """A book's package: which documents it has, in which order. Raises BadRecord where it cannot be found out."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.names}
        package = self._package()
        self._folder = posixpath.dirname(package)
        root = archive.xml(package)
        items = {e.get("id"): e for e in root.iter() if local_name(e) == "item" and e.get("id")}
        references = [e for e in root.iter() if local_name(e) == "itemref"]
        wanted = [items[e.get("idref")] for e in references if e.get("idref") in items]
        # A book without a spine is read in the order of its list.
        wanted = wanted or list(items.values())
        texts = [
            e
            for e in wanted
            if (e.get("media-type") or "").lower() in _TEXTS and "nav" not in (e.get("properties") or "").split()
        ]
        self.spine = list(dict.fromkeys(self._member(self._folder, e.get("href") or "") for e in texts))
        if not self.spine:
            raise BadRecord("里面没有正文的目录（spine）")
        self._sheets: dict[str, dict[str, Style]] = {}

    def _package(self) -> str:
        """The name of the package document: as the container says, else the only one there is."""
        try:
            for element in self._archive.xml(_CONTAINER).iter():
                if local_name(element) == "rootfile" and (path := element.get("full-path")):
                    return self._member("", path)
        except BadRecord:
            pass
        packages = [name for name in self._archive.names if name.lower().endswith(".opf")]
        if not packages:
            raise BadRecord("里面没有书的清单（OPF）")
        return packages[0]

    def _member(self, folder: str, address: str) -> str:
        """The member that an address in a folder means; names are written every way."""
        path = posixpath.normpath(posixpath.join(folder, unquote(address.partition("#")[0]))).lstrip("/")
        return self._names.get(path.lower(), path)

    @property
    def encrypted(self) -> bool:
        """Whether any of the texts is encrypted; scrambled fonts are nobody's concern."""
        if _ENCRYPTION.lower() not in self._names:
            return False
        try:
            root = self._archive.xml(self._names[_ENCRYPTION.lower()])
        except BadRecord:
            return "meta-inf/rights.xml" in self._names
        for data in root.iter():
            if local_name(data) != "EncryptedData":
                continue
            methods = {e.get("Algorithm") for e in data.iter() if local_name(e) == "EncryptionMethod"}
            targets = {self._member("", e.get("URI") or "") for e in data.iter() if local_name(e) == "CipherReference"}
            if not methods <= _SCRAMBLED and targets & set(self.spine):
                return True
        return False

    def lines(self, name: str) -> list[PrintedLine]:
        """The lines of one document. Raises BadRecord where it cannot be read."""
        root = parse_xhtml(self._archive.read(name))
        body = next((e for e in root.iter() if local_name(e).lower() == "body"), root)
        styles: dict[str, Style] = {}
        for element in root.iter():
            kind = local_name(element).lower()
            if kind == "link" and "stylesheet" in (element.get("rel") or "").lower():
                styles |= self._sheet(self._member(posixpath.dirname(name), element.get("href") or ""))
            elif kind == "style":
                styles |= read_stylesheet(element.text or "")
        for element in [e for e in body.iter() if local_name(e).lower() == "nav" and _is_navigation(e)]:
            element.clear()
        return lines_of(body, styles)

    def _sheet(self, name: str) -> dict[str, Style]:
        if name not in self._sheets:
            if len(self._sheets) >= _SHEETS:
                return {}
            try:
                self._sheets[name] = read_stylesheet(decode_markup(self._archive.read(name)))
            except BadRecord:
                self._sheets[name] = {}
        return self._sheets[name]


def _is_navigation(element: Any) -> bool:
    kinds = next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == "type"), "")
    return bool(_NAVIGATION & set(kinds.split()))


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return EpubReader()
