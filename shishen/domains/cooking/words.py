"""The words of dish names: what each means for a match, and which words are one thing (aliases)."""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.knowledge import knowledge

WordClass = Literal[
    "hazard", "food", "form", "cut", "flavour", "technique", "style", "praise", "request", "filler", "unknown"
]

# Where a word stands in several lists the earlier class counts: 酸菜 is an ingredient before it is a flavour.
_CLASS_OF_LIST: dict[str, WordClass] = {
    "hazard": "hazard",
    "request": "request",
    "illness": "request",
    "food": "food",
    "technique": "technique",
    "flavour": "flavour",
    "form": "form",
    "cut": "cut",
    "style": "style",
    "praise": "praise",
    "filler": "filler",
}
_NOT_WORDS = re.compile(r"[^\w\u3400-\u9fff]+")


class Word(Struct, frozen=True):
    """One word found in a text: its place, its class, and the canonical word that it stands for."""

    text: str
    start: int
    kind: WordClass
    canonical: str

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start + len(self.text)


@cache
def aliases(kind: Literal["ingredient", "dish", "fragment"]) -> dict[str, str]:
    """Alias → canonical name of one kind, normalised; a canonical name stands for itself.

    A `fragment` is interchangeable inside dish names only.
    """
    table: dict[str, str] = {}
    for group in knowledge("dish_names" if kind == "dish" else "ingredient_names")[kind]:
        canonical = normalise(group["name"])
        for alias in (group["name"], *group["aliases"], *group.get("misspellings", ())):
            table[normalise(alias)] = canonical
    return table


def _learn(known: dict[str, tuple[WordClass, str]], words: Iterable[str], kind: WordClass) -> None:
    """Take words of one class in, each standing for itself; what is known already stays."""
    for word in map(normalise, words):
        known.setdefault(word, (kind, word))


@cache
def _known() -> tuple[dict[str, tuple[WordClass, str]], int]:
    """Every known word → (class, canonical), and the length of the longest."""
    lists = knowledge("words")
    known: dict[str, tuple[WordClass, str]] = {}
    for name in ("hazard", "request", "illness"):
        _learn(known, lists[name].split(), _CLASS_OF_LIST[name])
    for alias, canonical in aliases("fragment").items():
        known.setdefault(alias, ("form", canonical))
    for alias, canonical in aliases("ingredient").items():
        known.setdefault(alias, ("food", canonical))
    for name, kind in _CLASS_OF_LIST.items():
        _learn(known, lists[name].split(), kind)
    for group in lists["same"]:
        first, *others = group.split()
        for word in others:
            if word in known:
                known[word] = (known[word][0], first)
    return known, max(map(len, known))


def fillers() -> list[str]:
    """The words that people say around a dish name."""
    return [normalise(word) for word in knowledge("words")["filler"].split()]


class Lexicon:
    """Words to find in short texts: at each place the longest. Ready at once, where a pattern of them must compile."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        lengths: dict[str, set[int]] = {}
        for word in self._words:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(of_first, reverse=True) for first, of_first in lengths.items()}

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """(start, end) of each word found, in order; none overlaps another."""
        at = 0
        while at < len(text):
            ends = (at + length for length in self._lengths.get(text[at], ()))
            end = next((end for end in ends if end <= len(text) and text[at:end] in self._words), at)
            if end > at:
                yield at, end
            at = max(end, at + 1)


@lru_cache(maxsize=16_384)
def segment(text: str) -> tuple[Word, ...]:
    """A normalised text cut into known words and single unknown characters: fewest unknowns, then fewest words.

    Spaces and punctuation are left out; a run of Latin letters or digits is one word. Dynamic programming from
    the end, linear in the length.
    """
    known, longest = _known()
    size = len(text)
    # best[i]: (unknown characters, words, length of the first word) of the best cut of text[i:].
    best: list[tuple[int, int, int]] = [(0, 0, 0)] * (size + 1)
    for start in range(size - 1, -1, -1):
        run = _latin_run(text, start)
        unknown, words, _ = best[start + run]
        choice = (unknown + 1, words + 1, run)
        if run > 1 or _latin(text[start]):
            if text[start : start + run] in known:
                choice = (unknown, words + 1, run)
            best[start] = choice
            continue
        for length in range(1, min(longest, size - start) + 1):
            if text[start : start + length] in known:
                candidate = (best[start + length][0], best[start + length][1] + 1, length)
                # On a tie the longer first word: 鸡蛋|饼, not 鸡|蛋饼.
                if candidate[:2] <= choice[:2]:
                    choice = candidate
        best[start] = choice
    found: list[Word] = []
    at = 0
    while at < size:
        length = best[at][2]
        piece = text[at : at + length]
        if piece in known:
            found.append(Word(piece, at, *known[piece]))
        elif piece.isalnum():
            found.append(Word(piece, at, "unknown", piece))
        at += length
    return tuple(found)


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _latin_run(text: str, start: int) -> int:
    """The length of the run of Latin letters and digits that begins here; at least 1.

    In the middle of a run it is what is left of it: the cut from the end passes there, and is never used.
    """
    end = start
    while end < len(text) and end - start < 64 and _latin(text[end]):
        end += 1
    return max(1, end - start)


@lru_cache(maxsize=16_384)
def canonical_words(name: str) -> str:
    """A normalised text with every known word replaced by its canonical one: 蕃茄炒蛋 → 番茄炒鸡蛋."""
    return "".join(word.canonical for word in segment(name))


def canonical_dish(name: str) -> str:
    """A normalised dish name by its canonical dish, where it is an alias of one; else in canonical words."""
    known = aliases("dish").get(name)
    return known if known is not None else canonical_words(name)


@lru_cache(maxsize=65_536)
def canonical_ingredient(name: str) -> str:
    """The canonical name of an ingredient; itself where no alias is known."""
    plain = normalise(name).replace(" ", "")
    return aliases("ingredient").get(plain, plain)


def bare(text: str) -> str:
    """A text normalised, without spaces and punctuation."""
    return _NOT_WORDS.sub("", normalise(text))
