"""The lines of a document seen as rows: what each may be, before anything is decided."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import normalise
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.quantities import read_line
from shishen.domains.cooking.structuring.labels import (
    FACTS,
    Label,
    fused_label,
    is_listed,
    is_table_head,
    label_of,
    part_of,
    split_at_labels,
)
from shishen.domains.cooking.structuring.marks import Mark, mark_of, without_bullet
from shishen.domains.cooking.words import segment
from shishen.pages import PrintedLine

# Two sizes of type are told apart where one is larger by this share; what OCR measures is less sure.
_STEP, _SEEN_STEP = 1.07, 1.25
_SENTENCE = re.compile(r"[。；;！!？?]|[，,].*[，,]")
_STOPS = re.compile(r"[。！!？?；;，,：:]")
_AMOUNT = re.compile(
    r"\d\s*(?:克|g|kg|千克|公斤|斤|两|ml|毫升|升|个|只|片|根|勺|匙|杯|块|条|颗|瓣|把|碗|张|包|袋|℃|度|分钟|小时|人|大卡|千卡)"
    r"|适量|少许",
    re.IGNORECASE,
)
_NOT_TITLE = re.compile(
    r"https?:|www\.|@|©|版权|出版|作者|ISBN|第.{1,4}[页章节]|^图\s*\d|^\d+$|目录|前言|后记|序言", re.IGNORECASE
)
_CONTINUED = re.compile(
    r"[（(【]?\s*(?:接?续|上接|接上页|续上页|continued|cont\.?)[^）)】]{0,6}[)）】]?\s*$", re.IGNORECASE
)
_CONTENTS = re.compile(
    r"^(.{1,30}?)[\s.…·‥．。・—\-_]{2,}[（(]?(?:第\s*)?(\d{1,4})\s*页?[)）]?$|^(.{2,20}?)\s+(\d{1,4})$"
)
# Slips of OCR in amounts: l0克, 1O克, 5〇g, 〇.5克.
_SLIPPED_NUMBER = re.compile(
    r"(?<![A-Za-z〇○\d.|])[lI|OoQ〇○\d][lI|OoQ〇○\d.]{0,11}"
    r"(?=\s*(?:克|g(?![a-z])|kg|千克|公斤|斤|两|ml|毫升|升|个|只|片|根|勺|匙|大勺|小勺|汤匙|茶匙|杯|块|条|颗|瓣|把|碗|张|包|袋"
    r"|℃|分钟|小时|厘米|cm))"
)
# 21/2大匙: a whole number and a fraction set small behind it.
_FRACTIONS = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾"}
_MIXED = re.compile(r"(?<![\d/.])([1-9])(1/2|1/3|2/3|1/4|3/4)(?![\d/])")
_LONE_ONE = re.compile(
    r"(?<=[\s\u3400-\u9fff：:])[lI|]"
    r"(?=(?:克|个|只|片|根|勺|匙|大勺|小勺|汤匙|茶匙|杯|块|条|颗|瓣|把|碗|包|斤|两|小时|分钟))"
)

# What is done, not what is taken: two of these in a line make it a step.
_COOKING = re.compile(
    r"焯|炒|煮|炸|蒸|腌|炖|焖|煎|烤|揉|搅|拌|倒|放入|加入?|捞|沥|切|剁|拍|洗|泡|挤|抓匀|调成|备用|烧|盛|出锅|装盘|撒|淋|铺|分钟|[小中大]火|再|然后"
)
_LONGEST_NOISE = 60
_REMARK = re.compile(r"[（(][^（）()]*[)）]")
_MEASURED = re.compile(r"\d|适量|少许|少量|若干|[一二两三四五半][大小汤茶]?[个只根片勺匙块条把杯碗斤两颗瓣段张包袋]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_PART_OF = re.compile(
    r"(.{2,16}?)的?((?:做法|作法|制法|制作|烹饪|操作|用料|材料|食材|配料|原料)[\u4e00-\u9fff]{0,2})[:：]?"
)
# 红 烧 肉: a title set wide.
_SPREAD = re.compile(r"[\u3400-\u9fff](?:\s+[\u3400-\u9fff])+")


# Parts that stand beside one another on a card.
_ON_CARDS = FACTS | {"features", "tips", "story"}


# A line of stars or of dots says nothing.
_NOTHING = re.compile(r"[★☆⭐✩✰🌟…⋯•·●○◆◇■□▲△▼▽♥❤=—–_*~|｜\s-]*")


class Row(Struct, frozen=True):
    """A line with what it may be: its label, its number, whether a list's dot stood before it."""

    line: PrintedLine
    text: str
    label: Label | None = None
    mark: Mark | None = None
    dotted: bool = False

    @property
    def style(self) -> tuple[int, bool]:
        """What tells one kind of line from another: size of type (in steps), bold."""
        return style_of(self.line)


