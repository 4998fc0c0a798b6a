"""Every duration that a text names, in minutes and in order; ranges stay ranges (半小时 → 30, 3-5分钟 → 3..5).

What has no number (过夜, 一会儿, 几分钟) is no duration here.
"""

import re

from shishen.records import Range

_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "俩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_MINUTES = {"s": 1 / 60, "m": 1.0, "q": 15.0, "h": 60.0, "d": 1440.0, "w": 10080.0, "y": 43200.0}

_NUMBER = r"\d{1,6}(?:\.\d{1,4})?(?:\s?/\s?\d{1,4})?|[零一二两俩三四五六七八九十百]{1,8}几?|半"
# 分 alone is a minute only after digits and not in 分之, 分成, 分熟 …; 周 alone is also a way round the pan.
_UNIT = (
    r"(?P<{p}s>秒钟?|(?i:seconds?|secs?|s)(?![a-zA-Z]))"
    r"|(?P<{p}m>分[钟鐘]|分(?=半|\s?\s?[\d一二三四五]+十?[五]?秒)|(?<=\d)\s?分(?![之次成别熟满离为份饱散量两三多批类盘])"
    r"|(?i:minutes?|mins?)(?![a-zA-Z]))"
    r"|(?P<{p}q>刻[钟鐘])"
    r"|(?P<{p}h>[个個]?半?小[时時]|个半?(?:钟头|鐘頭|钟(?!头))|[钟鐘][头頭]|(?i:hours?|hrs?|h)(?![a-zA-Z]))"
    r"|(?P<{p}d>天(?!然|妇)|(?i:days?)(?![a-zA-Z]))"
    r"|(?P<{p}w>个?星期|个?礼拜|(?<=\d)周|(?<=[存藏放泡酵][一二两三四])周|周(?=左右|以|后|内|即|就|时|的时))"
    r"|(?P<{p}y>个月(?!以?[大龄]|宝|以上的?宝|\+))"
)


def _amount(prefix: str) -> str:
    """One number with its unit: 一个半小时, 10多分钟, 1分半钟."""
    return (
        rf"(?P<{prefix}n>{_NUMBER})\s?\s?(?P<{prefix}more>[个個]?[多来余])?\s?\s?(?:{_UNIT.format(p=prefix)})"
        rf"(?P<{prefix}half>半(?!小时|个|分)[钟鐘]?)?"
    )


_TO = r"\s?\s?(?:[-~～—–－―至到]+|\+-|±)\s?\s?"
_DURATION = re.compile(
    r"(?<![第\d.])(?:(?<![^提]前)|(?<=[锅饪束炉]前))"
    r"(?P<least>(?:至少|最少|不少于|不低于|≥|(?<!不)超过)\s?\s?(?:需?要?|得|[烤煮炖蒸腌泡放冻静置发酵冷藏]{0,4})\s?\s?)?"
    rf"(?:(?P<low>{_NUMBER})(?P<lowhalf>个半)?\s?\s?(?P<lowunit>秒钟?|分[钟鐘]?|个?小[时時]|天|(?i:min|h))?(?P<to>{_TO}|[、，,](?=[\d一二三四五六七八九])))?"
    rf"{_amount('a')}"
    rf"(?:\s?\s?[零又]?\s?\s?{_amount('b')})?"
    r"(?P<above>\s?\s?(?:及?以上|往上))?"
)
_ADJACENT = re.compile(r"[一二两俩三四五六七八九]{2}")
_HINT = re.compile(r"[分时時秒天钟鐘月周星礼]|\d\s?\s?[hHsSmMd]")


def read_durations(text: str) -> tuple[Range, ...]:
    """Every duration in `text`, in minutes, in order."""
    if not _HINT.search(text):
        return ()
    found = (_read(match) for match in _DURATION.finditer(text))
    return tuple(span for span in found if span is not None)


def read_number(text: str) -> tuple[float, float] | None:
    """A number as written, as a span: `15` → (15, 15), 两三 → (2, 3), 十几 → (11, 19), 1/2 → (0.5, 0.5)."""
    text = text.replace(" ", "")
    if text == "半":
        return 0.5, 0.5
    if text[0].isdigit():
        over, _, under = text.partition("/")
        if under and not float(under):
            return None
        value = float(over) / (float(under) if under else 1)
        return value, value
    if text.endswith("几"):
        base = _chinese(text[:-1])
        return None if base is None else (base + 1, base + 9)
    if adjacent := _ADJACENT.search(text):
        # 两三 2..3, 三四十 30..40, 十五六 15..16
        low, high = (_chinese(text[: adjacent.start()] + c + text[adjacent.end() :]) for c in adjacent[0])
        return None if low is None or high is None or high < low else (low, high)
    value_ = _chinese(text)
    return None if value_ is None else (value_, value_)


