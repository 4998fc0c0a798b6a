"""The questions of dialogues: what the house has, what a user's file may add, and every fault of it."""

import re
from itertools import permutations
from pathlib import Path

import pytest

from shishen.domains.cooking.dialogues.drawing import draw
from shishen.domains.cooking.dialogues.numbers import counting, spoken
from shishen.domains.cooking.dialogues.templates import fill, house_templates, load_templates
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.spoken_numbers import number_of
from shishen.errors import BadSettings


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "问法.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_house_has_many_ways_to_ask(tmp_path: Path) -> None:
    questions = house_templates().questions
    for table, asked in questions.items():
        least = 1 if table == "plain" else 30 if table in ("recipe", "ingredients", "method") else 15
        assert len(set(asked)) == len(asked) >= least, table
    # The house's own questions keep to the rules that a user's are held to.
    text = []
    for file in ("dialogues", "dialogues_library"):
        for name, table in knowledge(file).items():
            for part, inner in (
                [(name, table)] if "questions" in table else [(f"{name}.{k}", v) for k, v in table.items()]
            ):
                text.append(f"[{part}]\nquestions = {list(inner['questions'])}\n")
    assert load_templates(written(tmp_path, "\n".join(text))).questions == questions


def test_a_users_questions_are_added_or_stand_alone(tmp_path: Path) -> None:
    house = house_templates().questions
    path = written(
        tmp_path,
        '[recipe]\nquestions = ["{dish}咋个做嘛", "{dish}怎么做"]\n'
        '[fact.amount]\nreplace = true\nquestions = ["{ingredient}在{dish}头要好多"]\n',
    )
    found = load_templates(path).questions
    assert found["recipe"] == (*house["recipe"], "{dish}咋个做嘛")
    assert found["fact.amount"] == ("{ingredient}在{dish}头要好多",)
    assert found["tips"] == house["tips"]
    assert load_templates() is house_templates()


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
recipes = { questions = ["{dish}"] }
tips = 3

[recipe]
questions = ["{dishes}怎么做", "怎么做", "{dish}}怎么做", "", 5]
mode = "add"

[fact.amount]
questions = ["{dish}放多少"]
replace = "yes"

[method]
questions = ["{dish}怎么做"]

[taste]
replace = true
""",
    )
    with pytest.raises(BadSettings) as raised:
        load_templates(path)
    said = str(raised.value)
    assert "\n" not in said
    for fault in (
        "没有 [recipes] 这一类（有：recipe、",
        "tips 应是一节",
        "[recipe] 第 1 句「{dishes}怎么做」没有 {dishes} 这个空（有：{dish}），缺少 {dish}",
        "[recipe] 第 2 句「怎么做」缺少 {dish}",
        "[recipe] 第 3 句「{dish}}怎么做」的花括号不成对",
        "[recipe] 第 4 句是空的，或不是文字",
        "[recipe] 第 5 句是空的，或不是文字",
        "[recipe] 没有 mode 这一项（有：questions、replace）",
        "[fact.amount] 第 1 句「{dish}放多少」缺少 {ingredient}",
        "[fact.amount] 的 replace 应为 true 或 false",
        "「{dish}怎么做」同时在 [recipe] 和 [method] 里",
        "[taste] 缺少 questions",
    ):
        assert fault in said
    assert "有 12 处不对" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[recipe\n", "不是正确的 TOML"),
        ("[recipe]\nquestions = ['怎么做']".encode("gbk"), "不是 UTF-8 文字"),
        (b"#" * 1_000_002, "超过 1 MB"),
        (b"a=" + b"[" * 100_000, "不是正确的 TOML"),
        (b"[" + b".".join([b"a"] * 20_000) + b"]", "没有 \\[a.a\\] 这一类"),
    ],
)
def test_a_broken_file_is_one_line(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "问法.toml"
    path.write_bytes(data)
    with pytest.raises(BadSettings, match=said) as raised:
        load_templates(path)
    assert "\n" not in str(raised.value)
    with pytest.raises(BadSettings, match="打不开问法文件"):
        load_templates(tmp_path / "没有.toml")


def test_what_fills_a_slot_is_not_read_again() -> None:
    assert (
        fill("{dish}放多少{ingredient}", {"dish": "{ingredient}{x}", "ingredient": "盐"}) == "{ingredient}{x}放多少盐"
    )


def test_draws_are_fair_and_never_repeat() -> None:
    orders = {tuple(draw("abcd", 4, "key", str(n))) for n in range(2000)}
    assert orders == set(permutations("abcd"))
    assert sorted(draw(range(500), 500, "long")) == list(range(500))
    assert draw("abcd", 2, "x") == draw("abcd", 4, "x")[:2]
    assert draw("", 3, "x") == []


def test_numbers_are_said_as_they_are_heard() -> None:
    assert [number_of(spoken(n)) for n in range(1, 100)] == list(range(1, 100))
    assert [number_of(counting(n)) for n in range(1, 100)] == list(range(1, 100))
    assert (spoken(10), spoken(20), spoken(21), counting(2), spoken(120)) == ("十", "二十", "二十一", "两", "120")
    assert not re.search(r"\d", spoken(99))
