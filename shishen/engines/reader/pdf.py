"""PDF: the text of each page with its places (pypdfium2); pages without a sane text layer are left to OCR."""

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shishen.errors import UnreadableFile
from shishen.imaging import PDFIUM_LOCK
from shishen.pages import Box, Page, PageImage, Span
from shishen.protocols import Reader
from shishen.records import Rejected
from shishen.source_file import SourceFile

EXTRA = None

# A page with fewer characters than this, and a picture, is a scan; its text is a page number or a stamp.
_FEWEST, _SCARCE = 20, 200
# The share of characters that common Chinese text consists of; a broken text layer has far less.
_SANE = 0.7
# A hyphen that only this line's end needs, as pdfium gives it and as Unicode has it.
SOFT_HYPHEN = "\u00ad"
_SOFT_HYPHENS = frozenset((0x02, 0xAD))
# A drawn line is thinner than this, in points; of a page with more objects than this the rest is left out.
_THIN, _MOST_OBJECTS = 3.0, 20_000
_BOLD_WEIGHT = 600
_BOLD_NAMES = ("bold", "black", "heavy", "demi", "simhei", "heiti")


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
                raise UnreadableFile(f"{file.label} 是没有一页的 PDF。")
            if count > file.limits.pages:
                raise UnreadableFile(
                    f"{file.label} 有 {count} 页，超过上限 {file.limits.pages} 页（可用 --set reader.pages=… 放宽）。"
                )
            for number in range(1, count + 1):
                try:
                    yield _page(document, number, count, str(file.path))
                except _BrokenPage as error:
                    yield Rejected(path=file.label, page=number, reason=f"第 {number} 页坏了，没有读：{error}。")
            if not _whole(file):
                yield Rejected(
                    path=file.label, reason=f"{file.label} 不完整（结尾缺了一段），只读到能读的 {count} 页。"
                )
        finally:
            with PDFIUM_LOCK:
                document.close()


class _BrokenPage(Exception):
    """A page that pdfium cannot load."""


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
            return pypdfium2.PdfDocument(file.path)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise UnreadableFile(f"{file.label} 有密码；请先去掉密码，再加进来。") from error
        if code == pypdfium2.raw.FPDF_ERR_SECURITY:
            raise UnreadableFile(f"{file.label} 的加密方式不支持；请先去掉加密。") from error
        broken = "不完整或已损坏" if b"%PDF-" in file.first_bytes[:1024] else "不是 PDF"
        raise UnreadableFile(f"{file.label} {broken}，打不开；请重新下载或导出。") from error
    except OSError as error:
        raise UnreadableFile(f"读不了 {file.label}：{error.strerror}。请检查路径和权限。") from error


def _whole(file: SourceFile) -> bool:
    """Whether the file has its end; pdfium mends what it can of one that broke off, without a word."""
    with file.path.open("rb") as stream:
        stream.seek(max(0, file.size - 4096))
        return b"%%EOF" in stream.read()


def _page(document: Any, number: int, count: int, path: str) -> Page:
    import pypdfium2

    raw = pypdfium2.raw
    with PDFIUM_LOCK:
        try:
            page = document[number - 1]
        except pypdfium2.PdfiumError as error:
            raise _BrokenPage(str(error)) from error
        try:
            text = page.get_textpage()
            try:
                characters, quarter = _characters(raw, page, text)
            finally:
                text.close()
            left, bottom, right, top = page.get_cropbox()
            width, height = (right - left, top - bottom) if quarter % 2 == 0 else (top - bottom, right - left)
            rules = _rules(raw, page) if quarter == 0 and characters else ()
            # Looking for pictures costs as much as the text; only a page with little text may be a scan.
            pictured = len(characters) < _SCARCE and _has_picture(raw, page)
        except pypdfium2.PdfiumError as error:
            raise _BrokenPage(str(error)) from error
        finally:
            page.close()
    image = PageImage(path, number)
    sane = _sane(characters) and (len(characters) >= _FEWEST or not pictured)
    return Page(
        number=number,
        count=count,
        width=width,
        height=height,
        spans=tuple(_spans(characters)) if sane else (),
        rules=rules if sane else (),
        image=image if sane or pictured or characters else None,
    )


