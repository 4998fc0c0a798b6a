"""What a recipe is, and what a turn wishes: claims against hand labels, and the traps of each rule."""

import time
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from shishen.chinese import normalise
from shishen.domains.cooking.cuisines import cuisine_of, wider
from shishen.domains.cooking.describing import Card, Want, basics, card, fits, plain, wanted
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.suiting import COURSES
from shishen.domains.cooking.tasting import TASTES
from shishen.kitchen import Kitchen
from shishen.records import Ingredient, Range, Recipe, Source, Step

LABELS = Path(__file__).parent / "data" / "dishes"
COOKBOOK = Path(__file__).parent.parent / "shishen" / "cookbook"


class Dish(msgspec.Struct):
    """One dish read by hand; every taste and course that is true, and the foods that must be found."""

    path: str
    name: str
    half: str
    tastes: list[str]
    cuisine: list[str]
    courses: list[str]
    mains: list[str]


class Saying(msgspec.Struct):
    """One sentence and what it wishes."""

    text: str
    half: str
    wants: list[dict[str, str | bool]]


def dish(name: str, *foods: str | Ingredient, steps: tuple[str, ...] = (), **fields: object) -> Recipe:
    """A recipe of these foods, 100 g each."""
    listed = tuple(
        food if isinstance(food, Ingredient) else Ingredient(raw=food, name=food, min=100, max=100, unit="g")
        for food in foods
    )
    given = Recipe(id="0", name=name, title=name, source=Source(path="x.md"))
    return replace(given, ingredients=listed, steps=tuple(Step(text=text) for text in steps), **fields)


def amount(name: str, value: float, unit: str, optional: bool = False) -> Ingredient:
    return Ingredient(raw=name, name=name, min=value, max=value, unit=unit, optional=optional)


def values(traits: tuple[object, ...]) -> set[str]:
    return {trait.value for trait in traits}  # type: ignore[attr-defined]


def want(kind: str, value: str, negated: bool = False) -> Want:
    return Want(kind, value, 0, 1, negated)


@pytest.fixture(scope="module")
def described() -> dict[str, Card]:
    """The house cookbook's cards by name."""
    return {recipe.name: card(recipe) for recipe in Kitchen().read(COOKBOOK) if isinstance(recipe, Recipe)}


def test_claims_agree_with_hand_labels(howtocook: Path) -> None:
    cards = {recipe.source.path: card(recipe) for recipe in Kitchen().read(howtocook) if isinstance(recipe, Recipe)}
    labels = [msgspec.json.decode(line, type=Dish) for line in (LABELS / "described.jsonl").read_bytes().splitlines()]
    claims = {"taste": [0, 0], "cuisine": [0, 0], "course": [0, 0]}
    missing = []
    for label in labels:
        got = next(found for path, found in cards.items() if path.endswith(label.path))
        assert got.name == label.name
        for kind, said, true in (
            ("taste", values(got.tastes), label.tastes),
            ("course", set(got.courses), label.courses),
            ("cuisine", {got.cuisine.value} if got.cuisine else set(), label.cuisine),
        ):
            claims[kind][0] += len(said & set(true))
            claims[kind][1] += len(said)
        missing += [food for food in label.mains if not any(food in name or name in food for name in got.mains)]
    assert len(labels) == 80
    # A wrong claim is worse than none.
    for right, claimed in claims.values():
        assert right >= 0.95 * claimed
    assert claims["taste"][1] >= 100
    assert len(missing) <= 8


@pytest.mark.parametrize("half", ["dev", "held", "later"])
def test_wishes_agree_with_hand_labels(half: str) -> None:
    sayings = [msgspec.json.decode(line, type=Saying) for line in (LABELS / "wishes.jsonl").read_bytes().splitlines()]
    wrong = []
    for saying in sayings:
        if saying.half == half:
            got = sorted((w.kind, w.value, w.negated) for w in wanted(normalise(saying.text)))
            if got != sorted((w["kind"], w["value"], w["negated"]) for w in saying.wants):
                wrong.append((saying.text, got))
    assert wrong == []


