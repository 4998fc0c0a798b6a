"""The questions that a recipe answers (hypothetical question encoding), by rules from its own fields.

A `name` question holds the dish alone, in every form that people call it; the search takes the words around it
(怎么做, 我想吃) off what is asked. An `about` question describes the dish.
Source of the idea: HyDE/HyQE, Gao et al. 2022 (arXiv:2212.10496), turned round: questions are made when a
recipe is added, so that asking costs no model.
"""

import re
from functools import cache, lru_cache

from shishen.chinese import normalise
from shishen.domains.cooking.words import aliases, canonical_dish, canonical_ingredient, canonical_words
from shishen.records import Question, Recipe

MAIN_INGREDIENTS = 3
LONGEST_NAME = 40
# Basic seasonings name no dish: nobody asks what to cook with salt.
_BASIC = frozenset(
    [
        "盐",
        "食盐",
        "糖",
        "白糖",
        "冰糖",
        "油",
        "食用油",
        "水",
        "清水",
        "热水",
        "开水",
        "生抽",
        "老抽",
        "酱油",
        "料酒",
        "醋",
        "味精",
        "鸡精",
        "葱",
        "姜",
        "蒜",
        "小葱",
        "大葱",
        "生姜",
        "大蒜",
        "淀粉",
        "胡椒粉",
        "香油",
        "蚝油",
    ]
)


@cache
def _called() -> dict[str, tuple[str, ...]]:
    """Canonical dish name → all its names."""
    table: dict[str, list[str]] = {}
    for alias, canonical in aliases("dish").items():
        table.setdefault(canonical, []).append(alias)
    return {canonical: tuple(names) for canonical, names in table.items()}


@lru_cache(maxsize=65_536)
def names_of(name: str) -> tuple[str, ...]:
    """Every name that a dish goes by: as written, in canonical words, and the aliases of that dish."""
    plain = normalise(name).replace(" ", "") or normalise(name)
    canonical = canonical_dish(plain)
    forms = [plain, canonical_words(plain), canonical, *_called().get(canonical, ())]
    return tuple(dict.fromkeys(form for form in forms if form))


def questions(recipe: Recipe) -> tuple[Question, ...]:
    """The questions of one recipe, names first, without repetition."""
    names = [form for name in (recipe.name, *recipe.aliases) if len(name) <= LONGEST_NAME for form in names_of(name)]
    found = [Question(name, "name") for name in dict.fromkeys(names or [recipe.name])]
    found.extend(Question(text, "about") for text in dict.fromkeys(_about(recipe)))
    return tuple(found)


def _about(recipe: Recipe) -> list[str]:
    main = list(dict.fromkeys(i.name for i in recipe.ingredients if i.name not in _BASIC))[:MAIN_INGREDIENTS]
    kind = recipe.category or "菜"
    texts = []
    if main:
        texts.append(f"用{'和'.join(main)}能做什么菜")
    for taste in recipe.tastes:
        texts.append(f"{taste}口味的{kind}有哪些")
        if main:
            texts.append(f"{taste}的{main[0]}怎么做")
    if recipe.cuisine:
        texts.append(f"{recipe.cuisine}里有什么{kind}")
    if recipe.features:
        clause = re.split(r"[，。！；,;!\s]", recipe.features, maxsplit=1)[0]
        if 2 <= len(clause) <= 16:
            texts.append(f"什么{kind}{clause}")
    return texts


def ingredient_names(recipe: Recipe) -> tuple[str, ...]:
    """The canonical names of a recipe's ingredients, each once."""
    return tuple(dict.fromkeys(canonical_ingredient(i.name) for i in recipe.ingredients))


def completeness(recipe: Recipe) -> int:
    """How much a recipe tells, for choosing among recipes of one dish: 0 to 100."""
    measured = sum(1 for i in recipe.ingredients if i.min is not None or i.max is not None)
    share = measured / len(recipe.ingredients) if recipe.ingredients else 0.0
    said = sum(x is not None for x in (recipe.servings, recipe.minutes, recipe.difficulty, recipe.description))
    steps = sum(1 for step in recipe.steps if not step.noise)
    words = sum(len(step.text) for step in recipe.steps)
    return round(40 * share + 5 * said + 2 * min(steps, 10) + min(words, 1000) / 100 + 5 * bool(recipe.tips))