class _Character(Struct):
    """One character as it is drawn; `base` is its base line, counted from the page's top."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool


class _Font(Struct, frozen=True):
    """What one text object of the page is set in; `quarter` is how many quarter turns it is turned."""

    size: float
    bold: bool
    quarter: int


def _characters(raw: Any, page: Any, text: Any) -> tuple[list[_Character], int]:
    """(what is drawn upright in the order of the file, quarter turns); what stands aslant or on its side is left out.

    The turn that most of the text has is upright, whatever the page says of itself.
    """
    left, bottom, right, top = page.get_cropbox()
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    matrix = raw.FS_MATRIX()
    faces: dict[int | None, bool] = {}
    fonts: dict[tuple[object, ...], _Font] = {}
    drawn: list[tuple[_Font, str, float, float, float, float, float, float]] = []
    for place in range(raw.FPDFText_CountChars(text)):
        code = raw.FPDFText_GetUnicode(text, place)
        if raw.FPDFText_IsGenerated(text, place) == 1 or (code < 0x20 and code not in _SOFT_HYPHENS):
            continue
        if not raw.FPDFText_GetLooseCharBox(text, place, box) or not raw.FPDFText_GetCharOrigin(text, place, x, y):
            continue
        raw.FPDFText_GetMatrix(text, place, matrix)
        owner = raw.FPDFText_GetTextObject(text, place)
        face = ctypes.cast(raw.FPDFTextObj_GetFont(owner), ctypes.c_void_p).value if owner else None
        if face not in faces:
            faces[face] = _is_bold(raw, text, place)
        size = raw.FPDFText_GetFontSize(text, place)
        key = (face, size, matrix.a, matrix.b, matrix.c, matrix.d)
        if key not in fonts:
            fonts[key] = _font(faces[face], size, matrix)
        drawn.append((fonts[key], _text_of(code), box.left, box.right, box.bottom, box.top, x.value, y.value))
    turns = [font.quarter for font, *_ in drawn if font.quarter >= 0]
    quarter = max(set(turns), key=lambda turn: (turns.count(turn), turn == 0), default=0)
    found: list[_Character] = []
    for font, words, near, far, low, high, origin, base in drawn:
        if font.quarter != quarter:
            continue
        if quarter == 0:
            spot = (near - left, far - left, top - base)
        elif quarter == 1:
            spot = (low - bottom, high - bottom, origin - left)
        elif quarter == 2:
            spot = (right - far, right - near, base - bottom)
        else:
            spot = (top - high, top - low, right - origin)
        character = _Character(words, *spot, font.size, font.bold)
        last = found[-1] if found else character
        # Bold by printing twice, a hair apart: one character.
        if found and last.text == words and abs(character.left - last.left) + abs(character.base - last.base) < 1:
            last.bold = True
            continue
        found.append(character)
    return found, quarter


def _is_bold(raw: Any, text: Any, place: int) -> bool:
    """Whether a character's face is a heavy one, by its weight or its name."""
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(text, place, name, 128, flags)
    words = name.value.decode("utf-8", "replace").lower()
    heavy: bool = raw.FPDFText_GetFontWeight(text, place) >= _BOLD_WEIGHT
    return heavy or any(word in words for word in _BOLD_NAMES)


def _font(bold: bool, size: float, matrix: Any) -> _Font:
    """What a character is set in, from the size of its face and its matrix."""
    turn = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
    quarter = round(turn) % 4 if abs(turn - round(turn)) < 0.1 else -1
    return _Font(round(max(size * math.hypot(matrix.c, matrix.d), 0.5), 1), bold, quarter)


def _text_of(code: int) -> str:
    """A character; radicals and compatibility forms, which some producers map Chinese to, as the usual character."""
    if code in _SOFT_HYPHENS:
        return SOFT_HYPHEN
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return "\ufffd"
    character = chr(code)
    if 0x2E80 <= code <= 0x2FDF or 0xF900 <= code <= 0xFAFF or 0x2F800 <= code <= 0x2FA1F:
        return _RADICALS.get(character) or unicodedata.normalize("NFKC", character)
    return character


# Radicals of the supplement that NFKC leaves as they are, and which Chinese fonts draw like the character.
_RADICALS = {
    "⻓": "长", "⻅": "见", "⻆": "角", "⻉": "贝", "⻋": "车", "⻔": "门", "⻚": "页", "⻛": "风",
    "⻜": "飞", "⻝": "食", "⻢": "马", "⻥": "鱼", "⻦": "鸟", "⻨": "麦", "⻩": "黄", "⻬": "齐",
    "⻮": "齿", "⻰": "龙", "⻘": "青", "⺠": "民", "⺟": "母", "⻄": "西", "⻙": "韦", "⻣": "骨",
    "⻤": "鬼", "⺎": "兀", "⺝": "月", "⺫": "目", "⺼": "肉", "⻁": "虎", "⻌": "辶", "⻏": "阝",
    "⻖": "阝", "⻞": "食", "⻑": "长", "⻒": "长", "⻟": "饣", "⻠": "饣", "⻧": "卤", "⻳": "龟",
}  # fmt: skip


