"""Hard filters: where a recipe holds what must not be in it, by name or by what its foods are made of.

`findings` looks at the whole record (docs/decisions/0007). Nothing found means nothing was found, never that a dish
is safe. What people say about exclusions is read in `exclusion_reading`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, Literal

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.exclusion_reading import EVERYTHING, Reading, longest, plain, read_exclusions, within_word
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import aliases, canonical_ingredient
from shishen.records import Exclusion, Recipe

__all__ = ["EVERYTHING", "Finding", "Reading", "findings", "in_name", "read_exclusions", "reminder", "shown"]

Place = Literal["ingredient", "step", "name", "text"]


class Finding(Struct, frozen=True, kw_only=True):
    """Something found that an exclusion forbids.

    `what` are the words found (蚝油), `why` how they come under it (蚝油 → 贝类; None where they are it). `index` is
    the ingredient or the step, from 0. `optional` marks an ingredient that the recipe itself leaves to the cook.
    """

    exclusion: Exclusion
    what: str
    why: str | None
    place: Place
    index: int | None = None
    optional: bool = False


class _Food(Struct, frozen=True):
    """What one word is, holds and may hold: classes.

    `dish`: it also names dishes; `unnamed`: meat of no animal; `whole`: it counts only as a whole name.
    """

    own: frozenset[str] = frozenset()
    holds: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    dish: bool = False
    unnamed: bool = False
    whole: bool = False


class _Sought(Struct, frozen=True):
    """What an exclusion comes down to.

    `everywhere`: the whole record counts, tips and description too; `careful`: so does what some products hold.
    """

    classes: frozenset[str]
    own_words: re.Pattern[str] | None
    keeps: frozenset[str]
    unnamed: bool
    everywhere: bool
    careful: bool


class _Text(Struct, frozen=True):
    """One text of a record and where it stands. `certain` where an unnamed meat is a thing of its own."""

    text: str
    place: Place
    index: int | None = None
    certain: bool = False
    optional: bool = False


@cache
def _wider() -> dict[str, frozenset[str]]:
    """Class → itself and every class that it is part of."""
    parents = {entry["name"]: entry.get("part_of", "").split() for entry in knowledge("exclusions")["class"]}

    def climb(name: str) -> set[str]:
        return {name}.union(*(climb(parent) for parent in parents[name]))

    return {name: frozenset(climb(name)) for name in parents}


@cache
def _foods() -> dict[str, _Food]:
    """Every word known to the filters → what it is. A word of `nothing` is an empty food."""
    own: dict[str, set[str]] = {}
    unnamed: set[str] = set()
    for entry in knowledge("exclusions")["class"]:
        for word in entry["words"].split():
            own.setdefault(plain(word), set()).update(_wider()[entry["name"]])
        unnamed.update(map(plain, entry.get("unnamed", "").split()))
    made_of = knowledge("made_of")
    for word, classes in _composed(made_of["compose"]):
        if not own.get(word):
            own[word] = set().union(*(_wider()[name] for name in classes))
    holds: dict[str, dict[str, None]] = {}
    may: dict[str, dict[str, None]] = {}
    dishes: set[str] = set()
    whole: set[str] = set()
    for entry in made_of["made"]:
        for word in map(plain, entry["words"].split()):
            holds.setdefault(word, {}).update(dict.fromkeys(entry.get("holds", "").split()))
            may.setdefault(word, {}).update(dict.fromkeys(entry.get("may", "").split()))
            if entry.get("dish"):
                dishes.add(word)
            if entry.get("whole"):
                whole.add(word)
    foods = {plain(word): _Food() for word in made_of["nothing"]["words"].split()}
    for word in own.keys() | holds.keys() | unnamed:
        if word in unnamed:
            own.setdefault(word, set()).add("肉")
        foods[word] = _Food(
            frozenset(own.get(word, ())),
            tuple(holds.get(word, ())),
            tuple(may.get(word, ())),
            word in dishes,
            word in unnamed,
            word in whole,
        )
    return foods


def _composed(table: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """牛 → 牛肉, 牛肉末, 牛丸 …: words made of an animal and a cut, with their classes."""
    for animal, classes in table["animals"].items():
        yield animal + "肉", classes.split()
        for cut in table["cuts"].split():
            yield f"{animal}肉{cut}", classes.split()
            # 鸡皮, 牛丸 and 羊排 are meat, but 虾皮 is a food of its own: `setdefault` above keeps it.
            yield animal + cut, classes.split()


@cache
def _pattern() -> re.Pattern[str]:
    return longest(_foods())


@lru_cache(maxsize=131_072)
def _mentions(text: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The text normalised, and every food word in it with its place; longest first, what means nothing left out."""
    text = normalise(text)
    pattern, foods = _pattern(), _foods()
    found: list[tuple[str, int]] = []
    at = hidden = 0
    while match := pattern.search(text, at):
        word, start, end = match[0], match.start(), match.end()
        food = foods[word]
        if end <= hidden or (word.isascii() and within_word(text, start, end)):
            at = start + 1
        elif food.own or food.holds or food.may:
            found.append((word, start))
            at = end
        else:
            # A word may begin inside one that means nothing and reach beyond it: 里面条 holds 面条.
            hidden, at = end, start + 1
    return text, tuple(found)


