"""The dishes that test cookbooks are made of: HowToCook, the house cookbook, XiaChuFang's thousand.

Taken are those that a book can give back exactly: printable characters, at least two ingredients and two steps,
a name without decoration; what is printed in the record's own words (`record`) must be read as the record again.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from benchmarks.books.records import Dish, Printed, gold_ingredients, read_as_printed
from benchmarks.howtocook import DATA, ROOT, read_folder
from shishen.domains.cooking.recipes import read_recipe
from shishen.domains.cooking.steps import plain_text
from shishen.engines.reader import cookbook, xtuner
from shishen.records import Draft, Ingredient, Recipe
from shishen.source_file import SourceFile

HOUSE = ROOT / "shishen/cookbook"
XIACHUFANG = DATA.parent / "xiachufang/tran_dataset_1000.json"
_SEASONING = re.compile(
    r"[油盐糖醋酱粉姜葱蒜椒]$|[料黄米]酒|生抽|老抽|味精|鸡精|八角|桂皮|香叶|花椒|酵母|[热清]水|小苏打"
)
# Marks that a common font may not have.
_UNPRINTABLE = re.compile(r"[･｡∀ﾉﾞ﹑⅛→↑✅]")
_CATEGORIES = frozenset(
    ("Lu", "Ll", "Lo", "Lm", "Nd", "No", "Nl", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Sm", "Sc")
)
_NUMBERED = re.compile(r"^(?:\d+\s*[.、)）]|[①-⑳(（]|步骤|第[一二三四五六七八九十\d]+步|[一二三四五六七八九十]+、)")


def howtocook(folder: Path = DATA) -> tuple[Dish, ...]:
    """HowToCook's dishes, category by category, amounts in the record's words."""
    recipes, _ = read_folder(folder)
    return _by_category(_dishes(recipes.values(), raw=False))


def house() -> tuple[Dish, ...]:
    """The house cookbook's dishes, category by category, ingredient lines as they are written."""
    reader = cookbook.build(cookbook.Options())
    drafts = (draft for path in sorted(HOUSE.glob("*.md")) for draft in reader.read(SourceFile(path, path.name)))
    return _by_category(_dishes((read_recipe(draft) for draft in drafts if isinstance(draft, Draft)), raw=True))


def xiachufang(path: Path = XIACHUFANG) -> tuple[Dish, ...]:
    """XiaChuFang's dishes in their order, lines as people wrote them; it has no categories."""
    reader = xtuner.build(xtuner.Options())
    recipes = (read_recipe(draft) for draft in reader.read(SourceFile(path, path.name)) if isinstance(draft, Draft))
    return tuple(_dishes(recipes, raw=True))


@cache
def dishes_of(source: str) -> tuple[Dish, ...]:
    """The dishes of a source by its name. Raises KeyError for one that is unknown."""
    return {"howtocook": howtocook, "house": house, "xiachufang": xiachufang}[source]()


def _by_category(dishes: Iterable[Dish]) -> tuple[Dish, ...]:
    """The dishes so that those of one category stand together, in the order of first appearance."""
    chapters: dict[str, list[Dish]] = {}
    for dish in dishes:
        chapters.setdefault(dish.category, []).append(dish)
    return tuple(dish for chapter in chapters.values() for dish in chapter)


def _dishes(recipes: Iterable[Recipe], *, raw: bool) -> Iterator[Dish]:
    seen: set[str] = set()
    for recipe in recipes:
        dish = _dish(recipe, raw=raw)
        if dish.name in seen or not _comes_back(dish, recipe, raw=raw):
            continue
        seen.add(dish.name)
        yield dish


def _dish(recipe: Recipe, *, raw: bool) -> Dish:
    if raw:
        # One line may name several; the first says on which list it stands.
        firsts = {_one_line(i.raw): i for i in reversed(recipe.ingredients)}
        lines = dict.fromkeys(_one_line(i.raw) for i in recipe.ingredients)
        printed = tuple(Printed(line, seasoning=_is_seasoning(firsts[line])) for line in lines)
    else:
        printed = tuple(Printed(i.name, _amount(i), _is_seasoning(i)) for i in recipe.ingredients)
    servings = recipe.servings
    return Dish(
        name=recipe.name,
        category=recipe.category or "",
        ingredients=tuple(p for p in printed if not p.seasoning) + tuple(p for p in printed if p.seasoning),
        steps=tuple(_one_line(step.text) for step in recipe.steps),
        features=_one_line(recipe.features or recipe.description or ""),
        tips=tuple(tip for tip in map(_one_line, recipe.tips) if _printable(tip)),
        servings=f"{_span(servings.min, servings.max)} 人" if servings else "",
        time=f"{recipe.minutes:g} 分钟" if recipe.minutes else "",
    )


def _comes_back(dish: Dish, recipe: Recipe, *, raw: bool) -> bool:
    """Whether a faultless reading of the printed words gives the record."""
    words = (dish.name, *dish.steps, *(p.line for p in dish.ingredients))
    if len(dish.ingredients) < 2 or len(dish.steps) < 2 or not all(map(_printable, words)):
        return False
    # A step whose own words begin with a number cannot be told from a numbered one.
    if any(_NUMBERED.match(step) or plain_text(step) != step or len(step) < 3 for step in dish.steps):
        return False
    read = read_as_printed(dish)
    if read.name != dish.name or [step.text for step in read.steps] != list(dish.steps):
        return False
    return raw or sorted(map(str, gold_ingredients(read.ingredients))) == sorted(
        map(str, gold_ingredients(recipe.ingredients))
    )


def _printable(text: str) -> bool:
    """Whether common fonts have every character: letters, numbers, punctuation, no emoji."""
    if _UNPRINTABLE.search(text):
        return False
    return all(c in "℃℉°" or (ord(c) < 0xFFFF and unicodedata.category(c) in _CATEGORIES) for c in text)


def _one_line(text: str) -> str:
    return " ".join(plain_text(text).split())


def _is_seasoning(ingredient: Ingredient) -> bool:
    if ingredient.group in ("材料", "调料"):
        return ingredient.group == "调料"
    return _SEASONING.search(ingredient.name) is not None


def _span(least: float | None, most: float | None) -> str:
    """A number or a span: 3, 2–3."""
    if least is None or most is None or least == most:
        return f"{most if least is None else least:g}"
    return f"{least:g}-{most:g}"


def _amount(ingredient: Ingredient) -> str:
    """The amount in the record's words: 3 克, 2-3 个, 适量, 几 片; nothing where none is known."""
    unit = ingredient.unit or ""
    if ingredient.min is None and ingredient.max is None:
        return f"{ingredient.vague or ''}{unit}"
    return f"{_span(ingredient.min, ingredient.max)} {unit}".strip()


def in_script(dish: Dish, script: str) -> Dish:
    """The dish in another script by OpenCC's conversion (`s2t`, `s2tw` …)."""
    from opencc import OpenCC

    convert = OpenCC(script).convert
    return replace(
        dish,
        name=convert(dish.name),
        category=convert(dish.category),
        ingredients=tuple(replace(p, name=convert(p.name), amount=convert(p.amount)) for p in dish.ingredients),
        steps=tuple(map(convert, dish.steps)),
        features=convert(dish.features),
        tips=tuple(map(convert, dish.tips)),
    )