def test_the_house_cookbook_is_described_as_it_says(described: dict[str, Card]) -> None:
    for name, cuisine in (("麻婆豆腐", "川菜"), ("宫保鸡丁", "川菜"), ("蚝油生菜", "粤菜"), ("地三鲜", "东北菜")):
        found = described[name].cuisine
        assert found is not None
        assert (found.value, found.confidence) == (cuisine, 1.0)
    # 家常菜 is no cuisine.
    assert described["红烧茄子"].cuisine is None


def test_rules_alone_name_the_cuisine_that_the_house_cookbook_writes() -> None:
    for recipe in Kitchen().read(COOKBOOK):
        assert isinstance(recipe, Recipe)
        written, ruled = cuisine_of(recipe), cuisine_of(replace(recipe, cuisine=None))
        assert ruled is None or (written is not None and ruled.value == written.value), recipe.name


@pytest.mark.parametrize(
    ("name", "cuisine"),
    [
        ("回锅肉", "川菜"),
        ("家常麻婆豆腐", "川菜"),
        ("鱼香豆腐", "川菜"),
        ("湖南家常红烧肉", "湘菜"),
        ("新疆大盘鸡", "新疆菜"),
        ("老式锅包肉", "东北菜"),
        ("日式肥牛丼饭", "日式"),
        ("红烧肉", None),
        ("西红柿炒鸡蛋", None),
        ("炒上海青", None),
        ("日本豆腐煲", None),
        ("荔浦芋头蒸排骨", None),
        ("糖醋里脊", None),
    ],
)
def test_the_cuisine_of_a_name(name: str, cuisine: str | None) -> None:
    found = cuisine_of(dish(name))
    assert (found.value if found else None) == cuisine


def test_a_description_says_nothing_of_the_cuisine() -> None:
    described = replace(
        dish("蚝油生菜心", "生菜"), description="这道菜在四川菜、川菜馆里也有，麻辣鲜香", tips=("川菜",)
    )
    got = card(described)
    assert got.cuisine is None
    assert "麻辣" not in values(got.tastes)


def test_a_hint_of_chilli_is_not_hot_but_known() -> None:
    braised = dish("卤鸡腿", "鸡腿", amount("干辣椒", 2, "个"), amount("花椒", 10, "粒"), amount("盐", 5, "g"))
    got = card(braised)
    assert not values(got.tastes) & {"辣", "麻", "麻辣", "香辣"}
    assert got.hot == "干辣椒"
    assert fits(got, want("taste", "辣")) is None
    # Somebody who wants nothing hot is not given it either.
    assert fits(got, want("taste", "辣", negated=True)) is None
    assert all("没有辣椒" not in trait.because for trait in got.tastes)


def test_optional_chilli_makes_no_hot_dish() -> None:
    got = card(dish("炒藕", "莲藕", amount("小米辣", 30, "g", optional=True), amount("盐", 3, "g")))
    assert "辣" not in values(got.tastes)
    assert fits(got, want("taste", "辣", negated=True)) is None


def test_mild_peppers_are_not_hot() -> None:
    got = card(dish("青椒肉丝", "猪里脊", "青椒", "彩椒", amount("盐", 3, "g"), steps=("大火翻炒3分钟。",)))
    assert got.hot is None
    found = fits(got, want("taste", "辣", negated=True))
    assert found is not None
    assert found.because == "用料里没有辣椒"


@pytest.mark.parametrize(
    ("recipe", "taste"),
    [
        (dish("可乐排骨", "排骨", amount("可乐", 330, "ml"), amount("盐", 2, "g")), "甜"),
        (dish("凉拌茄子", "茄子", amount("小米辣", 20, "g"), amount("生抽", 10, "ml")), "辣"),
        (dish("番茄菜花", "番茄", "花菜", amount("白糖", 15, "g"), amount("盐", 2, "g")), "酸甜"),
        (dish("土豆饭", "土豆", "咖喱块"), "咖喱"),
        (dish("拍黄瓜", "黄瓜", amount("香醋", 20, "ml"), amount("小米辣", 10, "g"), amount("盐", 2, "g")), "酸辣"),
    ],
)
def test_ingredients_make_a_taste(recipe: Recipe, taste: str) -> None:
    assert taste in values(card(recipe).tastes)


