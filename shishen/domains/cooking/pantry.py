"""Whether what somebody has at home is what a recipe asks for: 鸡肉 for 鸡腿, 番茄 for 西红柿, but not for 番茄酱."""

import re
from functools import cache, lru_cache

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import canonical_ingredient


@cache
def _stands_for() -> dict[str, re.Pattern[str]]:
    return {canonical_ingredient(k): re.compile(p) for k, p in knowledge("pantry")["stands_for"].items()}


@cache
def _forms() -> tuple[frozenset[str], frozenset[str]]:
    known = knowledge("pantry")
    return frozenset(known["forms"].split()), frozenset(known["other"].split())


@lru_cache(maxsize=262_144)
def covers(have: str, need: str) -> bool:
    """Whether having `have` one has the ingredient `need`, by any of their names."""
    have, need = canonical_ingredient(have), canonical_ingredient(need)
    if have == need:
        return True
    if (pattern := _stands_for().get(have)) is not None:
        return pattern.fullmatch(need) is not None
    forms, other = _forms()
    if len(have) < 2 or need[-1:] in other - {have[-1:]}:
        return False
    if need.endswith(have):
        # 小土豆, 嫩豆腐, but not 干 + 香菇 of another canonical name: those are told apart by their aliases.
        return len(need) - len(have) <= 3
    return need.startswith(have) and need[len(have) :] in forms
