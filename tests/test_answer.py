"""One question → one grounded answer."""

import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from shishen.errors import ShishenError
from shishen.kitchen import Kitchen
from shishen.records import Dish, Message


def test_a_dish_is_answered_with_its_whole_recipe_and_source(house: Kitchen) -> None:
    answer = house.ask("可乐鸡翅怎么做")
    recipe = house.library.find("可乐鸡翅")
    assert not answer.refused
    assert answer.verified
    assert answer.recipes[0].id == recipe.id
    assert answer.state.dish == Dish(recipe.id, "可乐鸡翅")
    for ingredient in recipe.ingredients:
        assert f"| {ingredient.name}" in answer.text
    for step in recipe.steps:
        assert step.text.splitlines()[0] in answer.text
    assert "来源：食神自带菜谱《可乐鸡翅》" in answer.text


def test_an_exact_name_is_not_explained_and_another_is(house: Kitchen) -> None:
    assert "我理解为" not in house.ask("麻婆豆腐怎么做").text
    assert "我理解为" not in house.ask("紅燒肉").text
    assert house.ask("麻婆豆付").text.startswith("您说的「麻婆豆付」我理解为「麻婆豆腐」。")
    assert house.ask("番茄炒蛋怎么做").text.startswith("您说的「番茄炒蛋」我理解为「西红柿炒鸡蛋」。")
    assert house.ask("mapo doufu zenme zuo").text.startswith("您说的「mapo doufu」我理解为「麻婆豆腐」。")


def test_no_such_dish_is_said_plainly(house: Kitchen) -> None:
    answer = house.ask("佛跳墙怎么做")
    assert answer.refused
    assert "没有「佛跳墙」" in answer.text
    assert "### 做法" not in answer.text
    assert all(f"「{cited.name}」" in answer.text for cited in answer.recipes)


@pytest.mark.parametrize("question", ["你好", "您好！", "在吗？", "请问"])
def test_a_greeting_is_greeted(house: Kitchen, question: str) -> None:
    answer = house.ask(question)
    assert answer.intent == "greeting"
    assert not answer.refused


def test_the_last_words_of_the_user_are_answered(house: Kitchen) -> None:
    messages = [
        Message("system", "红烧肉"),
        Message("user", "红烧肉"),
        Message("assistant", "…"),
        Message("user", "麻婆豆腐"),
    ]
    assert house.ask(messages).recipes[0].name == "麻婆豆腐"


def test_without_a_question_there_is_no_answer(house: Kitchen) -> None:
    with pytest.raises(ShishenError):
        house.ask([])
    with pytest.raises(ShishenError):
        house.ask([Message("assistant", "您好")])


@pytest.mark.parametrize("question", ["", "   ", "？！", "🔥🔥🔥", "\x00", "a" * 5000, "红" * 5000])
def test_nonsense_is_answered_calmly(house: Kitchen, question: str) -> None:
    assert house.ask(question).text


def test_the_engine_says_every_word_of_the_answer(house: Kitchen) -> None:
    answer = house.ask("红烧肉")
    pieces = list(house.say([Message("user", "红烧肉")], answer))
    assert "".join(pieces) == answer.text
    assert len(pieces) > 10


HAZARDS = Path(__file__).parent / "data" / "questions" / "hazards.jsonl"


@pytest.mark.parametrize(
    "row", [json.loads(line) for line in HAZARDS.read_text(encoding="utf-8").splitlines()], ids=itemgetter("question")
)
def test_a_safe_dish_is_never_given_for_another_wish(house: Kitchen, row: dict[str, Any]) -> None:
    answer = house.ask(row["question"])
    given = "### 做法" in answer.text
    assert not given or answer.recipes[0].name in row["expected"]
    assert answer.text


def test_illness_sends_to_the_doctor_and_a_diet_does_not(house: Kitchen) -> None:
    ill = house.ask("吃了红烧肉肚子疼怎么办")
    assert ill.intent == "medical"
    assert "医院" in ill.text
    diet = house.ask("素麻婆豆腐怎么做")
    assert "素食" in diet.text
    assert "牛肉末" in diet.text
    assert "就医" not in diet.text
    assert diet.refused


def test_what_was_left_aside_is_said(house: Kitchen) -> None:
    assert house.ask("空气炸锅可乐鸡翅").text.startswith("您说的「空气炸锅可乐鸡翅」我理解为「可乐鸡翅」。")


def test_nothing_is_offered_to_who_must_avoid_it(house: Kitchen) -> None:
    for question in (
        "我海鲜过敏，想吃虾",
        "vegan mapo tofu",
        "I am allergic to peanuts, kung pao chicken",
    ):
        answer = house.ask(question)
        assert answer.refused
        assert "### 做法" not in answer.text
    assert house.ask("我海鲜过敏，想吃虾").recipes == ()
