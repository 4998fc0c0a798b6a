"""The names of dishes that a library may lack, crossed off as its own names come by.

A name is crossed off where the library has it or a longer one that holds it, has the same words in another order, or
calls the dish by another of its names: what is there must never be refused.
"""

from collections.abc import Iterator, Sequence
from functools import cache

from shishen.chinese import HAN, normalise
from shishen.domains.cooking.dialogues.drawing import number_of
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import canonical_words, segment

# Titles are read to this length: what follows names no dish.
LONGEST_NAME = 60
# What does not tell one dish from another.
_LOOSE = ("style", "praise", "filler", "request", "cut")


def core(name: str) -> str:
    """The words that make a dish what it is, in canonical form and without order: 番茄炒鸡蛋, 鸡蛋炒番茄 are one."""
    words = [word for word in segment(normalise(name)[:LONGEST_NAME]) if word.kind not in _LOOSE]
    return " ".join(sorted(word.canonical for word in words))


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    """Name to be asked for → all names of that dish, itself first."""
    groups: dict[str, tuple[str, ...]] = {}
    for group in knowledge("dish_names")["dish"]:
        names = (group["name"], *group["aliases"], *group.get("misspellings", ()))
        groups[group["name"]] = tuple(names)
    lists = knowledge("dialogues_absent")
    for way in lists["ways"].split():
        for food in lists["foods"].split():
            groups.setdefault(f"{way}{food}", (f"{way}{food}",))
    # Two characters (炒面) name a sort of dishes more often than one.
    return {name: names for name, names in groups.items() if len(name) > 2 and HAN.search(name)}


@cache
def _forms() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]], dict[str, tuple[int, ...]]]:
    """(form of a name → dishes, core → dishes, first character → lengths of the forms that begin with it)."""
    forms: dict[str, set[str]] = {}
    cores: dict[str, set[str]] = {}
    for dish, names in _groups().items():
        for name in names:
            plain = normalise(name).replace(" ", "")
            for form in (plain, canonical_words(plain)):
                forms.setdefault(form, set()).add(dish)
            cores.setdefault(core(name), set()).add(dish)
    lengths: dict[str, set[int]] = {}
    for form in forms:
        lengths.setdefault(form[0], set()).add(len(form))
    return (
        {form: frozenset(dishes) for form, dishes in forms.items()},
        {form: frozenset(dishes) for form, dishes in cores.items() if form},
        {first: tuple(sorted(of_first)) for first, of_first in lengths.items()},
    )


class Unseen:
    """The dishes that no name has crossed off yet."""

    def __init__(self) -> None:
        self._left = set(_groups())

    def cross_off(self, name: str) -> None:
        """Take away every dish that a name of the library may be."""
        if not self._left:
            return
        forms, cores, lengths = _forms()
        plain = normalise(name)[:LONGEST_NAME].replace(" ", "")
        for text in dict.fromkeys((plain, canonical_words(plain))):
            for at, character in enumerate(text):
                for length in lengths.get(character, ()):
                    if (found := forms.get(text[at : at + length])) is not None:
                        self._left -= found
        if (found := cores.get(core(plain))) is not None:
            self._left -= found

    def names(self) -> Iterator[str]:
        """The dishes that are left, in a fixed order."""
        return (name for name in _groups() if name in self._left)

    def share(self, part: int, sizes: Sequence[int]) -> "Unseen":
        """The dishes that are left which fall to a part, of parts of these sizes; each falls to one, by its hash."""
        parts = [n for n, size in enumerate(sizes) for _ in range(round(100 * size / max(1, sum(sizes))))]
        found = Unseen()
        found._left = {name for name in self._left if parts and parts[number_of("share", name) % len(parts)] == part}
        return found


def other_names(name: str) -> tuple[str, ...]:
    """Every name of a dish of the list, itself first."""
    return _groups()[name]
