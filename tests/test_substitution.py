"""Substitutes, leaving out, replacing: labelled by reading the house cookbook; exclusions hold for all candidates."""

import re

import pytest

from shishen.domains.cooking.exclusions import in_name
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.substitution import find_ingredient, leave_out, replaced, steps_with, substitute
from shishen.kitchen import Kitchen
from shishen.records import Exclusion, Ingredient, Recipe, Source, Step

GROUPS = [*knowledge("roles")["group"], *knowledge("roles_foods")["group"]]
# Names of food that hold a number, and words that are no amount.
NOT_NUMBERS = re.compile(r"十三香|五香|五花|三文鱼|八角|百里香|千张|百叶|八爪鱼|统一|一样")


def recipe(name: str, ingredients: str, *steps: str) -> Recipe:
    """A small recipe: ingredients parted by spaces, `?` after an optional one; a step with * is a caption."""
    listed = [Ingredient(raw=word, name=word.rstrip("?"), optional=word.endswith("?")) for word in ingredients.split()]
    written = tuple(Step(text=text.lstrip("*"), noise=text.startswith("*")) for text in steps)
    return Recipe(id="0", name=name, title=name, source=Source(path="x.md"), ingredients=tuple(listed), steps=written)


# (dish, asked for, essential, role, the steps that name it), read off the dishes of the house cookbook by eye.
LABELLED = [
    ("宫保鸡丁", "鸡", True, "主料", (1, 5, 7)),
    ("宫保鸡丁", "花生", False, "口感", (8,)),
    ("宫保鸡丁", "醋", False, "酸", (3,)),
    ("宫保鸡丁", "料酒", False, "去腥", (1,)),
    ("宫保鸡丁", "葱", False, "香", (2, 6)),
    ("宫保鸡丁", "花椒", False, "麻", (4,)),
    ("宫保鸡丁", "淀粉", False, "裹粉", (1, 3)),
    ("宫保鸡丁", "辣椒", False, "辣", (2, 4)),
    ("麻婆豆腐", "豆腐", True, "主料", (1, 2, 6, 7)),
    ("麻婆豆腐", "牛肉末", False, "主料", (3,)),
    ("麻婆豆腐", "花椒粉", False, "麻", (8,)),
    ("麻婆豆腐", "豆瓣酱", False, "辣", (1, 4)),
    ("麻婆豆腐", "淀粉", False, "增稠", (1, 7)),
    ("可乐鸡翅", "可乐", True, "饮品", (4,)),
    ("可乐鸡翅", "鸡翅", True, "主料", (1, 2, 3, 4, 6, 7)),
    ("可乐鸡翅", "老抽", False, "上色", (4,)),
    ("清蒸鲈鱼", "鱼", True, "主料", (1, 3, 5, 6)),
    ("清蒸鲈鱼", "姜", False, "去腥", (2, 3, 6, 7)),
    ("清蒸鲈鱼", "蒸鱼豉油", False, "提鲜", (8,)),
    ("酸辣土豆丝", "醋", True, "酸", (6, 7)),
    ("酸辣土豆丝", "马铃薯", True, "配菜", (1, 6)),
    ("酸辣土豆丝", "蒜", False, "香", (3, 5)),
    ("鱼香肉丝", "肉", True, "主料", (2, 5, 6, 8)),
    ("鱼香肉丝", "木耳", False, "口感", (1, 7)),
    ("鱼香肉丝", "糖", False, "甜", (4,)),
]


@pytest.mark.parametrize(("dish", "asked", "essential", "role", "steps"), LABELLED)
def test_labelled_dishes(
    house: Kitchen, dish: str, asked: str, essential: bool, role: str, steps: tuple[int, ...]
) -> None:
    found = house.library.find(dish)
    answer = substitute(asked, found)
    assert answer is not None
    assert (answer.essential, answer.role, answer.steps) == (essential, role, steps)
    left = leave_out(asked, found)
    assert left is not None
    assert (left.essential, tuple(number for number, _ in left.steps)) == (essential, steps)


