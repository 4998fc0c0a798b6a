"""How well a book was read: the recipes that came out of it beside its gold, dish by dish.

Whitespace never counts, and neither does the script of a category. A dish is right where its name, its ingredients
(name, least, most, unit, vague word, as a multiset) and its steps all are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from msgspec import Struct

from benchmarks.books.records import GoldDish, GoldIngredient, gold_ingredients
from shishen.chinese import simplify
from shishen.records import Recipe

# Two dishes with fewer pairs of characters in common are not the same dish badly read.
_ALIKE = 0.3


class Compared(Struct, frozen=True, kw_only=True):
    """One dish of the gold beside what was read of it; `recipe` is None where it is missing."""

    gold: GoldDish
    recipe: Recipe | None
    name: bool = False
    ingredients: bool = False
    steps: bool = False
    category: bool = False
    page: bool = False
    ingredients_found: int = 0
    ingredients_extra: int = 0
    characters_wrong: int = 0

    @property
    def right(self) -> bool:
        """Whether the dish is right."""
        return self.name and self.ingredients and self.steps


class Score(Struct, frozen=True):
    """A whole book: its dishes in order, and the recipes that are none of them."""

    dishes: tuple[Compared, ...]
    extra: tuple[Recipe, ...]

    def share(self, field: str) -> float | None:
        """The share of the dishes whose `field` is right; None for categories that the book does not print."""
        counted = [c for c in self.dishes if field != "category" or c.gold.category is not None]
        return sum(getattr(c, field) for c in counted) / len(counted) if counted else None

    @property
    def ingredient_share(self) -> float:
        """The share of single ingredients that came back."""
        return sum(c.ingredients_found for c in self.dishes) / sum(len(c.gold.ingredients) for c in self.dishes)

    @property
    def character_accuracy(self) -> float:
        """1 − edits / characters, over names and steps; what is missing counts as wrong."""
        length = sum(len(_text(c.gold.name, c.gold.steps)) for c in self.dishes)
        return 1 - sum(c.characters_wrong for c in self.dishes) / length


def score(gold: Sequence[GoldDish], recipes: Sequence[Recipe]) -> Score:
    """The recipes of a book, in its order, against its gold."""
    pairs = align(gold, recipes)
    taken = {id(recipe) for _, recipe in pairs}
    return Score(
        tuple(_compare(dish, recipe) for dish, recipe in pairs),
        tuple(recipe for recipe in recipes if id(recipe) not in taken),
    )


def align(gold: Sequence[GoldDish], recipes: Sequence[Recipe]) -> list[tuple[GoldDish, Recipe | None]]:
    """Every dish of the gold with its recipe: by equal names in order, and between these by what they say."""
    names, found = [_key(dish.name) for dish in gold], [_key(recipe.name) for recipe in recipes]
    pairs: list[tuple[GoldDish, Recipe | None]] = []
    for tag, a, b, c, d in SequenceMatcher(None, names, found, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs.extend(zip(gold[a:b], recipes[c:d], strict=True))
        else:
            pairs.extend(_by_likeness(gold[a:b], recipes[c:d]))
    return pairs


def _by_likeness(gold: Sequence[GoldDish], recipes: Sequence[Recipe]) -> list[tuple[GoldDish, Recipe | None]]:
    """The pairing in order whose likeness is the greatest in all."""
    wanted = [_bigrams(_text(dish.name, dish.steps)) for dish in gold]
    given = [_bigrams(_text(recipe.name, [step.text for step in recipe.steps])) for recipe in recipes]
    best = [[0.0] * (len(given) + 1) for _ in range(len(wanted) + 1)]
    for i in reversed(range(len(wanted))):
        for j in reversed(range(len(given))):
            alike = _alike(wanted[i], given[j])
            paired = alike + best[i + 1][j + 1] if alike >= _ALIKE else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs: list[tuple[GoldDish, Recipe | None]] = []
    j = 0
    for i, dish in enumerate(gold):
        while j < len(given) and best[i][j] == best[i][j + 1] and best[i][j] > best[i + 1][j]:
            j += 1
        if j < len(given) and best[i][j] > best[i + 1][j]:
            pairs.append((dish, recipes[j]))
            j += 1
        else:
            pairs.append((dish, None))
    return pairs


def _compare(gold: GoldDish, recipe: Recipe | None) -> Compared:
    text = _text(gold.name, gold.steps)
    if recipe is None:
        return Compared(gold=gold, recipe=None, characters_wrong=len(text))
    wanted = Counter(map(_ingredient_key, gold.ingredients))
    given = Counter(map(_ingredient_key, gold_ingredients(recipe.ingredients)))
    steps = [step.text for step in recipe.steps]
    return Compared(
        gold=gold,
        recipe=recipe,
        name=recipe.name == gold.name,
        ingredients=wanted == given,
        steps=[_bare(step) for step in steps] == [_bare(step) for step in gold.steps],
        category=gold.category is not None and _key(recipe.category or "") == _key(gold.category),
        page=recipe.source.page == gold.page,
        ingredients_found=(wanted & given).total(),
        ingredients_extra=(given - wanted).total(),
        characters_wrong=min(len(text), distance(text, _text(recipe.name, steps))),
    )


def faults(compared: Compared) -> list[str]:
    """What is wrong with a dish, a line each, what was expected and what came."""
    gold, recipe = compared.gold, compared.recipe
    if recipe is None:
        return ["没有读出"]
    lines = [] if compared.name else [f"name: {gold.name} ≠ {recipe.name}"]
    if not compared.ingredients:
        wanted = Counter(map(_ingredient_key, gold.ingredients))
        given = Counter(map(_ingredient_key, gold_ingredients(recipe.ingredients)))
        lines += [f"ingredient missing: {_shown(key)}" for key in (wanted - given).elements()]
        lines += [f"ingredient extra:   {_shown(key)}" for key in (given - wanted).elements()]
    if not compared.steps:
        lines += _step_faults(gold.steps, [step.text for step in recipe.steps])
    if gold.category is not None and not compared.category:
        lines.append(f"category: {gold.category} ≠ {recipe.category}")
    if not compared.page:
        lines.append(f"page: {gold.page} ≠ {recipe.source.page}")
    return lines


def _step_faults(wanted: Sequence[str], given: Sequence[str]) -> list[str]:
    a, b = [_bare(step) for step in wanted], [_bare(step) for step in given]
    lines = []
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            lines.append(f"steps {i + 1}–{j}: {' | '.join(wanted[i:j])} ≠ {' | '.join(given[k:m])}")
    return lines


def distance(a: str, b: str) -> int:
    """Levenshtein's distance, a column of bits at a time (Hyyrö 2003, after Myers 1999)."""
    if not a:
        return len(b)
    where: dict[str, int] = {}
    for place, character in enumerate(a):
        where[character] = where.get(character, 0) | 1 << place
    mask, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    plus, minus, edits = mask, 0, len(a)
    for character in b:
        match = where.get(character, 0)
        diagonal = ((((match & plus) + plus) ^ plus) | match | minus) & mask
        up, down = (minus | ~(diagonal | plus)) & mask, plus & diagonal
        edits += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & mask, (down << 1) & mask
        plus, minus = (down | ~(diagonal | up)) & mask, up & diagonal
    return edits


def _bare(text: str) -> str:
    return "".join(text.split())


def _key(name: str) -> str:
    return simplify(_bare(name))


def _text(name: str, steps: Iterable[str]) -> str:
    return _bare(name + "".join(steps))


def _bigrams(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _alike(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 0.0


Key = tuple[str, float | None, float | None, str | None, str | None]


def _ingredient_key(item: GoldIngredient) -> Key:
    return (
        _bare(item.name),
        None if item.min is None else round(item.min, 2),
        None if item.max is None else round(item.max, 2),
        None if item.unit is None else _bare(item.unit),
        item.vague,
    )


def _shown(key: Key) -> str:
    name, least, most, unit, vague = key
    return f"{name} [{least}..{most}] {unit or ''} {vague or ''}".rstrip()
