"""How an ingredient is handled before it is used, as its line says it (切丝, 去皮)."""

import re
from functools import cache

from shishen.domains.cooking.knowledge import knowledge

# What a thing is for is not what is done to it (用于焯水去腥, 易于融化), nor is what is said of another thing.
_PURPOSE = re.compile(
    r"[（(]\s*或[^（）()]*[）)]|[—\-，,（(\s]*(?:也?可(?:以)?用|也?可(?:以)?选)[^，,；;。）)]*(?:代替|替代|替换)|"
    r"(?:用于|用来|易于|为了|可以|能够|建议|推荐|以便|帮助|如果|没有)[^，,；;。）)]*|[^，,（(；;。]{0,40}(?:用|时|更[佳好])(?=[，,；;。）)])"
)
_LINE_LENGTH = 300


@cache
def _handled() -> re.Pattern[str]:
    words = knowledge("preparations")["handling"].split()
    listed = "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))
    return re.compile(f"(?<!不)(?<!不用)(?<!不要)(?<!无需)(?<!不必)(?:{listed})")


def preparation_of(raw: str, name: str, following: str | None = None) -> str | None:
    """The handling words around `name` in `raw`, joined by 、; None where there are none.

    `following` is the name of the next ingredient in the line: what stands after it belongs to that one.
    """
    handled = _handled()
    if len(raw) > _LINE_LENGTH or not handled.search(raw):
        return None
    raw = _PURPOSE.sub("", raw)
    start = raw.find(name)
    if start < 0:
        return None
    end = raw.find(following, start + len(name)) if following else -1
    before = re.split(r"[、，,；;+]", raw[:start])[-1]
    after = raw[start + len(name) : end if end >= 0 else len(raw)]
    found = dict.fromkeys(m[0] for part in (before, after) for m in handled.finditer(part))
    return "、".join(found) or None
