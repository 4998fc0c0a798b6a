"""A recipe for more or fewer: every amount by the rule of its class (data/scaling.toml), in the table and in the steps.

`scale(recipe, 2)` gives the recipe and one line for each thing that did not simply double. Times, temperatures and
sizes never change; what has no number has none afterwards. docs/decisions/0008-scaling-rules.md has the reasons.
"""

import math
import re
from collections.abc import Sequence
from functools import cache, lru_cache

from msgspec import Struct
from msgspec.structs import replace

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.quantities import measures
from shishen.domains.cooking.step_amounts import decimal, plain_unit, rewrite
from shishen.domains.cooking.words import bare, canonical_ingredient
from shishen.records import Ingredient, Range, Recipe

LARGEST = 100.0
_BRACKETS = re.compile(r"[（(][^（）()]*[）)]")
_FORMULA = re.compile(r"份数|人数|斤数|[*×/=+]|取整")
_PARTS = re.compile(r"[分切做包搓][成为出]?\s?(?:\d+|[二两三四五六七八九十]+)\s?(?:[个份块条]|等份)")


class Scaled(Struct, frozen=True):
    """A recipe scaled by `factor`, and in `notes` one Chinese line each on what was not scaled plainly.

    Its servings are scaled too; its calories are None, as sources do not say what theirs count. Tips stay.
    """

    recipe: Recipe
    factor: float
    notes: tuple[str, ...] = ()


class ByIngredient(Struct, frozen=True):
    """The factor at which a recipe takes just what there is of one of its ingredients, and how it was found."""

    factor: float
    ingredient: Ingredient
    note: str


class _Class(Struct, frozen=True):
    """A class of ingredients: its key, what a cook reads, and the power of the factor it grows by."""

    key: str
    label: str
    exponent: float


class _Rules(Struct, frozen=True):
    """The rules of one recipe and factor. `names` are what its ingredients are called."""

    factor: float
    baking: bool
    ingredients: tuple[Ingredient, ...]
    names: frozenset[str]

    def of(self, name: str | None) -> _Class:
        found = class_of(name) if name else _plain()
        return _plain() if self.baking and found.key != "egg" else found

    def value(self, name: str | None, unit: str | None, value: float) -> float:
        """One value by the rule of its name; a whole amount of the table gets what the table gets."""
        ingredient = self.ingredient(name)
        return _scaled(value, unit, self.of(name), self.factor, ingredient.raw if ingredient else "")

    def ingredient(self, name: str | None) -> Ingredient | None:
        if name is None:
            return None
        wanted = canonical_ingredient(name)
        return next((i for i in self.ingredients if canonical_ingredient(i.name) == wanted), None)

    def lists(self, name: str, unit: str, value: float | None) -> bool:
        """Whether the recipe lists a food by a unit and, where a value is given, in that amount."""
        wanted = canonical_ingredient(name)
        return any(
            canonical_ingredient(i.name) == wanted
            and plain_unit(i.unit or "个") == unit
            and (value is None or (i.min or 0) <= value <= (i.max or 0))
            for i in self.ingredients
        )


def scale(recipe: Recipe, factor: float) -> Scaled:
    """The recipe `factor` times over; by 1 it is the same recipe without notes.

    ValueError where the factor is no number above 0 and up to 100.
    """
    if not (math.isfinite(factor) and 0 < factor <= LARGEST):
        raise ValueError(f"倍数要大于 0，且不超过 {LARGEST:.0f}：{factor}")
    if math.isclose(factor, 1):
        return Scaled(recipe, 1.0)
    rules = _rules(recipe, factor)
    raws: dict[str, str] = {}
    ingredients = tuple(_ingredient(i, rules, raws) for i in recipe.ingredients)
    steps = tuple(
        step if step.noise else replace(step, text=rewrite(step.text, rules.names, rules.value, rules.lists))
        for step in recipe.steps
    )
    served = recipe.servings
    if served is not None:
        served = Range(_times(served.min, factor), _times(served.max, factor))
    scaled = replace(recipe, ingredients=ingredients, steps=steps, servings=served, calories=None)
    return Scaled(scaled, factor, tuple(_notes(recipe, scaled, rules)))


def serves(recipe: Recipe) -> float | None:
    """The servings as one number: a span's middle, the bound of an open one; None where they are not stated."""
    if recipe.servings is None:
        return None
    bounds = [b for b in (recipe.servings.min, recipe.servings.max) if b is not None and b > 0]
    return sum(bounds) / len(bounds) if bounds else None


