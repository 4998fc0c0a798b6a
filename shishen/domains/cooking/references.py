"""Words that point at a dish without naming it (第二个, 刚才那个, 那道汤), and questions cut short (那糖呢)."""

from functools import lru_cache
from typing import Literal

from msgspec import Struct

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.spoken_numbers import number_of
from shishen.domains.cooking.understanding import compiled


class Reference(Struct, frozen=True):
    """Words that point at a dish: `nth` of the list (from 1; -1 the last), `before`, `first_of_all` or `this`."""

    kind: Literal["nth", "before", "first_of_all", "this", "of_kind", "other"]
    start: int
    end: int
    n: int = 0
    back: bool = False
    word: str = ""


@lru_cache(maxsize=1024)
def reference(text: str) -> Reference | None:
    """What a text points at without naming it; None where it points at nothing."""
    known = knowledge("references")
    for kind in ("first_of_all", "nth", "last", "of_kind", "other", "before", "this"):
        for pattern in known[kind]:
            if not (match := compiled(pattern).search(text)):
                continue
            if kind == "nth":
                slots = match.groupdict()
                n = number_of(slots.get("n") or slots.get("word") or "")
                if n is None or n != int(n) or not 0 < n <= 100:
                    continue
                return Reference("nth", match.start(), match.end(), int(n), bool(slots.get("back")))
            if kind == "last":
                return Reference("nth", match.start(), match.end(), -1)
            word = match.groupdict().get("kind") or ""
            return Reference(kind, match.start(), match.end(), word=word)  # type: ignore[arg-type]
    return None


def ellipsis(text: str) -> str | None:
    """What 那糖呢 asks about; None where a text is no such question."""
    for pattern in knowledge("references")["ellipsis"]:
        if match := compiled(pattern).match(text.strip()):
            return match["what"]
    return None
