"""A file to read recipes from: what it is, its encoding found, its size limited, its lines streamed."""

import codecs
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, BinaryIO

from msgspec import Meta, Struct

from shishen.errors import UnreadableFile
from shishen.system_reason import reason_of

HEAD_BYTES = 65_536
Megabytes = Annotated[float, Meta(ge=0.001, le=1_000_000)]


class Limits(Struct, frozen=True, kw_only=True):
    """What a reader refuses to take: a line over `line_mb`, a document (not a corpus) over `document_mb`.

    Of books, which are not read into memory whole: a file over `book_mb`, more than `pages` pages, a picture or
    a page of more than `megapixels`, an archive (EPUB, Word, ZIP) that unpacks to more than `unpacked_mb`.
    """

    line_mb: Megabytes = 4.0
    document_mb: Megabytes = 64.0
    book_mb: Megabytes = 1000.0
    pages: Annotated[int, Meta(ge=1)] = 1500
    megapixels: Annotated[float, Meta(ge=0.1, le=100_000)] = 120.0
    unpacked_mb: Megabytes = 500.0


class TextLine(Struct, frozen=True):
    """One line of a file, its number from 1; `text` is None where it could not be read, with the reason."""

    number: int
    text: str | None
    fault: str | None = None


class SourceFile:
    """One file on disk. `label` is the path that its recipes carry as their source.

    `first_bytes` are its first 64 KiB; `encoding` is None where it is no text. Raises UnreadableFile where the
    file is empty or cannot be opened.
    """

    def __init__(self, path: Path, label: str | None = None, limits: Limits | None = None) -> None:
        self.path = path
        self.label = label or str(path)
        self.limits = limits or Limits()
        try:
            self.size = path.stat().st_size
            with path.open("rb") as stream:
                self.first_bytes = stream.read(HEAD_BYTES)
        except OSError as error:
            raise self._unreadable(error) from error
        if not self.first_bytes.strip():
            raise UnreadableFile(f"{self.label} 是空文件。")
        self.kind = _kind_of(self.first_bytes)
        whole = self.size <= HEAD_BYTES
        self.encoding = None if self.kind else detect_encoding(self.first_bytes, whole)

    @cached_property
    def head(self) -> str:
        """The first 64 KiB as text, without a character cut at the end; empty where the file is no text."""
        return self.first_bytes.decode(self.encoding, errors="ignore").lstrip("\ufeff") if self.encoding else ""

    @property
    def _encoding(self) -> str:
        if self.encoding is None:
            raise UnreadableFile(f"{self.label} 不是文本文件（{self.kind or '二进制内容，或不是 UTF-8、GBK 编码'}）。")
        return self.encoding

    def text(self) -> str:
        """The whole file. Raises UnreadableFile where it is over the limit or not in its encoding."""
        encoding = self._encoding
        try:
            return self.data().decode(encoding).lstrip("\ufeff").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise UnreadableFile(
                f"{self.label} 第 {error.start} 字节不是 {encoding} 编码，请转成 UTF-8 再试。"
            ) from error

    def data(self) -> bytes:
        """The whole file as bytes, for formats that name their encoding themselves. Raises as `text` does."""
        self.check_size()
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise self._unreadable(error) from error

    def check_size(self, *, book: bool = False) -> None:
        """Raises UnreadableFile where the file is over the limit of a document, or of a book."""
        limit, what, setting = (
            (self.limits.book_mb, "一本书", "book_mb") if book else (self.limits.document_mb, "单个文档", "document_mb")
        )
        if self.size > limit * 1_000_000:
            raise UnreadableFile(
                f"{self.label} 有 {self.size / 1e6:.0f} MB，超过{what}的上限 {limit:g} MB"
                f"（可用 --set reader.{setting}=… 放宽）。"
            )

    def stream(self) -> BinaryIO:
        """The whole file as UTF-8 without its mark; only another encoding is read at once, within the limit."""
        if self._encoding != "utf-8":
            return io.BytesIO(self.text().encode())
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise self._unreadable(error) from error
        stream.seek(len(codecs.BOM_UTF8) if self.first_bytes.startswith(codecs.BOM_UTF8) else 0)
        return stream

    def _unreadable(self, error: OSError) -> UnreadableFile:
        return UnreadableFile(f"读不了 {self.label}：{reason_of(error)}。请检查路径和权限。")

    def lines(self) -> Iterator[TextLine]:
        """Each line with its number; blank lines are left out; one that is too long or broken says so.

        A line over the limit is skipped in pieces, so that it never stands in memory whole. Raises
        UnreadableFile where the file has gone since.
        """
        limit = int(self.limits.line_mb * 1_000_000)
        if self._encoding.startswith("utf-16"):
            # Line ends are two bytes here; such files are documents, not corpora.
            # U+2028 and its like may stand inside a JSON string: only \n ends a line.
            for number, text in enumerate(self.text().split("\n"), 1):
                if text.strip():
                    yield TextLine(number, text)
            return
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise self._unreadable(error) from error
        with stream:
            number = 0
            while raw := stream.readline(limit + 1):
                number += 1
                if len(raw) > limit and not raw.endswith(b"\n"):
                    while (more := stream.readline(limit)) and not more.endswith(b"\n"):
                        pass
                    yield TextLine(number, None, f"这一行超过 {self.limits.line_mb:g} MB")
                    continue
                if not raw.strip():
                    continue
                try:
                    yield TextLine(number, raw.decode(self._encoding).lstrip("\ufeff").rstrip("\r\n"))
                except UnicodeDecodeError as error:
                    yield TextLine(number, None, f"第 {error.start} 字节不是 {self._encoding} 编码")


