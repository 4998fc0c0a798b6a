"""PDF: the text of each page with its places (pypdfium2); pages without a sane text layer are left to OCR."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from shishen.errors import UnreadableFile
from shishen.pages import Page, PageImage
from shishen.pdf_pages.legible import is_legible
from shishen.pdf_pages.pdfium_lock import PDFIUM_LOCK
from shishen.protocols import Reader
from shishen.records import Rejected
from shishen.source_file import SourceFile
from shishen.system_reason import reason_of

EXTRA = None

# A page with fewer characters than this, and a picture, is a scan; its text is a page number or a stamp.
_FEWEST = 20
# The share of the page that the picture of a scan covers at least.
_COVERED = 0.3
# How many segments the outlines of a few words have; of a page of them, beside which an ornament has few.
_OUTLINED, _ALL_OUTLINED = 400, 3000
# A page of a book has two thousand characters, a newspaper's twenty thousand.
_MOST_CHARACTERS = 100_000


class Options(Struct, frozen=True):
    """No options."""


class PdfReader:
    """Reads a PDF page by page; memory does not grow with the book."""

    def recognises(self, file: SourceFile) -> bool:
        """The mark of a PDF within the first kilobyte, as the format allows."""
        return b"%PDF-" in file.first_bytes[:1024]

    def read(self, file: SourceFile) -> Iterator[Page | Rejected]:
        """Every page: with its spans, or with its image only where the text layer is missing or broken.

        Raises UnreadableFile where it is encrypted, no PDF, without pages, or over the limits.
        """
        document = _open(file)
        try:
            with PDFIUM_LOCK:
                count = len(document)
            if count == 0:
                raise _pageless(file)
            if count > file.limits.pages:
                raise UnreadableFile(
                    f"{file.label} 有 {count} 页，超过上限 {file.limits.pages} 页（可用 --set reader.pages=… 放宽）。"
                )
            blank = True
            for number in range(1, count + 1):
                try:
                    page = _page(document, number, count, file)
                    blank = blank and not page.spans and not page.image
                    yield page
                except _BrokenPage as error:
                    blank = False
                    yield Rejected(path=file.label, page=number, reason=f"第 {number} 页{error}")
            if blank:
                raise UnreadableFile(
                    f"{file.label} 里没有文字，也没有图片（可能只有表单）；请用“打印”另存为 PDF，再加进来。"
                )
            if not _whole(file):
                yield Rejected(
                    path=file.label, reason=f"{file.label} 不完整（结尾缺了一段），只读到能读的 {count} 页。"
                )
        finally:
            with PDFIUM_LOCK:
                document.close()


class _BrokenPage(Exception):
    """A page that pdfium cannot load, or should not look at; why, in words."""


def _open(file: SourceFile) -> Any:
    """The document. Raises UnreadableFile in one line."""
    import pypdfium2

    if file.size > file.limits.book_mb * 1_000_000:
        raise UnreadableFile(
            f"{file.label} 有 {file.size / 1e6:.0f} MB，超过一本书的上限 {file.limits.book_mb:g} MB"
            f"（可用 --set reader.book_mb=… 放宽）。"
        )
    try:
        with PDFIUM_LOCK:
            # Of a document without pages pdfium says nothing, so that its word on the one before would be taken: it
            # is asked for a file that is not there first.
            pypdfium2.raw.FPDF_LoadDocument(b"", None)
            return pypdfium2.PdfDocument(file.path)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code == pypdfium2.raw.FPDF_ERR_FILE:
            raise _pageless(file) from error
        if code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise UnreadableFile(f"{file.label} 有密码；请先去掉密码，再加进来。") from error
        if code == pypdfium2.raw.FPDF_ERR_SECURITY:
            raise UnreadableFile(f"{file.label} 的加密方式不支持；请先去掉加密。") from error
        broken = "不完整或已损坏" if b"%PDF-" in file.first_bytes[:1024] else "不是 PDF"
        raise UnreadableFile(f"{file.label} {broken}，打不开；请重新下载或导出。") from error
    except OSError as error:
        raise UnreadableFile(f"读不了 {file.label}：{reason_of(error)}。请检查路径和权限。") from error


def _pageless(file: SourceFile) -> UnreadableFile:
    return UnreadableFile(f"{file.label} 是没有一页的 PDF；请重新导出。")


def _whole(file: SourceFile) -> bool:
    """Whether the file has its end; pdfium mends what it can of one that broke off, without a word."""
    with file.path.open("rb") as stream:
        stream.seek(max(0, file.size - 4096))
        return b"%%EOF" in stream.read()


def _page(document: Any, number: int, count: int, file: SourceFile) -> Page:
    """A page as it is read. Raises _BrokenPage."""
    import pypdfium2

    from shishen.pdf_pages.drawing import drawing_of
    from shishen.pdf_pages.text import spans_of, text_layer, upright

    with PDFIUM_LOCK:
        try:
            page = document[number - 1]
        except pypdfium2.PdfiumError as error:
            raise _BrokenPage(f"坏了，没有读：{error}。") from error
        try:
            # What is shown of it: the crop box as far as there is paper.
            box = page.get_bbox()
            turned = page.get_rotation()
            text = page.get_textpage()
            try:
                if (signs := text.count_chars()) > _MOST_CHARACTERS:
                    raise _BrokenPage(f"有 {signs:,} 个字，不像书的一页，没有读。")
                drawing = drawing_of(page, text)
                layer = text_layer(text, box, drawing.twice)
            finally:
                text.close()
        except pypdfium2.PdfiumError as error:
            raise _BrokenPage(f"坏了，没有读：{error}。") from error
        finally:
            page.close()
    across, up = box[2] - box[0], box[3] - box[1]
    width, height = (across, up) if layer.quarter % 2 == 0 else (up, across)
    # Letters may be drawn as outlines: nothing but a look at them says what they are.
    visible = [one.text for one in layer.characters if not one.text.isspace()]
    outlined = drawing.segments > (_ALL_OUTLINED if visible else _OUTLINED)
    pictured = outlined or drawing.pictured > _COVERED * across * up
    sane = is_legible(visible, unseen=layer.unseen) and (len(visible) >= _FEWEST or not pictured)
    # A picture of many gigabytes is not looked at; text beside it is text.
    wide, high = drawing.largest
    huge = wide * high > file.limits.megapixels * 1e6
    if huge and not sane:
        raise _BrokenPage(
            f"的图片有 {wide} × {high} 像素，超过上限 {file.limits.megapixels:g} 百万像素，没有读"
            f"（可用 --set reader.megapixels=… 放宽）。"
        )
    return Page(
        number=number,
        count=count,
        width=width,
        height=height,
        spans=tuple(spans_of(layer.characters)) if sane else (),
        rules=tuple(upright(rule, box, layer.quarter) for rule in drawing.rules) if sane else (),
        image=PageImage(str(file.path), number) if not huge and (sane or pictured or layer.any) else None,
        tilt=_tilt(turned, layer.quarter) if sane else 0.0,
    )


def _tilt(turned: int, quarter: int) -> float:
    """By how many degrees to turn the picture, which is shown `turned` clockwise, for the text to stand upright."""
    degrees = (turned - 90 * quarter) % 360
    return float(degrees - 360 if degrees > 180 else degrees)


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return PdfReader()