def test_names_of_appliances_and_sauces_are_no_methods() -> None:
    fish = dish("清蒸鱼", "鲈鱼", amount("蒸鱼豉油", 20, "ml"), steps=("上锅蒸8分钟，淋热油。",))
    assert values(card(fish).methods) == {"蒸"}
    crisp = card(dish("空气炸锅鸡翅", "鸡翅", steps=("放入空气炸锅，180度20分钟。",)))
    assert "炸" not in values(crisp.methods)
    assert "空气炸锅" in values(crisp.methods)
    either = card(dish("鸡块", "鸡肉", steps=("大火翻炒3分钟。", "也可以用烤箱烤20分钟。")))
    assert values(either.methods) == {"炒"}


def test_no_heat_is_no_cooking_but_not_of_raw_meat() -> None:
    salad = card(dish("拌生菜", "生菜", steps=("生菜洗净撕开。", "加酱汁拌匀。")))
    assert "免开火" in values(salad.methods)
    assert "夏天" in values(salad.seasons)
    assert "免开火" not in values(card(dish("鸡肉拌饭", "鸡肉", steps=("切块拌匀。",))).methods)
    assert card(dish("生菜", "生菜")).methods == ()


def test_children_get_nothing_hot_alcoholic_or_nutty() -> None:
    plain_dish = dish("炒青菜", "青菜", amount("盐", 2, "g"), steps=("翻炒2分钟。",), category="素菜")
    assert "儿童" in values(card(plain_dish).occasions)
    for more in ("料酒", "小米辣", "腰果"):
        recipe = replace(plain_dish, ingredients=(*plain_dish.ingredients, amount(more, 10, "g")))
        assert "儿童" not in values(card(recipe).occasions)
    stepped = replace(plain_dish, steps=(Step(text="淋一勺料酒翻炒。"),))
    assert "儿童" not in values(card(stepped).occasions)


def test_reasons_are_short_and_hold_no_numbers(described: dict[str, Card]) -> None:
    for got in described.values():
        cuisine = (got.cuisine,) if got.cuisine else ()
        for trait in (*got.tastes, *got.methods, *got.course_traits, *got.seasons, *got.occasions, *cuisine):
            assert 0 < trait.confidence <= 1
            assert len(trait.because) <= 40
            assert not any(character.isdigit() for character in trait.because), trait


def test_unknown_stays_unknown() -> None:
    got = card(dish("神秘菜"))
    assert (got.tastes, got.cuisine, got.methods, got.courses, got.mains) == ((), None, (), (), ())
    for kind, value in (("minutes", "30"), ("difficulty", "简单"), ("calories", "低"), ("season", "夏天")):
        assert fits(got, want(kind, value)) is None


def test_what_the_record_states_is_measured() -> None:
    got = card(dish("快菜", "白菜", minutes=20.0, difficulty=2, calories=300.0, servings=Range(min=1, max=1)))
    assert fits(got, want("minutes", "20")) is not None
    assert fits(got, want("minutes", "19")) is None
    assert fits(got, want("minutes", "快")) is not None
    assert fits(got, want("difficulty", "简单")) is not None
    assert fits(got, want("difficulty", "难")) is None
    assert fits(got, want("difficulty", "难", negated=True)) is not None
    assert fits(got, want("calories", "500")) is not None
    assert fits(got, want("occasion", "一人食")) is not None


def test_a_wider_cuisine_takes_its_parts_and_not_the_reverse() -> None:
    pilaf = card(dish("新疆大盘鸡", "鸡肉"))
    assert fits(pilaf, want("cuisine", "西北菜")) is not None
    assert fits(pilaf, want("cuisine", "川菜")) is None
    assert fits(pilaf, want("cuisine", "川菜", negated=True)) is not None
    assert "新疆菜" not in wider("西北菜")


