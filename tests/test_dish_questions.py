"""Ways to ask one thing of one dish: each is heard as what it asks, and answered from that dish's record."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shishen.kitchen import Kitchen, open_kitchen
from shishen.records import Answer, Message

CASES = Path(__file__).parent / "data" / "dish_questions.toml"
# Dishes whose names hold words that questions hold as well: 酸, 辣, 麻, 焖.
DISHES = ("可乐鸡翅", "红烧肉", "麻婆豆腐", "酸辣土豆丝", "西红柿炒鸡蛋", "油焖大虾")
FACTORS = {"double": 2.0, "triple": 3.0, "half": 0.5}


def cases(part: str) -> Iterator[tuple[str, str, list[str]]]:
    """(kind, dish, turns) of every question of a part, over the dishes in turn."""
    place = 0
    for kind, asked in tomllib.loads(CASES.read_text(encoding="utf-8"))[part].items():
        for manner, questions in asked.items():
            for question in questions:
                dish = DISHES[place % len(DISHES)]
                place += 1
                before = [f"{dish}怎么做"] if manner == "follow" else []
                yield kind, dish, [*before, question.format(dish=dish)]


def heard_as(kind: str, dish: str, answer: Answer) -> bool:
    """Whether an answer is one to a question of this kind about this dish, with every number in its record."""
    name, _, number = kind.partition("_")
    right = answer.intent == name
    if name in FACTORS:
        factor = FACTORS[name]
        # Whether the table is called a scaled dish or what is needed, it is the scaled one and says so.
        right = answer.state.factor == factor and f"已换算成原方的 {factor:g} 倍" in answer.text
        right = right and answer.text.count("| 食材 |") == 1
    if name == "step":
        right = right and answer.state.step == int(number)
    return right and not answer.refused and answer.verified and [c.name for c in answer.recipes] == [dish]


def ask(kitchen: Kitchen, turns: list[str]) -> Answer:
    messages: list[Message] = []
    for turn in turns[:-1]:
        messages += [
            Message("user", turn),
            Message("assistant", kitchen.ask([*messages, Message("user", turn)], 3).text),
        ]
    return kitchen.ask([*messages, Message("user", turns[-1])], 3)


# What is not heard as it was labelled, and why it may stay so.
KNOWN = frozenset(
    (
        # Both what serves two and what is twice as much, and one after the other here.
        "麻婆豆腐做两份的料要翻倍吧，给我翻倍的用料",
        "我一个人吃，材料减半",
        # A rule of safety on raw prawns hears a doubt in it.
        "油焖大虾四十分钟够不够",
        # Answered with the whole recipe, the amount and the table as well as with what was asked.
        "我要做酸辣土豆丝，得准备哪些东西",
        "油焖大虾做出来有多少份量",
    )
)


@pytest.mark.parametrize("part", ["tuned", "shut", "late"])
def test_questions_of_one_dish_are_heard_as_what_they_ask(house: Kitchen, part: str) -> None:
    wrong = [turns[-1] for kind, dish, turns in cases(part) if not heard_as(kind, dish, ask(house, turns))]
    assert set(wrong) <= KNOWN


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        # Words of the questions above that ask for something else here.
        ("我喜欢清淡的口味", "recommend"),
        ("来点辣的", "recommend"),
        ("给点晚餐的建议", "recommend"),
        ("有没有新手能做的菜", "recommend"),
        ("料酒用什么代替", "substitute"),
        ("只推荐我让你推荐的", "out_of_scope"),
        ("红烧肉的盐的份量是多少", "amount"),
        ("红烧肉怎么做好吃", "how_to_cook"),
        ("红烧肉做三个人的份量", "scale"),
    ],
)
def test_the_same_words_may_ask_for_something_else(house: Kitchen, question: str, intent: str) -> None:
    assert ask(house, [question]).intent == intent


def test_a_taste_that_is_not_there_is_denied_by_rule(house: Kitchen) -> None:
    assert "从用料看不出辣" in ask(house, ["红烧肉辣不辣"]).text
    assert "菜谱写明口味" in ask(house, ["麻婆豆腐的口味"]).text


def test_a_dish_in_focus_is_no_part_of_itself(house: Kitchen) -> None:
    """可乐 and 鸡翅 are foods of 可乐鸡翅, and not asked about where the dish is named again."""
    answer = ask(house, ["可乐鸡翅怎么做", "可乐鸡翅放多少老抽"])
    assert "老抽：1 茶匙" in answer.text
    assert "可乐：" not in answer.text


def test_a_recipe_without_tips_gives_its_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is broken over lines is quoted so that it stands in the record: 60S is not 60 of the next line."""
    monkeypatch.setenv("SHISHEN_HOME", str(tmp_path / "home"))
    kitchen = open_kitchen()
    path = tmp_path / "凉拌莲藕.md"
    path.write_text(
        "# 凉拌莲藕的做法\n\n## 必备原料和工具\n\n- 莲藕\n- 盐\n\n## 计算\n\n- 莲藕 300 g\n- 盐 2 g\n\n## 操作\n\n"
        "1. 莲藕切片，水不要超过锅的 3/4\n   挖半勺盐放进去\n2. 加入盐后煮 60S\n   捞出\n",
        encoding="utf-8",
    )
    kitchen.add(path)
    for question in (
        "凉拌莲藕要注意什么",
        "凉拌莲藕用料加倍",
        "凉拌莲藕第一步",
        "凉拌莲藕多久能做好",
        "凉拌莲藕的盐什么时候放",
    ):
        answer = ask(kitchen, [question])
        assert answer.verified, answer.text
        assert not answer.refused
    tips = ask(kitchen, ["凉拌莲藕要注意什么"]).text
    assert "没有写小贴士" in tips
    assert "第 2 步：加入盐后煮 60S" in tips
    kitchen.library.close()


def test_an_offered_dish_may_have_a_number_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHISHEN_HOME", str(tmp_path / "home"))
    kitchen = open_kitchen()
    path = tmp_path / "b52.md"
    path.write_text(
        "# B52鸡尾酒的做法\n\n## 必备原料和工具\n\n- 咖啡酒\n\n## 计算\n\n- 咖啡酒 10 ml\n\n## 操作\n\n1. 倒进杯子\n",
        encoding="utf-8",
    )
    kitchen.add(path)
    answer = ask(kitchen, ["玛格丽特鸡尾酒怎么调"])
    assert answer.refused
    assert "「B52鸡尾酒」" in answer.text
    assert answer.verified
    kitchen.library.close()
