"""A draft read into a recipe: ingredients merged, headers and tools apart, steps and name read."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.howtocook import DATA, GOLD, GoldDish, differences, read_folder
from shishen.domains.cooking.merging import merge
from shishen.domains.cooking.recipes import read_recipe
from shishen.errors import BadRecord
from shishen.records import Draft, DraftLine, DraftStep, Ingredient, Range, Recipe, Source

STEPS = (DraftStep("切好，下锅翻炒 3 分钟"),)


def draft(
    named: tuple[str, ...] = (),
    lines: tuple[str, ...] = (),
    steps: tuple[DraftStep, ...] = STEPS,
    title: str = "某菜的做法",
    servings: str | None = None,
    tools: tuple[str, ...] = (),
) -> Draft:
    return Draft(
        title=title,
        source=Source(path="dishes/某菜.md"),
        named=tuple(DraftLine(text) for text in named),
        lines=tuple(DraftLine(text) for text in lines),
        steps=steps,
        servings=servings,
        tools=tools,
    )


def amounts(recipe: Recipe) -> dict[str, tuple[float | None, float | None, str | None]]:
    return {i.name: (i.min, i.max, i.unit) for i in recipe.ingredients}


def test_a_recipe() -> None:
    recipe = read_recipe(
        draft(
            named=("豆腐", "盐", "平底锅"), lines=("豆腐 250 g", "盐 2-3g", "食用油 15ml"), servings="一份够 2 个人吃。"
        )
    )
    assert recipe.name == "某菜"
    assert recipe.title == "某菜的做法"
    assert recipe.servings == Range(2, 2)
    assert amounts(recipe) == {"豆腐": (250, 250, "g"), "盐": (2, 3, "g"), "食用油": (15, 15, "ml")}
    assert recipe.tools == ("平底锅",)
    assert recipe.steps[0].minutes == (Range(3, 3),)
    assert len(recipe.id) == 12


def test_a_title_of_the_howtocook_form_loses_only_its_ending() -> None:
    assert read_recipe(draft(named=("乌梅",), title="酸梅汤（半成品加工）的做法")).name == "酸梅汤（半成品加工）"
    assert read_recipe(draft(title="酸梅汤（半成品加工）的做法")).name == "酸梅汤"


def test_no_title_and_no_steps_are_refused_in_chinese() -> None:
    with pytest.raises(BadRecord, match="菜名"):
        read_recipe(draft(title="  "))
    with pytest.raises(BadRecord, match="没有步骤"):
        read_recipe(draft(steps=()))
    with pytest.raises(BadRecord, match="没有步骤"):
        read_recipe(draft(steps=(DraftStep("![图](a.jpg)"),)))
    with pytest.raises(BadRecord, match=r"^「某 菜 汤」没有步骤$"):
        read_recipe(draft(title="某\n菜\x1b汤", steps=()))


@pytest.mark.parametrize(
    "broken",
    [
        draft(lines=("盐\udcff 3克",)),
        draft(steps=(DraftStep("加盐\ud83d。"),)),
        draft(title="盐\ud83d"),
        msgspec.structs.replace(draft(), extra={"a": ["\udc80"]}),
    ],
    ids=["ingredient", "step", "title", "extra"],
)
def test_what_cannot_be_stored_is_refused(broken: Draft) -> None:
    with pytest.raises(BadRecord, match="存不下"):
        read_recipe(broken)


@pytest.mark.parametrize(
    ("named", "line"),
    [
        ("酵母", "干酵母 3g"),
        ("鸡翅中", "鸡翅 10 个"),
        ("葱", "小葱 2 根"),
        ("胡箩卜", "胡萝卜 1 根"),
        ("食用油", "菜籽油 20ml"),
        ("农村玉米鸡", "鸡 1 只"),
        ("小米辣", "小米椒 20 个"),
        ("白糖或红糖", "红糖 10g"),
        ("蒜瓣", "大蒜 3 瓣"),
        ("巴斯马蒂长粒香米", "巴斯马蒂香米 200g"),
    ],
)
def test_one_thing_by_two_names_stands_once(named: str, line: str) -> None:
    recipe = read_recipe(draft(named=(named,), lines=(line,)))
    assert len(recipe.ingredients) == 1
    assert recipe.ingredients[0].min is not None
    assert recipe.ingredients[0].name == named.split("或")[0]


@pytest.mark.parametrize(
    ("named", "line"),
    [
        ("鸡", "鸡精 2g"),
        ("牛肉", "牛油 10g"),
        ("盐", "糖 5g"),
        ("葱", "洋葱 1 个"),
        ("生抽", "老抽 5ml"),
        ("白糖", "冰糖 5g"),
    ],
)
def test_two_things_stay_two(named: str, line: str) -> None:
    assert len(read_recipe(draft(named=(named,), lines=(line,))).ingredients) == 2


def test_the_equal_name_is_the_surest_partner() -> None:
    recipe = read_recipe(draft(named=("大葱",), lines=("香葱 1 根", "大葱 2 根")))
    assert amounts(recipe) == {"大葱": (2, 2, "根"), "香葱": (1, 1, "根")}


def test_an_amount_in_the_first_list_stands_where_the_second_has_none() -> None:
    named = [Ingredient(raw="盐 5g", name="盐", min=5, max=5, unit="g")]
    measured = [Ingredient(raw="盐 适量", name="盐", vague="适量")]
    assert [(i.min, i.vague) for i in merge(named, measured)] == [(5, None)]


def test_headers_group_the_lines_after_them_and_are_no_ingredients() -> None:
    recipe = read_recipe(draft(lines=("【油皮】", "面粉 100克", "【馅】", "红豆沙 200克", "面粉 100克")))
    assert [(i.name, i.group) for i in recipe.ingredients] == [("面粉", "油皮、馅"), ("红豆沙", "馅")]


@pytest.mark.parametrize(
    ("lines", "amount"),
    [
        (("【中种】", "高粉 250克", "【主面团】", "高粉 50-60克"), (300, 310, "克")),
        (("【皮】", "盐 1克", "【馅】", "盐 1克"), (2, 2, "克")),
        (("糖（蛋黄） 10克", "糖（蛋白） 30克", "【奶油】", "糖 25克"), (65, 65, "克")),
        (("香油 10 克", "蘸料：香油 2 克"), (12, 12, "克")),
        (("盐 4茶勺（杀水）", "盐 4茶勺（腌制）"), (8, 8, "茶勺")),
        (("盐 少许", "盐 3克"), (3, 3, "克")),
    ],
)
def test_what_is_needed_twice_is_added_up(lines: tuple[str, ...], amount: tuple[float, float, str]) -> None:
    assert list(amounts(read_recipe(draft(lines=lines))).values()) == [amount]


@pytest.mark.parametrize(
    ("lines", "amount"),
    [
        (("当归：2g", "当归：2g"), (2, 2, "g")),
        (("三文鱼 250g", "250g三文鱼"), (250, 250, "g")),
        (("【面包版】", "高粉 250克", "【懒人版】", "高粉 300克"), (250, 250, "克")),
        (("方法一：淀粉 170g", "方法二：淀粉 210g"), (170, 170, "g")),
        (("盐 2勺", "盐 3克"), (2, 2, "勺")),
    ],
)
def test_repeats_and_versions_are_not_added(lines: tuple[str, ...], amount: tuple[float, float, str]) -> None:
    assert list(amounts(read_recipe(draft(lines=lines))).values()) == [amount]


def test_what_is_added_up_keeps_its_lines() -> None:
    recipe = read_recipe(draft(named=("食用油",), lines=("【丸子】", "食用油 500ml（炸）", "【酱汁】", "食用油 30ml")))
    (oil,) = recipe.ingredients
    assert (oil.min, oil.raw, oil.group) == (530, "食用油 500ml（炸） + 食用油 30ml", "丸子、酱汁")


def test_a_share_for_each_of_some_people_is_multiplied() -> None:
    recipe = read_recipe(draft(lines=("豆角 300g * 2 人", "葱 3 根"), servings="本菜谱为 2 人份菜谱"))
    assert amounts(recipe) == {"豆角": (600, 600, "g"), "葱": (3, 3, "根")}


def test_choices_that_only_share_another_choice_are_two_things() -> None:
    recipe = read_recipe(draft(named=("酒（或啤酒）",), lines=("高度白酒 50ml", "水（或啤酒）150ml")))
    assert amounts(recipe) == {"酒": (50, 50, "ml"), "水": (150, 150, "ml")}


def test_the_first_named_choice_is_a_choice() -> None:
    recipe = read_recipe(draft(named=("肉类",), lines=("培根或其他肉类 100-125g",)))
    assert [(i.name, i.alt) for i in recipe.ingredients] == [("肉类", ("培根",))]


def test_what_is_said_of_another_thing_is_no_preparation() -> None:
    recipe = read_recipe(draft(lines=("鹰嘴豆粉 30g（可用炒熟的鹰嘴豆磨粉替代）", "香菇 75g（或干香菇 30g 泡发）")))
    assert [i.preparation for i in recipe.ingredients] == [None, None]


def test_a_word_that_heads_lines_is_no_ingredient() -> None:
    recipe = read_recipe(draft(lines=("油皮", "中粉 160克", "油酥", "低粉 180克")))
    assert [(i.name, i.group) for i in recipe.ingredients] == [("中粉", "油皮"), ("低粉", "油酥")]
    assert list(amounts(read_recipe(draft(lines=("面粉 100克", "酱汁"))))) == ["面粉", "酱汁"]


def test_a_heading_below_its_lines() -> None:
    recipe = read_recipe(draft(lines=("面粉 100克", "以上是饼皮部分", "红豆沙 200克")))
    assert [(i.name, i.group) for i in recipe.ingredients] == [("面粉", "饼皮部分"), ("红豆沙", None)]


def test_a_remark_is_no_ingredient_and_lends_its_amount() -> None:
    lines = ("糍粑辣椒 500g，会是拳头大小两坨", "姜丝，以老姜切 2-3 片")
    recipe = read_recipe(draft(named=("姜", "糍粑辣椒"), lines=lines))
    assert [(i.name, i.min) for i in recipe.ingredients] == [("姜", 2), ("糍粑辣椒", 500)]


def test_an_alternative_is_no_ingredient_of_its_own() -> None:
    recipe = read_recipe(draft(named=("江南米或北方大米",), lines=("江南米 100ml", "北方大米")))
    assert [(i.name, i.alt) for i in recipe.ingredients] == [("江南米", ("北方大米",))]


def test_equipment_in_a_line_with_food() -> None:
    recipe = read_recipe(draft(named=("油 + 锅 + 菜刀", "深一点的小铁盆", "压汁器"), lines=("油 10ml",)))
    assert list(amounts(recipe)) == ["油"]
    assert set(recipe.tools) == {"锅", "菜刀", "小铁盆", "压汁器"}


def test_tools_are_no_ingredients() -> None:
    recipe = read_recipe(draft(lines=("面粉 100克", "打蛋器"), tools=("2 个大碗（推荐玻璃的）",)))
    assert list(amounts(recipe)) == ["面粉"]
    assert set(recipe.tools) == {"打蛋器", "大碗"}


def test_handling_words_become_the_preparation() -> None:
    recipe = read_recipe(draft(lines=("1根胡萝卜切丝", "土豆 2 个，去皮")))
    assert [(i.name, i.preparation) for i in recipe.ingredients] == [("胡萝卜", "切丝"), ("土豆", "去皮")]
    assert recipe.ingredients[0].raw == "1根胡萝卜切丝"


def test_what_a_draft_gives_is_kept() -> None:
    given = Draft(
        title="A",
        source=Source(path="x.jsonl", line=3),
        aliases=("B", "A"),
        category="荤菜",
        cuisine="川菜",
        minutes=20,
        difficulty=2,
        steps=STEPS,
    )
    recipe = read_recipe(given)
    assert (recipe.aliases, recipe.category, recipe.cuisine, recipe.minutes) == (("B",), "荤菜", "川菜", 20)


@pytest.mark.skipif(not Path(DATA).is_dir(), reason="the HowToCook dishes are not at ../shared/data/howtocook")
def test_dishes_read_by_hand() -> None:
    recipes, faults = read_folder(DATA)
    assert faults == []
    assert len(recipes) == 368
    dishes = [msgspec.json.decode(line, type=GoldDish) for line in GOLD.read_bytes().splitlines()]
    wrong = {d.path: differences(d, recipes[d.path]) for d in dishes}
    for field in ("name", "servings", "steps"):
        assert [path for path, found in wrong.items() if found[field]] == []
    assert sum(not found["ingredients"] for found in wrong.values()) >= 0.9 * len(dishes)


@pytest.mark.skipif(not Path(DATA).is_dir(), reason="the HowToCook dishes are not at ../shared/data/howtocook")
@pytest.mark.parametrize("gold", [GOLD, GOLD.with_name("dishes_examiner.jsonl")], ids=["dev", "examiner"])
def test_stars_calories_and_step_counts_of_dishes_read_by_hand(gold: Path) -> None:
    recipes, _ = read_folder(DATA)
    for dish in map(msgspec.json.decode, gold.read_bytes().splitlines()):
        read = recipes[dish["path"]]
        expected = (dish["difficulty"], dish["calories"], dish["step_count"])
        assert (read.difficulty, read.calories, len(read.steps)) == expected, dish["path"]
