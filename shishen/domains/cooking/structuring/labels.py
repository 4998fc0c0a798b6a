"""Labels of a recipe's parts (材料：, 【做法】, 小贴士), however they are printed, slips of OCR included."""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

from shishen.chinese import simplify
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import segment

Part = Literal[
    "ingredients", "group", "method", "submethod", "features", "tips", "story", "tools", "aliases", "servings",
    "minutes", "part_minutes", "difficulty", "calories", "category", "cuisine", "tastes", "author", "technique",
    "title", "skipped", "ending",
]  # fmt: skip
FACTS: frozenset[Part] = frozenset(
    ["aliases", "servings", "minutes", "part_minutes", "difficulty", "calories", "category", "cuisine", "tastes",
     "author", "technique", "title", "skipped"]
)  # fmt: skip
# Parts that a line may begin with, one space behind the label.
_RUN_IN: frozenset[Part] = frozenset(["ingredients", "group", "method", "features", "tips", "story"])
_LONGEST = 10
_OPENING, _CLOSING = "【[〔［〖「『<＜《〈(（{", "】]〕］〗」』>＞》〉)）}"
_DECORATION = "◆◇●○■□▲△▼▽★☆◎♦♥♠♣※✿❀❤•·▪▫◦‣⁃*#~～_=|｜—–―-\u3000 \t\ufe0f✦✧➤►▶→❖⭐🍳🥘🍴🔸🔹📝✏️☞👉"
# Whatever signs stand before a label; brackets and what says something stay.
_SIGNS = re.compile(rf"^(?:[^\w\s{re.escape(_OPENING)}①-⓿❶-➓]|[\s_])+")
_ORDINAL = re.compile(
    r"^(?:[一二三四五六七八九十]{1,2}|\d{1,2}|[（(][一二三四五六七八九十\d]{1,2}[)）])\s*[、.．:：)）]?\s*"
)
_TAIL = re.compile(r"[（(【\[]([^）)】\]]{0,20})[）)】\]]\s*$")
# 配菜  随意 is an ingredient in a table, and no label with what it heads.
_QUANTITY = re.compile(r"(?:约|各)?[\d½¼¾半一二两三四五六七八九十几]+\s*\S{0,4}$|(?:适量|少许|少量|若干|酌量|随意)$")
_ENGLISH = re.compile(r"[\s/|·•—-]*[A-Za-z][A-Za-z\s&.'’]*$")
_SPACES = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_INNER = re.compile(
    rf"[{re.escape(_OPENING[:6])}]\s*([^{re.escape(_OPENING + _CLOSING)}]{{1,12}}?)\s*[】\]〕］〖「』」〗]"
)


def is_listed(words: str) -> bool:
    """Whether a label's words are in the lists themselves, and were not known by their end or mended."""
    return simplify("".join(words.split())).lower() in _parts()


def is_heading(words: str) -> bool:
    """Whether a label's words are never the name of an ingredient: 调料, and not 香料."""
    return simplify("".join(words.split())) in knowledge("structuring")["headings"].split()


class Label(Struct, frozen=True):
    """A label found: the part that it heads, its words as printed, what is said in brackets behind it, the rest."""

    part: Part
    words: str
    remark: str
    rest: str
    slipped: bool = False


@cache
def _parts() -> dict[str, Part]:
    table: dict[str, Part] = {}
    lists = knowledge("structuring")
    for part in Part.__args__:  # type: ignore[attr-defined]
        for word in lists[part].split():
            table.setdefault(word.lower(), part)
    return table


@cache
def _slips() -> dict[str, frozenset[str]]:
    slips: dict[str, set[str]] = {}
    for pair in knowledge("structuring")["slips"].split():
        slips.setdefault(pair[1], set()).add(pair[0])
    return {right: frozenset(wrong) for right, wrong in slips.items()}


