"""Choosing among the library's dishes: what fits a wish, what can be made of what is at home.

Cards (`domains.cooking.describing`) are made when first needed and kept while the library stays as it is. A library
that is too large to be looked through is sampled by chance, and by its ingredients.
"""

import random
from collections.abc import Iterator, Sequence
from threading import Lock

from msgspec import Struct

from shishen.domains.cooking.describing import Card, Trait, Want, card, fits, plain
from shishen.domains.cooking.exclusions import findings
from shishen.domains.cooking.pantry import covers
from shishen.library import Library
from shishen.records import Exclusion, Recipe

_ANY = (Exclusion("花生", "allergy"),)
# Dishes that are looked through one by one; a larger library is sampled.
LOOKED_THROUGH = 5000
_NO_MEALS = frozenset(("饮品", "酱料"))
# Verdicts on recipes, and cards, that are kept.
VERDICTS, CARDS = 200_000, 20_000
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


class _Known:
    """What is known of a library of one generation. A request holds one of these from its beginning to its end.

    Recipes are fetched after it was taken, so that what is kept here is never older than it says.
    """

    def __init__(self, library: Library, generation: int) -> None:
        self.generation = generation
        self.names = library.ingredient_names()
        self.leads = [] if library.empty else library.leads(LOOKED_THROUGH, generation)
        self.cards: dict[str, Card] = {}
        self.allowed: dict[tuple[str, tuple[Exclusion, ...]], bool] = {}


class Selection:
    """Chooses dishes of a library. Safe to share between threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = Lock()
        self._known: _Known | None = None

    def _fresh(self) -> _Known:
        """What is known of the library as it is now."""
        generation = self._library.generation()
        with self._lock:
            if self._known is None or self._known.generation != generation:
                self._known = _Known(self._library, generation)
            return self._known

    def warm_up(self) -> None:
        """Make every card now."""
        known = self._fresh()
        for _, id_ in self._each(known.leads, known):
            if recipe := self._library.peek(id_):
                # The first look at a record reads its texts; what is read is remembered.
                findings(recipe, _ANY)

    def card_of(self, recipe: Recipe) -> Card:
        """The card of a recipe."""
        return card(recipe)

    def allows(self, recipe: Recipe, exclusions: Sequence[Exclusion]) -> bool:
        """Whether nothing in a recipe's record is forbidden."""
        return not exclusions or not findings(recipe, tuple(exclusions))

    def _permits(self, recipe: Recipe, exclusions: Sequence[Exclusion], known: _Known) -> bool:
        """The same for a recipe that was fetched after `known` was taken, remembered."""
        key = (recipe.id, tuple(exclusions))
        verdict = known.allowed.get(key)
        if verdict is None:
            if len(known.allowed) >= VERDICTS:
                known.allowed.clear()
            verdict = known.allowed[key] = self.allows(recipe, exclusions)
        return verdict

    def _each(self, ids: Sequence[str], known: _Known) -> Iterator[tuple[Card, str]]:
        """(card, id) of each of these dishes that is still there."""
        for id_ in ids:
            found = known.cards.get(id_)
            if found is None:
                if (recipe := self._library.peek(id_)) is None:
                    continue
                if len(known.cards) >= CARDS:
                    known.cards.clear()
                found = known.cards[id_] = card(recipe)
            yield found, id_

    def _ids(self, foods: Sequence[str], chance: random.Random, everything: _Known) -> list[str]:
        """Dishes to look at in an order of chance; with `foods` those that have one of them."""
        ids = self._library.containing(self._called(foods, everything), SHARING) if foods else list(everything.leads)
        chance.shuffle(ids)
        return ids

    def _called(self, foods: Sequence[str], everything: _Known) -> list[str]:
        """Every ingredient name of the library that one of these foods stands for."""
        wanted = {*foods, *map(plain, foods)}
        return [name for name in everything.names if any(covers(food, name) for food in wanted)]

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
        everything = self._fresh()
        courses = {want.value for want in wants if want.kind == "course" and not want.negated}
        recorded: list[Choice] = []
        likely: list[Choice] = []
        taken = set(without)
        for known, id_ in self._each(self._ids(foods, random.Random(seed), everything), everything):
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
            recipe = self._library.peek(id_)
            if recipe is None or not self._permits(recipe, exclusions, everything):
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
        everything = self._fresh()
        ranked: list[tuple[int, int, int, str, Card, tuple[str, ...], tuple[str, ...]]] = []
        for place, (known, id_) in enumerate(
            self._each(self._ids(pantry, random.Random(seed), everything), everything)
        ):
            if known.name in without:
                continue
            used = tuple(food for food in pantry if food_of(known, food) is not None)
            if not used or any(fits(known, want) is None for want in wants):
                continue
            missing = self.lacking(known, pantry)
            ranked.append((len(missing), -len(used), place, id_, known, used, missing))
        ranked.sort(key=lambda entry: entry[:3])
        chosen: list[FromPantry] = []
        taken: set[str] = set()
        for _, _, _, id_, known, used, missing in ranked:
            if known.name in taken:
                continue
            recipe = self._library.peek(id_)
            if recipe is None or not self._permits(recipe, exclusions, everything):
                continue
            taken.add(known.name)
            chosen.append(FromPantry(recipe, known, used, missing))
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


def food_of(known: Card, food: str) -> str | None:
    """The ingredient of a dish that a food stands for; None where it has none such."""
    return next((name for name in known.ingredients if covers(food, name) or covers(plain(food), name)), None)