def factor_for_servings(recipe: Recipe, people: float) -> float | None:
    """What to scale by for so many people; None where the recipe does not say whom it serves, or nobody comes."""
    served = serves(recipe)
    return people / served if served and math.isfinite(people) and people > 0 else None


def factor_for_ingredient(recipe: Recipe, name: str, amount: float, unit: str | None) -> ByIngredient | None:
    """What to scale by so that `amount` `unit` of one ingredient is used up; None where that cannot be told.

    Mass converts to mass and volume to volume (data/units.toml); otherwise the units must be equal, or the line
    must give an equivalent in brackets, 1 支（约 350g）.
    """
    if not (math.isfinite(amount) and amount > 0):
        return None
    found = _named(recipe.ingredients, name)
    if not found:
        return None
    first = found[0]
    said = f"{decimal(amount)} {unit}" if unit else decimal(amount)
    listed, how = _in_unit(found, unit)
    if not listed:
        return None
    ratio = amount / listed
    kind = _rules(recipe, 2.0).of(first.name)
    factor = ratio if ratio <= 1 else ratio ** (1 / kind.exponent)
    note = f"菜谱用{first.name} {how}，您有 {said}，约合 {decimal(round(factor, 2))} 倍"
    if first.name != name:
        note += f"（「{name}」按菜谱里的「{first.name}」算）"
    return ByIngredient(factor, first, note)


@cache
def _plain() -> _Class:
    return _Class("plain", knowledge("scaling")["classes"]["plain"]["label"], 1.0)


@cache
def _words() -> tuple[dict[str, _Class], int]:
    table: dict[str, _Class] = {}
    for key, entry in knowledge("scaling")["classes"].items():
        for word in entry["words"].split():
            table[word] = _Class(key, entry["label"], float(entry["exponent"]))
    return table, max(map(len, table))


@lru_cache(maxsize=8192)
def class_of(name: str) -> _Class:
    """The class of an ingredient: by the longest word of scaling.toml that its name, or its usual name, ends in."""
    table, longest = _words()
    for form in (bare(_BRACKETS.sub("", name)), canonical_ingredient(name)):
        for length in range(min(longest, len(form)), 0, -1):
            if found := table.get(form[-length:]):
                return found
    return _plain()


def _rules(recipe: Recipe, factor: float) -> _Rules:
    names = {n for i in recipe.ingredients for n in (i.name, *i.alt) if len(n) <= 12}
    return _Rules(factor, _is_baking(recipe), recipe.ingredients, frozenset(names))


def _is_baking(recipe: Recipe) -> bool:
    words = knowledge("scaling")["baking"]
    names = [i.name for i in recipe.ingredients]
    if any(name.endswith(tuple(words["yeast"].split())) for name in names):
        return True
    flour = any(name.endswith(tuple(words["flour"].split())) for name in names)
    return flour and any(word in recipe.name for word in words["dishes"].split())


def _scaled(value: float, unit: str | None, kind: _Class, factor: float, raw: str) -> float:
    """One amount scaled and rounded to what a kitchen can measure; never 0, never past the plain multiple."""
    if value <= 0:
        return value
    exact = value * (factor if factor <= 1 else factor**kind.exponent)
    words = knowledge("scaling")["notes"]
    if words["up"] in raw:
        return float(math.ceil(exact - 1e-6))
    if words["down"] in raw:
        return float(max(1, math.floor(exact + 1e-6)))
    per, grid = _grid(unit, kind)
    exact *= per
    # 256 g twice is 512 g: what is as round as its source was is not rounded.
    as_round = kind.exponent == 1 and _decimals(exact) <= min(_decimals(value * per), 2) and grid != _whole()
    if as_round and (unit in _metric() or exact % 0.25 == 0):
        return round(exact / per, 4)
    if kind.exponent == 1 and unit not in _metric() and grid != _whole() and round(exact, 4) in (0.3333, 0.6667):
        return round(exact, 4)
    step = next(step for least, step in grid if exact >= least)
    rounded = max(math.floor(exact / step + 0.5 + 1e-9) * step, step)
    if factor > 1 and kind.exponent < 1 and unit in _metric() and rounded >= value * per * factor - 1e-9:
        rounded = math.floor(exact / step + 1e-9) * step
    rounded = max(rounded, value * per) if factor > 1 else min(rounded, value * per)
    return round(rounded / per, 4)


