"""English words of the kitchen in a turn, made Chinese: `i have tofu and two eggs` → `i have 豆腐 and two 鸡蛋`.

Only words of data/english.toml are touched; the English names of whole dishes (dish_names.toml) stay as they are, and
so does every word of asking. Not a translation: word order and grammar stay English.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from msgspec import Struct

from shishen.domains.cooking.exclusion_reading import longest
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import aliases

_LATIN = re.compile("[a-z]")
# A word ends where no letter or digit follows, nor a hyphen that carries it on; `sugar-free` and `sugar free` stay.
_BEFORE = r"(?<![a-z])(?<![a-z][-'])"
_AFTER = r"(?![a-z0-9]|[-'](?!s\b)[a-z]|[- ]free\b)"
# Who says so counts foods: `i have tomato and egg` names two of them, `tomato and egg` a dish.
_COUNTING = re.compile(r"\b(?:have|got|has|using|use|left|leftover|fridge|pantry|only|bought|allerg\w*|no|without)\b")
_SIBILANT = ("s", "x", "z", "ch", "sh")


class _Entry(Struct, frozen=True):
    """What a phrase becomes, and the group of the data that it stands in."""

    chinese: str
    group: str


def _plurals(phrase: str) -> Iterator[str]:
    """The regular plurals of a phrase: eggs, radishes, tomatoes, berries, loaves."""
    stem = phrase[:-1]
    if phrase.endswith(_SIBILANT):
        yield phrase + "es"
    elif phrase.endswith("y") and stem[-1:] not in "aeiou":
        yield stem + "ies"
    else:
        yield phrase + "s"
        if phrase.endswith("o"):
            yield phrase + "es"
        if phrase.endswith("fe"):
            yield phrase[:-2] + "ves"
        elif phrase.endswith("f"):
            yield stem + "ves"


@cache
def _entries() -> dict[str, _Entry | None]:
    """Every phrase as it may be written → its entry; None for the name of a dish and for what else stays.

    What is written in the file counts before a plural that is made here.
    """
    found: dict[str, _Entry | None] = {}
    plurals: dict[str, _Entry | None] = {}
    for group, words in knowledge("english").items():
        for chinese, phrases in words.items():
            entry = _Entry(chinese, group) if chinese else None
            for phrase in phrases.split(","):
                found[phrase.strip()] = entry
                plurals.update(dict.fromkeys(_plurals(phrase.strip()), entry))
    for phrase, entry in plurals.items():
        found.setdefault(phrase, entry)
    for phrase, spaced in list(found.items()):
        found.setdefault(phrase.replace(" ", "-"), spaced)
    for name in aliases("dish"):
        if _LATIN.search(name):
            found.setdefault(name, None)
    return found


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(_BEFORE + longest(_entries()).pattern + _AFTER)


def _joined(first: _Entry, second: _Entry) -> bool:
    """Whether two words make one in Chinese: 蒸 + 鱼, 番茄 + 汤; a taste stays apart, 辣 is asked for by itself."""
    return first.group == "techniques" or (second.group == "forms" and first.group != "tastes")


def _foods_listed(name: str) -> bool:
    """Whether the name of a dish is nothing but foods with `and` between them."""
    parts = name.split(" and ")
    return len(parts) > 1 and all(_entries().get(part) for part in parts)


@lru_cache(maxsize=1024)
def translated(text: str) -> str:
    """A normalised text with the English words for foods, tools, tastes, courses, cuisines, techniques and units in
    Chinese; the text itself where it has no such word."""
    if not _LATIN.search(text):
        return text
    pieces: list[str] = []
    at = 0
    previous: _Entry | None = None
    counting = bool(_COUNTING.search(text))
    for match in _pattern().finditer(text):
        start, end = match.span()
        gap = text[at:start]
        entry = _entries()[match[0]]
        if entry is None:
            listed = counting and _foods_listed(match[0])
            pieces += (gap, _listed(match[0]) if listed else match[0])
        else:
            if previous is not None and gap in (" ", "-") and _joined(previous, entry):
                gap = ""
                if previous.group == "techniques":
                    # 蒸的 stands alone, before its food it is 蒸.
                    pieces[-1] = pieces[-1].rstrip("的味")
            pieces += (gap, entry.chinese)
        previous, at = entry, end
    return "".join((*pieces, text[at:])) if pieces else text


def _listed(name: str) -> str:
    """The foods of a list, each in Chinese."""
    return " and ".join(entry.chinese if (entry := _entries()[part]) else part for part in name.split(" and "))