def _spans(characters: list[_Character]) -> Iterator[Span]:
    """Characters that stand one behind another, joined; a wide space, another line or another size begins anew."""
    run: list[str] = []
    first = last = None
    for character in characters:
        if character.text.isspace():
            # A space counts inside a run only; what it separates shows by the distance.
            if run and last and not run[-1].isspace() and abs(character.left - last.right) < 0.3 * last.size:
                run.append(" ")
                last = replace(last, right=max(last.right, character.right))
            continue
        if first and last and _follows(last, character):
            gap = (character.left - last.right) / last.size
            if gap > (0.15 if _is_word(run[-1]) and _is_word(character.text) else 0.45):
                run.append(" ")
            run.append(character.text)
        else:
            if first and last:
                yield _span(run, first, last)
            run, first = [character.text], character
        last = character
    if first and last:
        yield _span(run, first, last)


def _follows(last: _Character, character: _Character) -> bool:
    return (
        abs(character.base - last.base) < 0.25 * last.size
        and abs(character.size - last.size) < 0.1 * last.size
        and -0.5 * last.size < character.left - last.right < 0.6 * last.size
        and character.bold == last.bold
    )


def _is_word(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _span(run: list[str], first: _Character, last: _Character) -> Span:
    """A span; its box has the height of the type, so that fonts of one line have one box."""
    box = Box(first.left, first.base - 0.88 * first.size, last.right, first.base + 0.12 * first.size)
    return Span(text="".join(run).strip(), box=box, size=first.size, bold=first.bold)


def _sane(characters: list[_Character]) -> bool:
    """Whether the text is text: nearly all of it common Chinese, Latin, digits and their punctuation."""
    visible = [c.text for c in characters if not c.text.isspace()]
    if not visible:
        return False
    return sum(map(_is_common, visible)) >= _SANE * len(visible)


def _is_common(character: str) -> bool:
    """Whether a character is one of the 3,755 (GB 2312, level 1) or 5,401 (Big5, level 1) common ones, or a sign."""
    if "\u4e00" <= character <= "\u9fff":
        for encoding, first, last in (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)):
            try:
                if first <= character.encode(encoding)[0] <= last:
                    return True
            except UnicodeEncodeError:
                continue
        return False
    return character not in "\ufffd" and unicodedata.category(character) not in ("Co", "Cn", "Cs", "Cc")


def _rules(raw: Any, page: Any) -> tuple[Box, ...]:
    """The lines of tables and boxes: thin rectangles, and the sides of larger ones that are drawn with a line."""
    left, _bottom, _, top = page.get_cropbox()
    low, high = ctypes.c_float(), ctypes.c_float()
    near, far = ctypes.c_float(), ctypes.c_float()
    filled, stroked = ctypes.c_int(), ctypes.c_int()
    found: list[Box] = []
    for place in range(min(raw.FPDFPage_CountObjects(page), _MOST_OBJECTS)):
        drawn = raw.FPDFPage_GetObject(page, place)
        if raw.FPDFPageObj_GetType(drawn) != raw.FPDF_PAGEOBJ_PATH:
            continue
        if not raw.FPDFPageObj_GetBounds(drawn, near, low, far, high):
            continue
        box = Box(near.value - left, top - high.value, far.value - left, top - low.value)
        width, height = box.right - box.left, box.bottom - box.top
        if min(width, height) <= _THIN < max(width, height):
            found.append(box)
        elif min(width, height) > _THIN and raw.FPDFPath_GetDrawMode(drawn, filled, stroked) and stroked.value:
            found += [
                Box(box.left, box.top, box.right, box.top),
                Box(box.left, box.bottom, box.right, box.bottom),
                Box(box.left, box.top, box.left, box.bottom),
                Box(box.right, box.top, box.right, box.bottom),
            ]
    return tuple(found)


def _has_picture(raw: Any, page: Any) -> bool:
    """Whether a picture covers a good part of the page."""
    width, height = page.get_size()
    covered = 0.0
    for drawn in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        left, bottom, right, top = drawn.get_bounds()
        covered += max(0.0, right - left) * max(0.0, top - bottom)
    return bool(covered > 0.3 * width * height)


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return PdfReader()
