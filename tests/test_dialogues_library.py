"""Dialogues of a whole library: by taste, by course, by what is at home, and about dishes that are not there."""

import random
import re

import pytest
from msgspec.structs import replace

from shishen.domains.cooking.describing import card
from shishen.domains.cooking.dialogues.absent_names import other_names
from shishen.domains.cooking.dialogues.overview import Overview
from shishen.domains.cooking.dialogues.writing import LIBRARY_KINDS, of_library
from shishen.domains.cooking.spoken_numbers import number_of
from shishen.examples import Example, check_messages
from shishen.kitchen import Kitchen
from shishen.records import Recipe, Rejected, Source, Step

_LISTED = re.compile(r"^\d+\. 「([^」]+)」", re.MULTILINE)


@pytest.fixture(scope="module")
def dishes(house: Kitchen) -> list[Recipe]:
    """The recipes of the house's library."""
    return list(house.library.recipes())


@pytest.fixture(scope="module")
def overview(dishes: list[Recipe]) -> Overview:
    return overview_of(dishes)


def overview_of(recipes: list[Recipe], **limits: int) -> Overview:
    found = Overview(**limits)
    for recipe in recipes:
        found.add(recipe)
    return found


def examples(overview: Overview, *kinds: str, seed: int = 1, count: int = 200) -> list[Example]:
    found = list(of_library(overview, kinds or tuple(LIBRARY_KINDS), seed, count))
    assert not [one for one in found if isinstance(one, Rejected)]
    return [one for one in found if isinstance(one, Example)]


def named_only(*names: str) -> list[Recipe]:
    """Recipes with nothing but a name and a step."""
    return [
        Recipe(id=f"{n:012x}", name=name, title=name, source=Source(path=f"{n}.md"), steps=(Step(text="做。"),))
        for n, name in enumerate(names)
    ]


def test_every_kind_is_there_and_names_real_dishes(overview: Overview, dishes: list[Recipe]) -> None:
    by_id = {recipe.id: recipe for recipe in dishes}
    found = examples(overview)
    assert {one.kind for one in found} == set(LIBRARY_KINDS)
    for one in found:
        check_messages(one.messages)
        cited = {by_id[id_].name for id_ in one.recipes}
        (question, answer), *more = one.turns
        assert not more
        quoted = {name for name in re.findall("「([^」]+)」", answer) if not answer.count(f"菜名里有「{name}」")}
        assert {name for name in quoted if name not in question} <= cited
        assert one.kind == "refusal" or set(_LISTED.findall(answer)) == cited


def test_counts_are_kept_to(overview: Overview) -> None:
    counted = 0
    for one in examples(overview, "category", count=10_000):
        question, answer = one.turns[0]
        asked = re.search(r"(\d+|[一两三四五六七八九十]+)道", question)
        if asked and not question.startswith("有"):
            counted += 1
            assert number_of(asked[1]) == len(_LISTED.findall(answer)), (question, answer)
        else:
            assert 1 <= len(_LISTED.findall(answer)) <= 3
    assert counted > 100


def test_dishes_are_what_was_wished_for(overview: Overview, dishes: list[Recipe]) -> None:
    cards = {recipe.id: card(recipe) for recipe in dishes}
    for one in examples(overview, "by_ingredient"):
        foods = re.search(r"有([^的]+)的菜：", one.answers[0])
        assert foods
        for id_ in one.recipes:
            assert set(foods[1].split("、")) <= set(cards[id_].ingredients)
    for one in examples(overview, "taste", count=1000):
        taste = re.search(r"道([^的]+)的菜：", one.answers[0])
        assert taste
        for id_ in one.recipes:
            assert taste[1] in {trait.value for trait in cards[id_].tastes}


def test_other_words_for_a_wish_have_the_same_answer(overview: Overview) -> None:
    answers: dict[str, set[str]] = {}
    for one in examples(overview, "taste", count=1000):
        answers.setdefault(one.answers[0].partition("：")[0], set()).add(one.answers[0])
    assert all(len(said) == 1 for said in answers.values())
    found = examples(overview, "category", "by_ingredient", count=1000)
    questions = [one.turns[0][0] for one in found]
    assert len(set(questions)) == len(questions)


