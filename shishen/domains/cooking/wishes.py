"""What a turn wishes a dish to be: taste, cuisine, course, method, season, occasion, difficulty, time, calories."""

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.cuisines import cuisine_named
from shishen.domains.cooking.durations import read_number
from shishen.domains.cooking.knowledge import knowledge

_NUMBER = r"(?:\d{1,4}(?:\.\d)?|[一二两三四五六七八九十百]{1,4})"
_TIME = (
    rf"(?P<half>半个?(?:小时|钟头))|(?P<quarter>(?P<quarters>[一1二两2三3])刻钟)|"
    rf"(?P<number>{_NUMBER})\s*(?P<more>个半|个)?\s*(?P<unit>分钟|分|小时|钟头|钟|min(?:ute)?s?\b|hours?\b|h\b)(?P<and_half>半)?|"
    rf"(?P<english_half>half an hour|half hour)"
)
# A time is a wish where it is a limit: 半小时内, 不超过20分钟, within 20 minutes, 十分钟能做好.
_LIMIT_AFTER = (
    r"\s*(?:钟)?(?:以内|之内|以下|内|左右|上下|就能|就可以|能|可以|搞定|做好|做完|做得|出锅|上桌|出餐|的(?!时候)|"
    r"or less|max|meal|recipe|dish|dinner)"
)
_LIMIT_BEFORE = (
    r"(?:不超过|少于|低于|小于|不到|最多|只有|只剩|就|within|under|in|less than|at most|only have|only|max)"
    r"\s*(?:about |我)?"
)
_MINUTES = re.compile(rf"(?P<before>{_LIMIT_BEFORE})?(?:{_TIME})(?P<after>{_LIMIT_AFTER})?")
_CALORIES = re.compile(
    r"(?:不超过|少于|低于|under|less than|最多)?\s*(?P<number>\d{2,4})\s*"
    r"(?:大卡|千卡|卡路里|卡|kcal|calories|cal)\s*(?:以内|以下|之内|内)?"
)
# How far back a negation may stand: 不要给我推荐太 is eight characters.
_REACH = 14


class Want(Struct, frozen=True):
    """One wish, and where in the text it stands.

    `kind` is taste, cuisine, course, method, season, occasion, difficulty (简单, 难), minutes (a number of minutes at
    most, or 快) or calories (a number of kcal at most, or 低); `negated`: it is what shall not be (不要辣的).
    """

    kind: str
    value: str
    start: int
    end: int
    negated: bool = False


def wanted(text: str) -> tuple[Want, ...]:
    """The wishes of a normalised text, in the order of the text; each kind and value once."""
    spans = sorted((*_found(text), *_minutes(text), *_calories(text)), key=lambda w: (w.start - w.end, w.start))
    taken: list[Want] = []
    for want in spans:
        if all(want.end <= other.start or want.start >= other.end for other in taken):
            taken.append(want)
    first: dict[tuple[str, str, bool], Want] = {}
    for want in sorted(taken, key=lambda w: w.start):
        if not _no_wish(text, want):
            negated = _negated(text, want)
            want = Want(want.kind, want.value, want.start, want.end, negated)
            first.setdefault((want.kind, want.value, negated), want)
    return tuple(first.values())


@cache
def _words() -> tuple[re.Pattern[str], dict[str, tuple[str, str]], tuple[tuple[re.Pattern[str], str, str], ...]]:
    """One pattern of every word, the longest first; word → (kind, value); the wishes that are patterns."""
    table: dict[str, tuple[str, str]] = {}
    patterns = []
    for wish in knowledge("wishes")["wish"]:
        meaning = (wish["kind"], wish["value"])
        for word in (*wish.get("words", "").split(), *wish.get("phrases", ())):
            table.setdefault(word, meaning)
        patterns += [(re.compile(pattern), *meaning) for pattern in wish.get("patterns", ())]
    for group in knowledge("cuisines")["cuisine"]:
        for word in map(normalise, (group["name"], *group["words"])):
            table.setdefault(word, ("cuisine", cuisine_named(word) or group["name"]))
    listed = sorted(table, key=len, reverse=True)
    joined = "|".join(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in listed)
    return re.compile(f"(?=({joined}))"), table, tuple(patterns)


def _found(text: str) -> Iterator[Want]:
    every, table, patterns = _words()
    for match in every.finditer(text):
        kind, value = table[match[1]]
        yield Want(kind, value, match.start(), match.start() + len(match[1]))
    for pattern, kind, value in patterns:
        for match in pattern.finditer(text):
            yield Want(kind, value, match.start(), match.end())


def _minutes(text: str) -> Iterator[Want]:
    for match in _MINUTES.finditer(text):
        if not (match["before"] or match["after"]):
            continue
        minutes = _read_minutes(match)
        if minutes is not None and minutes > 0:
            yield Want("minutes", f"{minutes:g}", match.start(), match.end())


def _read_minutes(match: re.Match[str]) -> float | None:
    if match["half"] or match["english_half"]:
        return 30.0
    if match["quarter"]:
        return 15.0 * (_number(match["quarters"]) or 1)
    number = _number(match["number"])
    if number is None:
        return None
    if match["unit"].startswith(("小时", "钟", "h")):
        return (number + (0.5 if match["more"] == "个半" or match["and_half"] else 0.0)) * 60
    return None if match["more"] else number


def _number(text: str) -> float | None:
    """A number as written; of a span (两三) the larger, as a limit is meant."""
    span = read_number(text)
    return None if span is None else span[1]


def _calories(text: str) -> Iterator[Want]:
    for match in _CALORIES.finditer(text):
        yield Want("calories", match["number"], match.start(), match.end())


@cache
def _negation() -> dict[str, re.Pattern[str]]:
    return {key: re.compile(pattern) for key, pattern in knowledge("wishes")["negation"].items()}


def _negated(text: str, want: Want) -> bool:
    """Whether the words around a wish turn it round."""
    before, after = text[max(0, want.start - _REACH) : want.start], text[want.end : want.end + 8]
    rules = _negation()
    if want.kind in ("minutes", "calories") or rules["positive"].search(before):
        return False
    english = text[max(0, want.start - 2 * _REACH) : want.start]
    if rules["before"].search(before) or rules["before_english"].search(english):
        return True
    # 太辣了, too hard: what is too much is not wished for.
    excess = want.kind in ("taste", "difficulty") and (text[want.start] == "太" or rules["excess"].search(english))
    return bool(excess or rules["after"].match(after))


def _no_wish(text: str, want: Want) -> bool:
    """Whether the word is said of something else, as in 海鲜过敏."""
    rules = _negation()
    after = text[want.end : want.end + 12]
    if rules["never_after"].match(after):
        return True
    return bool(rules["never_before"].search(text[max(0, want.start - 24) : want.start])) and "过敏" in text + "allerg"
