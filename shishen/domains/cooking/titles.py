"""The dish in a title, without what is set off from it: emoji, hashtags, authors, series, adverts, 的做法.

A title is cut into parts at brackets, colons, bars, dashes, spaces and commas, and the parts that name a
dish are kept. Words that are fused to the dish stay.
"""

import re
from functools import cache, lru_cache

from msgspec import Struct

from shishen.domains.cooking.knowledge import knowledge

_SIMPLE = re.compile(r"[\u4e00-\u9fff]+")
_ALARM = re.compile(r"[!！❗❕‼⁉]\ufe0f?")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u245f\u2500-\u27bf\u2b00-\u2bff\u25a0-\u25ff\u3297\u3299"
    "\ufe0e\ufe0f\u200b-\u200f\u20e3\ufeff\U000e0020-\U000e007f]+"
)
_RECIPE_OF = re.compile(
    r"(?:(?:的|之)?(?:家常|简单|简易|详细|正宗|基本|传统|经典|多种|几种|[一二两三四五六七八九十\d]+种)*"
    r"(?:做法|制作方法|制作过程|制作教程|做法大全|做法详解|烹饪方法)|的制作)+$"
)
_EDGE = " \t\r\n\u3000。.、,，!！?？~～:：;；|｜丨·•・-—–―_&＆#＃*^\"'“”‘’`…=@$/／"
_OPENING = "（(【[〖「『《〈<＜〔﹝［{｛“"
_CLOSING = "）)】]〗」』》〉>＞〕﹞］}｝”"
_ROUND = "（(〔﹝<＜{｛"
_CUT = re.compile(
    r"([：:|｜丨_]|[-—–―－]{2,}|[—–―－~～·•・]|(?<![A-Za-z0-9])-|-(?![A-Za-z0-9])|\s+|[，,。；;]|[#＃]+|[/／]|\0+)"
)
_PINYIN = re.compile(r"[（(][A-Za-z\u00c0-\u01ff\s]+[）)]")
_HASHTAG = re.compile(
    r"(?<=[\u4e00-\u9fff])[^\u4e00-\u9fff#＃]*[#＃][^#＃]+[#＃]\s*$|(?<=[\u4e00-\u9fff])\s+[#＃][^#＃]+$"
)
_TITLE_LENGTH = 200
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_VERSION = re.compile(
    r"(?:版本?|款|式|篇|章|季|期|课|套餐)[一二三四五六七八九十\d]*$|^之?[一二三四五六七八九十\d]+$|^\d+元"
)
_NUMBERED_SERIES = re.compile(r"^.*系列\s*(?:之)?\s*[\d①-⑳一二三四五六七八九十]*\s*(?=\S)")
_ALSO = re.compile(r"[（(]\s*(?:又名|又称|又叫|也叫|也称|亦称|别名|俗称)\s*[:：]?\s*([^（）()]{1,20})[）)]")
_OR = re.compile(r"[、，,/／]|或")


class _Part(Struct):
    """One part of a title: how it was set off before it (a bracket, a cut, or "" at the start)."""

    text: str
    before: str


class _Words(Struct, frozen=True):
    food: re.Pattern[str]
    remark: re.Pattern[str]


@cache
def _words() -> _Words:
    lists = knowledge("titles")
    return _Words(food=_any_of(lists["food"]), remark=_any_of(lists["remark"]))


def _any_of(words: str) -> re.Pattern[str]:
    listed = sorted(set(words.split()), key=len, reverse=True)
    characters = "".join(word for word in listed if len(word) == 1)
    return re.compile("|".join([*(re.escape(word) for word in listed if len(word) > 1), f"[{characters}]"]))


def plain_title(title: str) -> str:
    """`【独家】巴斯克草莓芝士蛋糕🍰的做法` → `巴斯克草莓芝士蛋糕`; a title of nothing but emoji stays."""
    # A title over this length is a sentence; what it is cut for is its beginning.
    text = _RECIPE_OF.sub("", title.strip()[:_TITLE_LENGTH])
    if _SIMPLE.fullmatch(text):
        return text
    return _plain(text) or text.strip(_EDGE) or title.strip()


@lru_cache(maxsize=65_536)
def _plain(text: str) -> str:
    if not _HAN.search(text):
        return " ".join(_EMOJI.sub(" ", text).split())
    text = _EMOJI.sub("\0", _ALARM.sub("，", text))
    text = _HASHTAG.sub("", _PINYIN.sub("", text))
    parts = _parts(text)
    if not parts:
        return ""
    ranks = [_rank(part.text) for part in parts]
    best = max(ranks)
    if len(parts) == 1:
        return parts[0].text
    first = ranks.index(best)
    name = parts[first].text
    previous = name
    for place in range(first + 1, len(parts)):
        part = parts[place]
        joint = _joint(part, ranks[place], best, previous)
        if joint is None:
            break
        name, previous = name + joint + part.text, part.text
    return _inner(parts, ranks, best, name)


