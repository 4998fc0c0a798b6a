"""Choosing among the library's dishes: what fits a wish, what can be made of what is at home.

Cards (`domains.cooking.describing`) are made when first needed and kept while the library stays as it is. A library
that is too large to be looked through is sampled by chance, and by its ingredients.
"""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import Lock

from msgspec import Struct

from shishen.domains.cooking.describing import Card, Trait, Want, basics, card, fits, plain
from shishen.domains.cooking.exclusions import findings
from shishen.domains.cooking.pantry import covers
from shishen.library import Library
from shishen.records import Exclusion, Recipe

_ANY = (Exclusion("花生", "allergy"),)
# Dishes that are looked through one by one; a larger library is sampled.
LOOKED_THROUGH = 5000
_NO_MEALS = frozenset(("饮品", "酱料"))
# Verdicts on recipes that are kept.
VERDICTS = 200_000
# Recipes that share most ingredients with what is at home.
SHARING = 600


class Choice(Struct, frozen=True):
    """A dish that fits, and the traits that each wish was met by."""

    recipe: Recipe
    card: Card
    reasons: tuple[Trait, ...] = ()


class FromPantry(Struct, frozen=True):
    """A dish that uses what is at home: which of it, what is missing still."""

    recipe: Recipe
    card: Card
    used: tuple[str, ...]
    missing: tuple[str, ...]


class Selection:
    """Chooses dishes of a library. Safe to share between threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = Lock()
        self._generation = -1
        self._cards: dict[str, Card] = {}
        self._leads: list[str] = []
        self._names: list[str] = []
        self._allowed: dict[tuple[str, tuple[Exclusion, ...]], bool] = {}

    def _fresh(self) -> None:
        """Forget what was known of a library that has changed since."""
        generation = self._library.generation()
        if generation != self._generation:
            with self._lock:
                self._cards, self._allowed, self._names = {}, {}, self._library.ingredient_names()
                self._leads = [] if self._library.empty else self._library.leads(LOOKED_THROUGH, generation)
                self._generation = generation

    def warm_up(self) -> None:
        """Make every card now."""
        self._fresh()
        for id_ in list(self._leads):
            recipe = self._library.get(id_)
            self.card_of(recipe)
            # The first look at a record reads its texts; what is read is remembered.
            findings(recipe, _ANY)

    def card_of(self, recipe: Recipe) -> Card:
        """The card of a recipe."""
        found = self._cards.get(recipe.id)
        if found is None:
            found = self._cards[recipe.id] = card(recipe)
        return found

    def allows(self, recipe: Recipe, exclusions: Sequence[Exclusion]) -> bool:
        """Whether nothing in a recipe's record is forbidden."""
        if not exclusions:
            return True
        key = (recipe.id, tuple(exclusions))
        known = self._allowed.get(key)
        if known is None:
            if len(self._allowed) >= VERDICTS:
                self._allowed.clear()
            known = self._allowed[key] = not findings(recipe, key[1])
        return known

    def _each(self, ids: Sequence[str]) -> Iterator[tuple[Card, str]]:
        for id_ in ids:
            known = self._cards.get(id_)
            yield (known if known is not None else self.card_of(self._library.get(id_))), id_

    def _ids(self, foods: Sequence[str], chance: random.Random) -> list[str]:
        """Dishes to look at in an order of chance; with `foods` those that have one of them."""
        ids = self._library.containing(self._called(foods), SHARING) if foods else list(self._leads)
        chance.shuffle(ids)
        return ids

    def _called(self, foods: Sequence[str]) -> list[str]:
        """Every ingredient name of the library that one of these foods stands for."""
        wanted = {*foods, *map(plain, foods)}
        return [name for name in self._names if any(covers(food, name) for food in wanted)]

    def fitting(
        self,
        count: int,
        *,
        wants: Sequence[Want] = (),
        foods: Sequence[str] = (),
        category: str | None = None,
        stars: tuple[int, int] | None = None,
        any_food: bool = False,
        meals: bool = False,
        exclusions: Sequence[Exclusion] = (),
        without: Sequence[str] = (),
        seed: int = 0,
    ) -> list[Choice]:
        """At most `count` dishes that meet every wish, have every food and break no exclusion, by chance of the seed.

        `meals` leaves out what is no dish by itself (drinks, sauces); with `any_food` one of the foods is enough;
        `stars` is the least and the greatest difficulty.
        """
        self._fresh()
        courses = {want.value for want in wants if want.kind == "course" and not want.negated}
        recorded: list[Choice] = []
        likely: list[Choice] = []
        taken = set(without)
        for known, id_ in self._each(self._ids(foods, random.Random(seed))):
            if known.name in taken or (category and known.category != category):
                continue
            if stars and not (known.difficulty and stars[0] <= known.difficulty <= stars[1]):
                continue
            if meals and not _NO_MEALS.isdisjoint(known.courses):
                continue
            there = [food_of(known, food) is not None for food in foods]
            if foods and not (any(there) if any_food else all(there)):
                continue
            reasons = [fits(known, want) for want in wants]
            if any(reason is None for reason in reasons):
                continue
            recipe = self._library.get(id_)
            if not self.allows(recipe, exclusions):
                continue
            taken.add(known.name)
            choice = Choice(recipe, known, tuple(reason for reason in reasons if reason))
            (recorded if not courses or known.category in courses else likely).append(choice)
            if len(recorded) == count:
                break
        # A course that the records themselves have is not filled up with what only looks like it.
        return (recorded or likely)[:count]

    def possible(
        self,
        pantry: Sequence[str],
        count: int,
        *,
        wants: Sequence[Want] = (),
        exclusions: Sequence[Exclusion] = (),
        without: Sequence[str] = (),
        seed: int = 0,
    ) -> list[FromPantry]:
        """Dishes made of what is at home, those that lack least first; basic seasonings are taken to be there."""
        self._fresh()
        ranked: list[tuple[int, int, int, FromPantry, str]] = []
        for place, (known, id_) in enumerate(self._each(self._ids(pantry, random.Random(seed)))):
            if known.name in without:
                continue
            used = tuple(food for food in pantry if food_of(known, food) is not None)
            if not used or any(fits(known, want) is None for want in wants):
                continue
            missing = self.lacking(known, pantry)
            choice = FromPantry(None, known, used, missing)  # type: ignore[arg-type]
            ranked.append((len(missing), -len(used), place, choice, id_))
        ranked.sort(key=lambda entry: entry[:3])
        chosen: list[FromPantry] = []
        taken: set[str] = set()
        for _, _, _, choice, id_ in ranked:
            if choice.card.name in taken:
                continue
            recipe = self._library.get(id_)
            if not self.allows(recipe, exclusions):
                continue
            taken.add(choice.card.name)
            chosen.append(FromPantry(recipe, choice.card, choice.used, choice.missing))
            if len(chosen) == count:
                break
        return chosen

    def lacking(self, known: Card, pantry: Sequence[str]) -> tuple[str, ...]:
        """The essentials of a dish that are not at home."""
        return tuple(
            name
            for name in known.essentials
            if not any(covers(have, name) or covers(plain(have), name) for have in pantry)
        )


@lru_cache(maxsize=1)
def basic_seasonings() -> frozenset[str]:
    """What every kitchen is taken to have."""
    return basics()


def food_of(known: Card, food: str) -> str | None:
    """The ingredient of a dish that a food stands for; None where it has none such."""
    return next((name for name in known.ingredients if covers(food, name) or covers(plain(food), name)), None)
