"""What the rules that describe a dish look at, and what they say: facts in, traits with their reason out."""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import canonical_ingredient
from shishen.records import Recipe

_BRACKETS = re.compile(r"[（(\[【].*?[）)\]】]|[\s\"“”'‘’]")


class Trait(Struct, frozen=True):
    """Something that is true of a dish: how sure it is (1.0: the record says so) and the field that it rests on."""

    value: str
    confidence: float
    because: str


class Part(Struct, frozen=True):
    """One ingredient: its plain name, its kind (food_kinds.toml), and how much, as far as it is written.

    `grams` are grams or millilitres, `count` pieces of any sort; both None where the amount is vague.
    """

    name: str
    kind: str | None
    optional: bool
    grams: float | None
    count: float | None


class Facts(Struct, frozen=True):
    """A recipe as the rules read it: everything normalised once; `required` are the parts that are not optional."""

    recipe: Recipe
    name: str
    parts: tuple[Part, ...]
    required: tuple[Part, ...]
    steps: str
    tools: tuple[str, ...]

    def of(self, *kinds: str) -> tuple[Part, ...]:
        """The required parts of these kinds."""
        return tuple(part for part in self.required if part.kind in kinds)

    def mass(self, *kinds: str) -> float:
        """Grams of these kinds, as far as they are written."""
        return sum(part.grams or 0.0 for part in self.of(*kinds))


ANIMAL = ("pork", "beef_lamb", "game", "poultry", "fish", "shellfish")


@cache
def _kinds() -> tuple[dict[str, str], int]:
    """Every word → its kind, by canonical name too; and the length of the longest."""
    table: dict[str, str] = {}
    canonical: dict[str, str] = {}
    for kind, words in knowledge("food_kinds")["kinds"].items():
        for word in map(normalise, words.split()):
            table[word] = kind
            canonical.setdefault(canonical_ingredient(word), kind)
    for word, kind in canonical.items():
        table.setdefault(word, kind)
    return table, max(map(len, table))


@lru_cache(maxsize=16_384)
def kind_of(name: str) -> str | None:
    """The kind of an ingredient, by its name or the longest known word that it ends in; None where unknown."""
    table, longest = _kinds()
    name = normalise(name)
    for word in (name, canonical_ingredient(name)):
        if word in table:
            return table[word]
    for end in _ends(name):
        for size in range(min(longest, len(end)), 0, -1):
            if (kind := table.get(end[-size:])) is not None:
                return kind
    return None


def _ends(name: str) -> Iterator[str]:
    """A name, and without the cut that it ends in where there is one: 五花肉薄片, 五花肉."""
    yield name
    _, after = _plain_words()
    for cut in after:
        if name.endswith(cut) and len(name) > len(cut) + 1:
            yield name[: -len(cut)]


@cache
def _plain_words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    listed = knowledge("food_kinds")["plain"]
    return words(listed["before"]), words(listed["after"])


@cache
def _same() -> dict[str, str]:
    table: dict[str, str] = {}
    for listed in knowledge("food_kinds")["plain"]["same"]:
        first, *others = listed.split()
        table |= dict.fromkeys(others, first)
    return table


@lru_cache(maxsize=16_384)
def plain(name: str) -> str:
    """The canonical name of an ingredient without its cut and what adorns it: 新鲜姜片 → 姜, 冷饭 → 米饭."""
    found = _plain(name)
    return _same().get(found, found)


def _plain(name: str) -> str:
    table, _ = _kinds()
    text = _BRACKETS.sub("", normalise(name)) or normalise(name)
    canonical = canonical_ingredient(text)
    if canonical in table and not _cut(canonical, table):
        return _water(canonical)
    before, _after = _plain_words()
    for _ in range(3):
        if (kept := _cut(text, table)) is not None:
            return canonical_ingredient(kept)
        if canonical_ingredient(text) in table:
            break
        for word in before:
            if text.startswith(word) and (rest := text[len(word) :]) and kind_of(rest) is not None:
                text = rest
                break
        else:
            break
    return _water(canonical_ingredient(text))


def _water(name: str) -> str:
    """水 for any water that is not ice."""
    return "水" if kind_of(name) == "water" and "冰" not in name else name


def _cut(text: str, table: dict[str, str]) -> str | None:
    """What is left of a name without its cut, where that is a word of the same kind: 姜片 → 姜; None: no cut."""
    _, after = _plain_words()
    if len(text) < 2 or text[-1] not in after:
        return None
    kept = text[:-1]
    # 肉丝 is 肉, but 粉丝, 薯条 and 肉末 are things of their own.
    if kept not in table or table.get(text, table[kept]) != table[kept]:
        return None
    return kept if text not in table or table[kept] == "aromatic" else None


@cache
def group(name: str) -> frozenset[str]:
    """A group of kinds or of names (food_kinds.toml): `seasonings` are kinds, `fat` are names."""
    return frozenset(knowledge("food_kinds")["groups"][name].split())


@cache
def basics() -> frozenset[str]:
    """The canonical names of the basic seasonings that a kitchen is assumed to have."""
    return frozenset(plain(word) for word in knowledge("food_kinds")["basics"]["words"].split())


@cache
def _measures() -> dict[str, float]:
    units = knowledge("units")
    return {**units["volume"], **units["mass"]}


def facts(recipe: Recipe) -> Facts:
    """Read a recipe for the rules."""
    parts = []
    for ingredient in recipe.ingredients:
        name = plain(ingredient.name)
        amount = ingredient.min if ingredient.min is not None else ingredient.max
        factor = _measures().get(normalise(ingredient.unit)) if ingredient.unit else None
        grams = amount * factor if amount is not None and factor is not None else None
        count = amount if factor is None else None
        parts.append(Part(name, kind_of(ingredient.name), ingredient.optional, grams, count))
    steps = "\n".join(normalise(step.text) for step in recipe.steps if not step.noise)
    required = tuple(part for part in parts if not part.optional)
    tools = tuple(normalise(tool) for tool in recipe.tools)
    return Facts(recipe, normalise(recipe.name), tuple(parts), required, steps, tools)


@lru_cache(maxsize=256)
def words(listed: str) -> tuple[str, ...]:
    """A list of words of a TOML file, longest first."""
    return tuple(sorted(listed.split(), key=len, reverse=True))


def word_in(text: str, listed: str, unless: str = "") -> str | None:
    """The longest word of a list that stands in a text once the words of `unless` are taken out of it."""
    for word in words(unless):
        text = text.replace(word, "\0")
    return next((word for word in words(listed) if word in text), None)


def best(traits: Iterable[Trait]) -> tuple[Trait, ...]:
    """Each value once, with its surest reason; the surest first."""
    found: dict[str, Trait] = {}
    for trait in traits:
        if trait.value not in found or trait.confidence > found[trait.value].confidence:
            found[trait.value] = trait
    return tuple(sorted(found.values(), key=lambda trait: -trait.confidence))


def named(parts: Iterable[Part], most: int = 3) -> str:
    """The names of some parts for a reason: 干辣椒、花椒."""
    return "、".join(list(dict.fromkeys(part.name for part in parts))[:most])
