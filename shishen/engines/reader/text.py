"""Plain text and free Markdown: whatever file of text has a list of ingredients and a method; the last one asked."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from shishen.errors import UnreadableFile
from shishen.markup import NUMBERED, tidy
from shishen.pages import Page, PrintedLine
from shishen.protocols import Reader
from shishen.records import Draft, Rejected
from shishen.source_file import SourceFile, TextLine

EXTRA = None
# Other forms of text have the same words in them.
LAST = True

_MORE = "准备|準備|清单|明细|部分|步骤|步驟|方法|过程|流程"
_MARKS = r"[ \t\u3000#>*+=_~•·●○◆◇■□▲△★☆✦※【〖〔\[（(《〈「『<—-]{0,24}"


def _section(chinese: str, english: str) -> re.Pattern[str]:
    """A word at the head of a line, or of a sentence if a colon follows; an English one has a line of its own."""
    before = r"(?:[一二三四五六七八九十\d]{1,2}[、.．] ?)?(?:[\u4e00-\u9fff]{0,4}|.{1,12}的)"
    after = r"[*_ \t\u3000]{0,8}(?:[:：】〗〕\]）)》〉」』>（(*#=~—-]|\r?$|(?<=\s)\S)"
    return re.compile(
        rf"^{_MARKS}{before}(?:{chinese})(?:{_MORE})?{after}"
        rf"|[。；;！!\s】](?:{chinese})】?[ \u3000]?[:：]"
        rf"|^{_MARKS}(?:{english})[*_ \t]{{0,8}}[:：]?[*_# \t]{{0,8}}\r?$",
        re.MULTILINE | re.IGNORECASE,
    )


_SECTIONS = (
    _section("材料|原料|用料|食材|配料|主料|辅料|调料|佐料|备料|輔料|調料", "ingredients?"),
    _section(
        "做法|作法|步骤|步驟|制作|製作|制法|烹制|烹饪|烹调|烹飪|操作|方法",
        "method|directions?|instructions?|preparation|steps",
    ),
)
_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\d\]])")
# A page of so many lines; it ends before a blank line, or at twice as many.
_LINES = 2000
_FRONT_MATTER_LINES = 100
# A line of more characters is no Markdown, and patterns would take for ever on some.
_LONGEST_MARKED = 4000

_BREAKS = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_HEADING = re.compile(r"(#{1,6})(?:\s+|(?=[^\s#]))(.*)$")
_HASHTAG = re.compile(r"#[^\s#]+#")
_BULLET = re.compile(r"(?:[-*+]\s+(?:\[[ xX]\]\s+)?|[•·▪▫‣➢➤✔✓]\s*)(?=\S)(.*)")
_COUNTED = re.compile(r"\d{1,3}[.)]\s+\S")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1\s*[:：]?")
_FENCE = re.compile(r"(?:```|~~~)[\w-]*\s*$")
_RULE = re.compile(r"[-*_=~—─━☆★·. ]{3,}$")
_TABLE_RULE = frozenset("|-: \t")
_COMMENT = re.compile(r"<!--.*?-->")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_LINK = re.compile(r"(!?)\[([^\[\]]{0,300})\]\([^()\s]{0,500}(?:\s+\"[^\"]{0,200}\")?\)")
_STRONG = re.compile(r"(\*\*|__|~~|`)(?=\S)([^*`\n]{1,200}?)(?<=\S)\1")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|-])")
_GAPS = re.compile("[ \u00a0\u3000]{2,}|\t[\t \u00a0\u3000]*")
_SENTENCE_END = "。！？!?；;：:….”」』）)"
# Widths in columns at which programs break lines; how many lines must have been cut, and how many
# times as many must end at the edge as in a band of the same breadth before it.
_NARROWEST, _WIDEST, _LEAST_CUT, _EDGE = 40, 200, 5, 2.5
_OPENING = "【〖●◆■★☆▲◇○•·※"


class Options(Struct, frozen=True):
    """No options."""


class TextReader:
    """Reads the lines of a text in pages."""

    def recognises(self, file: SourceFile) -> bool:
        """A text that begins a line with a word for ingredients, and another with one for the method."""
        head = file.head
        if not head or _JSON.match(head) or head.lstrip().startswith("<?xml"):
            return False
        return all(section.search(head) for section in _SECTIONS)

    def read(self, file: SourceFile) -> Iterator[Draft | Page | Rejected]:
        """The text, some thousand lines a page. Raises UnreadableFile where it is over the limit."""
        file.check_size()
        rows: list[_Row] = []
        found = False
        for row in _rows(file.lines(), file.label):
            if isinstance(row, Rejected):
                yield row
                continue
            found = True
            if len(rows) >= _LINES and (row.blank_above or len(rows) >= 2 * _LINES):
                yield Page(lines=tuple(_unwrapped(rows)))
                rows = []
            rows.append(row)
        if not found:
            raise UnreadableFile(f"{file.label} 里没有文字。")
        yield Page(lines=tuple(_unwrapped(rows)))


class _Row(Struct, frozen=True, kw_only=True):
    """One line of the file; its width in columns (a Chinese character has two) as it stood there."""

    line: PrintedLine
    width: int
    blank_above: int = 0

    @property
    def joins(self) -> bool:
        """Whether it may be part of a paragraph over several lines."""
        return self.line.level is None and self.width > 0


# --- lines as they are marked ----------------------------------------------------------------------------


def _rows(lines: Iterable[TextLine], label: str) -> Iterator[_Row | Rejected]:
    """The lines that say something, without their marks."""
    number = 0
    blank = 0
    held: _Row | None = None
    for line in _after_front_matter(lines):
        if line.text is None:
            yield Rejected(path=label, line=line.number, reason=line.fault or "")
            continue
        blank += line.number - number - 1 if line.number > number else 0
        number = line.number
        for text in _BREAKS.split(line.text):
            if held and not blank and held.joins and (level := _underlined(text, held.line.text)):
                held = replace(held, line=replace(held.line, level=level))
                continue
            row = _row(text, blank)
            if row is None:
                # What is marked off with a rule is as good as set apart.
                blank += 1
                continue
            if held:
                yield held
            held, blank = row, 0
    if held:
        yield held


def _after_front_matter(lines: Iterable[TextLine]) -> Iterator[TextLine]:
    """The lines behind a block of settings between `---`, of which the title is kept as a heading."""
    held: list[TextLine] = []
    waiting = iter(lines)
    for line in waiting:
        held.append(line)
        words = (line.text or "").strip()
        if len(held) == 1 and words != "---":
            break
        if len(held) > 1 and words in ("---", "..."):
            keys = [TextLine(n.number, f"# {words}") for n in held if (words := _title_of(n.text or ""))]
            held = keys[:1]
            break
        if len(held) >= _FRONT_MATTER_LINES:
            break
    yield from held
    yield from waiting


def _title_of(text: str) -> str:
    key, _, value = text.partition(":")
    return value.strip().strip("\"'") if key.strip().lower() in ("title", "标题", "名称") else ""


def _underlined(text: str, above: str) -> int | None:
    """The level of a heading that this line underlines."""
    text = text.strip()
    if len(text) < 2 or len(set(text)) > 1 or len(above) > 40:
        return None
    return {"=": 1, "-": 2}.get(text[0])


def _row(text: str, blank: int) -> _Row | None:
    """One line without its marks; None where it says nothing (a rule, a fence)."""
    width = columns(text.rstrip())
    plain = text.lstrip(" \t\u00a0\u3000")
    indent = columns(text[: len(text) - len(plain)].replace("\t", "    ")) / 2
    words = (_COMMENT.sub("", plain) if len(plain) <= _LONGEST_MARKED else plain).strip().lstrip("> ")
    if not words or _FENCE.match(words) or _RULE.match(words) or set(words[:500]) <= _TABLE_RULE:
        return None
    level: int | None = None
    item = bold = False
    if (heading := _HEADING.match(words)) and not _HASHTAG.match(words):
        level, words = len(heading[1]), heading[2].rstrip("#").rstrip()
    elif bullet := _BULLET.match(words):
        item, words = True, bullet[1]
    elif _COUNTED.match(words):
        item = True
    if words.startswith("|") and words.endswith("|") and words.count("|") > 2:
        words, width = "\t".join(cell.strip() for cell in words.strip("|").split("|") if cell.strip()), 0
    if found := _BOLD.fullmatch(words):
        bold = found[1] not in found[2]
    words = _said(words)
    if not words:
        return None
    line = PrintedLine(text=words, level=level, item=item, bold=bold, gap=float(min(blank, 5)), indent=indent)
    return _Row(line=line, width=width, blank_above=blank)


def _said(text: str) -> str:
    """A text without the marks inside it; columns stay two blanks apart."""
    if len(text) > _LONGEST_MARKED:
        return tidy(text)
    text = _LINK.sub(lambda m: "" if m[1] else m[2], _LINE_BREAK.sub("\t", text))
    text = _ESCAPED.sub(r"\1", _STRONG.sub(r"\2", text))
    return tidy(_GAPS.sub("\u00a0\u00a0", text))


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


# --- paragraphs over several lines -----------------------------------------------------------------------


def _unwrapped(rows: Sequence[_Row]) -> Iterator[PrintedLine]:
    """The paragraphs: where the text was broken at a fixed width, its lines are joined again."""
    wide = sum(not row.line.text.isascii() for row in rows) * 2 > len(rows)
    # How much room the first word of the next line may leave: a character and a comma, or a word.
    slack = 4 if wide else 10
    width = _wrapped_at([row for row in rows if row.joins], slack)
    if width is None:
        yield from (row.line for row in rows)
        return
    begun = [row for row in rows if row.joins and not row.line.item]
    indented = sum(row.line.indent >= 1 for row in begun) * 10 > len(begun)
    paragraph: PrintedLine | None = None
    last: _Row | None = None
    for row in rows:
        if paragraph and last and _goes_on(last, row, (width - slack, width + 2), indented):
            between = " " if paragraph.text[-1].isascii() and row.line.text[0].isascii() else ""
            paragraph = replace(paragraph, text=f"{paragraph.text}{between}{row.line.text}")
        else:
            if paragraph:
                yield paragraph
            paragraph = row.line
        last = row
    if paragraph:
        yield paragraph


def _wrapped_at(rows: Sequence[_Row], slack: int) -> int | None:
    """The width at which a text was broken, None where it was not.

    Then hardly a line is over one width, and many more end just before it than a little earlier, most of them in the
    middle of a sentence. Paragraphs of a line each end anywhere, fewer the longer they are, and with a full stop.
    """
    widths = sorted((row.width for row in rows if row.width >= _NARROWEST), reverse=True)
    if not widths or (width := widths[len(widths) // 25]) > _WIDEST:
        return None
    near = [row for row in rows if width - slack <= row.width <= width]
    cut = sum(row.line.text[-1] not in _SENTENCE_END for row in near)
    before = sum(width - 3 * slack - 2 <= row.width < width - slack for row in rows)
    return width if cut >= _LEAST_CUT and cut * 2 >= len(near) and len(near) >= _EDGE * before / 2 else None


def _goes_on(row: _Row, after: _Row, full: tuple[int, int], indented: bool) -> bool:
    """Whether the paragraph of a line goes on in the next one; `indented` where paragraphs begin set in."""
    text = after.line.text
    if not (row.joins and after.joins) or after.blank_above or after.line.item or not full[0] <= row.width <= full[1]:
        return False
    if NUMBERED.match(text) or text[0] in _OPENING or (after.line.indent >= 1 and not row.line.item):
        return False
    return row.line.text[-1] not in _SENTENCE_END or (indented and row.line.text[-1] not in "：:")


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return TextReader()
