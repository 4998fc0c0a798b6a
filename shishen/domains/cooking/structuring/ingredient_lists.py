"""The lines of a list of ingredients → one `DraftLine` an ingredient or a group of them that share an amount."""

import re
from collections.abc import Iterator

from shishen.domains.cooking.quantities import read_line
from shishen.domains.cooking.structuring.joining import clean
from shishen.domains.cooking.structuring.rows import mended
from shishen.records import DraftLine

_OPENING, _CLOSING = "（(【[《“", "）)】]》”"
_SHARED = re.compile(r"各|均|共")
_VAGUE = re.compile(r"(?:适量|少许|少量|若干|酌量|随意|适当)\s*[。.]?$")
_LEADING = re.compile(r"^各?(?:适量|少许|少量|若干)(?:的)?[\u3400-\u9fff]")
_ALTERNATIVE = re.compile(r"^(?:或|或者|也可)")
_NUMBERED = re.compile(r"^\s*(?:[①-⑳]|\d{1,2}[.、．](?!\d)|[（(]\d{1,2}[)）])\s*(?=[\u3400-\u9fff])")
# 五花肉, 八角 and 三文鱼 begin with a number and are none.
_AMOUNT = re.compile(
    r"\s*(?:约|各)?\s*(?:[\d½¼¾]|[半一二两三四五六七八九十几]+\s*(?:$|[大小汤茶中]?(?:[个只根片勺匙块条把杯碗斤两颗瓣段张包袋克粒枚"
    r"棵朵份盒罐瓶点节截头尾支枝株对听撮圈盘碟滴钱]|毫升|千克|公斤)))|\s*(?:适量|少许|少量|若干|随意)"
)
# 2  冰糖  30克: the first column of a table counts its rows.
_SERIAL = re.compile(rf"^\s*\d{{1,2}}\s{{2,}}(?=[\u3400-\u9fff]\S*\s{{2,}}(?:{_AMOUNT.pattern}))")
# 鸡腿700克 ／ 九层塔30克 ｜ 盐: signs with room around them part a list.
_SLASHES = re.compile(r"\s*[｜|•·●◆■]\s*|\s+[／/]\s*|\s*[／/]\s+")
_LEADER = re.compile(r"\s*[.…·‥．。・—_\-]{3,}\s*|\s*…+\s*|\s*·{2,}\s*")
_SUBLIST = re.compile(r"^([\u3400-\u9fffA-Za-z]{1,8})\s*[:：]\s*(.+)$", re.DOTALL)


def split_list(text: str, group: str | None) -> Iterator[DraftLine]:
    """The entries of a line of a list, spaces single.

    盐3克、糖5克，葱、姜各10克 → 盐3克; 糖5克; 葱、姜各10克; a heading inside (腌料：…) becomes the group.
    """
    text = _SLASHES.sub("、", text) if len(_SLASHES.findall(text)) > 1 else text
    text = mended(_LEADER.sub(" ", text)).strip().strip("、").rstrip("。.;；,，、")
    text = _NUMBERED.sub("", text)
    if _SERIAL.match(text):
        text = _SERIAL.sub("", text)
    if _is_table_row(text):
        for part in _columns(text):
            yield DraftLine(clean(part), group)
        return
    for sentence in _cut(text, "；;。"):
        inner = group
        heading = _SUBLIST.match(sentence)
        if heading and _is_heading(heading[1], heading[2]):
            inner, sentence = heading[1], heading[2]
        for part in _parts(sentence):
            yield DraftLine(clean(part), inner)


def _is_heading(words: str, rest: str) -> bool:
    """Whether what stands before a colon heads what is behind it: 腌料：盐3克, and not 盐：3克."""
    if re.search(r"\d|适量|少许", words):
        return False
    return len(_cut(rest, "，,、")) > 1 or not _is_amount(rest)


def _is_table_row(text: str) -> bool:
    """Whether a text is a row of a table: a name, its amount, and more cells."""
    cells = [cell for cell in re.split(r"\s{2,}", text) if cell]
    return len(cells) >= 3 and not _is_amount(cells[0]) and _is_amount(cells[1])


def _is_amount(text: str) -> bool:
    return _AMOUNT.match(text) is not None


def _parts(text: str) -> Iterator[str]:
    waiting: list[str] = []
    for part in _columns(text):
        pieces = _cut(part, "，,、")
        if len(pieces) == 1 or _LEADING.match(part):
            # 适量盐、糖: what stands first is said of all of them.
            pieces = [part]
            if waiting:
                yield from waiting
                waiting = []
            yield pieces[0]
            continue
        for piece in pieces:
            if _ALTERNATIVE.match(piece) and waiting:
                waiting[-1] += "，" + piece
            elif _SHARED.search(piece) and re.search(r"[\d半一二两三四五六七八九十]|适量|少许", piece) and waiting:
                # 葱、姜各10克: the names before it without an amount share this one.
                yield "、".join([*waiting, piece])
                waiting = []
            elif _has_amount(piece):
                if _VAGUE.search(piece) and waiting:
                    # 盐、糖适量 likewise.
                    yield "、".join([*waiting, piece])
                else:
                    yield from waiting
                    yield piece
                waiting = []
            else:
                waiting.append(piece)
        yield from waiting
        waiting = []


def _columns(text: str) -> list[str]:
    """鸡翅500克  盐3克: what wide or single spaces part, where each part is whole by itself."""
    cells = [cell for cell in re.split(r"\s{2,}", text) if cell]
    # A number and its unit in columns of their own: 大葱  2  根.
    unit = (
        len(cells) >= 3 and re.fullmatch(r"[\d./~～-]+", cells[1]) and len(cells[2]) <= 3 and not _is_amount(cells[2])
    )
    if not unit and len(cells) >= 4 and len(cells) % 2 == 0 and all(map(_is_amount, cells[1::2])):
        # 鸡腿块  15千克  土豆  12千克: a table of names and amounts side by side.
        return [f"{name} {amount}" for name, amount in zip(cells[::2], cells[1::2], strict=True)]
    if len(cells) >= 3 and _is_amount(cells[1]) and not _is_amount(cells[0]):
        # 大葱  2  根  只用葱白: what stands behind name, number and unit is a remark.
        end = 3 if unit else 2
        if not any(map(_is_amount, cells[end:])) or end == 3:
            remark = "，".join(cells[end:])
            return [" ".join(cells[:end]) + (f"（{remark}）" if remark else "")]
    for gap in (r"\s{2,}", r"\s+"):
        parts = [part for part in re.split(gap, text) if part]
        if len(parts) > 1 and all(
            _has_amount(part) and re.search(r"[\u3400-\u9fff]{1}", _name(part)) for part in parts
        ):
            return parts
    return [text]


def _name(text: str) -> str:
    read = read_line(text)
    return read.items[0].name if read.items else ""


def _has_amount(text: str) -> bool:
    items = read_line(text).items
    return bool(items) and all(i.min is not None or i.max is not None or i.vague is not None for i in items)


def _cut(text: str, separators: str) -> list[str]:
    """A text cut at separators that stand in no brackets."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth = max(0, depth - 1)
        elif character in separators and not depth and not _between_digits(text, place):
            parts.append(text[start:place].strip())
            start = place + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _between_digits(text: str, place: int) -> bool:
    """5，6个 and 1,000克 are one amount."""
    return 0 < place < len(text) - 1 and text[place - 1].isdigit() and text[place + 1].isdigit()