@cache
def _whole() -> tuple[tuple[float, float], ...]:
    return ((0.0, 1.0),)


@cache
def _metric() -> dict[str | None, float]:
    """The units weighed and poured by the gram or millilitre → how many of them."""
    units = knowledge("units")
    names = knowledge("scaling")["rounding"]["by_gram"].split()
    return {name: float(units["mass"].get(name) or units["volume"][name]) for name in names}


def _grid(unit: str | None, kind: _Class) -> tuple[float, tuple[tuple[float, float], ...]]:
    """(grams or millilitres in the unit, [at least, step] from the top)."""
    rounding = knowledge("scaling")["rounding"]
    units = knowledge("units")
    if unit in _metric():
        return _metric()[unit], tuple(map(tuple, rounding["metric"]))
    if unit in units["mass"] or unit in units["volume"] or (unit and unit[-1] in "勺匙碗杯"):
        return 1.0, tuple(map(tuple, rounding["other"]))
    if kind.key == "egg":
        return 1.0, ((0.0, 0.5),)
    if kind.key == "spice" or (unit and plain_unit(unit) in rounding["whole"].split()):
        return 1.0, _whole()
    return 1.0, tuple(map(tuple, rounding["counted"]))


def _decimals(value: float) -> int:
    return len(f"{value:.4f}".rstrip("0").partition(".")[2])


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else round(value * factor, 2)


def _ingredient(ingredient: Ingredient, rules: _Rules, raws: dict[str, str]) -> Ingredient:
    if ingredient.unit == "倍" or ingredient.vague:
        return ingredient
    if ingredient.raw not in raws:
        # What a line adds in brackets (约 350g) is shown beside the amount, so it follows it; one line, one text.
        raws[ingredient.raw] = _raw(ingredient, rules)

    def end(value: float | None) -> float | None:
        return None if value is None else rules.value(ingredient.name, ingredient.unit, value)

    return replace(ingredient, raw=raws[ingredient.raw], min=end(ingredient.min), max=end(ingredient.max))


def _raw(ingredient: Ingredient, rules: _Rules) -> str:
    """The line as the source has it with its amounts scaled; of a formula (份数 * 2 个) only what is in brackets."""

    def value(name: str | None, unit: str, number: float) -> float:
        return rules.value(name or ingredient.name, unit, number)

    def rewritten(text: str) -> str:
        return rewrite(text, rules.names, value, rules.lists)

    raw = ingredient.raw
    return _BRACKETS.sub(lambda found: rewritten(found[0]), raw) if _FORMULA.search(raw) else rewritten(raw)


def _said(low: float | None, high: float | None, unit: str | None) -> str:
    ends = [decimal(v) for v in (low, high) if v is not None]
    if len(ends) == 2 and ends[0] == ends[1]:
        ends = ends[:1]
    return "–".join(ends) + (unit or "")


def _notes(recipe: Recipe, scaled: Recipe, rules: _Rules) -> list[str]:
    notes: list[str] = []
    factor = decimal(round(rules.factor, 2))
    changed: dict[_Class, list[str]] = {}
    rounded: list[str] = []
    for old, new in zip(recipe.ingredients, scaled.ingredients, strict=True):
        if (old.min is None and old.max is None) or old.vague or old.unit == "倍":
            continue
        kind = rules.of(old.name)
        change = f"{old.name} {_said(old.min, old.max, old.unit)} → {_said(new.min, new.max, new.unit)}"
        linear = [v * rules.factor for v in (old.min, old.max) if v is not None]
        plain = all(abs(a - b) < 1e-3 for a, b in zip(linear, _ends(new), strict=True))
        if plain:
            continue
        if kind.exponent < 1 and rules.factor > 1:
            changed.setdefault(kind, []).append(change)
        elif old.unit not in _metric():
            rounded.append(change)
    for kind, changes in changed.items():
        grown = decimal(round(rules.factor**kind.exponent, 2))
        rule = f"{kind.label}按 {factor} 倍的 {kind.exponent} 次方（约 {grown} 倍）加"
        notes.append(f"{'、'.join(changes)}：{rule}，没有照倍数加，尝过再添。")
    if rounded:
        notes.append(f"{'、'.join(rounded)}：按 {factor} 倍算出零头，已取成好量的数。")
    if rules.baking:
        notes.append("面糊、面团讲究比例，盐、油、酵母等也照倍数加；模具和烤盘要跟着换，或分次烤。")
    pairs = list(zip(recipe.steps, scaled.steps, strict=True))
    vague = [i.name for i in recipe.ingredients if i.vague or (i.min is None and i.max is None)]
    if vague:
        notes.append(f"{'、'.join(dict.fromkeys(vague))}：菜谱没有写数（适量、少许或没写），没法按倍数算，照旧看着加。")
    if any(step.minutes for step in recipe.steps) or recipe.minutes is not None:
        pot = "量多了要换大锅或分锅做，" if rules.factor > 1 else ""
        notes.append(f"时间和火候没有按倍数变：{pot}以熟透为准。")
    if any(part in new.text for old, new in pairs for part in _PARTS.findall(old.text)):
        notes.append("步骤里分成几份、做成几个没有变，量多时照样大小多做几个。")
    return notes