def style_of(line: PrintedLine) -> tuple[int, bool]:
    """The size of type in steps (a heading level counts as a size), and bold."""
    size = 40.0 - 4 * line.level if line.level else max(line.size, 1.0)
    return round(math.log(size) / math.log(_STEP if line.confidence == 1.0 else _SEEN_STEP)), line.bold


def rows_of(lines: Iterable[PrintedLine]) -> list[Row]:
    """Every line as a row, cut where a label stands inside it."""
    rows: list[Row] = []
    flows = False
    for line in lines:
        if _is_noise(line.text):
            continue
        rows.extend(_rows(line, flows=flows))
        flows = line.full and line.text.rstrip()[-1:] not in "。！？!?"
    for place in range(len(rows)):
        rows[place] = _resolved(rows[place], rows, place)
    return rows


def _is_noise(text: str) -> bool:
    """Whether a line is what a page of the web says of itself: who may copy it, how many liked it."""
    return len(text) <= _LONGEST_NOISE and any(word in text for word in knowledge("structuring")["noise"].split())


def _resolved(row: Row, rows: Sequence[Row], place: int) -> Row:
    """A row whose label its neighbours decide about."""
    label = row.label
    if not label:
        return _named_after(row, rows, place)
    if row.text[0].isdigit() and _counts_on(row, rows[max(0, place - 12) : place]):
        # 5. 注：… and 1. 制作腌料：… are steps that begin with what they are about.
        return replace(row, label=None, mark=mark_of(row.text))
    if label.part == "submethod":
        # 准备 heads ingredients where such follow it, and steps where not.
        following = rows[place + 1 : place + 3]
        near = [label.rest] if label.rest else [r.text for r in following if r.label is None and r.mark is None]
        scores = [ingredient_score(text) for text in near]
        if near and max(scores) >= 0.8 and min(scores) >= 0.3:
            return replace(row, label=replace(label, part="ingredients"))
    return row


def _named_after(row: Row, rows: Sequence[Row], place: int) -> Row:
    """醋溜白菜的做法, where 醋溜白菜 was the title above, heads its method."""
    found = _PART_OF.fullmatch(row.text.strip())
    if not found or row.mark:
        return row
    titles = ("".join(r.text.split()) for r in rows[max(0, place - 80) : place])
    if "".join(found[1].split()) not in titles:
        return row
    known = part_of(found[2])
    return replace(row, label=Label(known[0], found[2], "", "")) if known else row


def _counts_on(row: Row, before: Sequence[Row]) -> bool:
    """Whether a row's number goes on with those above it."""
    mark = mark_of(row.text)
    if not mark:
        return False
    label = row.label
    # 1 备料：荠菜焯水20秒 is a step with its name before it, 1. 备料：荠菜200克 a list.
    named = label is not None and label.part == "ingredients" and ingredient_score(label.rest) < 0.5
    own = (
        label is not None and label.rest != "" and mark.number == 1 and (named or label.part in ("group", "submethod"))
    )
    return own or any(r.mark and r.mark.form == mark.form and r.mark.number == mark.number - 1 for r in before)


def _rows(line: PrintedLine, *, flows: bool) -> list[Row]:
    if line.confidence < 1.0:
        line = replace(line, text=as_printed(line.text))
    parts = split_at_labels(line.text) if any(c in line.text for c in "【[〔［〖「『") else _cells(line.text)
    rows = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        piece = replace(line, text=part, full=line.full and last) if len(parts) > 1 else line
        # A dash at the beginning of a line that goes on with the one above is a minus or a span (1 - 2 次).
        dash = flows and number == 0 and part.lstrip()[:1] in "-–—*+~"
        text, dotted = (part.strip(), False) if dash else without_bullet(part)
        if text and not _NOTHING.fullmatch(text):
            label = label_of(text) or (fused_label(text) if line.confidence < 1 else None)
            if label and flows and number == 0 and text[0] not in "【[〔［〖「『" and not _stands(text, label):
                # （可以进行以下 ⏎ 步骤）: the end of a sentence, not a label.
                label = None
            rows.append(Row(piece, text, label, None if label else mark_of(text), dotted or line.item))
    return rows