def _chinese(text: str) -> float | None:
    """二十五 → 25, 一百二十 → 120; None where the characters make no number."""
    total, digit = 0, None
    for character in text:
        if character == "百":
            total, digit = total + (1 if digit is None else digit) * 100, None
        elif character == "十":
            total, digit = total + (1 if digit is None else digit) * 10, None
        elif digit is not None and digit != 0:
            return None
        else:
            digit = _DIGITS[character]
    return float(total + (digit or 0)) if text else None


def _unit(match: re.Match[str], prefix: str) -> tuple[float, str]:
    """(minutes in the unit, the unit as written)."""
    for key, minutes in _MINUTES.items():
        if written := match[prefix + key]:
            return minutes, written
    raise AssertionError("an amount has a unit")


def _value(match: re.Match[str], prefix: str) -> tuple[float, float] | None:
    number = read_number(match[prefix + "n"])
    if number is None:
        return None
    minutes, written = _unit(match, prefix)
    half = 0.5 if match[prefix + "half"] or (written.startswith("个半") or written.startswith("半")) else 0.0
    return (number[0] + half) * minutes, (number[1] + half) * minutes


_LOW_UNITS = {"秒": 1 / 60, "分": 1.0, "小": 60.0, "个": 60.0, "天": 1440.0, "m": 1.0, "h": 60.0}


def _read(match: re.Match[str]) -> Range | None:
    high = _value(match, "a")
    if high is None:
        return None
    if match["bn"] and (extra := _value(match, "b")) and _unit(match, "b")[0] < _unit(match, "a")[0]:
        high = (high[0] + extra[0], high[1] + extra[1])
    low_text = match["low"]
    if low_text is None:
        if match["least"] or match["above"] or (match["amore"] or "").endswith(("多", "余")):
            return Range(round(high[0], 4), None)
        return Range(round(high[0], 4), round(high[1], 4))
    low = read_number(low_text)
    if low is None:
        return Range(round(high[0], 4), round(high[1], 4))
    minutes, _ = _unit(match, "a")
    if "±" in match["to"] or "+-" in match["to"]:
        middle = low[0] * minutes
        return Range(round(middle - high[1], 4), round(middle + high[1], 4))
    scale = _LOW_UNITS[match["lowunit"][0].lower()] if match["lowunit"] else minutes
    start = (low[0] + (0.5 if match["lowhalf"] else 0)) * scale
    if start > high[1] or (match["to"] in "、，," and not (start < high[0] <= start + 5 * minutes)):
        return Range(round(high[0], 4), round(high[1], 4))
    return Range(round(start, 4), round(high[1], 4))


_SENTENCE = re.compile(r"[。！!\n；;]")
# What says that a time is the whole of it; the surest first. Up to a dozen characters may stand between.
_WHOLE = tuple(
    re.compile(cue + r"[^，。]{0,12}?$")
    for cue in (
        r"(?:总(?:耗时|时长|时间|共|计|制作时[长间])|制作总时长|(?:加上|算上|连同|含)[^，。]{1,14})",
        r"(?:全程|从[^，。]{1,20}[到至][^，。]{1,16}，?|从头到尾|整个[^，。]{0,6}(?:过程|流程)|整体(?:制作|耗时|烹饪)?|(?:制作|烹饪)(?:时[长间]|耗时)|耗时|花费)",
        r"(?:初学者|新手|一般|预计|通常|前后|只需|仅需|需要)",
    )
)
_PARTIAL = re.compile(r"除去|不算|不含|另需|另外|提前|若|如果|高压锅|压力锅|瓦罐|熬煮|浸泡|动手|实际|冷藏|静置|过夜|腌")
_FROM_TO = re.compile(r"全程|从[^，。]{1,20}[到至]|预计|整体")
_VARIANT = re.compile(r"高压锅|压力锅|瓦罐|若|动手|实际")
_MORE_TO_COME = re.compile(r"再(?:冷|放|浸|静|腌)|另需")
_SPLIT_NUMBER = re.compile(r"(\d\.)大约\s?\s?(\d)")


def whole_time(description: str | None) -> float | None:
    """The minutes from start to end that a description states; None where it states only a part of them.

    Of a span (1.5 至 2 小时) the longer time is meant: who has that much is sure to finish.
    """
    if not description:
        return None
    sentences = [_SPLIT_NUMBER.sub(r"\1\2", s) for s in _SENTENCE.split(description[:2000]) if _HINT.search(s)]
    for level, cue in enumerate(_WHOLE):
        for sentence in sentences:
            spans = [(match, span) for match in _DURATION.finditer(sentence) if (span := _read(match))]
            if level and (_MORE_TO_COME.search(sentence) or (len(spans) > 1 and not _FROM_TO.search(sentence))):
                continue
            for match, span in spans:
                before = sentence[: match.start()]
                clause = before[before.rfind("，") + 1 :]
                part = (None, _VARIANT, _PARTIAL)[level]
                if cue.search(before) and not (part and part.search(sentence if level == 2 else clause)):
                    return span.max or span.min
    return None
