"""The rows of one dish gathered into its parts: a walk down the rows that knows in which part it is.

Labels open parts; where one is missing the shape of the lines does. A part that was interrupted (a tip in the margin,
a footnote, a page's end) is taken up again.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Literal

from msgspec.structs import replace

from shishen.domains.cooking.structuring.facts import is_fact, take_labelled, take_line
from shishen.domains.cooking.structuring.joining import Spacing, goes_on
from shishen.domains.cooking.structuring.labels import FACTS, Label, Part, is_heading, is_listed, is_table_head
from shishen.domains.cooking.structuring.marks import Mark, cut_at_marks, mark_of
from shishen.domains.cooking.structuring.paragraphs import Paragraph, counts, is_apart, joins, with_cell
from shishen.domains.cooking.structuring.rows import (
    Row,
    begins_steps,
    has_next_step,
    ingredient_score,
    sentence_of,
    tells_a_step,
)
from shishen.domains.cooking.structuring.table_columns import Columns, columns_of, with_group
from shishen.domains.cooking.structuring.turns import heads_list, heads_steps, resumes

Section = Literal["intro", "ingredients", "method", "features", "tips", "story", "tools", "done"]
_SECTION_OF: dict[Part, Section] = {
    "ingredients": "ingredients", "group": "ingredients", "method": "method", "submethod": "method",
    "features": "features", "tips": "tips", "story": "story", "tools": "tools", "ending": "done",
}  # fmt: skip
_CAPTION = re.compile(
    r"(?:[（(]?\s*(?:图|图片|步骤图|成品图|插图|照片)\s*[一二三四五六七八九十\d①-⑳]*\s*[)）:：]?.{0,12}"
    r"|[▲△▼].{0,24}|fig(?:ure)?\.?\s*\d+.*)$",
    re.IGNORECASE,
)
# How much farther from the row above a heading in a list stands than the entries do, in units of its size.
_APART = 0.4
# So many of the last entries tell how far apart they stand.
_SEEN = 30
# 酸黄瓜汁10- ⏎ 15毫升
_OPEN_SPAN = re.compile(r"\d\s*[-~～–—]\s*$")
_NUMBER = re.compile(r"(\d{1,2})\s*([.．、:：,，]\s*(?=\S)|(?=\D)|$)(.*)", re.DOTALL)
_GROUP_LINE = re.compile(r"^[\u3400-\u9fffA-Za-z（）()\d]{1,12}[:：]$|^[【\[〔［].{1,12}[】\]〕］]$")


class Gathered:
    """What the rows of a dish say: entries of its list and steps, each under a heading or none; prose; facts."""

    def __init__(self, spacing: Spacing) -> None:
        self.entries: list[tuple[str | None, Paragraph]] = []
        self.steps: list[tuple[str | None, Paragraph]] = []
        self.prose: dict[Section, list[Paragraph]] = {}
        self.facts: dict[Part, str] = {}
        self.labelled: set[Section] = set()
        self.slipped = False
        self._spacing = spacing
        self._section: Section = "intro"
        self._group: str | None = None
        self._heading: str | None = None
        self._before: Row | None = None
        self._opened: Row | None = None
        self._columns: Columns | None = None
        self._last: dict[Section, Row] = {}
        self._paragraphs: dict[Section, list[Paragraph]] = {}
        # Of each line but the first of a numbered step, whether it stands farther in than that.
        self._hanging: list[bool] = []

    def take(self, rows: Sequence[Row]) -> None:
        """Walk down the rows behind a dish's title."""
        self._has_label = any(row.label and row.label.part in ("ingredients", "group") for row in rows)
        gaps = [row.line.gap for above, row in pairwise(rows) if above.line.full and 0 < row.line.gap < 2]
        self._leading = median(gaps) if gaps else 0.8
        for place in range(len(rows)):
            row, label = self._labelled(rows, place)
            if label and label.part in FACTS:
                take_labelled(self.facts, f"{label.words}：{label.rest}")
                self._before = None
                continue
            if label:
                self._open(row, label)
                if not label.rest:
                    continue
                row = _bare(row, label.rest)
            if not _CAPTION.match(row.line.text.strip()):
                self._put(row, rows, place, opened=label is not None)

    def _labelled(self, rows: Sequence[Row], place: int) -> tuple[Row, Label | None]:
        """The row and its label, if that is one here: 准备, 香料, 腌料 are words elsewhere."""
        row, label, section = rows[place], rows[place].label, self._section
        if label is None:
            return row, None
        part = label.part
        stands = True
        if part == "submethod":
            stands = not label.rest and section in ("method", "ingredients")
        elif part == "method" and section == "tips" and not is_listed(label.words):
            # 快速做法：… among the tips is one of them.
            stands = False
        elif part == "group" and section in ("method", "tips"):
            stands = heads_list(rows, place)
        elif part == "group" and section == "ingredients" and self._before and not is_heading(label.words):
            stands = not _is_entry(row, self._before, self._opened)
        return (row, label) if stands else (_bare(row, row.text), None)

    def _open(self, row: Row, label: Label) -> None:
        """A label's part begins."""
        self._section = _SECTION_OF[label.part]
        self._before = None
        self.labelled.add(self._section)
        self.slipped |= label.slipped
        self._heading = label.words if label.part == "submethod" else None
        if self._section == "ingredients":
            self._opened = self._opened or row
            table = is_table_head(label.words)
            self._group, self._columns = (None, columns_of(label.words)) if table else (label.words, self._columns)
            if label.remark:
                self.facts.setdefault("servings", label.remark)

    def _put(self, row: Row, rows: Sequence[Row], place: int, *, opened: bool) -> None:
        """A row without a label goes to the part that it belongs to."""
        if self._section == "done":
            return
        taken_up = None if opened else self._takes_up(row)
        if taken_up:
            self._section, self._before = taken_up, self._last[taken_up]
            if taken_up == "ingredients":
                self._group = self.entries[-1][0]
        elif self._is_note(row) and not self._is_large_group(row, rows[place + 1 : place + 5]):
            self.prose.setdefault("tips", []).append(Paragraph(row.text, row.mark, row.line, row.line))
            return
        elif not opened:
            self._change(row, rows, place)
        section, following = self._section, rows[place + 1 : place + 5]
        if section == "intro" and take_line(self.facts, row.text):
            self._before = None
            return
        if section == "ingredients":
            if is_fact(row.text) and take_line(self.facts, row.text):
                self._before = None
                return
            if (_GROUP_LINE.match(row.text) and ingredient_score(row.text) < 0.6) or self._is_group(row, following):
                self._group, self._before = row.text.strip("：:【】[]〔〕［］"), None
                return
            group, text = with_group(self._columns.entry(row.text) if self._columns else row.text)
            if group or text != row.text:
                self._group, row = group or self._group, replace(row, text=text)
            if entry := self._extend("ingredients", row):
                self.entries.append((self._group, entry))
        elif section == "method":
            flows = self._before is not None and self._before.line.full
            numbered = any(step.mark for _, step in self.steps[-_SEEN:])
            if not opened and not flows and heads_steps(row, rows[place + 1 : place + 2], numbered):
                self._heading, self._before = row.text.strip("：:【】[]"), None
                return
            row = self._numbered(row)
            if self._is_stray(row):
                self._section = "tips"
                self.prose.setdefault("tips", []).append(Paragraph(row.text, None, row.line, row.line))
                self._before = row
                return
            if step := self._extend("method", row):
                self.steps.append((self._heading, step))
        else:
            if paragraph := self._extend(section, row):
                self.prose.setdefault(section, []).append(paragraph)
        self._before = self._last[section] = row

    def _change(self, row: Row, rows: Sequence[Row], place: int) -> None:
        """Change to another part where a row without a label shows that it has begun, or goes on."""
        section, following = self._section, rows[place + 1 : place + 3]
        new: Section = section
        if section == "intro":
            new = _begins(row, following)
            # Where the list has a label, praise that names foods (绿莹莹一盘) is none.
            new = "intro" if new == "ingredients" and self._has_label else new
        elif section == "ingredients":
            if (self.steps and self._counts_on(row)) or (
                # A label with nothing behind it stood at the head of a column, and its steps come below the list.
                not (self.steps and "method" in self.labelled) and self._is_step(row, rows[place + 1 : place + 7])
            ):
                new = "method"
        elif section == "method":
            if self.entries and self.steps and self._like_list(row):
                new = "ingredients"
        elif self.entries and not self.steps and resumes(row, following):
            new = "ingredients"
        elif self.steps and self._counts_on(row):
            new = "method"
        elif self.entries and not self.steps and row.mark and row.mark.number == 1:
            following = rows[place + 1 : place + 7]
            new = "method" if row.mark.form in ("named", "step") or has_next_step(row, following) else section
        if new != section:
            self._section, self._before = new, None
            if new == "ingredients" and self.entries:
                self._group = self.entries[-1][0]

    def _takes_up(self, row: Row) -> Section | None:
        """Which of list and method a row at the top of a column goes on with, where both run on side by side."""
        steps, entries = self._last.get("method"), self._last.get("ingredients")
        if not steps or not entries or row.line.gap or row.mark or row.dotted or not row.line.box:
            return None
        if self._section == "ingredients" and steps.line.full and steps.text[-1:] not in "。！" and _flush(row, steps):
            return "method"
        if (
            self._section == "method"
            and _flush(row, entries)
            and not _flush(row, steps)
            and ingredient_score(row.text) > 0.2
        ):
            return "ingredients"
        return None

    def _numbered(self, row: Row) -> Row:
        """The row with its number seen where the steps count on with it: 3 把鸡肉沥干 and 4、350 度 behind 3."""
        found, before = _NUMBER.match(row.text), self._before
        if row.mark or not found or (before and before.line.full and before.text[-1:] not in "。！"):
            return row
        last = next((paragraph.mark for _, paragraph in reversed(self.steps) if paragraph.mark), None)
        form = "point" if found[2] else "bare"
        if (
            int(found[1]) != (last.number + 1 if last else 1)
            or (last and last.form != form)
            or (not last and self.steps)
        ):
            return row
        return replace(row, mark=Mark(form, int(found[1]), found[3]))

    def _is_stray(self, row: Row) -> bool:
        """Whether a row without a number begins a paragraph of its own behind numbered steps: a remark, no step."""
        before = self._before
        if row.mark or row.dotted or row.line.box is None or not before:
            return False
        if len(self.steps) < 2 or any(paragraph.mark is None for _, paragraph in self.steps):
            return False
        if self._hang(row) and row.line.gap > 0:
            return True
        return not before.line.full and not joins(self.steps[-1][1], row, before, False, False, self._leading)

    def _hang(self, row: Row) -> bool:
        """Whether the lines of steps hang below their text, and a row stands out where their numbers stand."""
        step = self.steps[-1][1]
        beside = step.first.box and row.line.box and abs(row.line.box.left - step.first.box.left) < 0.4 * row.line.size
        return bool(beside) and len(self._hanging) >= 3 and all(self._hanging)

    def _is_group(self, row: Row, following: Sequence[Row]) -> bool:
        """Whether a row in a list heads the entries after it: a few words set larger, heavier or farther off."""
        if not following or row.line.box is None or len(row.text) > 10 or row.mark or ingredient_score(row.text) > 0.5:
            return False
        after = following[0].line
        if ingredient_score(following[0].text) < 0.6:
            return False
        if row.dotted and not following[0].dotted:
            # ■ 汤种
            return True
        if row.line.confidence < 1:
            return row.line.bold and not after.bold
        # How far apart the entries stand: those above, or those after the first below the heading.
        gaps = [entry.first.gap for _, entry in self.entries[1:][-_SEEN:]] or [r.line.gap for r in following[1:4]]
        apart = bool(gaps) and row.line.gap > median(gaps) + _APART and row.line.gap > after.gap + 0.5 * _APART
        return apart or (row.line.bold and not after.bold) or row.line.size > 1.06 * after.size

    def _is_large_group(self, row: Row, following: Sequence[Row]) -> bool:
        """Whether a row heads a part of the list and is set larger than its entries."""
        if self._section != "ingredients" or not self.entries:
            return False
        return row.line.size > self.entries[0][1].first.size and self._is_group(row, following)

    def _is_note(self, row: Row) -> bool:
        """Whether a row is set small below a list or a step: a footnote, a caption."""
        if self._section == "method" and self.steps:
            row, step = self._numbered(row), self.steps[-1][1]
            if step.mark and not step.mark.rest and step.last is step.first:
                # The number of a step may be set much larger than its text below.
                return False
            return is_apart(row, step) and not (self.entries and self._like_list(row))
        if self._section == "ingredients" and self.entries:
            if not self.steps and row.mark and row.mark.number == 1 and begins_steps(row):
                # The method may be set smaller than the list.
                return False
            return is_apart(row, self.entries[0][1]) and (row.mark is not None or ingredient_score(row.text) < 0.6)
        return False

    def _counts_on(self, row: Row) -> bool:
        """Whether the steps go on here: the next number, set like them."""
        last = next((paragraph for _, paragraph in reversed(self.steps) if paragraph.mark), None)
        if not last or not last.mark or not row.mark or row.mark.form != last.mark.form:
            return False
        number = cut_at_marks(last.text, last.mark.form)[-1][0] or last.mark.number
        return row.mark.number == number + 1 and abs(row.line.size - last.first.size) < 0.06 * last.first.size

    def _like_list(self, row: Row) -> bool:
        """Whether a row is an ingredient set like the list of them and not like the steps: the list goes on here."""
        if row.line.box is None or row.mark or not resumes(row, [row]):
            return False
        size, step = self.entries[-1][1].first.size, self.steps[-1][1].first.size
        # What OCR measures tells two sizes of type apart only where they differ much.
        exact = 0.04 if row.line.confidence == 1 else 0.15
        return abs(row.line.size - size) < exact * size and abs(size - step) > 1.4 * exact * step

    def _is_step(self, row: Row, following: Sequence[Row]) -> bool:
        """Whether a row in a list of ingredients is the first step of a method without a label."""
        before = self._before
        if not self.entries or (before and _OPEN_SPAN.search(before.text)):
            return False
        # An entry that has a line for itself is whole; a list in running text may end anywhere.
        whole = before and ingredient_score(before.text) >= 0.8 and not re.search(r"[、，,；;/／|｜+]|\d$", before.text)
        if before and not whole and goes_on(before.line, row.line, marked=row.mark is not None or row.dotted):
            return False
        if row.mark and row.mark.number == 1:
            return begins_steps(row) or has_next_step(row, following)
        sentence = sentence_of([row, *following])
        runs_on = "。" in sentence and ingredient_score(row.text) < 0.3 and tells_a_step(sentence)
        return (runs_on or tells_a_step(row.text)) and "：" not in row.text[:10]

    def _extend(self, section: Section, row: Row) -> Paragraph | None:
        """Join a row to the last paragraph of its part; a new one is returned."""
        before, own, in_list = self._before, self._paragraphs.setdefault(section, []), section == "ingredients"
        last = own[-1] if own else None
        flows = before is not None and before.line.full
        marked = row.dotted or (row.mark is not None and counts(row, row.mark, own, flows=flows))
        if not (last and before and joins(last, row, before, marked, in_list, self._leading)):
            own.append(Paragraph(row.text, row.mark if marked else None, row.line, row.line, row.dotted))
            return own[-1]
        last.text = (
            with_cell(last.text, row.text, self._spacing) if in_list else self._spacing.join(last.text, row.text)
        )
        if last.mark and not last.mark.rest and last.last is last.first:
            last.first = row.line
        last.last = row.line
        if last.mark and row.line.gap > 0 and last.first.box and row.line.box:
            self._hanging.append(row.line.box.left > last.first.box.left + 0.8 * row.line.size)
        return None


