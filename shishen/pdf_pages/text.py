"""The text of a page of a PDF with its places: its characters set upright, whichever way they stand; then its spans.

Whoever calls `text_layer` holds `PDFIUM_LOCK`.
"""

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pypdfium2.raw as raw
from msgspec import Struct
from msgspec.structs import replace

from shishen.pages import Box, Span
from shishen.pdf_pages.drawing import HAIR, Rectangle, address_of

# A hyphen that only this line's end needs, as pdfium gives it and as Unicode has it.
SOFT_HYPHEN = "\u00ad"
_SOFT_HYPHENS = frozenset((0x02, 0xAD))
_BOLD_WEIGHT = 600
_BOLD_NAMES = ("bold", "black", "heavy", "demi", "simhei", "heiti")
# The places of a font's own signs; in a text they are bullets.
_PRIVATE = re.compile("[\ue000-\uf8ff]")


class Character(Struct):
    """One character as it is drawn, from the top left corner of the upright page; `base` is its base line."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool


class TextLayer(Struct, frozen=True):
    """The characters of a page in the order of the file, and how the page is to be turned for them.

    `quarter` is the number of quarter turns (counter-clockwise) by which the text is turned on the page; `unseen`
    where most of it is printed invisibly, behind a scan; `any` where there is text, be it such that nobody can read.
    """

    characters: list[Character]
    quarter: int = 0
    unseen: bool = False
    any: bool = False


class _Face(Struct, frozen=True):
    """What one text object of the page is set in; `quarter` is -1 where it stands aslant."""

    size: float
    bold: bool
    quarter: int
    unseen: bool


class _Drawn(Struct):
    """A character at its place in the page's own space."""

    face: _Face
    code: int
    left: float
    bottom: float
    right: float
    top: float
    x: float
    y: float
    middle: tuple[float, float]


def text_layer(text: Any, page: Rectangle, twice: set[int]) -> TextLayer:
    """The characters of a text page that stand within the page; of what stands aslant or on its side none.

    The turn that most of the text has is upright, whatever the page says of itself. Text that runs downwards, its
    lines from right to left, is turned so that they are level. `twice` are the text objects that are printed twice.
    """
    drawn, count = _drawn(text, page, twice)
    unseen = sum(one.face.unseen for one in drawn)
    if 2 * unseen < len(drawn):
        # Words that nobody sees between others that everybody does.
        drawn = [one for one in drawn if not one.face.unseen]
    turns = [one.face.quarter for one in drawn if one.face.quarter >= 0]
    quarter = max(set(turns), key=lambda turn: (turns.count(turn), turn == 0), default=0)
    upright = [one for one in drawn if one.face.quarter == quarter]
    if quarter in (0, 3) and _is_vertical(drawn):
        # Words in Latin letters lie on their side in it: level, once it is turned.
        characters = [_turned(one, page, 3) if one.face.quarter else _stood(one, page) for one in drawn
                      if one.face.quarter in (0, 3)]  # fmt: skip
        quarter = 3
    else:
        characters = [_turned(one, page, quarter) for one in upright]
    return TextLayer(_once(characters), quarter, 2 * unseen >= len(drawn) > 0, count > 0)


def _drawn(text: Any, page: Rectangle, twice: set[int]) -> tuple[list[_Drawn], int]:
    """(the characters that stand within the page, how many signs there are that are no spaces)."""
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    faces: dict[int, _Face] = {}
    heavy: dict[int, bool] = {}
    found: list[_Drawn] = []
    count = first_half = 0
    left, bottom, right, top = page
    for place in range(raw.FPDFText_CountChars(text)):
        code = raw.FPDFText_GetUnicode(text, place)
        if 0xD800 <= code < 0xDC00:
            first_half = code
            continue
        if 0xDC00 <= code < 0xE000 and first_half:
            code = 0x10000 + ((first_half - 0xD800) << 10) + code - 0xDC00
        first_half = 0
        if raw.FPDFText_IsGenerated(text, place) == 1 or code in (0x0A, 0x0D):
            continue
        count += code != 0x20
        if code < 0x20 and code not in _SOFT_HYPHENS:
            continue
        if not raw.FPDFText_GetLooseCharBox(text, place, box) or not raw.FPDFText_GetCharOrigin(text, place, x, y):
            continue
        owner = raw.FPDFText_GetTextObject(text, place)
        address = address_of(owner) if owner else 0
        if not address or address not in faces:
            faces[address] = _face(text, place, owner, heavy, address in twice)
        near, low, far, high = box.left, box.bottom, box.right, box.top
        across, up = (near + far) / 2, (low + high) / 2
        # What lies beside the page is on no paper; of half a spread it is the other page. Not so where it is not a
        # number.
        if left <= across <= right and bottom <= up <= top:
            face = faces[address]
            found.append(_Drawn(face, code, near, low, far, high, x.value, y.value, (across, up)))
    return found, count


