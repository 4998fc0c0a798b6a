"""Filters and exact duplicates: what is fit to learn from, and why not."""

import random

import pytest

from shishen.examples import Example, dialogue, example_id
from shishen.training.quality.duplicates import Duplicates, Hashes
from shishen.training.quality.filters import REASONS, Filters, chinese_share, fault, repeated_phrase

ANSWER = "土豆切丝，泡水洗去淀粉；热锅放油，下蒜末炒香，倒入土豆丝大火翻炒 3 分钟，加盐 5g、醋 10 ml，出锅。"


def example(question: str, answer: str, system: str = "") -> Example:
    messages = dialogue([(question, answer)], system)
    return Example(id=example_id(messages), messages=messages)


@pytest.mark.parametrize(
    ("question", "answer", "key"),
    [
        ("？", ANSWER, "question_short"),
        ("怎么做" * 2000, ANSWER, "question_long"),
        ("酸辣土豆丝怎么做？", "盐", "answer_short"),
        ("酸辣土豆丝怎么做？", "".join(f"第 {n} 步加盐。" for n in range(2000)), "answer_long"),
        ("酸辣土豆丝怎么做？", "Cut the potatoes, fry them in oil for three minutes, 加盐。", "language"),
        ("酸辣土豆丝怎么做？", "じゃがいもを千切りにして油で炒める。", "language"),
        ("酸辣土豆丝怎么做？", "土豆切丝\ufffd\ufffd，炒熟。", "broken"),
        ("酸辣土豆丝怎么做？", "土豆切丝\x00，炒熟。", "broken"),
        ("酸辣土豆丝怎么做？", "土豆锟斤拷切丝，炒熟。", "broken"),
        ("酸辣土豆丝怎么做？", "土豆" + "丝" * 12 + "炒熟。", "repeated"),
        ("酸辣土豆丝怎么做？", "先切土豆。" + "再翻炒一会儿，" * 7, "repeated"),
        ("{dish}怎么做？", ANSWER, "leftover"),
        ("酸辣土豆丝怎么做？", "放{{ 菜名 }}，炒熟。", "leftover"),
        ("酸辣土豆丝怎么做？", '```json\n{"步骤": "土豆切丝"}\n```', "leftover"),
        ("酸辣土豆丝怎么做？", "土豆切丝，放盐 None 克。", "leftover"),
        ("酸辣土豆丝怎么做？", "土豆切丝炒熟。<|im_end|>", "leftover"),
    ],
)
def test_what_is_not_fit_is_left_out_with_its_reason(question: str, answer: str, key: str) -> None:
    found = fault(example(question, answer), Filters())
    assert found is not None
    assert found.key == key
    assert key in REASONS
    assert "\n" not in found.words


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        "盐 3 克。",
        "低筋面粉 100g、牛奶 120 ml、黄油 30 g、tsp 量勺 1/2 tsp 盐，180℃ 烤 20 min。",
        "| 食材 | 用量 |\n| :---: | :---: |\n| 盐 | 5 克 |\n----------------------------------------\n好吃……………………",
        "盐 适量\n糖 适量\n醋 适量\n酱油 适量\n料酒 适量\n胡椒 适量\n花椒 适量\n",
        "太好吃了！！！！！！！！！！！！哈哈哈哈哈哈哈哈哈哈哈哈",
        "１００克豬肉，切絲，加醬油醃 10 分鐘。",
    ],
)
def test_what_cooks_write_is_fit(answer: str) -> None:
    assert fault(example("这道菜怎么做？", answer), Filters()) is None


def test_links_and_adverts_only_when_asked_for() -> None:
    link = example("这道菜怎么做？", "做法见 https://example.com/菜谱 ，土豆切丝炒熟。")
    advert = example("这道菜怎么做？", "土豆切丝炒熟。更多做法请关注公众号小厨房。")
    assert fault(link, Filters()) is None
    assert fault(advert, Filters()) is None
    strict = Filters(links=True, adverts=True)
    assert [found.key for e in (link, advert) if (found := fault(e, strict))] == ["link", "advert"]


def test_units_after_a_number_are_no_foreign_words() -> None:
    assert chinese_share("盐5g 油10ml") == 1.0
    assert chinese_share("盐 salt") == pytest.approx(1 / 5)
    assert chinese_share("3.5") == 1.0


@pytest.mark.parametrize("period", [2, 7, 12, 19, 40])
@pytest.mark.parametrize("before", [0, 1, 13, 19, 20, 57])
def test_a_repeated_phrase_is_found_wherever_it_starts(period: int, before: int) -> None:
    words = random.Random(period).sample([chr(c) for c in range(0x4E00, 0x5200)], 200)
    phrase, lead, tail = "".join(words[:period]), "".join(words[60 : 60 + before]), "".join(words[150:])
    times = max(5, -(-40 // period))
    assert repeated_phrase(lead + phrase * times + tail)
    assert repeated_phrase(lead + phrase * 2 + tail) is None


def test_duplicates_are_told_by_what_is_said() -> None:
    duplicates = Duplicates()
    seen = [
        duplicates.see(example("红烧肉怎么做？", "炖 40 分钟。")),
        duplicates.see(example("红烧肉怎么做?", "炖  ４０ 分钟。", "你是厨师。")),
        duplicates.see(example("红烧肉怎么做？", "炖 60 分钟。")),
        duplicates.see(example("红烧肉怎么做？炖", "40 分钟。")),
    ]
    assert seen == ["new", "duplicate", "other_answer", "new"]
    assert (duplicates.duplicates, duplicates.other_answers) == (1, 1)


def test_the_set_of_hashes_agrees_with_a_set() -> None:
    rng = random.Random(3)
    # Equal low bits, so that all of them want one slot; and 0, which marks a free one.
    values = [rng.randrange(2**64) for _ in range(3000)] + [n << 40 for n in range(200)]
    values += rng.choices(values, k=1000)
    hashes, plain = Hashes(), set[int]()
    for value in values:
        assert hashes.add(value) == ((value or 1) not in plain)
        plain.add(value or 1)
    assert len(hashes) == len(plain)