def _flush(row: Row, above: Row) -> bool:
    """Whether a row begins where an earlier one did, and is set in type of its size."""
    if not row.line.box or not above.line.box:
        return False
    size = above.line.size
    return abs(row.line.box.left - above.line.box.left) < 0.5 * size and abs(row.line.size - size) < 0.04 * size


def _bare(row: Row, text: str) -> Row:
    return Row(row.line, text, None, mark_of(text), row.dotted)


def _is_entry(row: Row, before: Row, opened: Row | None) -> bool:
    """Whether a bare word in a list is set like its entries and not like the label that opened the list."""
    if (
        not opened
        or row.line.box is None
        or row.text != (row.label.words if row.label else "")
        or row.style != before.style
    ):
        return False
    gap = row.line.gap - before.line.gap if before.label is None else 0.0
    alike = gap < 0.15 and abs(row.line.indent - before.line.indent) < 0.3
    apart = (
        opened.style != row.style or opened.line.gap > row.line.gap + 0.2 or opened.line.indent < row.line.indent - 0.3
    )
    return alike and apart


def _begins(row: Row, following: Sequence[Row]) -> Section:
    """What a row without a label begins, right behind the title."""
    if begins_steps(row):
        return "method"
    near = [ingredient_score(r.text) for r in (row, *following) if r.label is None]
    if near[0] < 0.8:
        return "intro"
    running = len(re.findall(r"[、，,；;]", row.text)) >= 2
    return "ingredients" if running or len(near) == 1 or sum(s >= 0.6 for s in near) >= 2 else "intro"
