"""Filters: is a dialogue fit to learn from? Length, language, broken text, leftovers of templates; each with a reason.

Every reason has a key, which is counted, and words for the one example. Filters look at one example and keep nothing.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

from shishen.chinese import HAN
from shishen.examples import Example

# What each key says in a list of counts.
REASONS = {
    "question_short": "问题太短",
    "question_long": "问题太长",
    "answer_short": "回答太短",
    "answer_long": "回答太长",
    "language": "回答里中文太少",
    "broken": "有乱码或控制字符",
    "repeated": "同一个字或同一句话反复出现",
    "leftover": "有没填上的占位或程序的痕迹",
    "link": "有网址",
    "advert": "有广告",
}

_BROKEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffc-\uffff\ue000-\uf8ff\ud800-\udfff]|锟斤拷|烫烫烫烫")
# Runs, for there are fewer of them than characters.
_LETTERS = re.compile(r"[^\W\d_]+")
_HAN = re.compile(f"(?:{HAN.pattern})+")
# 5g, 180℃, 2 tbsp: how a Chinese recipe writes its amounts too.
_UNITS = re.compile(
    r"(?<=[\d半½¼¾])\s*(?:kg|mg|g|ml|cl|dl|l|cc|cm|mm|tbsp|tsp|oz|lbs?|cups?|kcal|cal|kj|min|h|s|w|hz|c|f)(?![a-z])",
    re.IGNORECASE,
)
# An address is in no language.
_ADDRESS = re.compile(r"https?://[!-~]+")
# Rulers and ellipses are drawn with runs of these.
_RUN = re.compile(r"([^\s\-=_.…·~～—*#|、。!！?？哈啊嗯])\1{11,}|([!！?？。、哈啊嗯])\2{29,}")
_SLOT = re.compile(r"\$?\{\{?\s*[A-Za-z_\u4e00-\u9fff][\w.\u4e00-\u9fff]{0,30}\s*\}?\}")
_LEFTOVER = re.compile(
    r"```\s*(?:json)?\s*[\[{]|(?<![A-Za-z])(?:None|NaN|null|undefined)(?![A-Za-z])|<\|[^|>\n]{1,30}\|>|</s>|\[/?INST\]"
)
_LINK = re.compile(r"https?://|www\.[a-z0-9]|(?<![@\w.])[a-z0-9-]+\.(?:com|cn|net|org)(?![a-z0-9])", re.IGNORECASE)
# A phrase that comes five times in a row, over this many characters or more, is a machine that does not stop.
_LONGEST_PHRASE = 40
_TIMES = 5
_SHORTEST_REPETITION = 40


class Reason(Struct, frozen=True):
    """Why an example is not fit: a key of REASONS and words for this one."""

    key: str
    words: str


class Filters(Struct, frozen=True, kw_only=True):
    """The bounds. Lengths are characters, of each question and each answer; `chinese` is the least share of Han
    characters among the letters of all answers (units such as 5g and digits are no letters here), 0 for any language.

    `links` and `adverts` reject what has a web address or a phrase of adverts.toml; off, for a source may be cited.
    """

    question_min: int = 2
    question_max: int = 4_000
    answer_min: int = 2
    answer_max: int = 8_000
    chinese: float = 0.5
    links: bool = False
    adverts: bool = False


def fault(example: Example, filters: Filters) -> Reason | None:
    """The first reason for which the example is not fit; None where it is."""
    return next(_faults(example, filters), None)


def _faults(example: Example, filters: Filters) -> Iterator[Reason]:
    for question, answer in example.turns:
        yield from _length("question", "问题", question, filters.question_min, filters.question_max)
        yield from _length("answer", "回答", answer, filters.answer_min, filters.answer_max)
    if filters.chinese and (share := chinese_share("\n".join(example.answers))) < filters.chinese:
        yield Reason("language", f"回答里中文只占 {share:.0%}，至少 {filters.chinese:.0%}")
    for message in example.messages:
        yield from _text_faults(message.content, filters)


def _length(key: str, name: str, text: str, least: int, most: int) -> Iterator[Reason]:
    length = len(text.strip())
    if length < least:
        yield Reason(f"{key}_short", f"{name}只有 {length} 个字，至少 {least} 个")
    if length > most:
        yield Reason(f"{key}_long", f"{name}有 {length} 个字，最多 {most} 个")


def _text_faults(text: str, filters: Filters) -> Iterator[Reason]:
    if found := _BROKEN.search(text):
        yield Reason("broken", f"第 {found.start() + 1} 个字是乱码或控制字符（{_code(found[0])}）")
    if found := _RUN.search(text):
        yield Reason("repeated", f"「{found[0][0]}」连着出现 {len(found[0])} 次")
    elif phrase := repeated_phrase(text):
        yield Reason("repeated", f"「{phrase}」反复出现")
    if found := _SLOT.search(text) or _LEFTOVER.search(text):
        yield Reason("leftover", f"有没填上的占位或程序的痕迹：{' '.join(found[0].split())}")
    if filters.links and (found := _LINK.search(text)):
        yield Reason("link", f"有网址：{text[found.start() : found.start() + 40].split()[0]}")
    if filters.adverts and (found := _adverts().search(text)):
        yield Reason("advert", f"有广告：{found[0]}")


def chinese_share(text: str) -> float:
    """The share of Han characters among the letters, 1 where there are none; units and web addresses do not count."""
    han = sum(map(len, _HAN.findall(text)))
    letters = sum(map(len, _LETTERS.findall(_UNITS.sub("", _ADDRESS.sub("", text)))))
    return han / letters if letters else 1.0


def repeated_phrase(text: str) -> str | None:
    """A phrase of 2 to 40 characters that stands five times or more in a row, over 40 characters or more."""
    # A repetition of 40 characters covers a whole probe at one of every 20 places, and the probe's next coming.
    for start in range(0, len(text) - 8, 20):
        again = text.find(text[start : start + 8], start + 1, start + 8 + _LONGEST_PHRASE)
        if again < 0 or not text[start : start + 8].strip("-=_.…·~～—*#|: \n\t\u3000"):
            continue
        period = again - start
        first, last = start, start
        while first and text[first - 1] == text[first - 1 + period]:
            first -= 1
        while last + period < len(text) and text[last] == text[last + period]:
            last += 1
        if period > 1 and last + period - first >= max(_SHORTEST_REPETITION, _TIMES * period):
            return text[first : first + period].strip() or None
    return None


def _code(text: str) -> str:
    return text if len(text) > 1 else f"U+{ord(text):04X}"


@cache
def _adverts() -> re.Pattern[str]:
    data = tomllib.loads((Path(__file__).parent / "adverts.toml").read_text(encoding="utf-8"))
    return re.compile("|".join(map(re.escape, data["phrases"])), re.IGNORECASE)