def test_meat_in_a_vegetable_dish_is_said(described: dict[str, Card]) -> None:
    cabbage = card(dish("手撕包菜", "包菜", "五花肉", category="素菜"))
    found = fits(cabbage, want("course", "素菜"))
    assert found is not None
    assert found.confidence < 1
    assert "五花肉" in found.because
    sure = fits(described["蒜蓉西兰花"], want("course", "素菜"))
    assert sure is not None
    assert sure.confidence == 1.0


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("新鲜姜片", "姜"), ("蒜瓣", "蒜"), ("带皮五花肉", "五花肉"), ("清水", "水"), ("土豆丝", "土豆"),
        ("粉丝", "粉丝"), ("薯条", "薯条"), ("冷饭", "米饭"), ("西红柿", "番茄"), ("生抽酱油", "生抽"),
        ("蚝油", "蚝油"),
        ("花生碎", "花生"),
    ],
)  # fmt: skip
def test_plain_names(written: str, name: str) -> None:
    assert plain(written) == name


def test_basics_are_seasonings_and_essentials_are_not() -> None:
    assert {
        "盐",
        "白糖",
        "食用油",
        "生抽",
        "老抽",
        "醋",
        "料酒",
        "淀粉",
        "胡椒粉",
        "味精",
        "鸡精",
        "葱",
        "姜",
        "蒜",
        "水",
    } <= basics()
    assert not basics() & {"鸡蛋", "猪肉", "米饭", "面粉", "牛奶", "番茄"}
    got = card(dish("番茄炒蛋", "西红柿", "鸡蛋", "食用盐", "油", amount("香菜", 5, "g", optional=True)))
    assert set(got.essentials) == {"番茄", "鸡蛋"}
    assert got.optional == ("香菜",)
    assert got.mains == ("番茄", "鸡蛋")


def test_wishes_are_where_they_are_said() -> None:
    text = "推荐三个不辣的川菜 半小时以内"
    assert [(text[w.start : w.end], w.kind, w.value, w.negated) for w in wanted(text)] == [
        ("辣的", "taste", "辣", True),
        ("川菜", "cuisine", "川菜", False),
        ("半小时以内", "minutes", "30", False),
    ]


def test_wishes_of_anything_never_fail() -> None:
    for text in (
        "",
        "😀",
        "不" * 3000,
        "0分钟以内",
        "辣" * 2000,
        "两三" * 500 + "分钟内",
        "十百百分钟以内",
        "不要不要不要",
    ):
        wanted(normalise(text))


def test_every_word_of_a_wish_is_of_a_known_kind() -> None:
    for wish in knowledge("wishes")["wish"]:
        if wish["kind"] == "taste":
            assert wish["value"] in (*TASTES, "重口")
        if wish["kind"] == "course":
            assert wish["value"] in COURSES
        if wish["kind"] == "method":
            assert wish["value"] in {m["value"] for m in knowledge("describing")["method"]} | {"免开火"}


def test_the_tables_are_sound() -> None:
    kinds = knowledge("food_kinds")
    every = [word for words in kinds["kinds"].values() for word in words.split()]
    assert len(every) == len(set(every))
    assert set(kinds["groups"]["seasonings"].split()) <= set(kinds["kinds"])
    cuisines = knowledge("cuisines")
    dishes = [word for group in cuisines["cuisine"] for word in group.get("dishes", "").split()]
    assert len(dishes) == len(set(dishes))
    assert all(group["source"] in cuisines["sources"] for group in cuisines["cuisine"])


def test_a_card_takes_less_than_a_millisecond() -> None:
    recipes = [recipe for recipe in Kitchen().read(COOKBOOK) if isinstance(recipe, Recipe)]
    for recipe in recipes:
        card(recipe)
    start = time.process_time()
    for recipe in recipes:
        card(recipe)
    assert (time.process_time() - start) / len(recipes) < 0.002
