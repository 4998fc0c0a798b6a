"""Choosing among the library's dishes: what fits, what can be made of what is at home."""

import pytest

from shishen.domains.cooking.describing import basics, wanted
from shishen.domains.cooking.exclusions import findings
from shishen.domains.cooking.pantry import covers
from shishen.kitchen import Kitchen, open_kitchen
from shishen.records import Exclusion
from shishen.selection import Selection, food_of

PEANUT = Exclusion("花生", "allergy")


@pytest.mark.parametrize("count", [1, 2, 9, 60])
def test_as_many_as_asked_and_none_twice(house: Kitchen, count: int) -> None:
    names = [choice.recipe.name for choice in house.selection.fitting(count, seed=5)]
    assert len(names) == len(set(names)) == count


def test_no_more_than_there_are(house: Kitchen) -> None:
    assert len(house.selection.fitting(500)) == len(house.library)


def test_the_same_seed_chooses_the_same(house: Kitchen) -> None:
    def drawn(seed: int) -> list[str]:
        return [choice.recipe.id for choice in house.selection.fitting(4, seed=seed)]

    assert all(drawn(seed) == drawn(seed) for seed in range(5))
    assert len({tuple(drawn(seed)) for seed in range(20)}) >= 18
    other = Selection(house.library)
    assert drawn(7) == [choice.recipe.id for choice in other.fitting(4, seed=7)]


def test_every_dish_comes_up_sooner_or_later(house: Kitchen) -> None:
    drawn = {choice.recipe.name for seed in range(150) for choice in house.selection.fitting(3, seed=seed)}
    assert len(drawn) == len(house.library)


def test_what_was_offered_is_not_offered_again(house: Kitchen) -> None:
    first = [choice.recipe.name for choice in house.selection.fitting(30, seed=1)]
    rest = [choice.recipe.name for choice in house.selection.fitting(30, without=first, seed=1)]
    assert not set(first) & set(rest)
    assert len(rest) == 30
    assert house.selection.fitting(1, without=[*first, *rest]) == []


@pytest.mark.parametrize(
    "exclusion",
    [
        PEANUT,
        Exclusion("海鲜", "allergy"),
        Exclusion("鸡蛋", "allergy"),
        Exclusion("麸质", "allergy"),
        Exclusion("素食", "diet"),
        Exclusion("辣", "dislike"),
        Exclusion("孕妇", "condition"),
    ],
)
def test_nothing_forbidden_is_chosen(house: Kitchen, exclusion: Exclusion) -> None:
    chosen = house.selection.fitting(60, exclusions=(exclusion,))
    allowed = {recipe.name for recipe in house.library.recipes() if not findings(recipe, (exclusion,))}
    assert {choice.recipe.name for choice in chosen} == allowed
    for made in house.selection.possible(["鸡蛋", "土豆", "猪肉"], 20, exclusions=(exclusion,)):
        assert not findings(made.recipe, (exclusion,))


def test_more_exclusions_allow_no_more(house: Kitchen) -> None:
    fewer = {c.recipe.name for c in house.selection.fitting(60, exclusions=(PEANUT,))}
    both = {c.recipe.name for c in house.selection.fitting(60, exclusions=(PEANUT, Exclusion("素食", "diet")))}
    assert both < fewer
    assert "宫保鸡丁" not in fewer


def test_allowed_or_not_is_the_same_the_second_time(house: Kitchen) -> None:
    dish = house.library.find("宫保鸡丁")
    for _ in range(2):
        assert not house.selection.allows(dish, (PEANUT,))
        assert house.selection.allows(dish, ())
        assert house.selection.allows(dish, (Exclusion("海鲜", "allergy"),))


def test_wishes_are_met_by_the_records(house: Kitchen) -> None:
    for choice in house.selection.fitting(60, wants=wanted("20分钟以内")):
        assert choice.recipe.minutes is not None
        assert choice.recipe.minutes <= 20
        assert choice.reasons
    sichuan = {c.recipe.name for c in house.selection.fitting(60, wants=wanted("川菜"))}
    assert sichuan == {recipe.name for recipe in house.library.recipes() if recipe.cuisine == "川菜"}
    soups = {c.recipe.name for c in house.selection.fitting(60, wants=wanted("汤"))}
    assert soups == {recipe.name for recipe in house.library.recipes() if recipe.category == "汤羹"}


def test_a_word_in_a_name_is_no_cuisine(house: Kitchen) -> None:
    names = {c.recipe.name for c in house.selection.fitting(60, wants=wanted("川菜"))}
    assert "蚝油生菜" not in names