@lru_cache(maxsize=8192)
def part_of(words: str) -> tuple[Part, bool] | None:
    """(part, whether a character slipped) of a label's bare words; None where they are none."""
    plain = _SPACES.sub("", unicodedata.normalize("NFKC", words)).strip().lower()
    plain = simplify(plain) if not plain.isascii() else plain.replace(" ", "")
    if not plain or len(plain) > 16:
        return None
    if found := _parts().get(plain):
        return found, False
    if len(plain) < 2 or plain.isascii():
        return None
    if len(plain) <= 6 and (part := _by_end(plain)):
        return part, False
    for place, character in enumerate(plain):
        for right, wrong in _slips().items():
            if character in wrong and (found := _parts().get(plain[:place] + right + plain[place + 1 :])):
                return found, True
    return None


def _by_end(plain: str) -> Part | None:
    """The part of a label that is in no list, by how it ends; none where it names a dish (红烧肉的做法)."""
    for part, ends in _ends():
        for end in ends:
            head = plain.removesuffix(end)
            if head != plain and not (part == "method" and any(w.kind in ("food", "form") for w in segment(head))):
                return part
    return None


@cache
def _ends() -> tuple[tuple[Part, tuple[str, ...]], ...]:
    lists = knowledge("structuring")
    parts: tuple[Part, ...] = ("tips", "story", "group", "ingredients", "method")
    return tuple((part, tuple(lists[f"{part}_ends"].split())) for part in parts)


def label_of(text: str) -> Label | None:
    """The label that a line begins with, and what follows it on the line; None where it begins with none."""
    bare = _SIGNS.sub("", text).rstrip(_DECORATION).strip()
    if not bare:
        return None
    if is_table_head(bare):
        return Label("ingredients", bare, "", "")
    if is_table_head(bare, "method_columns"):
        return Label("method", bare, "", "")
    return _bracketed(bare) or _colon(bare) or _alone(bare)


@lru_cache(maxsize=1024)
def is_table_head(text: str, names: str = "columns") -> bool:
    """Whether a line is the heads of a table's columns and nothing else: 原料  用量  单位; of steps: 工序  操作要求."""
    cells = [cell for cell in re.split(r"\s{2,}", text) if cell]
    heads = knowledge("structuring")[names].split()
    return len(cells) >= 2 and all(
        words in heads or _TAIL.sub("", words).strip() in heads
        for words in (_SPACES.sub("", simplify(cell)).lower() for cell in cells)
    )


def _bracketed(bare: str) -> Label | None:
    """【原料】鸡蛋5个; also with an ordinal before it."""
    bare = _ORDINAL.sub("", bare) if not bare[0].isdigit() else bare
    if not bare or bare[0] not in _OPENING:
        return None
    end = next((place for place, c in enumerate(bare[1 : _LONGEST + 10], 1) if c in _CLOSING), None)
    if end is None:
        return None
    inside = bare[1:end]
    found = _named(inside)
    if found is None:
        return None
    part, words, remark, slipped = found
    return Label(part, words, remark, bare[end + 1 :].lstrip(_DECORATION + "：:"), slipped)


def _colon(bare: str) -> Label | None:
    """材料（2人份）：鸡翅500克."""
    place = min((p for p in (bare.find("："), bare.find(":")) if p > 0), default=-1)
    if place < 0 or place > 24:
        return None
    found = _named(bare[:place])
    if found is None:
        return None
    part, words, remark, slipped = found
    rest = bare[place + 1 :].strip()
    if bare[0] in _OPENING and rest[-1:] and rest[-1] in _CLOSING:
        # （又名：东坡肉）
        rest = rest[:-1].rstrip()
    return Label(part, words, remark, rest, slipped)


def _alone(bare: str) -> Label | None:
    """材 料; 一、材料; 材料 INGREDIENTS; 材料  鸡翅500克 (a wide space stands for the colon)."""
    if found := _named(bare):
        part, words, remark, slipped = found
        # Facts say nothing without what they are; such a line is a title or a heading.
        return None if part in FACTS or (slipped and len(words) < 2) else Label(part, words, remark, "", slipped)
    head, gap, rest = bare.partition("  ")
    if gap and rest.strip() and not _QUANTITY.match(rest.strip()) and (found := _named(head)):
        part, words, remark, slipped = found
        return Label(part, words, remark, rest.strip(), slipped)
    # 原料 猪瘦肉250克: in old cookbooks one space behind a word of the lists is enough.
    head, gap, rest = bare.partition(" ")
    rest = rest.strip()
    if gap and len(rest) > 2 and 2 <= len(head) <= 6 and is_listed(head) and not _QUANTITY.match(rest):
        part = _parts()[simplify("".join(head.split())).lower()]
        if part in _RUN_IN and not head.isascii() and not re.match(r"\d+\s*[-~～–至到和、]", rest):
            return Label(part, head, "", rest)
    return None


