"""How well a question names a dish: what is cheap, what is another dish."""

import pytest

from shishen.chinese import normalise
from shishen.domains.cooking.matching import LONGEST_QUESTION, THRESHOLD, match, shorten


def score(question: str, name: str) -> float:
    return match(shorten(normalise(question)), normalise(name)).score


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("可乐鸡翅", "可乐鸡翅"),
        ("請問可樂雞翅怎麼做？", "可乐鸡翅"),
        ("嗯那个我想问一下可乐鸡翅怎么做呀谢谢", "可乐鸡翅"),
        ("蕃茄炒旦", "西红柿炒鸡蛋"),
        ("麻婆豆付", "麻婆豆腐"),
        ("红烧内", "红烧肉"),
        ("mapo doufu", "麻婆豆腐"),
        ("kelejichi zenme zuo", "可乐鸡翅"),
        ("可乐鸡chi", "可乐鸡翅"),
        ("可乐翅", "可乐鸡翅"),
        ("可乐鸡鸡翅", "可乐鸡翅"),
        ("可乐翅鸡", "可乐鸡翅"),
        ("鸡蛋炒西红柿", "西红柿炒鸡蛋"),
        ("腊肠煲仔饭", "微波炉腊肠煲仔饭"),
        ("红烧肉", "简易红烧肉"),
        ("热乎乎的羊肉汤", "羊肉汤"),
    ],
)
def test_these_name_the_dish(question: str, name: str) -> None:
    assert score(question, name) >= THRESHOLD


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("可乐排骨", "可乐鸡翅"),
        ("红烧鲈鱼", "清蒸鲈鱼"),
        ("宫保虾球", "宫保鸡丁"),
        ("酸菜羊肉汤", "羊肉汤"),
        ("红烧肉盖饭", "红烧肉"),
        ("鸡翅", "可乐鸡翅"),
        ("豆腐", "麻婆豆腐"),
        ("鲫鱼豆腐汤", "昂刺鱼豆腐汤"),
        ("kele paigu", "可乐鸡翅"),
        ("松鼠鳜鱼", "清蒸鳜鱼"),
        ("今天天气怎么样", "凉拌黄瓜"),
    ],
)
def test_these_are_another_dish(question: str, name: str) -> None:
    assert score(question, name) < THRESHOLD


def test_a_better_match_scores_better() -> None:
    assert score("可乐鸡翅", "可乐鸡翅") == 1.0
    assert 1.0 > score("可乐鸡刺", "可乐鸡翅") > score("可乐鸡", "可乐鸡翅") > score("可乐鸭", "可乐鸡翅")


def test_what_was_said_is_found_in_the_question() -> None:
    question = normalise("教我做蕃茄炒旦吧")
    found = match(question, "西红柿炒鸡蛋")
    assert question[found.start : found.end] == "蕃茄炒旦"


def test_nothing_matches_nothing() -> None:
    assert score("", "可乐鸡翅") == 0.0
    assert score("！？", "可乐鸡翅") == 0.0
    assert score("可乐鸡翅", "") == 0.0


def test_a_long_question_keeps_its_ends() -> None:
    long = "可乐鸡翅怎么做" + "哈" * 5000 + "谢谢"
    assert len(shorten(long)) <= LONGEST_QUESTION
    assert score(long, "可乐鸡翅") >= THRESHOLD