@pytest.mark.parametrize(
    ("listed", "asked", "found"),
    [
        ("生抽酱油 盐", "酱油", ["生抽酱油"]),
        ("生抽 老抽", "酱油", ["生抽"]),
        ("干辣椒 盐", "辣椒", ["干辣椒"]),
        ("冰糖 盐", "糖", ["冰糖"]),
        ("糖 冰糖", "糖", ["糖"]),
        ("大葱 小葱 洋葱", "葱", ["大葱", "小葱"]),
        ("食用油 蚝油 香油", "油", ["食用油"]),
        ("蚝油", "油", []),
        ("鸡腿肉 鸡精 鸡蛋 鸡腿菇", "鸡", ["鸡腿肉"]),
        ("鸡精 鸡蛋", "鸡", []),
        ("五花肉 牛奶", "肉", ["五花肉"]),
        ("番茄酱", "番茄", []),
        ("西红柿 番茄酱", "番茄", ["西红柿"]),
        ("土豆", "豆", []),
        ("奶油 牛奶", "牛奶", ["牛奶"]),
        ("盐", "", []),
    ],
)
def test_an_ingredient_is_found_by_name_alias_part_and_general_word(listed: str, asked: str, found: list[str]) -> None:
    assert [i.name for i in find_ingredient(recipe("菜", listed), asked)] == found


def test_an_alternative_is_found_too() -> None:
    listed = Ingredient(raw="白醋或米醋", name="白醋", alt=("米醋",))
    dish = Recipe(id="0", name="菜", title="菜", source=Source(path="x.md"), ingredients=(listed,))
    assert find_ingredient(dish, "米醋") == (listed,)


def test_steps_are_numbered_as_shown_and_quoted_by_clause() -> None:
    dish = recipe("炒菜", "大葱 番茄", "*如图", "番茄切块，加番茄酱", "放油，撒葱花，盛出", "洋葱切丝")
    assert steps_with(dish, "番茄") == ((1, "番茄切块"),)
    assert steps_with(dish, "葱") == ((2, "撒葱花"),)
    assert steps_with(dish, "鸡") == ()


def test_what_only_looks_like_the_thing_is_not_named() -> None:
    dish = recipe("蒸鱼", "鱼 米 油 葱", "切成三厘米，表面擦干", "油温升高", "炒出葱香", "鱼盘备好")
    for name in ("米", "面", "油", "葱", "鱼"):
        assert steps_with(dish, name) == (), name


def test_leaving_out_what_the_recipe_has_not() -> None:
    assert leave_out("牛肉", recipe("白粥", "大米", "煮米")) is None


def test_what_only_the_steps_name_can_be_left_out() -> None:
    left = leave_out("香菜", recipe("面", "面条", "煮面", "撒香菜"))
    assert left is not None
    assert left.ingredients == ()
    assert left.steps == ((2, "撒香菜"),)
    assert not left.essential


@pytest.mark.parametrize(
    ("dish", "listed", "asked", "essential"),
    [
        ("番茄炒蛋", "番茄 鸡蛋 盐 油", "鸡蛋", True),
        ("糖醋排骨", "排骨 白糖 香醋 盐", "糖", True),
        ("糖醋排骨", "排骨 白糖 香醋 盐", "盐", False),
        ("小米粥", "小米 水", "小米", True),
        ("鸡蛋面", "挂面 鸡蛋 葱", "面条", True),
        ("鱼香肉丝", "猪里脊 木耳 香醋", "鱼", False),
        ("葱花鸡蛋饼", "面粉 鸡蛋 葱花?", "葱花", False),
        ("咖喱炒蟹", "青蟹 洋葱 咖喱块", "洋葱", False),
        ("拍黄瓜", "黄瓜 蒜 醋", "黄瓜", True),
        ("一锅出", "盐 油 土豆", "土豆", True),
        ("蚂蚁上树", "红薯粉丝 猪肉末 豆瓣酱", "粉丝", True),
    ],
)
def test_what_the_name_promises_is_essential(dish: str, listed: str, asked: str, essential: bool) -> None:
    left = leave_out(asked, recipe(dish, listed))
    assert bool(left and left.essential) is essential


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("莙荙菜", "配菜"),
        ("姬松菇", "配菜"),
        ("海鲷鱼", "主料"),
        ("带皮猪五花肉", "主料"),
        ("藕丁", "配菜"),
        ("桂花陈酒", "去腥"),
        ("乐山豆腐", "主料"),
        ("泰国小青柠", "酸"),
        ("有机菠菜", "配菜"),
    ],
)
def test_unlisted_names_answer_by_their_class(name: str, role: str) -> None:
    answer = substitute(name, None)
    assert answer is not None
    assert answer.role == role
    assert answer.candidates


def test_no_role_no_answer() -> None:
    assert substitute("螺丝刀", None) is None
    assert substitute("", None) is None


