"""ZIP files and formats made of them (EPUB, Word): read in memory within limits, nothing ever unpacked to disk.

What a file's directory says of sizes is not believed: bytes are counted as they come. Names are only looked up, so
that one that is absolute or climbs (`../`) leads nowhere. XML from members is read here too, without entities,
document types or the network.
"""

import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from lxml import etree

from shishen.errors import BadRecord, UnreadableFile
from shishen.source_file import SourceFile
from shishen.system_reason import reason_of

MAGIC = b"PK\x03\x04"
_CHUNK = 65_536
# A directory is read at once, and in memory an entry costs ten times its bytes: one of more is of no book.
_LARGEST_DIRECTORY = 16_000_000
# LZMA lets a file ask for gigabytes before its first byte; books are stored or deflated.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED, _UTF8 = 0x1, 0x800
# As a tree an element takes some 200 bytes, however few it has in the file.
MOST_ELEMENTS = 400_000


class _Careful(io.FileIO):
    """A file that gives no more at once than a directory may have."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile("a directory of many MB")
        return super().read(size) or b""


class Archive:
    """An open ZIP file; a context. Raises UnreadableFile where it is no whole ZIP file, or over the limits."""

    def __init__(self, file: SourceFile) -> None:
        file.check_size(book=True)
        self.file = file
        self._left = int(file.limits.unpacked_mb * 1_000_000)
        try:
            self._stream = _Careful(file.path)
        except OSError as error:
            raise UnreadableFile(f"读不了 {file.label}：{reason_of(error)}。请检查路径和权限。") from error
        try:
            self._zip = zipfile.ZipFile(self._stream)
        # A broken directory raises whatever its bytes happen to break.
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, LookupError, OSError) as error:
            self._stream.close()
            raise UnreadableFile(f"{file.label} 不完整或已损坏（ZIP 目录读不出来），请重新下载或另存。") from error
        # Of several members of one name the last counts, as everywhere.
        self._members = {
            # Not `is_dir`, which Python 3.11 has stumble over a member without a name.
            _name(info): info
            for info in self._zip.infolist()
            if not info.filename.endswith("/")
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._stream.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The members that are files, in their order."""
        return tuple(self._members)

    def chunks(self, name: str) -> Iterator[bytes]:
        """One member in pieces of at most 64 KiB.

        Raises BadRecord where it is not there, encrypted or broken; UnreadableFile where all that was read of the
        archive so far is over the limit.
        """
        info = self._members.get(name)
        if info is None:
            raise BadRecord(f"压缩包里没有 {shown(name)}")
        if info.flag_bits & _ENCRYPTED:
            raise BadRecord(f"压缩包里的 {shown(name)} 有密码")
        if info.compress_type not in _METHODS:
            raise BadRecord(f"压缩包里的 {shown(name)} 用了少见的压缩方法")
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(_CHUNK):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise UnreadableFile(
                            f"{self.file.label} 解开后超过 {self.file.limits.unpacked_mb:g} MB 的上限"
                            f"（可用 --set reader.unpacked_mb=… 放宽）。"
                        )
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise BadRecord(f"压缩包里的 {shown(name)} 已损坏") from error

    def read(self, name: str) -> bytes:
        """One member, no larger than a document may be. Raises as `chunks` does."""
        limit = int(self.file.limits.document_mb * 1_000_000)
        pieces: list[bytes] = []
        for chunk in self.chunks(name):
            pieces.append(chunk)
            limit -= len(chunk)
            if limit < 0:
                raise BadRecord(
                    f"压缩包里的 {shown(name)} 超过单个文档的上限 {self.file.limits.document_mb:g} MB"
                    f"（可用 --set reader.document_mb=… 放宽）"
                )
        return b"".join(pieces)

    def xml(self, name: str) -> Any:
        """The root element of a member. Raises BadRecord where it is no XML, and as `read` does."""
        return parse_xml(self.read(name), name)


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name; Windows writes GBK where the format says code page 437."""
    if info.flag_bits & _UTF8 or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def shown(name: str) -> str:
    """A member's name as a message of one line can hold it; it may be any text, line breaks and all."""
    words = "".join(character if character.isprintable() else " " for character in name[:200])
    return " ".join(words.split()) or "（没有名字的文件）"


def names_of(file: SourceFile) -> frozenset[str]:
    """The members of a file where it is a ZIP file that can be opened; else none."""
    if not file.first_bytes.startswith(MAGIC):
        return frozenset()
    try:
        with Archive(file) as archive:
            return frozenset(archive.names)
    except UnreadableFile:
        return frozenset()


def xml_options() -> dict[str, bool]:
    """What every parser of XML from a file is given: nothing is fetched, replaced or allowed to grow."""
    return {
        "resolve_entities": False,
        "no_network": True,
        "huge_tree": False,
        "load_dtd": False,
        "dtd_validation": False,
        "remove_comments": True,
        "remove_pis": True,
    }


def parse_xml(data: bytes, name: str) -> Any:
    """The root element. Raises BadRecord where it is no well-formed XML, or too much of it."""
    if data.count(b"<") > 2 * MOST_ELEMENTS:
        raise BadRecord(f"{shown(name)} 里的标记太多")
    try:
        root = etree.fromstring(data, etree.XMLParser(**xml_options()))
    # lxml raises ValueError for what it cannot take (an empty text, NUL in a name).
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise BadRecord(f"{shown(name)} 不是完整的 XML") from error
    if root is None:
        raise BadRecord(f"{shown(name)} 是空的")
    return root


def local_name(element: Any) -> str:
    """An element's name without its namespace; empty where it is no element (an entity)."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
