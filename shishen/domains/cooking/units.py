"""Texts as the match sees them: a unit a character or a typed syllable, with what it sounds like and weighs."""

import re
from functools import cache, lru_cache

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import readings, split_pinyin, syllable
from shishen.domains.cooking.words import WordClass, fillers, segment

# What a word costs that the dish name has and the question lacks. These prices also say how much a word
# counts in a name: a technique as much as an ingredient, a style a third of that.
MISSING: dict[WordClass, float] = {
    "hazard": 0.75, "food": 0.75, "form": 0.75, "cut": 0.4, "flavour": 0.75, "technique": 0.75,
    "style": 0.25, "praise": 0.1, "request": 0.4, "filler": 0.2, "unknown": 0.4,
}  # fmt: skip
# What a word of the question costs that the name lacks, inside the part of the question that names the dish.
EXTRA: dict[WordClass, float] = {
    "hazard": 0.9, "food": 0.9, "form": 0.9, "cut": 0.4, "flavour": 0.9, "technique": 0.9,
    "style": 0.35, "praise": 0.05, "request": 0.2, "filler": 0.15, "unknown": 0.45,
}  # fmt: skip
# The head of a word, its last character, weighs more than the rest: 翅 in 鸡翅.
HEAD = 1.4


class Unit(Struct, frozen=True):
    """One character of a text, or one syllable typed as pinyin (then `character` is None).

    `start` and `end` are the place in the text of what it stands for: the character, or the whole word where
    that was replaced. `boundary`: punctuation stands before it.
    """

    character: str | None
    sounds: frozenset[str]
    kind: WordClass
    word: int
    cost_extra: float
    cost_missing: float
    start: int
    end: int
    boundary: bool = False
    inside_filler: bool = False


@lru_cache(maxsize=8192)
def units(text: str, canonical: bool) -> tuple[Unit, ...]:
    """A normalised text as units; with `canonical` every known word is replaced by its canonical one."""
    found: list[Unit] = []
    end = 0
    for number, word in enumerate(segment(text)):
        gap = text[end : word.start]
        # A space between words of pinyin parts syllables; beside a character it parts phrases.
        spaced = bool(gap) and not (text[end - 1 : end].isascii() and word.text.isascii())
        boundary = spaced or any(not c.isspace() for c in gap)
        end = word.end
        shown = word.canonical if canonical else word.text
        parts: list[tuple[str | None, frozenset[str]]] = [(shown, frozenset((shown,)))]
        if not shown.isascii():
            parts = [(c, readings(c)) for c in shown]
        elif shown.isalpha() and word.kind == "unknown" and (spelled := split_pinyin(shown)):
            parts = [(None, frozenset((s,))) for s in spelled]
        each = len(parts) == len(word.text)
        for offset, (character, sounds) in enumerate(parts):
            share = _share(offset, len(parts)) if word.kind != "unknown" else 1.0
            found.append(
                Unit(
                    character,
                    sounds,
                    word.kind,
                    number,
                    EXTRA[word.kind] * share,
                    MISSING[word.kind] * share,
                    word.start + offset if each else word.start,
                    word.start + offset + 1 if each else word.end,
                    boundary,
                    word.kind == "filler" and len(parts) > 1,
                )
            )
            boundary = False
    return tuple(_with_typed_fillers(found))


def _share(offset: int, length: int) -> float:
    """How much of a word's price its character at `offset` bears; the shares of a word add up to 1."""
    return (HEAD if offset == length - 1 else 1.0) / (length - 1 + HEAD)


# Other fillers sound like parts of dishes (自己 and 子鸡), so only words of asking are known by their sound.
_ASKING = re.compile("怎么|怎样|如何|做法|请问|教我|我想|我要|想吃|想做|菜谱")


@cache
def _typed_fillers() -> tuple[frozenset[tuple[str, ...]], int]:
    """The filler words of two characters or more by their sounds (zen me zuo), and the most syllables of one."""
    found = {tuple(syllable(c) for c in word) for word in fillers() if _ASKING.search(word) and not word.isascii()}
    return frozenset(found), max(map(len, found))


def _with_typed_fillers(found: list[Unit]) -> list[Unit]:
    """The same units, with filler words that were typed as pinyin marked as such."""
    if all(unit.character is not None for unit in found):
        return found
    known, longest = _typed_fillers()
    at = 0
    while at < len(found):
        run: list[str] = []
        for unit in found[at : at + longest]:
            if unit.character is not None:
                break
            run.extend(unit.sounds)
        size = next((n for n in range(len(run), 1, -1) if tuple(run[:n]) in known), 0)
        for place in range(at, at + size):
            found[place] = replace(found[place], kind="filler", cost_extra=EXTRA["filler"])
        at += size or 1
    return found
