"""The questions that a recipe answers."""

from shishen.domains.cooking.questions import completeness, ingredient_names, names_of, questions
from shishen.kitchen import Kitchen
from shishen.records import Ingredient, Question, Recipe, Source, Step


def dish(**fields: object) -> Recipe:
    base = {"id": "x", "name": "番茄炒蛋", "title": "番茄炒蛋", "source": Source(path="x")}
    return Recipe(**{**base, **fields})  # type: ignore[arg-type]


def test_a_dish_goes_by_all_its_names() -> None:
    assert {"番茄炒蛋", "西红柿炒鸡蛋"} <= set(names_of("番茄炒蛋"))
    assert names_of("番茄炒蛋")[0] == "番茄炒蛋"


def test_names_come_first_and_none_twice() -> None:
    found = questions(dish(aliases=("西红柿炒蛋",), tastes=("酸甜",), category="素菜", cuisine="家常菜"))
    kinds = [question.kind for question in found]
    assert kinds == sorted(kinds, reverse=True)
    assert len(found) == len(set(found))
    assert Question("酸甜口味的素菜有哪些", "about") in found


def test_main_ingredients_are_asked_for_and_seasonings_are_not() -> None:
    salted = tuple(Ingredient(raw=name, name=name) for name in ("番茄", "盐", "鸡蛋"))
    texts = [question.text for question in questions(dish(ingredients=salted))]
    assert "用番茄和鸡蛋能做什么菜" in texts
    assert not any("盐" in text for text in texts)


def test_ingredients_go_by_canonical_names() -> None:
    both = tuple(Ingredient(raw=name, name=name) for name in ("西红柿", "蕃茄", "洋芋"))
    assert len(ingredient_names(dish(ingredients=both))) == 2


def test_a_recipe_that_says_more_is_more_complete() -> None:
    bare = dish(steps=(Step(text="炒熟"),), ingredients=(Ingredient(raw="盐", name="盐"),))
    full = dish(
        steps=(Step(text="切"), Step(text="炒熟")),
        ingredients=(Ingredient(raw="盐 2 克", name="盐", min=2, max=2, unit="克"),),
        minutes=10,
        tips=("x",),
    )
    assert completeness(full) > completeness(bare)


def test_every_house_dish_asks_several_questions(house: Kitchen) -> None:
    assert all(len(questions(recipe)) >= 4 for recipe in house.library.recipes())