def _face(text: Any, place: int, owner: Any, heavy: dict[int, bool], twice: bool) -> _Face:
    """What a character is set in."""
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text, place, matrix)
    font = raw.FPDFTextObj_GetFont(owner) if owner else None
    key = address_of(font) if font else -place - 1
    if key not in heavy:
        heavy[key] = _is_heavy(text, place)
    mode = raw.FPDFTextObj_GetTextRenderMode(owner) if owner else raw.FPDF_TEXTRENDERMODE_FILL
    outlined = mode == raw.FPDF_TEXTRENDERMODE_FILL_STROKE
    turn = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
    return _Face(
        size=round(max(raw.FPDFText_GetFontSize(text, place) * math.hypot(matrix.c, matrix.d), 0.5), 1),
        bold=heavy[key] or outlined or twice,
        quarter=round(turn) % 4 if abs(turn - round(turn)) < 0.1 else -1,
        unseen=mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE,
    )


def _is_heavy(text: Any, place: int) -> bool:
    """Whether a character's font is a heavy one, by its weight or its name."""
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(text, place, name, 128, flags)
    words = name.value.decode("utf-8", "replace").lower()
    heavy: bool = raw.FPDFText_GetFontWeight(text, place) >= _BOLD_WEIGHT
    return heavy or any(word in words for word in _BOLD_NAMES)


# --- upright ----------------------------------------------------------------------------------------------


def upright(rectangle: Rectangle, page: Rectangle, quarter: int) -> Box:
    """A place in the page's own space, as it is once the page is turned upright: from its top left corner."""
    near, low, far, high = rectangle
    left, bottom, right, top = page
    if quarter == 0:
        return Box(near - left, top - high, far - left, top - low)
    if quarter == 1:
        return Box(low - bottom, near - left, high - bottom, far - left)
    if quarter == 2:
        return Box(right - far, low - bottom, right - near, high - bottom)
    return Box(top - high, right - far, top - low, right - near)


def _turned(one: _Drawn, page: Rectangle, quarter: int) -> Character:
    """A character of a line that is turned by so many quarters."""
    box = upright((one.left, one.bottom, one.right, one.top), page, quarter)
    origin = upright((one.x, one.y, one.x, one.y), page, quarter)
    return Character(_text_of(one.code), box.left, box.right, origin.top, one.face.size, one.face.bold)


def _stood(one: _Drawn, page: Rectangle) -> Character:
    """A character that stands upright in a line that runs downwards."""
    size = one.face.size
    box = upright((*one.middle, *one.middle), page, 3)
    return Character(
        _text_of(one.code), box.left - size / 2, box.left + size / 2, box.top + 0.38 * size, size, one.face.bold
    )


def _is_vertical(drawn: Sequence[_Drawn]) -> bool:
    """Whether most characters stand below the one before them, not beside it."""
    down = across = 0
    for one, other in pairwise(drawn):
        if one.face.quarter or other.face.quarter:
            continue
        size = one.face.size
        right, below = other.middle[0] - one.middle[0], one.middle[1] - other.middle[1]
        down += abs(right) < 0.3 * size and 0.6 * size < below < 1.6 * size
        across += abs(below) < 0.3 * size and 0 < right < 2.2 * size
    return down >= 8 and down > 2 * across


