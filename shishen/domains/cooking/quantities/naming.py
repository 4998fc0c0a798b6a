"""The name of a thing, out of the words written around it: preparation, remarks, amounts and translations go."""

import re

from shishen.domains.cooking.quantities.vocabulary import Vocabulary, vocabulary

_HAN = re.compile(r"[\u3400-\u9fff]")
_EDGES = " ,;:、，。.!?-~_=+*/|<>'\"#@^&\u2026"
_TRANSLATION = re.compile(r"(?<=[\u3400-\u9fff])\s*[A-Za-z][A-Za-z ,.'&/-]*$")
_TOO_LONG = 12
_ANY_OF = re.compile(r"等(?:[\u4e00-\u9fff]{0,6})?$")
_USED = re.compile(r"的?用量.{0,6}为$")
_FOR = re.compile(r"^[\u4e00-\u9fff]{1,4}(?<![食饮家专药商通])用(?P<food>[\u4e00-\u9fff]+)$")
_GROUP_LETTER = re.compile(r"^[A-D](?=[\u3400-\u9fff])")
_PURPOSE = re.compile(
    r"^(?:洗|炸|腌|腌制|装饰|蘸|点缀|包|刷|撒|炒|煮|拌|焯|煎|蒸|炖|泡)[\u4e00-\u9fff]{0,4}用-?(?=[\u4e00-\u9fff])|^[\u4e00-\u9fff]{1,5}用-"
)
_LEFTOVER = re.compile(r"^(?:of\s+|的|和|与|及|为|是|有(?!机|盐)|儿(?!菜|童))+(?=.)|^[和与及的为是有儿]$")


def known(name: str) -> bool:
    """Whether this is a name that the vocabulary lists."""
    return name in vocabulary().known


def food_like(name: str) -> int:
    """How sure it is that this is a food: 3 listed, 2 ends in a listed name, 1 ends like one, 0 unknown."""
    words = vocabulary()
    if name in words.known:
        return 3
    if any(name[start:] in words.known for start in range(1, len(name) - 1)):
        return 2
    return 1 if name.endswith(words.endings) else 0


COLOURS = frozenset("黑白红青绿黄紫")


def with_head(name: str, other: str) -> str:
    """高筋 beside 中筋面粉 is 高筋面粉: the head noun that the list says only once."""
    head = other[len(name) :]
    if name not in vocabulary().modifiers or not head or head[-1] == name[-1] or not food_like(head):
        return name
    return name + head


def last_food(text: str, start: int) -> str:
    """The longest listed name that ends the text, after `start`; the rest of the text where none does."""
    words = vocabulary()
    return next((text[i:] for i in range(start, len(text)) if text[i:] in words.known), text[start:])


def is_remark(text: str, opening: bool = True) -> bool:
    """Whether this stretch of text says something about a thing and does not name one.

    `opening`: whether its first word may give it away (切片, 约); not so where a name is expected.
    """
    words = vocabulary()
    text = text.strip(_EDGES)
    if not text or text in words.known:
        return not text
    if text in words.tools:
        return False
    if words.handling.fullmatch(text) or words.leading.fullmatch(text) or words.trailing.fullmatch(text):
        return True
    start = words.remark_start.match(text)
    if start and start.end() == 1 and text.endswith(words.tool_endings):
        start = None  # 防烫手套, 不粘锅
    if start and (opening or start.end() > 1) and not words.kept.match(text) and not _starts_with_food(text, words):
        return True
    if opening and words.handling.match(text) and not words.kept.match(text) and not _starts_with_food(text, words):
        return not (prepared_food(text) or cooked_food(text))
    match = words.remark.search(text)
    return match is not None and not _masked(match, text, words)


def prepared_food(text: str) -> bool:
    """新鲜的蚝仔, 切碎意大利咸肉: preparation before a food; 切片 and 切碎为蒜末 are remarks."""
    words = vocabulary()
    lead = words.leading.match(text)
    if lead is None:
        return text.endswith(words.tool_endings) and len(text) < 6
    rest = text[lead.end() :].lstrip("的")
    if (
        not rest
        or rest[0] in "为成后"
        or words.remark.search(rest)
        or words.trailing.fullmatch(rest)
        or words.handling.match(rest)
    ):
        return False
    return food_like(rest) > 0 or rest.endswith(words.tool_endings)


def cooked_food(text: str) -> str:
    """The food in 泡小米椒 or 炸花生米, a product's name; '' where the verb handles something else (泡水, 腌肉用)."""
    words = vocabulary()
    verb = words.cooked.match(text)
    food = text[verb.end() :] if verb else ""
    return food if len(food) > 1 and food in words.known and not food.endswith("水") else ""


def _starts_with_food(text: str, words: Vocabulary) -> bool:
    match = words.known_at.match(text)
    return match is not None and len(match.group()) > 1


def _masked(match: re.Match[str], text: str, words: Vocabulary) -> bool:
    """Whether the remark word is part of a food's name (可乐, 宽粉)."""
    return any(
        f.start() <= match.start() and match.end() <= f.end() and len(f.group()) > 1
        for f in words.known_at.finditer(text)
    )