def detect_encoding(head: bytes, whole: bool) -> str | None:
    """The encoding of a file's first bytes: by its mark, else UTF-8, else GB 18030 (GBK's superset), else None."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name
    if b"\0" in head:
        return None
    if _decodes(head, "utf-8", whole):
        return "utf-8"
    # One broken line in a corpus must not turn all of it into GBK: mostly valid UTF-8 stays UTF-8.
    lines = head.split(b"\n") if whole else head.split(b"\n")[:-1]
    valid = [_decodes(line, "utf-8", whole=True) for line in lines if not line.isascii()]
    if valid and sum(valid) > len(valid) / 2:
        return "utf-8"
    if _decodes(head, "gb18030", whole) and _looks_chinese(head.decode("gb18030", errors="ignore")):
        return "gb18030"
    # Two lines of which one is broken: no Chinese in any other encoding, so UTF-8 after all.
    return "utf-8" if valid and sum(valid) == len(valid) / 2 else None


def _decodes(data: bytes, encoding: str, whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(data, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(text: str) -> bool:
    """Whether most of what is not ASCII is common Chinese, as random bytes read as GB 18030 never are."""
    foreign = [c for c in text if c > "\x7f"]
    common = sum("\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uffef" for c in foreign)
    return bool(foreign) and common / len(foreign) > 0.9


def _kind_of(head: bytes) -> str | None:
    """What a file is by its first bytes, where that is nothing to read recipes from."""
    for magic, name in (
        (b"%PDF", "PDF"),
        (b"PK\x03\x04", "ZIP 或 Office 文档"),
        (b"\x89PNG", "PNG 图片"),
        (b"\xff\xd8\xff", "JPEG 图片"),
        (b"SQLite format 3", "SQLite 数据库"),
        (b"\x1f\x8b", "gzip 压缩包，请先解压"),
        (b"Rar!\x1a\x07", "RAR 压缩包，请先解压"),
        (b"7z\xbc\xaf\x27\x1c", "7z 压缩包，请先解压"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版或加密的 Office 文档"),
        (b"{\\rtf", "RTF 文档，请另存为 .docx"),
    ):
        if head.startswith(magic):
            return name
    return None