def test_order_does_not_matter_and_the_seed_does(overview: Overview, dishes: list[Recipe]) -> None:
    shuffled = list(dishes)
    random.Random(5).shuffle(shuffled)
    found = examples(overview, count=60)
    assert examples(overview_of(shuffled), count=60) == found
    assert examples(overview, count=60, seed=2) != found


def test_a_large_library_is_sampled_the_same_in_any_order() -> None:
    recipes = named_only(*(f"红烧{chr(0x4E00 + n)}{chr(0x4F00 + n // 7)}" for n in range(3000)))
    # Many recipes of one dish; which of them stands for it is no matter of order either.
    recipes += [replace(recipe, id=f"f{n:011x}") for n, recipe in enumerate(recipes)]
    first = overview_of(recipes, most=50)
    random.Random(2).shuffle(recipes)
    second = overview_of(recipes, most=50)
    assert [(d.id, d.name) for d in first.dishes] == [(d.id, d.name) for d in second.dishes]
    assert len(first.dishes) == 50
    assert first.is_sampled
    assert first.seen_count == 6000
    assert all(not dish.id.startswith("f") for dish in first.dishes)


def test_what_is_there_is_never_refused(overview: Overview, dishes: list[Recipe], house: Kitchen) -> None:
    refused = examples(overview, "refusal", count=300)
    assert len(refused) == 300
    names = {name for recipe in dishes for name in (recipe.name, *recipe.aliases)}
    for one in refused:
        asked = re.search("没有「([^」]+)」", one.answers[0])
        assert asked
        assert asked[1] in one.turns[0][0]
        assert not names & set(other_names(asked[1]))
        # The cook, who looks for dishes by other means, finds none either.
        assert not house.retriever.resolve(one.turns[0][0]).hits, one.turns[0][0]


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ("宫保鸡丁", "宫保鸡丁"),
        ("宫爆鸡丁", "宫保鸡丁"),
        ("妈妈的家常麻婆豆腐", "麻婆豆腐"),
        ("Kung Pao Chicken", "宫保鸡丁"),
        ("【超下饭】糖醋莴笋丝🍰", "糖醋莴笋"),
        ("莲藕蜜汁", "蜜汁莲藕"),
    ],
)
def test_names_cross_off(there: str, asked: str) -> None:
    assert asked in set(overview_of(named_only("白粥")).lacking())
    assert asked not in set(overview_of(named_only(there)).lacking())
    # Also where the dish itself is not kept, and where the name is only another one of it.
    assert asked not in set(overview_of(named_only(there), most=0).lacking())
    other = [replace(recipe, aliases=(there,)) for recipe in named_only("招牌菜")]
    assert asked not in set(overview_of(other).lacking())


def test_neighbours_are_alike(overview: Overview) -> None:
    said = {one.answers[0] for one in examples(overview, "refusal", count=500)}
    offers = [answer for answer in said if "相近的有" in answer]
    assert len(offers) > 20
    assert any(re.search("没有「[^」]*排骨」.*相近的有：.*排骨", answer) for answer in offers)


def test_a_library_known_in_part_is_not_said_to_have_nothing_near() -> None:
    recipes = named_only("清蒸鲈鱼", "糖醋排骨", "白粥")
    whole = {one.answers[0] for one in examples(overview_of(recipes), "refusal", count=300)}
    part = {one.answers[0] for one in examples(overview_of(recipes, most=2), "refusal", count=300)}
    assert any("也没有相近的菜" in answer for answer in whole)
    assert part
    assert not any("也没有相近的菜" in answer for answer in part)


def test_an_empty_library_gives_nothing() -> None:
    assert examples(Overview()) == []


def test_a_library_of_names_alone_gives_refusals_only() -> None:
    found = examples(overview_of(named_only("甲", "乙")))
    assert {one.kind for one in found} == {"refusal"}