def _once(characters: Sequence[Character]) -> list[Character]:
    """Characters without those that stand a hair beside their like: that is how bold, or a shadow, is printed."""
    found: list[Character] = []
    cells: dict[tuple[str, int, int], list[Character]] = {}
    for one in characters:
        if not one.text or one.text.isspace():
            found += [one] if one.text else []
            continue
        hair = HAIR * one.size
        # Nearly always one cell and the same.
        corners = {
            (one.text, across, down)
            for across in {int((one.left - hair) // (8 * hair)), int((one.left + hair) // (8 * hair))}
            for down in {int((one.base - hair) // (8 * hair)), int((one.base + hair) // (8 * hair))}
        }
        other = next((c for corner in corners for c in cells.get(corner, ()) if _beside(one, c, hair)), None)
        if other:
            other.bold = True
            continue
        found.append(one)
        for corner in corners:
            cells.setdefault(corner, []).append(one)
    return found


def _beside(one: Character, other: Character, hair: float) -> bool:
    return abs(one.left - other.left) < hair and abs(one.base - other.base) < hair


def _text_of(code: int) -> str:
    """A character; one that stands for a usual one, as some producers have it, as that one; empty for no sign."""
    if code in _SOFT_HYPHENS:
        return SOFT_HYPHEN
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return "\ufffd"
    character = chr(code)
    if _is_variant(code):
        return _VARIANTS.get(character) or unicodedata.normalize("NFKC", character)
    # Signs of width 0: joiners, marks of direction, which look of a sign is meant.
    return "" if unicodedata.category(character) == "Cf" or 0xFE00 <= code <= 0xFE0F else character


def _is_variant(code: int) -> bool:
    """Whether a character is a radical, a ligature, one for compatibility, or one for lines that run downwards."""
    return (
        0x2E80 <= code <= 0x2FDF
        or 0xF900 <= code <= 0xFAFF
        or 0xFB00 <= code <= 0xFB06
        or 0xFE10 <= code <= 0xFE19
        or 0xFE30 <= code <= 0xFE48
        or 0x2F800 <= code <= 0x2FA1F
    )


# Radicals of the supplement that NFKC leaves as they are, and which Chinese fonts draw like the character; and a colon
# that NFKC takes for two dots.
_VARIANTS = {
    "⻓": "长", "⻅": "见", "⻆": "角", "⻉": "贝", "⻋": "车", "⻔": "门", "⻚": "页", "⻛": "风",
    "⻜": "飞", "⻝": "食", "⻢": "马", "⻥": "鱼", "⻦": "鸟", "⻨": "麦", "⻩": "黄", "⻬": "齐",
    "⻮": "齿", "⻰": "龙", "⻘": "青", "⺠": "民", "⺟": "母", "⻄": "西", "⻙": "韦", "⻣": "骨",
    "⻤": "鬼", "⺎": "兀", "⺝": "月", "⺫": "目", "⺼": "肉", "⻁": "虎", "⻌": "辶", "⻏": "阝",
    "⻖": "阝", "⻞": "食", "⻑": "长", "⻒": "长", "⻟": "饣", "⻠": "饣", "⻧": "卤", "⻳": "龟",
    "︰": "：",
}  # fmt: skip


# --- spans ------------------------------------------------------------------------------------------------


def spans_of(characters: Sequence[Character]) -> Iterator[Span]:
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


def _follows(last: Character, character: Character) -> bool:
    return (
        abs(character.base - last.base) < 0.25 * last.size
        and abs(character.size - last.size) < 0.1 * last.size
        and -0.5 * last.size < character.left - last.right < 0.6 * last.size
        and character.bold == last.bold
    )


def _is_word(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _span(run: list[str], first: Character, last: Character) -> Span:
    """A span; its box has the height of the type, so that fonts of one line have one box."""
    box = Box(first.left, first.base - 0.88 * first.size, last.right, first.base + 0.12 * first.size)
    text = unicodedata.normalize("NFC", _PRIVATE.sub("•", "".join(run)))
    return Span(text=text.strip(), box=box, size=first.size, bold=first.bold)
