"""What a recipe is, for recommending: taste, cuisine, course, method, season, occasion and main ingredients.

Everything comes from the record, or by a rule that names the field it rests on and says how sure it is; free text
(a description, a tip) is never searched for keywords. Unknown stays unknown.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from msgspec import Struct

from shishen.domains.cooking.cuisines import cuisine_of, wider
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.suiting import courses_of, methods_of, occasions_of, seasons_of
from shishen.domains.cooking.tasting import is_hot, tastes_of
from shishen.domains.cooking.traits import Facts, Part, Trait, basics, facts, group, plain
from shishen.domains.cooking.wishes import Want, wanted
from shishen.records import Range, Recipe

__all__ = ["Card", "Trait", "Want", "basics", "card", "fits", "plain", "wanted"]

# What fulfils a wish besides the word itself, and how much less surely.
_TASTE_TOO: dict[str, tuple[tuple[str, float], ...]] = {
    "辣": (("香辣", 1.0), ("麻辣", 1.0), ("酸辣", 1.0)),
    "麻": (("麻辣", 1.0),),
    "酸": (("酸辣", 0.9), ("酸甜", 0.9)),
    "甜": (("酸甜", 0.8),),
    "酱香": (),
    "重口": (("麻辣", 0.9), ("香辣", 0.9), ("酸辣", 0.8), ("辣", 0.8), ("酱香", 0.7), ("咖喱", 0.7)),
}
_METHOD_TOO: dict[str, tuple[tuple[str, float], ...]] = {
    "烤": (("烤箱", 0.9),),
    "炖": (("焖", 0.7),),
    "凉拌": (),
}


class Card(Struct, frozen=True, kw_only=True):
    """A recipe in short. Names are canonical (`plain`); tuples of traits have the surest first.

    `mains` are the foods that are no seasonings; `essentials` all that is not optional and no basic seasoning;
    `hot` says what in it is hot at all, optional or not (None: nothing). `minutes`, `difficulty`, `calories` (kcal)
    and `servings` are the record's.
    """

    id: str
    name: str
    category: str | None
    courses: tuple[str, ...]
    course_traits: tuple[Trait, ...]
    mains: tuple[str, ...]
    ingredients: tuple[str, ...]
    optional: tuple[str, ...]
    essentials: tuple[str, ...]
    tastes: tuple[Trait, ...]
    cuisine: Trait | None
    methods: tuple[Trait, ...]
    seasons: tuple[Trait, ...]
    occasions: tuple[Trait, ...]
    hot: str | None
    minutes: float | None
    difficulty: int | None
    calories: float | None
    servings: Range | None


def card(recipe: Recipe) -> Card:
    """Describe a recipe; pure, the caller keeps the result."""
    read = facts(recipe)
    methods = methods_of(read)
    ways = tuple(trait.value for trait in methods)
    courses = courses_of(read, ways)
    served = tuple(trait.value for trait in courses)
    tastes = tastes_of(read, ways)
    return Card(
        id=recipe.id,
        name=recipe.name,
        category=recipe.category,
        courses=served,
        course_traits=courses,
        mains=_mains(read),
        ingredients=_names(read.parts),
        optional=_names(part for part in read.parts if part.optional),
        essentials=tuple(name for name in _names(read.required) if name not in basics()),
        tastes=tastes,
        cuisine=cuisine_of(recipe),
        methods=methods,
        seasons=seasons_of(read, ways, served),
        occasions=occasions_of(read, ways, served, tuple(trait.value for trait in tastes)),
        hot=is_hot(read),
        minutes=recipe.minutes,
        difficulty=recipe.difficulty,
        calories=recipe.calories,
        servings=recipe.servings,
    )


def fits(card: Card, want: Want) -> Trait | None:
    """The trait of a dish that fulfils a wish, with its reason; None where it does not, or nothing is known.

    A negated wish (不要辣的) is fulfilled where the dish shows no sign of it: surely where the record can tell.
    """
    if want.negated:
        return _lacks(card, want)
    return _has(card, want.kind, want.value)


def _has(card: Card, kind: str, value: str) -> Trait | None:
    if kind == "taste":
        return _among(card.tastes, value, _TASTE_TOO)
    if kind == "method":
        return _among(card.methods, value, _METHOD_TOO)
    if kind == "course":
        return _among(card.course_traits, value, {})
    if kind == "season":
        return _among(card.seasons, value, {})
    if kind == "occasion":
        return _among(card.occasions, value, {})
    if kind == "cuisine":
        found = card.cuisine
        return found if found is not None and value in wider(found.value) else None
    return _measured(card, kind, value)


def _lacks(card: Card, want: Want) -> Trait | None:
    if want.kind == "taste" and want.value in ("辣", "麻辣", "香辣", "酸辣", "重口"):
        if want.value == "辣" and card.hot is not None:
            return None
        return None if _has(card, "taste", want.value) else Trait(f"不{want.value[-1]}", 0.85, "用料里没有辣椒")
    if want.kind in ("minutes", "calories"):
        return None
    if want.kind == "difficulty":
        return _measured(card, "difficulty", "简单" if want.value == "难" else "难")
    if want.kind == "cuisine" and card.cuisine is not None:
        return None if _has(card, "cuisine", want.value) else card.cuisine
    if _has(card, want.kind, want.value) is not None:
        return None
    return Trait(f"不是{want.value}", 0.6, f"菜谱里没有{want.value}的依据")


def _among(traits: tuple[Trait, ...], value: str, also: dict[str, tuple[tuple[str, float], ...]]) -> Trait | None:
    known = {trait.value: trait for trait in traits}
    if value in known:
        return known[value]
    for other, share in also.get(value, ()):
        if other in known:
            found = known[other]
            return Trait(found.value, round(found.confidence * share, 2), found.because)
    return None


@cache
def _limits() -> dict[str, Any]:
    limits: dict[str, Any] = knowledge("describing")["limits"]
    return limits


def _measured(card: Card, kind: str, value: str) -> Trait | None:
    """Minutes, difficulty and calories: only what the record states."""
    if kind == "minutes" and card.minutes is not None:
        limit = _limits()["quick"] if value == "快" else float(value)
        return Trait(value, 1.0, "菜谱写明的用时") if card.minutes <= limit else None
    if kind == "difficulty" and card.difficulty is not None:
        fit = card.difficulty <= _limits()["easy"] if value == "简单" else card.difficulty >= _limits()["hard"]
        return Trait(value, 1.0, "菜谱写明的难度") if fit else None
    if kind == "calories" and card.calories is not None:
        if value == "低":
            return _among(card.occasions, "减脂", {})
        return Trait(value, 1.0, "菜谱写明的热量") if card.calories <= float(value) else None
    return None


def _mains(read: Facts) -> tuple[str, ...]:
    """The main foods, those that the name says first; where all is seasoning (a sauce), nothing."""
    foods = [part for part in read.required if _is_food(part, read)]
    foods.sort(key=lambda part: not (part.name in read.name or part.name[-1] in read.name))
    return tuple(dict.fromkeys(part.name for part in foods))


def _is_food(part: Part, read: Facts) -> bool:
    if part.kind is None or part.kind not in group("seasonings"):
        return part.kind is not None or part.name not in basics()
    # 虎皮青椒, 姜炒鸡: a seasoning that the dish is named for is no seasoning there.
    return part.kind in ("hot", "dried_seafood") and part.name in read.name


def _names(parts: Iterable[Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.name for part in parts))