def clean(text: str) -> str:
    """A name without preparation, purpose, amount words, translation and edges; '' where nothing is left."""
    words = vocabulary()
    name = text.strip(_EDGES)
    if not name or name in words.known:
        return name
    name = _TRANSLATION.sub("", name).strip(_EDGES)
    name = _GROUP_LETTER.sub("", name)
    name = _PURPOSE.sub("", name)
    if (purpose := _FOR.match(name)) and purpose["food"] in words.known:
        name = purpose["food"]
    before = None
    while name and name != before:
        before = name
        name = _unprepared(name, words)
        if not words.joining.match(name):
            name = _LEFTOVER.sub("", name).strip(_EDGES)
    if name not in words.amount_whole:
        shorter = words.amount_words.sub("", _USED.sub("", name)).strip(_EDGES)
        name = words.amount_words.sub("", shorter).strip(_EDGES) or shorter or name
    name = _after_de(name)
    name = _said_once(_ANY_OF.sub("", name) or name, words)
    return name.strip(_EDGES)


def _said_once(name: str, words: Vocabulary) -> str:
    """红洋葱洋葱 → 红洋葱: forms that join amount and name often say the end twice."""
    for size in range(len(name) // 2, 0, -1):
        shorter = name[:-size]
        if len(shorter) > 1 and _HAN.match(name[-size]) and shorter.endswith(name[-size:]) and name not in words.known:
            return shorter
    return name


def _unprepared(name: str, words: Vocabulary) -> str:
    if words.kept.match(name):
        return name
    lead = words.leading.match(name)
    if lead and lead.end() < len(name):
        rest = name[lead.end() :]
        if len(rest) > 1 or rest in words.known:
            name = rest.lstrip("的")
    tail = words.trailing.search(name)
    if tail and name not in words.known and tail.start() > 0:
        name = name[: tail.start()]
    inner = re.search(r"去皮|去骨|去壳|去核|去头", name)
    if inner and inner.start() > 0 and inner.end() < len(name):
        name = name[: inner.start()] + name[inner.end() :]
    return name


def _after_de(name: str) -> str:
    """热干面特有的碱水面 → 碱水面: what stands before 的 describes."""
    head, de, tail = name.rpartition("的")
    if de and tail and head and _HAN.search(tail):
        return tail
    return name.rstrip("的") if de and not tail else name


def split_run(name: str) -> list[str]:
    """葱姜蒜 → 葱, 姜, 蒜: names of the same group that run together; [name] where it is one name."""
    words = vocabulary()
    if len(name) < 2 or name in words.known or not _HAN.fullmatch(name[0]):
        return [name]
    if len(name) > 3 and set(name) <= _STAPLE_CHARACTERS:
        return list(name)  # 油盐酱醋
    parts = _listed(name, words)
    return parts if parts and _belong_together(parts, words) else [name]


def _listed(name: str, words: Vocabulary) -> list[str]:
    """The two or more listed names that make up the whole text, the longest first; [] where it is not so made."""
    parts: list[str] = []
    place = 0
    while place < len(name):
        ends = range(min(len(name), place + 7), place, -1)
        found = next((name[place:end] for end in ends if name[place:end] in words.known), None)
        if found is None:
            return []
        parts.append(found)
        place += len(found)
    return parts if len(parts) > 1 else []


def split_each(name: str) -> list[str]:
    """黑芝麻白芝麻各5g, 红黄彩椒各半个: 各 says that there are several."""
    noun = name.lstrip("".join(COLOURS))
    colours = name.removesuffix(noun)
    if len(colours) > 1 and noun and food_like(colours[-1] + noun) > 1:
        return [colour + noun for colour in colours]
    return [name] if known(name) else _listed(name, vocabulary()) or [name]


_STAPLE_CHARACTERS = frozenset("油盐酱醋糖葱姜蒜")
_BASIC_SPICES = frozenset("葱姜蒜")
_BASICS = frozenset(("蚝油", "耗油", "料酒", "香油", "麻油", "食用油", "白酒", "味精"))


def _belong_together(parts: list[str], words: Vocabulary) -> bool:
    groups = {words.group_of[part] for part in parts}
    spices = {"aromatics", "seasonings"}
    if parts[-1].startswith(parts[-2][-1]):
        return False  # 大葱葱白: a part of the same thing
    if groups == {"staples"} or (parts[-1].endswith(("料", "豆瓣")) and parts[-1] != "大料"):
        return False  # 绿豆粉丝, 牛奶巧克力, 孜然调料
    if len(parts) > 2:
        return len(groups) == 1 or groups <= spices or groups <= {"aromatics", "vegetables"}
    first, last = parts
    if len(first) == 1 and len(last) == 1:
        # 葱姜, 油盐 are lists; 姜糖, 蒜盐 and 糖醋 are products.
        return groups in ({"aromatics"}, {"seasonings"}) and parts != ["糖", "醋"]
    if len(last) == 1 or (groups == {"meats"} and len(first) == 1):
        return False  # 花椒油, 鱼肉馅
    if len(first) == 1 and len(groups) > 1:
        return first in _BASIC_SPICES and groups == spices  # 葱郫县豆瓣酱, not 油辣椒
    if len(first) > 1 and last[-1] in "酱油汁粉水酒" and last not in _BASICS:
        return False  # 蒜蓉辣酱
    return len(groups) == 1 or groups <= spices
