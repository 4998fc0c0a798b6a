"""What dialogues about a whole library need of it: some dishes in short, and which dishes of a list it lacks.

Recipes are added one at a time, in any order, and only so many dishes are kept: those whose names have the smallest
hashes. Which dishes the library lacks is known of all that was added, for they are crossed off a list as they come.
"""

import heapq
from collections.abc import Iterator, Sequence

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.describing import Trait, card
from shishen.domains.cooking.dialogues.absent_names import Unseen
from shishen.domains.cooking.dialogues.drawing import number_of
from shishen.domains.cooking.questions import LONGEST_NAME, names_of
from shishen.domains.cooking.traits import kind_of
from shishen.records import Recipe, Source

MOST_DISHES = 20_000
# Traits that are less sure than this may be true, but are not taught.
SURE_TASTE, SURE_COURSE = 0.65, 0.8


class Dish(Struct, frozen=True):
    """One dish in short: `called` are all its names, normalised; `foods` what it is made of, without seasonings."""

    id: str
    name: str
    source: Source
    called: tuple[str, ...]
    tastes: tuple[Trait, ...]
    courses: tuple[Trait, ...]
    foods: tuple[str, ...]
    rank: int

    @property
    def record(self) -> Recipe:
        """A record with nothing but the name, for the check of what is said of the dish."""
        return Recipe(id=self.id, name=self.name, title=self.name, source=self.source)


class Overview:
    """The dishes of a library, at most `most` of them, and what it lacks."""

    def __init__(self, most: int = MOST_DISHES) -> None:
        self._most = most
        self._dishes: dict[str, Dish] = {}
        # The greatest hash first, to be given up for a smaller one.
        self._ranks: list[tuple[int, str]] = []
        self.unseen = Unseen()
        self.seen_count = 0
        self._given_up = False

    def add(self, recipe: Recipe) -> None:
        """Take one recipe in."""
        self.seen_count += 1
        for name in (recipe.name, *recipe.aliases):
            self.unseen.cross_off(name)
        name = normalise(recipe.name)
        known = self._dishes.get(name)
        if known is not None:
            # Of recipes with one name the least id stands, whichever came first.
            if recipe.id < known.id:
                self._dishes[name] = _in_short(recipe, known.rank)
            return
        rank = number_of(name) >> 448
        if len(self._ranks) >= self._most:
            self._given_up = True
            if not self._ranks or rank >= -self._ranks[0][0]:
                return
            _, given_up = heapq.heapreplace(self._ranks, (-rank, name))
            del self._dishes[given_up]
        else:
            heapq.heappush(self._ranks, (-rank, name))
        self._dishes[name] = _in_short(recipe, rank)

    @property
    def is_sampled(self) -> bool:
        """Whether the library has dishes that were not kept."""
        return self._given_up

    @property
    def dishes(self) -> Sequence[Dish]:
        """The dishes that are kept, in an order that does not depend on the one they came in."""
        return sorted(self._dishes.values(), key=lambda dish: (dish.rank, dish.name))

    def lacking(self) -> Iterator[str]:
        """The dishes of the list that the library has under no name."""
        yield from self.unseen.names()


def _in_short(recipe: Recipe, rank: int) -> Dish:
    known = card(recipe)
    names = [name for name in (recipe.name, *recipe.aliases) if len(name) <= LONGEST_NAME]
    return Dish(
        id=recipe.id,
        name=recipe.name,
        source=recipe.source,
        called=tuple(dict.fromkeys(form for name in names for form in names_of(name))),
        tastes=tuple(trait for trait in known.tastes if trait.confidence >= SURE_TASTE),
        courses=tuple(trait for trait in known.course_traits if trait.confidence >= SURE_COURSE),
        # A word of no known kind may be a slip of reading; nobody has water for a dish.
        foods=tuple(food for food in known.mains if kind_of(food) not in (None, "water")),
        rank=rank,
    )
