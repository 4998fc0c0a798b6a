"""What is set in a test cookbook, and what must come back from it; frozen records and their making only.

The gold is what the cooking domain makes of the printed words themselves (`gold_dish`), so that a book measures
layout and structuring, never how an ingredient line is read.
"""

from msgspec import Struct

from shishen.chinese import simplify
from shishen.domains.cooking.recipes import read_recipe
from shishen.records import Draft, DraftLine, DraftStep, Ingredient, Recipe, Source


class Printed(Struct, frozen=True):
    """One ingredient as it is printed: the name, and the amount apart where the layout sets it apart."""

    name: str
    amount: str = ""
    seasoning: bool = False

    @property
    def line(self) -> str:
        """Both on one line."""
        return f"{self.name} {self.amount}".strip()


class Dish(Struct, frozen=True, kw_only=True):
    """One dish to print, words only; no Markdown, no line breaks in them."""

    name: str
    category: str
    ingredients: tuple[Printed, ...]
    steps: tuple[str, ...]
    features: str = ""
    tips: tuple[str, ...] = ()
    servings: str = ""
    time: str = ""


class GoldIngredient(Struct, frozen=True):
    """One ingredient as it must come back."""

    name: str
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    vague: str | None = None


class GoldDish(Struct, frozen=True, kw_only=True):
    """One dish as it must come back; `page` (from 1) is where its title stands, `printed` are the lines set.

    `category` is None where the book does not print it.
    """

    book: str
    page: int
    name: str
    category: str | None
    ingredients: tuple[GoldIngredient, ...]
    steps: tuple[str, ...]
    printed: tuple[str, ...] = ()


class Book(Struct, frozen=True):
    """A book that was set: the PDF, and on which page (from 1) the title of each dish stands."""

    pdf: bytes
    pages: tuple[int, ...]


def read_as_printed(dish: Dish) -> Recipe:
    """The recipe that a dish is when each of its printed words is known for what it is."""
    return read_recipe(
        Draft(
            title=dish.name,
            source=Source(path="book"),
            category=dish.category,
            lines=tuple(DraftLine(ingredient.line) for ingredient in dish.ingredients),
            steps=tuple(DraftStep(step) for step in dish.steps),
        )
    )


def gold_dish(book: str, page: int, dish: Dish, *, categories: bool) -> GoldDish:
    """What must be read of a dish that is printed on a page."""
    recipe = read_as_printed(dish)
    return GoldDish(
        book=book,
        page=page,
        name=recipe.name,
        category=simplify(dish.category) if categories else None,
        ingredients=gold_ingredients(recipe.ingredients),
        steps=dish.steps,
        printed=tuple(ingredient.line for ingredient in dish.ingredients),
    )


def gold_ingredients(ingredients: tuple[Ingredient, ...]) -> tuple[GoldIngredient, ...]:
    """What is compared of a recipe's ingredients."""
    return tuple(GoldIngredient(i.name, i.min, i.max, i.unit, i.vague) for i in ingredients)