def _inner(parts: list[_Part], ranks: list[int], best: int, name: str) -> str:
    """The name, or a later part of the same rank that says the same in more words (派-芒果派)."""
    for part, rank in zip(parts, ranks, strict=True):
        if rank == best and name != part.text and len(name) <= 2 and name in part.text:
            return part.text
    return name


def _joint(part: _Part, rank: int, best: int, previous: str) -> str | None:
    """What joins a later part to the name; None where the name ends before it."""
    if part.before == ")":
        # 香煎（蒸）鱼: the bracket stood inside the name.
        return "" if rank and len(previous) <= 6 and len(part.text) <= 4 else None
    if part.before == "]" and part.text in ("和", "与", "+"):
        return ""
    if part.before == " " and not _HAN.search(part.text):
        return None
    if rank < (1 if part.before in ("/", "／", "·") else best):
        return None
    if previous in ("和", "与", "+"):
        return ""
    if part.before in (" ", "/", "／", "·"):
        return part.before
    if part.before in ("，", "#") and len(part.text) <= 6 and "的" not in part.text:
        return "" if part.before == "#" else "，"
    return None


def _parts(text: str) -> list[_Part]:
    """The title cut; round brackets are left out, unless nothing is left without them."""
    outside: list[_Part] = []
    inside: list[_Part] = []
    depth, start, before = 0, 0, ""
    opened = ""
    for place, character in enumerate(text):
        if character in _OPENING:
            if depth == 0:
                _cut(text[start:place], before, outside)
                start, opened = place + 1, character
            depth += 1
        elif character in _CLOSING and depth:
            depth -= 1
            if depth == 0:
                _close(text[start:place], opened, outside, inside)
                start, before = place + 1, ")" if opened in _ROUND else "]"
    rest = text[start:]
    if depth:
        _close(rest, opened, outside, inside)
    else:
        _cut(rest, before, outside)
    # 八个月宝宝辅食（西兰花猪肝面）: nothing outside is food.
    food = _words().food
    empty = not any(_rank(part.text) or food.search(part.text) for part in outside)
    return inside if not outside or (empty and any(_rank(part.text) > 1 for part in inside)) else outside


def _close(content: str, opened: str, outside: list[_Part], inside: list[_Part]) -> None:
    """A bracket's content: round ones set a remark off, square ones may hold the dish."""
    _cut(content, "[", inside if opened in _ROUND else outside)


def _cut(text: str, before: str, parts: list[_Part]) -> None:
    for place, piece in enumerate(_CUT.split(text.translate(_NO_BRACKETS))):
        if place % 2:
            before = _MARK.get(piece[0], " " if piece.isspace() else "-")
            continue
        bare = _RECIPE_OF.sub("", piece.strip(_EDGE))
        bare = _NUMBERED_SERIES.sub("", bare).strip(_EDGE)
        if before:
            bare = bare.removeprefix("之")
        if not bare:
            continue
        joined = bool(parts) and (
            (before == " " and _LATIN.search(parts[-1].text[-1]) is not None and _LATIN.search(bare[0]) is not None)
            or (before == "\0" and _rank(bare) > 0 and _rank(parts[-1].text) > 0)
        )
        if joined:
            parts[-1].text += (" " if before == " " else "") + bare
        else:
            parts.append(_Part(bare, before))
        before = ""


_NO_BRACKETS = str.maketrans("", "", _OPENING + _CLOSING)
_MARK = {"#": "#", "＃": "#", "，": "，", ",": "，", "/": "/", "／": "／", "·": "·", "\0": "\0"}


def _rank(text: str) -> int:
    """How much a part looks like a dish: 3 a dish, 2 a dish with a remark, 1 unclear, 0 a remark."""
    words = _words()
    if not _HAN.search(text):
        return 1 if len(_LATIN.findall(text)) > 3 else 0
    if _VERSION.search(text):
        return 0
    rest, remarks = words.remark.subn("", text)
    foods = len(words.food.findall(rest))
    if len(rest) > 1 and foods and (foods > 1 or len(rest) <= 8):
        return 2 if remarks or (len(text) > 12 and foods < 4) else 3
    return 0 if remarks else 1


def other_names(title: str) -> tuple[str, ...]:
    """The names that a title says the dish has as well: 某某（又名某）."""
    found = _ALSO.search(title[:_TITLE_LENGTH])
    return tuple(name.strip() for name in _OR.split(found[1]) if name.strip()) if found else ()