@cache
def _regimes() -> dict[str, dict[str, Any]]:
    """Diets and conditions by name."""
    diets = knowledge("diets")
    return {entry["name"]: entry for entry in (*diets["diet"], *diets["condition"])}


@lru_cache(maxsize=4096)
def _sought(name: str, kind: str) -> _Sought:
    """What an exclusion of this name and kind looks for."""
    everywhere, careful = kind in ("allergy", "condition"), kind in ("allergy", "diet")
    regime = _regimes().get(name)
    if regime is not None and kind in ("diet", "condition"):
        keeps = frozenset(map(plain, regime.get("keeps", "").split()))
        forbidden = frozenset(regime["forbids"].split())
        return _Sought(forbidden, None, keeps, regime.get("unnamed", False), everywhere, careful)
    classes = {entry["name"]: entry for entry in knowledge("exclusions")["class"]}
    names = {name} if name in classes else set()
    own_words = None
    if not names:
        own_words = _own_words(name)
        if everywhere:
            # An allergy to 虾仁 is one to 虾: to the narrowest classes that the food belongs to.
            held = _foods().get(plain(name), _Food()).own
            names = {one for one in held if not any(one in _wider()[other] - {other} for other in held)}
    if everywhere:
        names.update(*(classes[one].get("kin", "").split() for one in tuple(names)))
    return _Sought(frozenset(names), own_words, frozenset(), "猪肉" in names and name in classes, everywhere, careful)


def _own_words(name: str) -> re.Pattern[str]:
    """A food by its own name and aliases (group 1), less the longer words in which the name means something else."""
    canonical = canonical_ingredient(name)
    words = {plain(name), canonical, *(alias for alias, of in aliases("ingredient").items() if of == canonical)}
    inside = knowledge("made_of")["inside"]
    hidden = {word for one in words for word in inside.get(one, "").split()} - words
    written = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    others = "".join(re.escape(word) + "|" for word in sorted(hidden, key=len, reverse=True))
    return re.compile(f"{others}({written})")


def _texts(recipe: Recipe) -> Iterator[_Text]:
    """Every text of a record; those of place `text` count for allergies and conditions only."""
    for index, one in enumerate(recipe.ingredients):
        for name in (one.name, *one.alt):
            yield _Text(name, "ingredient", index, True, one.optional)
        yield _Text(one.raw, "ingredient", index, False, one.optional)
    for index, step in enumerate(recipe.steps):
        yield _Text(step.text, "step", index)
        if step.section:
            yield _Text(step.section, "step", index)
    for name in dict.fromkeys((recipe.name, recipe.title, *recipe.aliases)):
        yield _Text(name, "name")
    for taste in recipe.tastes:
        yield _Text(taste, "name")
    more = (recipe.description, recipe.features, recipe.category, recipe.cuisine, *recipe.tips, *recipe.keywords)
    groups = (text for one in recipe.ingredients for text in (one.group, one.preparation))
    for text in dict.fromkeys((*more, *groups)):
        if text:
            yield _Text(text, "text")


def _narrow(food: _Food, sought: _Sought, counts: bool, place: Place) -> tuple[str | None, bool] | None:
    """(The class by which the food comes under what is sought, whether only some products do), or None.

    The class is None where the food is it itself. `counts` is false where what it is made of does not count. What
    some products may hold counts where the product is used, not where a tip or a description mentions it.
    """
    if food.own & sought.classes:
        return None, False
    if counts:
        for only_some, names in ((False, food.holds), (True, food.may if sought.careful and place != "text" else ())):
            for name in names:
                if _wider()[name] & sought.classes:
                    return name, only_some
    return None


