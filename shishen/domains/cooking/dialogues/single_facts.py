"""Single facts about one dish, each with the table of questions that ask for it: how much, how long, which step."""

from collections.abc import Iterator

from msgspec import Struct

from shishen.domains.cooking import replies
from shishen.domains.cooking.composing import amount
from shishen.domains.cooking.dialogues.numbers import spoken
from shishen.records import Ingredient, Recipe

# A name that is longer is a line that was not read to its end.
LONGEST_INGREDIENT = 10
# A word that stands in more steps than this is not put in at one of them.
MOST_PLACES = 2


class Fact(Struct, frozen=True):
    """The table of questions, what fills their slots, and the answer."""

    table: str
    slots: dict[str, str]
    answer: str


def named(recipe: Recipe) -> dict[str, list[Ingredient]]:
    """The ingredients by name, in order; what has no name that people would say is left out."""
    found: dict[str, list[Ingredient]] = {}
    for ingredient in recipe.ingredients:
        if ingredient.name.isalpha() and len(ingredient.name) <= LONGEST_INGREDIENT:
            found.setdefault(ingredient.name, []).append(ingredient)
    return found


def is_written(ingredient: Ingredient) -> bool:
    """Whether the source says how much, if only 适量."""
    return not amount(ingredient).startswith("—")


def amount_answer(recipe: Recipe, those: list[Ingredient]) -> str:
    """How much of one ingredient: 「红烧肉」里，盐：2 g。"""
    return f"「{recipe.name}」里，{'；'.join(replies.measured(i, recipe.ingredients) for i in those)}。"


def facts_of(recipe: Recipe) -> Iterator[Fact]:
    """Every fact that the record states."""
    dish = {"dish": recipe.name}
    for name, those in named(recipe).items():
        if all(map(is_written, those)):
            yield Fact("fact.amount", {**dish, "ingredient": name}, amount_answer(recipe, those))
        places = replies.clauses_with(recipe, (name,)) if len(name) > 1 else []
        if 0 < len(places) <= MOST_PLACES:
            lines = "\n".join(f"- 第 {n} 步：{clause}" for n, clause in places)
            yield Fact("fact.where", {**dish, "ingredient": name}, f"「{recipe.name}」里说到{name}的步骤：\n{lines}")
    for table, stated, answer in _of_fields(recipe):
        if stated:
            yield Fact(table, dish, answer)
    if tastes := [taste for taste in recipe.tastes if taste.strip()]:
        yield Fact("fact.taste", dish, f"「{recipe.name}」的口味：{'、'.join(tastes)}。")
    total = len(replies.steps_of(recipe))
    if total:
        yield Fact("fact.step_count", dish, f"「{recipe.name}」一共 {total} 步。")
    for n in range(1, total + 1):
        yield Fact("fact.step", {**dish, "number": spoken(n)}, replies.step_line(recipe, n))


def unstated(recipe: Recipe) -> Iterator[Fact]:
    """What people ask and the record does not say: the answer says that."""
    dish = {"dish": recipe.name}
    for name, those in named(recipe).items():
        if not any(map(is_written, those)):
            yield Fact("fact.amount", {**dish, "ingredient": name}, amount_answer(recipe, those))
    for table, stated, answer in _of_fields(recipe):
        if not stated:
            yield Fact(table, dish, answer)


def _of_fields(recipe: Recipe) -> Iterator[tuple[str, bool, str]]:
    """(table, whether the record states it, answer) of each field."""
    yield "fact.time", recipe.minutes is not None, replies.time_text(recipe)
    yield "fact.servings", recipe.servings is not None, replies.servings_text(recipe)
    yield "fact.difficulty", recipe.difficulty is not None, replies.difficulty_text(recipe)
    yield "fact.calories", recipe.calories is not None, replies.calories_text(recipe)
    yield "fact.tools", bool(recipe.tools), replies.tools_text(recipe)