def _named(words: str) -> tuple[Part, str, str, bool] | None:
    """(part, words, remark, slipped) of what may be a label with an ordinal, a remark in brackets or English."""
    words = words.strip(_DECORATION)
    remark = ""
    if tail := _TAIL.search(words):
        remark, words = tail[1], words[: tail.start()].strip()
    for candidate in dict.fromkeys((words, _ORDINAL.sub("", words))):
        plain = candidate.strip(_DECORATION + _OPENING + _CLOSING)
        if not plain or len(plain) > 30:
            continue
        whole = (plain,) if is_listed(plain) else ()
        for form in dict.fromkeys((*whole, *_halves(plain), plain, _ENGLISH.sub("", plain))):
            if form and (found := part_of(form)):
                return found[0], _SPACES.sub("", form), remark, found[1]
    return None


def _halves(words: str) -> tuple[str, ...]:
    """材料/调料, 材料及调料: a label of two; the first counts."""
    parts = [part.strip() for part in re.split(r"[/／|｜·・&＆+＋和与及、]", words)]
    return (parts[0],) if len(parts) == 2 and all(map(part_of, parts)) else ()


def split_at_labels(text: str) -> list[str]:
    """A line cut before each bracketed label inside it: 【原料】…【制法】… → two lines."""
    cuts = [found.start() for found in _INNER.finditer(text) if found.start() and part_of(found[1])]
    return [text[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if text[a:b].strip()]


# What an OCR engine joined to the label before it must itself be what the label heads; 香料粉 and 调料油 are foods.
_FOOD_ENDS = "粉包酒油汁水"
_FIRST_STEP = re.compile(r"[①❶]|[（(]\s*[1一]\s*[)）]|1\s*[.．、)）](?!\d)|第一步")
_ENTRY = re.compile(r"[、，,；;]")
_AMOUNT = re.compile(
    r"[\d半一二两三四五六七八九十]\s*(?:克|千克|公斤|斤|两|毫升|升|g|kg|ml|个|只|片|根|勺|匙|杯|块|条|颗|粒|瓣|把|碗|张|棵|朵|尾|枚|汤匙|茶匙|大匙|小匙)"
    r"|适量|少许|少量|若干",
    re.IGNORECASE,
)


def fused_label(text: str) -> Label | None:
    """The label that OCR read as one with its text: 原料猪瘦肉250克; 制法①将; for lines that were seen only.

    None where what follows does not fit, as in a title (制作…) or in a sentence.
    """
    bare = _SIGNS.sub("", text).strip()
    for end in range(6, 1, -1):
        head, rest = simplify(bare[:end]), bare[end:].strip()
        part = _parts().get(head)
        if part in _RUN_IN and not head.isascii() and len(rest) > 2 and _is_headed(part, head, rest):
            return Label(part, bare[:end], "", rest)
    return None


def _is_headed(part: Part, head: str, rest: str) -> bool:
    """Whether a text is what a label of that part heads, beyond doubt."""
    if part == "method":
        # 步骤1 is itself the number of a step.
        return _FIRST_STEP.match(rest) is not None and (head != "步骤" or not rest[0].isdecimal())
    if part == "features":
        return (
            head[-1] == "点"
            and len(rest) >= 6
            and rest[0] not in "是为的在"
            and re.search("[，。！]", rest) is not None
        )
    if part in ("ingredients", "group"):
        items = [entry for entry in _ENTRY.split(rest.rstrip("。")) if entry]
        measured = sum(_AMOUNT.search(entry) is not None for entry in items)
        # One entry alone may be a food whose name begins so: 卤料, 馅料.
        several = len(items) > 1 or part == "ingredients" or head in ("辅料", "调料", "配料")
        return (
            head[-1] in "料材"
            and several
            and measured >= 0.5 * len(items)
            and rest[0] not in _FOOD_ENDS
            and not rest[0].isdecimal()
        )
    return False