def _ends(ingredient: Ingredient) -> list[float]:
    return [v for v in (ingredient.min, ingredient.max) if v is not None]


def _named(ingredients: Sequence[Ingredient], name: str) -> list[Ingredient]:
    """The ingredients that a name means: by its canonical name, an alternative, its kind, or a part of it."""
    counted = [i for i in ingredients if i.min is not None or i.max is not None]
    wanted = canonical_ingredient(name)
    if not wanted:
        return []
    kinds = {canonical_ingredient(word) for word in knowledge("scaling")["kinds"].get(name, "").split()}
    stem = wanted.removesuffix("肉")
    ways = (
        lambda i: canonical_ingredient(i.name) == wanted,
        lambda i: wanted in {canonical_ingredient(alt) for alt in i.alt},
        lambda i: canonical_ingredient(i.name) in kinds,
        lambda i: canonical_ingredient(i.name).endswith(tuple(kinds | {wanted})),
        lambda i: wanted in canonical_ingredient(i.name) or canonical_ingredient(i.name) in wanted,
        lambda i: len(stem) > 0 and wanted.endswith("肉") and i.name.startswith(stem),
    )
    for way in ways:
        found = [i for i in counted if way(i)]
        # 牛肉 is one cut of the recipe or nothing certain; the same name twice is one food in two places.
        if found and len({canonical_ingredient(i.name) for i in found}) == 1:
            return found
    return []


def _in_unit(found: Sequence[Ingredient], unit: str | None) -> tuple[float | None, str]:
    """How much the recipe takes of it, counted in `unit`, and as the recipe says it."""
    total = 0.0
    said: list[str] = []
    for ingredient in found:
        ends = _ends(ingredient)
        value = _converted(sum(ends) / len(ends), ingredient.unit, unit)
        shown = _said(ingredient.min, ingredient.max, ingredient.unit)
        if value is None and (equal := _equivalent(ingredient, unit)):
            value, note = equal
            shown += f"（{note}）"
        if value is None:
            return None, ""
        total += value
        said.append(shown)
    return total, " + ".join(said)


def _converted(value: float, own: str | None, wanted: str | None) -> float | None:
    """A value in another unit; None between mass, volume and things counted."""
    own, wanted = (own or "个").lower(), (wanted or "个").lower()
    units = knowledge("units")
    for kind in ("mass", "volume"):
        if own in units[kind] and wanted in units[kind]:
            return float(value * units[kind][own] / units[kind][wanted])
    return value if plain_unit(own) == plain_unit(wanted) else None


def _equivalent(ingredient: Ingredient, unit: str | None) -> tuple[float, str] | None:
    """What the line gives in brackets in a unit that converts: the whole, or so much each times the count."""
    ends = _ends(ingredient)
    each: tuple[float, str] | None = None
    for bracket in _BRACKETS.findall(ingredient.raw):
        for found in re.finditer(r"\d", bracket):
            if re.search(r"[\d.]$", bracket[: found.start()]):
                continue
            quantity = measures.read(bracket, found.start())
            if quantity is None or quantity.min is None or quantity.unit is None:
                continue
            high = quantity.max if quantity.max is not None else quantity.min
            value = _converted((quantity.min + high) / 2, quantity.unit, unit)
            if value is None:
                continue
            text = bracket[found.start() : quantity.end].strip()
            if not re.search(r"每|一[个只条根支]", bracket[: found.start()].rpartition("，")[2]):
                return value, f"约 {text}"
            each = each or (value * sum(ends) / len(ends), f"每{ingredient.unit or '个'}约 {text}")
    return each
