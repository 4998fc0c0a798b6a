"""Lines of a dish joined to paragraphs: entries of its list, its steps, its prose."""

import re
from collections.abc import Sequence

from msgspec import Struct

from shishen.domains.cooking.structuring.joining import Spacing, goes_on
from shishen.domains.cooking.structuring.marks import Mark
from shishen.domains.cooking.structuring.rows import Row, ingredient_score
from shishen.pages import PrintedLine

_UNITS = "克|g|kg|千克|斤|两|ml|毫升|升|个|只|片|根|勺|匙|汤匙|茶匙|大勺|小勺|杯|块|条|颗|瓣|把|碗"
# An amount without what it is of begins no line of a list.
_LONE_AMOUNT = re.compile(rf"[约\d½¼¾.\-~～–]+\s*(?:{_UNITS})?\s*(?:[、，,；;。）)（(]|$)", re.IGNORECASE)
_LONE_UNIT = re.compile(rf"(?:{_UNITS})\s*(?:[、，,；;。）)｜／/|（(]|$)")


class Paragraph(Struct):
    """Lines joined: their text, the number that they begin with, the first and the last of them."""

    text: str
    mark: Mark | None
    first: PrintedLine
    last: PrintedLine
    dotted: bool = False


def counts(row: Row, mark: Mark, paragraphs: Sequence[Paragraph], *, flows: bool) -> bool:
    """Whether a number at a line's beginning is a step's: one that counts on, or begins anew at 1.

    A number of another form than those before (1） among 1.) is one only where its line begins a paragraph.
    """
    previous = next((p.mark for p in reversed(paragraphs) if p.mark), None)
    if previous is None:
        if mark.number == 2 and len(paragraphs) == 1 and not flows:
            # The first of them has lost its number, as OCR may pass over a disc.
            return True
        return mark.number == 1 or (mark.form in ("step", "named", "circle") and not paragraphs)
    if mark.form == previous.form:
        if mark.number in (1, previous.number + 1, previous.number + 2) or mark.form in ("step", "named"):
            return True
        # Steps in rows of pictures, read by columns: 1, 4, then 2, 5 at the top of the next.
        used = {p.mark.number for p in paragraphs if p.mark}
        return not flows and mark.number not in used and mark.number <= 20 and (row.line.gap == 0 or row.line.gap > 2)
    return mark.form in ("step", "named") or (mark.number == 1 and mark.form != "bare" and not flows)


def joins(last: Paragraph, row: Row, before: Row, marked: bool, in_list: bool, leading: float) -> bool:
    """Whether a row goes on with the last paragraph; `leading` is the usual gap between lines that run on."""
    if in_list:
        return _joins_in_list(last, row, before, marked)
    # A number alone on its line (步骤 1) has its text on the next.
    if last.mark and not last.mark.rest and not marked:
        return True
    if goes_on(before.line, row.line, marked=marked):
        return True
    if marked or before.line.box is None:
        return False
    # Where the first line of a paragraph is set in, one that is not goes on with it.
    if last.first.indent - row.line.indent > 1.2 and last.first.page == row.line.page and 0 < row.line.gap < 1.3:
        return True
    # Within numbered steps whatever has no number belongs to the step above it, if it is set alike.
    alike = abs(row.line.size - before.line.size) < 0.03 * before.line.size or row.line.confidence < 1
    # At the top of a column the room above says nothing; there a sentence that has ended is at its end.
    ended = row.line.gap == 0 and before.text.rstrip()[-1:] in "。！!"
    return last.mark is not None and alike and not ended and row.line.gap < leading + 0.2


def is_apart(row: Row, own: Paragraph) -> bool:
    """Whether a row is set much smaller or larger than its part: a footnote, a caption, a sentence quoted large."""
    if row.line.box is None or row.line.confidence < 1:
        return False
    ratio = row.line.size / own.first.size
    return ratio < 0.92 or (ratio > 1.15 and row.mark is None)


def _joins_in_list(last: Paragraph, row: Row, before: Row, marked: bool) -> bool:
    """Whether a row of a list of ingredients goes on with the one above."""
    text, after = before.text.rstrip(), row.text.lstrip()
    if marked or before.line.box is None:
        return False
    if _is_open(text):
        return True
    if text[-1:] in "、，,；;+＋/／｜|" or after[:1] in "／/｜|" or after[:1] in "、，,；;）)":
        return before.line.full or text[-1:] in "、，,+＋/／｜|" or after[:1] in "／/｜|"
    if _LONE_AMOUNT.match(after) or _LONE_UNIT.match(after) or re.search(r"\d\s*[-~～–—]$", text):
        return True
    if "  " in text:
        return False
    if not before.line.full:
        # 香油5ml，食用 ⏎ 油20ml: a list that runs on, broken inside a name.
        pieces = re.split(r"[、，,；;｜|]|\s[／/]|[／/]\s", text)
        return len(pieces) > 2 and len(text) > 15 and ingredient_score(pieces[-1]) < 0.6 and row.line.gap < 1.3
    # A full line of a list set in running text goes on; one that is whole by itself, in a list a line each, does not.
    running = re.search(r"[、，,；;｜|]|\s[／/]|[／/]\s", re.sub(r"[（(][^（）()]*[)）]", "", last.text)) is not None
    return (
        running
        or ingredient_score(last.text) < 0.6
        or re.match(r"^[\d½¼¾]*\s*(?:克|个|只|片|根|勺|ml|毫升|g|适量)", after) is not None
    )


def with_cell(text: str, more: str, spacing: Spacing) -> str:
    """An entry with what its next line adds; 清水（以没过鸡  2000毫升 ⏎ 腿为准）goes on in its first cell."""
    name, gap, rest = text.partition("  ")
    if gap and _is_open(name) and not _is_open(name + more):
        return spacing.join(name, more) + gap + rest
    return spacing.join(text, more)


def _is_open(text: str) -> bool:
    return text.count("（") + text.count("(") > text.count("）") + text.count(")")
