"""The numbers of steps in all their forms (1. (1) ① 第一步 步骤1 STEP 1 一、), and text cut at them."""

import re
from functools import lru_cache

from msgspec import Struct

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CIRCLED = {
    chr(first + step): step + 1
    for first, count in ((0x2460, 20), (0x2776, 10), (0x2780, 10), (0x278A, 10), (0x2474, 20), (0x2488, 20))
    for step in range(count)
}
_NUMERAL = r"[一二三四五六七八九十]{1,3}"
# What makes a number an amount, a time or a span and no step's.
_MEASURE = (
    r"[\d/~\-–—至到.]|[大小汤茶][勺匙碗杯块片根把]|(?:个|克|g|kg|分钟|小时|秒|勺|匙|片|只|根|ml|毫升|升|人|天|厘米|毫米|cm|度|℃|成|斤|两|岁|种"
    r"|次|瓣|块|条|杯|碗|份|颗|粒|把|滴|段|张|年|月|号|包|袋|盒|罐|瓶|节|朵|棵|枚|头|倍|点|刻|寸|面|边|遍|等份)"
)
# Each form, its number in group 1; the longer and clearer forms first.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("step", re.compile(rf"第\s*({_NUMERAL}|\d{{1,2}})\s*步(?:骤)?\s*[:：.、，,]?\s*")),
    ("named", re.compile(rf"(?:步骤|步驟|歩骤|STEP|Step|step)\s*[.#]?\s*({_NUMERAL}|\d\d?)(?!\d)\s*[:：.、)）]?\s*")),
    ("bracket", re.compile(rf"[（(【\[]\s*({_NUMERAL}|\d{{1,2}})\s*[)）】\]]\s*[.、．:：]?\s*")),
    ("circle", re.compile(f"([{''.join(_CIRCLED)}])\\s*[.、．:：]?\\s*")),
    ("half", re.compile(r"(\d{1,2})\s*[)）]\s*")),
    ("point", re.compile(r"(\d{1,2})\s*(?:[.．](?!\d)|[、:：,，](?!\d{2}))\s*")),
    ("han", re.compile(rf"({_NUMERAL})\s*[、.．：:]\s*")),
    ("bare", re.compile(rf"(\d{{1,2}})(?:\s{{2,}}(?=\S)|(?:\s|(?=[\u3400-\u9fff]))(?!{_MEASURE}))")),
)  # fmt: skip
# Any sign but those that belong to text: stops, brackets, quotation marks, circled numbers, fractions.
_BULLET = re.compile(
    r"^(?:[^\w\s，。、；：！？,.;:!?%％℃°~～+＋=＝/／#&@$￥…（()）【\[\]】〔［〕］〖〗「」『』<>＜＞《》〈〉{}“”‘’\"'①-⓿❶-➓½¼¾⅓⅔]|_)+"
    r"\s*(?=\S)"
)


class Mark(Struct, frozen=True):
    """A number that a line begins with: its form, its value, and the text behind it."""

    form: str
    number: int
    rest: str


@lru_cache(maxsize=8192)
def mark_of(text: str) -> Mark | None:
    """The number at the beginning of a line; None where there is none."""
    text = text.lstrip()
    for form, pattern in _FORMS:
        if found := pattern.match(text):
            number = _value(found[1])
            if number is not None and number <= 60:
                return Mark(form, number, text[found.end() :])
    return None


def _value(digits: str) -> int | None:
    if digits in _CIRCLED:
        return _CIRCLED[digits]
    if digits.isdigit():
        return int(digits)
    if "十" in digits:
        tens, _, ones = digits.partition("十")
        if len(tens) > 1 or len(ones) > 1:
            return None
        return _DIGITS.get(tens, 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)
    return _DIGITS.get(digits) if len(digits) == 1 else None


def without_bullet(text: str) -> tuple[str, bool]:
    """(text without a list's dot or dash, whether there was one)."""
    found = _BULLET.match(text)
    return (text[found.end() :], True) if found else (text.strip(), False)


def cut_at_marks(text: str, own: str | None = None) -> list[tuple[int | None, str]]:
    """Running text cut at numbers that count up from the one it begins with: ①…②…③ → three; (number, text) each.

    Text before the first number stands alone with None. A number counts only where its follower is next in turn, and
    in a step that has a number itself only one of the same form (`own`).
    """
    best: list[tuple[int | None, str]] = []
    for form, pattern in _FORMS[:-1]:
        if own and form != own:
            continue
        cuts: list[tuple[int, int, int]] = []
        expected = None
        for found in pattern.finditer(text):
            number = _value(found[1])
            if number is None or not _may_begin(text, found.start(), form):
                continue
            begins = expected is None and (number == 1 or not text[: found.start()].strip())
            if begins or number == expected:
                cuts.append((number, found.start(), found.end()))
                expected = number + 1
        if len(cuts) >= 2 and len(cuts) > len(best):
            ends = [start for _, start, _ in cuts[1:]] + [len(text)]
            best = [(number, text[end:stop].strip()) for (number, _, end), stop in zip(cuts, ends, strict=True)]
            if before := text[: cuts[0][1]].strip():
                best.insert(0, (None, before))
    return best or [(None, text.strip())]


def _may_begin(text: str, place: int, form: str) -> bool:
    """Whether a step's number may stand here: 1. not inside 3.1, 一、 only behind a stop."""
    before = text[:place].rstrip()
    if not before:
        return True
    if form in ("circle", "step", "bracket"):
        # (1) may also be a remark; where the text does not begin with one it stands behind a stop.
        return form != "bracket" or text.lstrip()[0] in "（(【[" or before[-1] in "。；;！!：:，,、)）.”"
    if text[place - 1].isdigit() or (text[place - 1].isascii() and text[place - 1].isalpha()):
        return False
    return before[-1] in "。；;！!：:）)”.…" or (text[place - 1].isspace() and before[-1] not in "，,、约用放加")
