"""The numbers that steps are printed with, as far as the order of a page depends on them."""

import re
from itertools import pairwise

_HAN = {numeral: number for number, numeral in enumerate("一二三四五六七八九十", 1)}
_CIRCLED = {chr(first + n): n + 1 for first in (0x2460, 0x2776, 0x2780, 0x278A) for n in range(10)}
_CIRCLED |= {chr(0x246A + n): 11 + n for n in range(10)}
_MARKER = re.compile(
    r"[（(【\[]?(?:\d{1,2}|[①-⑳❶-❿➀-➓]|[一二三四五六七八九十]{1,3})[)）】\]]?[.、．:：]?"
    r"|第[一二三四五六七八九十\d]+[步道]|(?:步骤|STEP|Step)\s*[一二三四五六七八九十\d]*"
)
# Behind a bare number these make it an amount.
_UNITS = r"(?:分钟|小时|秒|天|克|千克|公斤|斤|两|毫升|升|厘米|度|个|只|片|根|勺|匙|杯|块|条|人|份|[a-zA-Z℃%～~-])"
_LEADING = re.compile(
    r"(?:[（(【\[]\s*(\d{1,2}|[一二三四五六七八九十])\s*[)）】\]]"
    r"|(?:第|步骤|STEP|Step|step)\s*(\d{1,2}|[一二三四五六七八九十])(?!\d)"
    f"|([{''.join(_CIRCLED)}])"
    rf"|(\d{{1,2}})(?:\s*[)）、:：]|\s*[.．](?!\d)|\s+(?!{_UNITS})|$)"
    r"|([一二三四五六七八九十])\s*[、.．])"
)


def is_marker(text: str) -> bool:
    """Whether a text is a step's number and nothing else."""
    return _MARKER.fullmatch(text) is not None


def leading_number(text: str) -> int | None:
    """The number, 1 to 99, that a text begins with as a step does; None where it begins with none."""
    found = _LEADING.match(text)
    if not found:
        return None
    digits = next(group for group in found.groups() if group)
    return int(digits) if digits.isdecimal() and digits.isascii() else _HAN.get(digits) or _CIRCLED.get(digits)


def count_up(markers: list[str]) -> bool:
    """Whether numbers are those of steps: they go up one by one, or by a few where steps stand in rows of pictures.

    The page numbers of a contents do not; markers that are no numbers are of steps.
    """
    numbers = [
        int(text.strip("（(【[)）】].、．:： ")) for text in markers if text.strip("（(【[)）】].、．:： ").isdecimal()
    ]
    if len(numbers) < len(markers) / 2:
        return True
    strides = [b - a for a, b in pairwise(numbers)]
    if len(numbers) <= 3:
        return max(numbers) <= 20 and all(1 <= stride <= 4 for stride in strides)
    usual = max(set(strides), key=strides.count)
    return 1 <= usual <= 4 and sum(stride in (usual, 1 - numbers[0]) for stride in strides) >= 0.6 * len(strides)
