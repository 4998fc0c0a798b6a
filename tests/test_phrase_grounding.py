"""What a model says of a recipe: the record's own words and fair rephrasings pass, inventions do not."""

import random

import pytest

from shishen.domains.cooking.composing import recipe_text
from shishen.domains.cooking.phrase_grounding import Grounds
from shishen.domains.cooking.recipes import read_recipe
from shishen.kitchen import Kitchen
from shishen.records import Draft, DraftLine, DraftStep, Source

DISH = read_recipe(
    Draft(
        title="西红柿炒蛋",
        source=Source(path="a.md"),
        servings="2 人份",
        lines=tuple(map(DraftLine, ("西红柿 300 克", "鸡蛋 4 个", "盐 3 克", "白糖 1 茶匙"))),
        steps=(
            DraftStep("西红柿切块，鸡蛋打散。"),
            DraftStep("鸡蛋炒 2 分钟盛出。"),
            DraftStep("下西红柿炒软，放盐。"),
        ),
    )
)


@pytest.mark.parametrize(
    "sentence",
    [
        "先把番茄切成块，鸡蛋打散。",
        "一共要四个鸡蛋、300g 番茄。",
        "鸡蛋炒两分钟就盛出来。",
        "放 3 克盐和 1 茶匙白糖。",
        "| 盐 | 3 克 |",
        "1. 鸡蛋打散。",
        "锅里加少许清水。",
        "火别太大，慢慢来。",
        "",
    ],
)
def test_what_the_record_says_may_be_said_in_other_words(sentence: str) -> None:
    assert Grounds(recipe_text(DISH)).stray(sentence) == ""


@pytest.mark.parametrize(
    ("sentence", "stray"),
    [
        ("鸡蛋炒 5 分钟。", "5"),
        ("放盐 8 克。", "8"),
        ("放盐 300 克。", "盐"),
        ("放 4 克盐。", "4"),
        ("加一勺料酒去腥。", ""),
        ("最后撒葱花。", "葱"),
        ("把盐准备好，一共 300 克。", "盐"),
        ("| 盐 | 300 克 |", "盐"),
        ("供 6 人食用。", "6"),
    ],
)
def test_inventions_may_not(sentence: str, stray: str) -> None:
    found = Grounds(recipe_text(DISH)).stray(sentence)
    assert found
    assert stray in found


def test_a_whole_cookbook(house: Kitchen) -> None:
    """Every sentence of every dish may be said; of amounts that are another ingredient's nine in ten are caught."""
    chance = random.Random(0)
    caught = swapped = 0
    for recipe in house.library.recipes():
        grounds = Grounds(recipe_text(recipe))
        assert [step.text for step in recipe.steps if grounds.stray(step.text)] == []
        sure = [i for i in recipe.ingredients if i.min and i.unit and i.min == i.max]
        for i in sure:
            assert grounds.stray(f"放{i.min:g}{i.unit}{i.name}。") == ""
            assert grounds.stray(f"放{(i.min or 0) * 3 + 7:g}{i.unit}{i.name}。")
            others = [o for o in sure if o.unit == i.unit and o.min != i.min]
            if others:
                other = chance.choice(others)
                swapped += 1
                caught += bool(grounds.stray(f"放{i.name} {other.min:g} {other.unit}。"))
    assert swapped > 300
    assert caught / swapped > 0.9


@pytest.mark.parametrize(
    ("said", "tells"),
    [
        ("西红柿切块，鸡蛋打散。", True),
        ("要四个蛋。", True),
        ("先打散，再炒两分钟。", True),
        ("西红柿炒蛋是一道好菜。", False),
        ("好的。", False),
        (" |       ", False),
        ("", False),
    ],
)
def test_an_answer_that_says_nothing_of_the_record_is_none(said: str, tells: bool) -> None:
    assert Grounds(recipe_text(DISH)).tells(said, DISH.title) is tells


def test_a_short_answer_is_told_by_its_few_words() -> None:
    assert Grounds("30 分钟。").tells("三十分钟", "西红柿炒蛋")
    assert not Grounds("30 分钟。").tells("很快", "西红柿炒蛋")