def _cells(text: str) -> list[str]:
    """A row of a card, 菜名  水煮肉片  编号  12  份量  3人份, as a line for each label and its value; else the text."""
    cells = re.split(r"\s{2,}", text.strip())
    labels = [part_of(cell.partition("：")[0]) if "：" in cell else None for cell in cells]
    if len(cells) > 1 and all(labels) and any(part and part[0] == "title" for part in labels):
        # 菜名：水煮肉片  编号：12
        return cells
    if len(cells) < 3 or is_table_head(text):
        return [text]
    known = [part if (part := part_of(cell)) and part[0] in _ON_CARDS else None for cell in cells]
    if not known[0] or sum(part is not None for part in known) < 2:
        return [text]
    lines: list[tuple[bool, list[str]]] = []
    for cell, part in zip(cells, known, strict=True):
        # 编号  12 says nothing of the dish; nor does what is no label, but follows the value of a fact.
        if part or (lines and lines[-1][0] and len(lines[-1][1]) > 1):
            lines.append((part is None or part[0] in FACTS, [cell] if part else []))
        else:
            lines[-1][1].append(cell)
    return [f"{own[0]}：{'  '.join(own[1:])}" for _, own in lines if own]


def as_printed(text: str) -> str:
    """What OCR read, with the brackets and signs of Chinese print: (不用放油) → （不用放油）."""
    text = text.replace("°℃", "℃").replace("℃C", "℃")
    # Nothing follows a fraction but its unit: 1½2大匙 has the figure below its line twice.
    text = re.sub(r"([½⅓⅔¼¾])\d(?!\d)", r"\1", text)
    for slip in knowledge("structuring")["food_slips"].split():
        wrong, right = slip.split(":")
        text = text.replace(wrong, right)
    if not any(c in text for c in "()"):
        return text
    characters = list(text)
    for place, character in enumerate(characters):
        if character in "()" and any(_HAN.match(c) for c in text[max(0, place - 1) : place + 2]):
            characters[place] = "（" if character == "(" else "）"
    return "".join(characters)


def _stands(text: str, label: Label) -> bool:
    """Whether a label of the lists stands behind a full line: a main one alone on its line, or set off by a colon."""
    bare = "".join(text.split())
    main = label.part in ("ingredients", "method", "tips", "features") and is_listed(bare)
    set_off = bare[len(label.words) : len(label.words) + 1] in ("：", ":") and is_listed(label.words)
    return (bare == label.words and main) or set_off