@pytest.mark.parametrize("stars", [(1, 1), (1, 2), (3, 3), (4, 5)])
def test_stars_are_those_of_the_record(house: Kitchen, stars: tuple[int, int]) -> None:
    names = {choice.recipe.name for choice in house.selection.fitting(60, stars=stars)}
    low, high = stars
    assert names == {r.name for r in house.library.recipes() if r.difficulty and low <= r.difficulty <= high}


def test_every_food_that_is_wished_for_is_there(house: Kitchen) -> None:
    for foods in (["鸡蛋"], ["番茄", "鸡蛋"], ["马铃薯"]):
        chosen = house.selection.fitting(60, foods=foods)
        assert chosen
        for choice in chosen:
            assert all(food_of(choice.card, food) for food in foods)
    names = {choice.recipe.name for choice in house.selection.fitting(60, foods=["番茄", "鸡蛋"])}
    assert names == {"西红柿炒鸡蛋", "西红柿鸡蛋汤"}
    assert house.selection.fitting(3, foods=["龙肝"]) == []


def test_a_category_is_that_of_the_record(house: Kitchen) -> None:
    names = {choice.recipe.name for choice in house.selection.fitting(60, category="凉菜")}
    assert names == {recipe.name for recipe in house.library.recipes() if recipe.category == "凉菜"}


# --- from the pantry ---------------------------------------------------------------------------------------


def test_dishes_that_lack_least_come_first(house: Kitchen) -> None:
    made = house.selection.possible(["土豆", "青椒", "茄子", "鸡蛋"], 30)
    lacking = [len(one.missing) for one in made]
    assert lacking == sorted(lacking)
    assert lacking[0] == 0
    assert "地三鲜" in [one.recipe.name for one in made if not one.missing]
    for one in made:
        assert one.used
        assert not set(one.missing) & basics()
        assert not any(covers(have, name) for have in ("土豆", "青椒", "茄子", "鸡蛋") for name in one.missing)


def test_what_is_said_to_be_used_is_in_the_dish(house: Kitchen) -> None:
    for one in house.selection.possible(["番茄", "鸡蛋", "牛肉"], 20):
        for food in one.used:
            assert any(covers(food, ingredient.name) for ingredient in one.recipe.ingredients)


def test_of_nothing_nothing_is_made(house: Kitchen) -> None:
    assert house.selection.possible(["龙肝"], 5) == []


def test_what_a_dish_lacks(house: Kitchen) -> None:
    known = house.selection.card_of(house.library.find("可乐鸡翅"))
    assert set(house.selection.lacking(known, [])) == {"鸡翅中", "可乐"}
    assert house.selection.lacking(known, ["可乐"]) == ("鸡翅中",)
    assert house.selection.lacking(known, ["可乐", "鸡翅"]) == ()


@pytest.mark.parametrize(
    ("have", "need", "does"),
    [
        ("番茄", "西红柿", True),
        ("马铃薯", "土豆", True),
        ("鸡肉", "鸡腿", True),
        ("豆腐", "嫩豆腐", True),
        ("番茄", "番茄酱", False),
        ("豆腐", "豆腐乳", False),
        ("鸡蛋", "鸡", False),
        ("鸡", "鸡蛋", False),
        ("牛肉", "猪肉", False),
        ("", "盐", False),
    ],
)
def test_what_stands_for_what(have: str, need: str, does: bool) -> None:
    assert covers(have, need) is does


def test_a_changed_library_is_looked_at_anew() -> None:
    kitchen = open_kitchen()
    kitchen.prepare()
    before = {choice.recipe.name for choice in kitchen.selection.fitting(100)}
    folder = kitchen.settings.home / "菜"
    folder.mkdir()
    text = "# 炒石耳\n\n## 材料\n\n- 石耳 300 克\n- 花生 20 克\n\n## 做法\n\n1. 下锅炒 4 分钟。\n"
    (folder / "炒石耳.md").write_text(text, encoding="utf-8")
    kitchen.add(folder)
    after = {choice.recipe.name for choice in kitchen.selection.fitting(100)}
    assert after - before == {"炒石耳"}
    assert [one.recipe.name for one in kitchen.selection.possible(["石耳"], 5)] == ["炒石耳"]
    assert kitchen.selection.possible(["石耳"], 5, exclusions=(PEANUT,)) == []
    # A recipe without minutes meets no wish for a quick one.
    assert "炒石耳" not in {c.recipe.name for c in kitchen.selection.fitting(100, wants=wanted("20分钟以内"))}
    kitchen.library.close()
