"""A question → dishes, over the house cookbook."""

import json
import time
from pathlib import Path

import pytest

from shishen.kitchen import Kitchen, open_kitchen

QUESTIONS = Path(__file__).parent / "data" / "questions"


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("可乐鸡翅怎么做", "可乐鸡翅"),
        ("蕃茄炒旦", "西红柿炒鸡蛋"),
        ("番茄炒蛋", "西红柿炒鸡蛋"),
        ("mapo doufu", "麻婆豆腐"),
        ("麻婆豆付", "麻婆豆腐"),
        ("紅燒肉", "红烧肉"),
        ("手撕圆白菜", "手撕包菜"),
        ("洋芋丝酸辣的怎么炒", "酸辣土豆丝"),
    ],
)
def test_the_right_dish_is_first(house: Kitchen, question: str, name: str) -> None:
    assert house.retriever.resolve(question).hits[0].name == name


@pytest.mark.parametrize("question", ["佛跳墙怎么做", "北京烤鸭", "可乐排骨", "宫保虾球", "提拉米苏", "xyz"])
def test_what_is_not_there_is_no_hit(house: Kitchen, question: str) -> None:
    resolution = house.retriever.resolve(question)
    assert resolution.hits == ()
    assert all(hit.score < 1 for hit in resolution.neighbours)


def test_neighbours_are_real_and_different(house: Kitchen) -> None:
    neighbours = house.retriever.resolve("可乐排骨").neighbours
    assert len(neighbours) >= 2
    assert len({hit.recipe_id for hit in neighbours}) == len(neighbours)
    assert all(house.library.get(hit.recipe_id).name == hit.name for hit in neighbours)


def test_every_house_dish_is_found_by_its_name(house: Kitchen) -> None:
    names = [recipe.name for recipe in house.library.recipes()]
    assert len(names) >= 60
    assert [n for n in names if house.retriever.resolve(f"{n}怎么做").hits[0].name != n] == []


def test_hostile_questions_are_answered_soon(house: Kitchen) -> None:
    for question in ("红" * 8000, "鸡" * 4000 + "翅" * 4000, "a" * 8000, "ma po " * 1300, "🔥" * 8000, "\x00\u202e"):
        start = time.perf_counter()
        house.retriever.resolve(question)
        assert time.perf_counter() - start < 5


def test_labelled_questions_over_howtocook(howtocook: Path) -> None:
    kitchen = open_kitchen()
    kitchen.add(howtocook)
    files = sorted(QUESTIONS.glob("howtocook_*.jsonl"))
    rows = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    right: dict[bool, list[bool]] = {True: [], False: []}
    for row in rows:
        hits = kitchen.retriever.resolve(row["question"]).hits
        good = hits[0].name in row["expected"] if hits else not row["expected"]
        right[bool(row["expected"])].append(good)
    assert len(rows) > 1000
    assert sum(right[True]) / len(right[True]) >= 0.95
    assert sum(right[False]) / len(right[False]) >= 0.97
