"""Facts of a dish in short lines (3人份｜1小时｜难度 ★★; 份量：2人 时间：40分钟): who it serves, how long, how hard."""

import re
from collections.abc import MutableMapping

from shishen.domains.cooking.structuring.labels import FACTS, Part, part_of

_LATIN_LINE = re.compile(r"[A-Za-zÀ-ɏ0-9\s.,'’&()/\-–:·]+")
_ALSO = re.compile(r"[（(]?\s*(?:又名|又称|别名|亦称|俗称|也叫)\s*[:：]?\s*([^（）()]{1,30})[)）]?")
_LABELLED = re.compile(
    r"(?:^|[\s|｜/／·，,；;])\s*([\u3400-\u9fff]{2,6})\s*[:：]\s*([^:：]+?)"
    r"(?=\s*(?:[|｜/／·，,；;]|\s)\s*[\u3400-\u9fff]{2,6}\s*[:：]|$)"
)
_CUT = re.compile(r"\s*[|｜/／·•,，、;；]\s*|\s{2,}")
_SPAN = r"\d{1,3}(?:\.\d)?(?:\s*[-~～–—至到]\s*\d{1,3})?"
_SERVES = re.compile(
    rf"[（(]?\s*(?:供|约)?\s*(?:{_SPAN}|[一二两三四五六七八九十])\s*(?:人份|人食用|人量|人|份)\s*[)）]?"
)
_TIME = re.compile(
    rf"(?:约|需|大约)?\s*(?:(?:{_SPAN}\s*(?:个)?(?:小时|分钟|分|天|min|h)\s*半?\s*)+(?:左右|以内|以上)?|提前?[一隔过][夜晚]|[一隔过][夜晚])"
)
_HARD = re.compile(r"(?:难度|操作|烹饪)?\s*[:：]?\s*(?:[★☆⭐🌟✩]{1,6}|简单|初级|容易|新手|普通|中等|中级|较难|高级)")
_ENERGY = re.compile(r"(?:约)?\s*\d{2,4}\s*(?:大卡|千卡|kcal|卡路里)", re.IGNORECASE)
_PART_TIME = re.compile(rf"(?:准备|备料|腌制?|浸泡|发酵|静置|冷藏|醒面)\s*[:：]?\s*{_TIME.pattern}")
_WHOLE_TIME = re.compile(rf"(?:烹饪|烹制|制作|总共?|全程|用时|耗时|时间)\s*[:：]?\s*{_TIME.pattern}")
_BARE: tuple[tuple[Part, re.Pattern[str]], ...] = (
    ("servings", _SERVES),
    ("part_minutes", _PART_TIME),
    ("minutes", _WHOLE_TIME),
    ("minutes", _TIME),
    ("difficulty", _HARD),
    ("calories", _ENERGY),
)


def take_line(facts: MutableMapping[Part, str], text: str) -> bool:
    """Take what a line below a title says; True where it is facts, other names or a foreign name and nothing else."""
    text = text.strip()
    if _LATIN_LINE.fullmatch(text) and not any(c.isdigit() for c in text):
        return True
    if also := _ALSO.fullmatch(text):
        facts.setdefault("aliases", also[1])
        return True
    return take_labelled(facts, text) or _take_bare(facts, text)


def is_fact(text: str) -> bool:
    """Whether a line begins with the label of a fact and a space: 份量 约24块."""
    head, gap, rest = text.strip().partition(" ")
    known = part_of(head) if gap and rest.strip() else None
    return known is not None and known[0] in FACTS and known[0] != "title"


def take_labelled(facts: MutableMapping[Part, str], text: str) -> bool:
    """Take 份量：2人 时间：40分钟; True where there was such."""
    found = False
    for label, value in _LABELLED.findall(text):
        known = part_of(label)
        if known and known[0] in FACTS:
            words = f"{label}：{value.strip()}" if known[0] == "minutes" else value.strip()
            facts.setdefault(known[0], words)
            found = True
    return found


def _take_bare(facts: MutableMapping[Part, str], text: str) -> bool:
    """Take 3人份｜1小时｜难度 ★★: every part of the line must be a fact by its form, or by a label before it."""
    taken: dict[Part, str] = {}
    for part in _CUT.split(text):
        fact = next((kind for kind, form in _BARE if form.fullmatch(part)), None)
        if fact is None:
            label, gap, value = part.partition(" ")
            known = part_of(label) if gap and value.strip() else None
            if not known or known[0] not in FACTS:
                return False
            fact, part = known[0], value.strip()
        taken.setdefault(fact, part)
    for kind, words in taken.items():
        facts.setdefault(kind, words)
    return bool(taken)