def body_size(rows: Sequence[Row]) -> float:
    """The size of type that most characters are set in."""
    sizes: Counter[float] = Counter()
    for row in rows:
        if not row.line.level:
            sizes[round(row.line.size * 2) / 2] += len(row.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def mended(text: str) -> str:
    """Digits that OCR took for letters or circles, before a unit: l0克 → 10克; 21/2 is 2½ that lost its form."""
    text = _MIXED.sub(lambda m: f"{m[1]}{_FRACTIONS[m[2]]}", text)
    if not any(c in text for c in "lI|OoQ〇○"):
        return text
    text = _SLIPPED_NUMBER.sub(lambda m: m[0].translate(_TO_DIGITS) if any(map(str.isdigit, m[0])) else m[0], text)
    return _LONE_ONE.sub("1", text)


_TO_DIGITS = str.maketrans({"l": "1", "I": "1", "|": "1", "O": "0", "o": "0", "Q": "0", "〇": "0", "○": "0"})


@lru_cache(maxsize=16384)
def ingredient_score(text: str) -> float:
    """How much a line looks like one or several ingredients, in [0, 1]; one with an amount each scores 1."""
    sentence = _SENTENCE.search(text[:-1]) or (text[-1:] in ("。", "！", "!") and "，" in text)
    if len(text) > 120 or (sentence and not _is_list(text)):
        return 0.0
    bare = _REMARK.sub("", text)
    if len(bare) >= 12 and len(_COOKING.findall(bare)) >= 2 and not _is_list(bare):
        return 0.1
    read = read_line(mended(text))
    if read.kind != "ingredient" or not read.items:
        return 0.0
    measured = sum(item.min is not None or item.max is not None or item.vague is not None for item in read.items)
    long = sum(len(item.name) > 12 for item in read.items)
    if long:
        return 0.0
    if measured:
        return 0.6 + 0.4 * measured / len(read.items)
    return 0.3 if len(text) <= 10 else 0.1


def tells_a_step(text: str) -> bool:
    """Whether a line without a number says what is done: a sentence, or a short one with two things to do."""
    if ingredient_score(text) >= 0.3:
        return False
    return len(text) > 18 or (len(text) > 10 and text[-1] in "。！" and len(_COOKING.findall(text)) >= 2)


def sentence_of(rows: Sequence[Row]) -> str:
    """The text of the first of some rows and of those that its sentence runs on in, from edge to edge."""
    text = rows[0].text
    for above, after in pairwise(rows):
        if "。" in text or not above.line.full or after.label or after.mark:
            break
        text += after.text
    return text


def begins_steps(row: Row) -> bool:
    """Whether a row is the first of numbered steps: 1. 鸡翅洗净; 1小根脆皮肠 is an ingredient."""
    if not row.mark or row.mark.number != 1:
        return False
    if row.mark.form != "bare" and len(row.mark.rest) >= 8 and _COOKING.search(row.mark.rest):
        return not _is_list(row.mark.rest)
    if ingredient_score(row.mark.rest) >= 0.6:
        return False
    return row.mark.form != "bare" or "  " in row.text[:5] or ingredient_score(row.text) < 0.6


def has_next_step(row: Row, following: Sequence[Row]) -> bool:
    """Whether the step that a number promises stands below: the next number, with something to do behind it."""
    mark = row.mark
    return mark is not None and any(
        r.mark and r.mark.form == mark.form and r.mark.number == mark.number + 1 and _COOKING.search(r.mark.rest)
        for r in following
    )


def _is_list(text: str) -> bool:
    """鸡翅500克、盐3克，糖5克: many short parts, most with an amount."""
    parts = [part for part in re.split(r"[，,、；;。]+|\s{2,}", text) if part.strip()]
    measured = sum(_MEASURED.search(part) is not None for part in parts)
    return len(parts) >= 2 and measured >= 0.6 * len(parts) and len(text) <= 11 * len(parts)


def title_of(text: str) -> str | None:
    """The dish in a line that may be a title, without number, brackets and 的做法; None where it cannot be one."""
    bare = _CONTINUED.sub("", unicodedata.normalize("NFKC", text)).strip()
    mark = mark_of(bare)
    if mark and mark.rest and mark.form not in ("step", "named") and (mark.form != "bare" or "  " in bare[:4]):
        bare = mark.rest
    bare = re.sub(r"^第\s*[一二三四五六七八九十百\d]+\s*道\s*[:：、.]?\s*", "", bare)
    bare = bare.strip(" \t◆◇●○■□▲△▼▽★☆◎♦※✿❀•·*#~～_=|—–-♥❤🍳🥘")
    if len(bare) > 2 and bare[0] in "【《〈「『[" and bare[-1] in "】》〉」』]":
        bare = bare[1:-1].strip()
    if _SPREAD.fullmatch(bare):
        bare = "".join(bare.split())
    words = re.sub(r"[（(][^（）()]*[)）]", "", bare).strip()
    if not 2 <= len(words) <= 26 or not re.search(r"[\u3400-\u9fffA-Za-z]", words):
        return None
    if _STOPS.search(words) or _AMOUNT.search(words) or _NOT_TITLE.search(bare) or _unclosed(bare):
        return None
    if (words[0].isdigit() or words[-1].isdigit() or re.search(r"\d\s*[\u3400-\u9fff]{1,2}$", words)) and (
        ingredient_score(words) >= 0.9
    ):
        return None
    return bare


def chapter_of(text: str) -> str | None:
    """The words of a line that may head a chapter; a single character (汤, 面) may."""
    return title_of(text) or (text.strip() if re.fullmatch(r"\s*[\u3400-\u9fff]\s*", text) else None)


def opens_bracket(text: str) -> bool:
    """Whether a bracket is opened in a line that only a later one closes."""
    return max(text.rfind("（"), text.rfind("(")) > max(text.rfind("）"), text.rfind(")"))


def _unclosed(text: str) -> bool:
    return sum(text.count(c) for c in "（(【《") != sum(text.count(c) for c in "）)】》")


@lru_cache(maxsize=8192)
def is_food_name(text: str) -> bool:
    """Whether words of food, of forms of dishes or of cooking make up a good part of a text."""
    words = segment(normalise(text))
    known = sum(len(word.text) for word in words if word.kind in ("food", "form", "technique", "flavour", "cut"))
    return known >= 0.5 * max(1, len(re.sub(r"[\W_]", "", text)))


def contents_of(text: str) -> tuple[str, int] | None:
    """(title, page) of a line of a table of contents; None where it is none."""
    found = _CONTENTS.match(text.strip())
    if not found:
        return None
    title, page = (found[1], found[2]) if found[1] else (found[3], found[4])
    title = title.strip(" .…·‥．。・—-_")
    return (title, int(page)) if title and re.search(r"[\u3400-\u9fff]", title) else None
