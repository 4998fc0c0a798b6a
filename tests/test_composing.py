"""The answer's words and numbers, and the verifier that holds them to the record."""

import random
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from shishen.domains.cooking.composing import amount, missing_text, number, place, recipe_text, remark, span
from shishen.domains.cooking.grounding import grounded
from shishen.kitchen import Kitchen, open_kitchen
from shishen.records import Ingredient, Range, Recipe, Source, Step


@pytest.mark.parametrize(
    ("value", "shown"),
    [(2.0, "2"), (0.5, "半"), (1.5, "1.5"), (1 / 3, "1/3"), (0.3333, "1/3"), (0.25, "1/4"), (0.0, "0"), (7.5, "7.5")],
)
def test_numbers_as_a_cook_writes_them(value: float, shown: str) -> None:
    assert number(value) == shown


def test_spans() -> None:
    assert span(2, 2) == "2"
    assert span(2, 3) == "2–3"
    assert span(2, None) == "至少 2"
    assert span(None, 3) == "最多 3"
    assert span(None, None) == ""


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"min": 2.0, "max": 3.0, "unit": "段"}, "2–3 段"),
        ({"min": 0.5, "max": 0.5, "unit": "个"}, "半个"),
        ({"vague": "适量"}, "适量"),
        ({"vague": "几", "unit": "片"}, "几片"),
        ({"vague": "其他", "raw": "水 没过食材", "name": "水"}, "没过食材"),
        ({"vague": "其他", "raw": "多些盐", "name": "盐"}, "多些"),
        ({"vague": "其他", "raw": "水（没过）", "name": "水"}, "—"),
        ({}, "—"),
        ({"min": 5.0, "max": 5.0, "unit": "g", "optional": True}, "5 g（可选）"),
    ],
)
def test_amounts_as_the_source_has_them(fields: dict[str, object], shown: str) -> None:
    assert amount(Ingredient(**{"raw": "x", "name": "x", **fields})) == shown  # type: ignore[arg-type]


def test_a_remark_in_brackets_is_kept_once() -> None:
    wings = Ingredient(raw="鸡翅中 10 个（约 500 克）", name="鸡翅中", min=10, max=10, unit="个")
    assert remark(wings, [wings]) == "约 500 克"
    optional = Ingredient(raw="酸笋 50g（可选）", name="酸笋", min=50, max=50, unit="g", optional=True)
    assert remark(optional, [optional]) == ""
    shared = [Ingredient(raw="葱、姜（切丝）", name=name) for name in ("葱", "姜")]
    assert remark(shared[0], shared) == ""


RECIPE = Recipe(
    id="x",
    name="测试菜",
    title="测试菜",
    source=Source(path="a/b/c/测试菜.md", author="某人"),
    servings=Range(2, 3),
    minutes=150,
    difficulty=2,
    ingredients=(Ingredient(raw="水 | 1 升", name="水|", min=1, max=1, unit="升"),),
    steps=(
        Step(text="# 不是标题\n- 煮 5 分钟", section="先"),
        Step(text="如图", noise=True),
        Step(text="出锅", section="后"),
    ),
    tips=("一\n二",),
)


def test_the_whole_recipe_in_markdown() -> None:
    text = recipe_text(RECIPE)
    assert "> 2–3 份 · 约 2 小时 30 分钟 · 难度 ★★☆☆☆" in text
    assert "| 水／ | 1 升 |" in text
    assert "1. # 不是标题；- 煮 5 分钟" in text
    assert "如图" not in text
    assert "2. 出锅" in text
    assert "**先**" in text
    assert "- 一；二" in text
    assert text.endswith("来源：b/c/测试菜.md（某人）")


def test_what_is_unknown_is_not_said() -> None:
    bare = replace(RECIPE, servings=None, minutes=None, difficulty=None, tips=(), ingredients=())
    text = recipe_text(bare)
    for word in (">", "份", "难度", "材料", "小贴士"):
        assert word not in text


def test_places() -> None:
    assert place(Source(path="shishen/cookbook/红烧肉.md")) == "食神自带菜谱《红烧肉》"
    assert place(Source(path="/x/y/corpus.jsonl", line=7)) == "x/y/corpus.jsonl 第 7 条".lstrip("/")
    assert place(Source(path="book.pdf", page=12)) == "book.pdf 第 12 页"


def test_a_refusal_offers_real_names_only() -> None:
    assert "「佛跳墙」" in missing_text("佛跳墙", [])
    assert "相近" in missing_text("", [])


def test_the_verifier_finds_an_invented_number() -> None:
    text = recipe_text(RECIPE)
    assert grounded(text, RECIPE)
    assert not grounded(text.replace("5 分钟", "6 分钟"), RECIPE)
    assert not grounded(text + "\n再加盐 37 克", RECIPE)


def test_no_answer_has_a_number_that_its_recipe_has_not(house: Kitchen) -> None:
    recipes = list(house.library.recipes())
    assert [r.name for r in recipes if not grounded(recipe_text(r), r)] == []


def test_the_verifier_notices_almost_any_changed_number(house: Kitchen) -> None:
    dice = random.Random(7)
    passed = tried = 0
    for recipe in house.library.recipes():
        text = recipe_text(recipe)
        for found in dice.sample(list(re.finditer(r"(?<![\d.])\d+(?![\d.])", text)), 6):
            other = str(int(found[0]) + dice.choice((1, 2, 3, 7, 10)))
            tried += 1
            # The numbers of a list's items are no amounts.
            is_item = text[: found.start()].endswith("\n") and text[found.end() :].startswith(". ")
            passed += not is_item and grounded(text[: found.start()] + other + text[found.end() :], recipe)
    assert tried > 300
    assert passed / tried < 0.1


def test_nor_over_1368_real_recipes(howtocook: Path) -> None:
    kitchen = open_kitchen()
    recipes = [r for r in kitchen.read(howtocook, howtocook.parent / "xiachufang") if isinstance(r, Recipe)]
    assert len(recipes) == 1368
    assert [r.name for r in recipes if not grounded(recipe_text(r), r)] == []