@pytest.mark.parametrize(
    ("allergy", "name", "never"),
    [
        ("花生", "花生", "花生 腰果 核桃 杏仁"),
        ("虾", "虾仁", "虾 蟹 贝 蛤"),
        ("蟹", "螃蟹", "虾 蟹 蛤"),
        ("牛奶", "牛奶", "牛奶 羊奶 奶粉 奶油"),
        ("鸡蛋", "鸡蛋", "鸭蛋 鹌鹑蛋 蛋清"),
        ("大豆", "蚝油", "生抽 黄豆酱"),
    ],
)
def test_an_allergy_and_its_relatives_are_kept_away(allergy: str, name: str, never: str) -> None:
    answer = substitute(name, None, (Exclusion(allergy, "allergy"),))
    assert answer is not None
    assert [c.name for c in answer.candidates if any(word in c.name for word in never.split())] == []


@pytest.mark.parametrize(
    "exclusion",
    [
        Exclusion("花生", "allergy"),
        Exclusion("海鲜", "allergy"),
        Exclusion("大豆", "allergy"),
        Exclusion("素食", "diet"),
        Exclusion("清真", "diet"),
        Exclusion("孕妇", "condition"),
        Exclusion("辣", "dislike"),
    ],
)
def test_no_candidate_of_any_group_breaks_an_exclusion(exclusion: Exclusion) -> None:
    for group in GROUPS:
        for name in group["members"].split():
            answer = substitute(name, None, (exclusion,))
            assert answer is not None
            assert [c.name for c in answer.candidates if in_name(c.name, (exclusion,))] == []


def test_a_common_allergen_is_named_without_being_asked() -> None:
    answer = substitute("花生", None)
    assert answer is not None
    assert answer.warning
    assert "过敏" in answer.warning
    nuts = next(c for c in answer.candidates if c.name == "腰果")
    assert nuts.allergens_note
    assert "坚果" in nuts.allergens_note


def test_what_must_not_fail_is_warned_about() -> None:
    bread = recipe("馒头", "面粉 酵母 水", "面粉加酵母和水揉成面团，发酵")
    left = leave_out("酵母", bread)
    assert left is not None
    assert left.warning
    assert "发酵" in left.warning
    pickle = leave_out("盐", recipe("泡菜", "白菜 盐", "加盐腌渍，密封"))
    assert pickle is not None
    assert pickle.warning
    fried = leave_out("盐", recipe("炒白菜", "白菜 盐", "加盐炒匀"))
    assert fried is not None
    assert fried.warning is None


def test_an_ingredient_plays_the_role_that_its_clause_says() -> None:
    coating = substitute("淀粉", recipe("炒肉", "猪肉 淀粉", "肉加淀粉抓匀腌一会儿"))
    thickening = substitute("淀粉", recipe("羹", "豆腐 淀粉", "淀粉加水，倒入锅里勾芡"))
    assert coating is not None
    assert coating.role == "裹粉"
    assert thickening is not None
    assert thickening.role == "增稠"


def test_replacing(house: Kitchen) -> None:
    dish = house.library.find("宫保鸡丁")
    nuts = replaced(dish, "花生", "腰果")
    assert nuts is not None
    assert nuts.fits
    assert not nuts.essential
    assert nuts.warning
    assert "过敏" in nuts.warning
    beef = replaced(dish, "鸡", "牛肉")
    assert beef is not None
    assert beef.essential
    assert beef.warning
    assert "另一道菜" in beef.warning
    salt = replaced(dish, "盐", "工业盐")
    assert salt is not None
    assert salt.refused
    assert not salt.fits
    lemon = replaced(dish, "醋", "柠檬汁")
    assert lemon is not None
    assert lemon.fits
    assert lemon.steps == (3,)
    assert not lemon.refused
    odd = replaced(dish, "醋", "面粉")
    assert odd is not None
    assert not odd.fits
    assert replaced(recipe("白粥", "大米", "煮"), "螺丝刀", "醋") is None


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group['role']}-{group['members'].split()[0]}")
def test_every_group_keeps_the_house_form(group: dict[str, object]) -> None:
    sources = {**knowledge("roles")["sources"], **knowledge("roles_foods")["sources"]}
    assert group["source"] in sources
    texts = [str(group[key]) for key in ("does", "without", "warning") if key in group]
    candidates = group["candidates"]
    assert isinstance(candidates, list)
    assert len(candidates) >= 2
    for _, effect in candidates:
        assert len(effect) <= 30
        texts.append(effect)
    for text in texts:
        assert not re.search(r"[0-9０-９一二两三四五六七八九十百千半几]", NOT_NUMBERS.sub("", text)), text
        assert not re.search(r"完全一样|没有区别|一模一样|安全|放心", text), text
    for name, _ in candidates:
        assert not any(word in name for word in knowledge("roles")["unsafe"]), name