def _search(
    said: _Text, exclusion: Exclusion, sought: _Sought, dish: str, other_meat: bool
) -> Iterator[tuple[str, str | None]]:
    """(Words found, why) for one exclusion in one text."""
    text, mentions = _mentions(said.text)
    if said.place == "text" and not sought.everywhere:
        return
    if sought.own_words is not None:
        for match in sought.own_words.finditer(text):
            if match[1]:
                yield match[1], None if match[1] == exclusion.name else f"{match[1]} → {exclusion.name}"
                break
    if not sought.classes:
        return
    for word, start in mentions:
        food = _foods()[word]
        if food.whole and text != word:
            continue
        known = _narrow(food, sought, not (food.dish and said.place != "ingredient" and word in dish), said.place)
        why: str | None = None
        if known is None:
            if not (sought.unnamed and food.unnamed and (said.certain or not other_meat)):
                continue
            why = f"{word} → 猪肉（没有注明是什么肉）"
        elif known[0] is not None:
            why = f"{word} → {known[0]}" + ("（部分产品）" if known[1] else "")
        if sought.keeps and any(
            kept in text and text.find(kept) <= start < text.find(kept) + len(kept) for kept in sought.keeps
        ):
            continue
        yield word, why


def findings(recipe: Recipe, exclusions: Sequence[Exclusion]) -> tuple[Finding, ...]:
    """Everything in a record that the exclusions forbid: ingredients, steps, names, then (for allergies) the rest.

    Texts are read once and remembered, so that looking again costs little. Empty means that nothing was found.
    """
    if not exclusions:
        return ()
    texts = tuple(_texts(recipe))
    other_meat = any(_is_meat(one.text) for one in texts if one.certain)
    found: dict[tuple[Exclusion, str, Place, int | None], Finding] = {}
    for exclusion in exclusions:
        sought = _sought(exclusion.name, exclusion.kind)
        for said in texts:
            for word, why in _search(said, exclusion, sought, recipe.name, other_meat):
                key = (exclusion, word, said.place, said.index)
                if key not in found:
                    found[key] = Finding(
                        exclusion=exclusion,
                        what=word,
                        why=why,
                        place=said.place,
                        index=said.index,
                        optional=said.optional,
                    )
    return tuple(found.values())


_MEATS = frozenset(("牛肉", "羊肉", "鸡肉", "鸭肉", "鹅肉", "异肉", "鱼", "甲壳类", "贝类"))


@lru_cache(maxsize=65_536)
def _is_meat(name: str) -> bool:
    """Whether an ingredient names the animal that a bare 肉 in the steps can stand for; a bouillon is none."""
    return any(_foods()[word].own & _MEATS and not _foods()[word].holds for word, _ in _mentions(name)[1])


def is_class(name: str) -> bool:
    """Whether a word names a class of foods (酒, 海鲜, 奶) rather than one food."""
    return any(entry["name"] == name for entry in knowledge("exclusions")["class"])


def in_name(name: str, exclusions: Sequence[Exclusion]) -> Finding | None:
    """The first thing that the exclusions forbid in one ingredient's name (a substitute, a shopping list)."""
    said = _Text(name, "ingredient", None, True)
    for exclusion in exclusions:
        sought = _sought(exclusion.name, exclusion.kind)
        for word, why in _search(said, exclusion, sought, "", False):
            return Finding(exclusion=exclusion, what=word, why=why, place="name")
    return None


_NOT_DISLIKED = {"饮酒": "不喝酒", "辣": "不吃辣", "麻": "不吃麻"}


def shown(exclusions: Sequence[Exclusion]) -> str:
    """The exclusions for an answer: 花生过敏、不吃辣、素食."""
    said: dict[str, None] = {}
    for one in exclusions:
        if one.kind == "allergy":
            said["乳糖不耐受" if one.name == "乳糖" else f"{one.name}过敏"] = None
        elif one.kind == "dislike":
            word = "不放" if one.scope == "dish" else "不吃"
            said[_NOT_DISLIKED.get(one.name, word + one.name) if one.scope != "dish" else word + one.name] = None
        else:
            said[one.name] = None
    return "、".join(said)


def reminder(exclusions: Sequence[Exclusion]) -> str | None:
    """What an answer must add for allergies, conditions and some diets; None where nothing is to be added."""
    said: dict[str, None] = {}
    if any(one.kind == "allergy" for one in exclusions):
        said["以上只查了菜谱写明的食材；调料、成品的配料和加工环节未知，请看包装上的配料表和致敏物质提示。"] = None
    for one in exclusions:
        regime = _regimes().get(one.name) if one.kind in ("condition", "diet") else None
        if regime is not None and regime.get("reminder"):
            said[regime["reminder"]] = None
    return "".join(said) or None
