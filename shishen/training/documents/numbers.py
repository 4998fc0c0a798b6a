"""Which numbers a text says, in digits or in Chinese numerals, so that none may be said that its source does not."""

import re
import unicodedata

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_ARABIC = re.compile(r"\d+(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?")
_CHINESE = re.compile(r"[零〇一二三四五六七八九十百千万亿两俩]+(?:点[零〇一二三四五六七八九]+)?")
# The numbers of a list stand before its items; they count nothing.
_ITEM = re.compile(r"^[ \t\u3000]*[(（]?\d{1,2}[.、)）](?!\d)", re.MULTILINE)
# A lone numeral is a number before what it counts, and part of a word elsewhere (四周, 万一, 十分). 一 is hardly
# ever a number.
_LONE = frozenset("二三四五六七八九十百千万亿两俩")
_COUNTED = re.compile(
    r"(?:个|天|日|月|年|周岁|岁|条|项|款|章|节|次|名|位|人|元|角|分钟|小时|秒|倍|成|米|厘米|毫米|公里|里|克|千克|公斤|斤|吨|升|毫升|级|页|份|件|"
    r"台|套|张|部|本|道|勺|杯|只|片|块|碗|层|步|种|类|度|户|家|期|季|班|届|折|点|号|楼|度|%|％)"
)
# Longer runs of digits are no quantity that anybody reads as one.
_LONGEST = 30


def numbers_of(text: str, *, strict: bool = True) -> frozenset[str]:
    """The numbers that a text says, each in one form: 1,000 and 一千 are both 1000.

    `strict` leaves out lone numerals that count nothing and the numbers of a list: what a text must answer for. Without
    it every numeral is taken: what a source may be held to have said.
    """
    text = unicodedata.normalize("NFKC", text)
    if strict:
        text = _ITEM.sub("", text)
    found = {_plain(match[0]) for match in _ARABIC.finditer(text)}
    for match in _CHINESE.finditer(text):
        if strict and len(match[0]) == 1 and not _counts(text, match):
            continue
        if value := _value(match[0]):
            found.add(value)
    return frozenset(found)


def _counts(text: str, lone: re.Match[str]) -> bool:
    """Whether a lone numeral is a number: 第三, 百分之五, 三天."""
    before = text[max(0, lone.start() - 2) : lone.start()]
    return before.endswith(("第", "分之")) or (lone[0] in _LONE and _COUNTED.match(text, lone.end()) is not None)


def _plain(digits: str) -> str:
    """A number without commas, leading noughts, and noughts after the point."""
    whole, _, rest = digits.replace(",", "").partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0")[:_LONGEST] + (f".{rest[:_LONGEST]}" if rest else "")


def _value(numeral: str) -> str:
    """A Chinese numeral in digits: 三千五百, 二〇二六, 一点五, 12万; '' where it is none (千万 alone)."""
    whole, _, rest = numeral.partition("点")
    if len(whole) > _LONGEST:
        return ""
    fraction = "".join(str(_DIGITS[c]) for c in rest)
    if len(whole) > 1 and all(c in _DIGITS for c in whole):
        return _plain(f"{''.join(str(_DIGITS[c]) for c in whole)}.{fraction}")
    total = section = digit = 0
    for c in whole:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _UNITS:
            # 十二 begins with its unit; 百 and 千 without a number before them are words.
            if not digit and (c != "十" or section % 100):
                return ""
            section += (digit or 1) * _UNITS[c]
            digit = 0
        else:
            if not (total or section or digit):
                return ""
            total = (total + section + digit) * _MYRIADS[c] if c == "亿" else total + (section + digit) * _MYRIADS[c]
            section = digit = 0
    value = total + section + digit
    return _plain(f"{value}.{fraction}")
