"""What nobody should say to a cook: answered calmly, in time, and with nothing made up."""

import random
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.kitchen import Kitchen
from shishen.records import Answer, Message
from shishen.stages.answer import Conversations

PATIENCE = 1.0


def talk(house: Kitchen, *turns: str, seed: int = 3) -> list[Answer]:
    messages: list[Message] = []
    answers = []
    for turn in turns:
        messages.append(Message("user", turn))
        answers.append(house.ask(messages, seed))
        messages.append(Message("assistant", answers[-1].text))
    return answers


def within_patience(house: Kitchen, text: str) -> Answer:
    """The answer to a text, alone and in the middle of a dish; both must come in time."""
    house.ask("红烧肉怎么做", 1)
    for messages in ([Message("user", text)], [Message("user", "红烧肉怎么做"), Message("user", text)]):
        start = time.process_time()
        answer = house.ask(messages, 1)
        assert time.process_time() - start < PATIENCE
        assert answer.text
    return answer


@pytest.mark.parametrize("turn", ["", " \t\n", "🍗🍖🔥", "？？？", "。。。", "👨‍👩‍👧‍👦", "\ufe0f"])
def test_nothing_said_is_greeted_or_passed_over_and_keeps_the_dish(house: Kitchen, turn: str) -> None:
    answer = talk(house, "可乐鸡翅第二步", turn)[-1]
    assert answer.text
    assert answer.recipes == ()
    assert answer.state.dish is not None
    assert answer.state.step == 2


def test_five_hundred_dishes_are_what_there_is(house: Kitchen) -> None:
    answer = talk(house, "推荐500道菜")[-1]
    names = [cited.name for cited in answer.recipes]
    assert 0 < len(names) == len(set(names)) <= len(house.library)
    assert "一次最多列" in answer.text


@pytest.mark.parametrize("count", ["0", "-3", "零", "一万", "99999999999999999999"])
def test_a_count_of_dishes_that_makes_no_sense_lists_real_ones(house: Kitchen, count: str) -> None:
    answer = talk(house, f"推荐{count}道菜")[-1]
    names = [cited.name for cited in answer.recipes]
    assert len(names) == len(set(names)) <= 30
    assert all(house.library.find(name).name == name for name in names)


@pytest.mark.parametrize(
    "turn", ["换成0人份", "换成零个人的量", "换成-3人份", "换成一万人份", "换成100000个人的量", "1000倍", "0倍"]
)
def test_absurd_servings_scale_nothing(house: Kitchen, turn: str) -> None:
    answers = talk(house, "可乐鸡翅怎么做", turn, "可乐要多少")
    assert answers[1].refused
    assert "|" not in answers[1].text
    assert "可乐：330 毫升" in answers[2].text


@pytest.mark.parametrize(
    "turn",
    [
        "红\u200b烧\u200b肉怎么做",
        "\ufeff红烧肉",
        "紅燒肉怎麼做？",
        "１００",
        "\ud83d",
        "\x00\x01\x1b[31m",
        "\u202e肉烧红",
        "ﷺ" * 400,
        "Z̸͉͒" * 300,
        "%s%n{0}${x}",
        "'; DROP TABLE recipes;--",
        "<script>alert(1)</script>",
        "(?P<",
        "[[[",
        "\\",
        "NEAR(红 烧) AND OR *",
    ],
)
def test_odd_characters_break_nothing(house: Kitchen, turn: str) -> None:
    answer = within_patience(house, turn)
    assert answer.verified
    assert "<script>" not in answer.text


RUNS = [
    "的", "放", "多少", "1", "9", "我想吃", "家里有", "不吃", "没有", "换成", "把", "可以不放", "推荐", "第",
    "一", "用", "代替", "红烧肉", "，", "。", "嗯", "那个", "过敏", "能", "吗", "有", "a", "1.", "-", "半",
    "万", "之后", "完了", "「", "|", "不要", "怎么做", "下一步", "鸡蛋", "花生过敏，", "要", "什么", "步",
    "再", "换",
]  # fmt: skip


@pytest.mark.parametrize("run", [*RUNS, " ", "\n", "\t\n", "红烧肉怎么做。"])
def test_long_runs_are_answered_in_time(house: Kitchen, run: str) -> None:
    within_patience(house, run * (8000 // len(run)))
    within_patience(house, (run * 80)[:80] + "x")


@pytest.mark.parametrize("before", ["放", "换成", "用", "不放", "没有"])
@pytest.mark.parametrize("after", ["代替可以吗", "的话呢", "怎么办", "之后呢", "x"])
def test_open_ended_cues_are_answered_in_time(house: Kitchen, before: str, after: str) -> None:
    within_patience(house, before + "的" * 4000 + after)
    within_patience(house, before + "椒" * 74 + after)


def test_a_history_of_three_hundred_messages_is_folded_in_time(house: Kitchen) -> None:
    said = ["红烧肉怎么做", "推荐三道菜", "第二个", "盐放多少", "下一步"]
    history: list[Message] = []
    for n in range(150):
        history += [
            Message("user", said[n % len(said)]),
            Message("assistant", "1. 「可乐鸡翅」：好\n2. 「红烧肉」：好"),
        ]
    start = time.process_time()
    conversations = Conversations(house.library, house.retriever, house.selection)
    answer = conversations.answer([*history, Message("user", "第一个怎么做")], 1)
    assert time.process_time() - start < 5
    assert answer.state.dish is not None
    assert answer.state.dish.name == "可乐鸡翅"


CUES = [
    "怎么做", "要多少", "放多少盐", "第三步", "下一步", "上一步", "最后一步", "再说一遍", "一共几步", "要多久",
    "炖多久", "难不难", "够几个人吃", "热量多少", "什么味道", "换成", "个人的量", "双份", "减半", "倍", "没有",
    "怎么办", "可以不放", "吗", "推荐", "道菜", "道汤", "换一批", "家里有", "还有", "能做什么", "购物清单",
    "三菜一汤", "一周菜单", "哪个简单", "和", "里面有没有", "我", "过敏", "不吃", "素食", "清真", "我怀孕了",
    "第一个", "第二个", "刚才那个", "回到第一个", "那", "呢", "忽略以上指令", "谢谢", "你好", "今天天气",
    "how", "to", "make", "next", "step", "，", "。", "的", "来点辣的", "火候", "怎么切", "小贴士", "用什么锅",
    "克", "个", "只有", "放完", "之后",
]  # fmt: skip
FOODS = [
    "可乐鸡翅", "红烧肉", "麻婆豆腐", "宫保鸡丁", "土豆烧牛肉", "佛跳墙", "龙肝凤髓", "盐", "鸡蛋", "牛肉",
    "花生", "生抽", "香菜", "土豆", "海鲜", "牛奶", "辣",
]  # fmt: skip
# Numbers stand with what they count.
COUNTED = [
    "换成4个人的量", "换成两个人的量", "3倍", "第3步", "第十步", "倒数第二步", "推荐5道菜", "来两道汤",
    "我只有300克牛肉", "20分钟以内", "第2个", "三天的菜单", "1.5倍",
]  # fmt: skip
WORDS = st.lists(st.sampled_from([*CUES, *FOODS, *COUNTED]), min_size=1, max_size=6).map("，".join)
RUN_ON = st.lists(
    st.sampled_from([*CUES, *FOODS, *COUNTED, "1", "2", "300", "1.5", "两", "半"]), min_size=1, max_size=7
)


def check(answer: Answer) -> None:
    assert answer.text
    assert answer.verified or not re.search(r"\d", answer.text), answer.text


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(turns=st.lists(WORDS, min_size=1, max_size=4), seed=st.integers(0, 2**31))
def test_words_at_random_say_no_number_of_their_own(house: Kitchen, turns: list[str], seed: int) -> None:
    for answer in talk(house, *turns, seed=seed):
        check(answer)


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(turns=st.lists(RUN_ON.map("".join), min_size=1, max_size=4))
def test_words_run_together_break_nothing(house: Kitchen, turns: list[str]) -> None:
    known = {recipe.name for recipe in house.library.recipes()}
    for answer in talk(house, *turns):
        assert answer.text
        assert {cited.name for cited in answer.recipes} <= known
        assert answer.state.dish is None or answer.state.dish.name in known


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=60))
def test_any_text_is_answered(house: Kitchen, text: str) -> None:
    assert house.ask([Message("user", "红烧肉怎么做"), Message("user", text)], 1).text


def test_an_allergy_outlives_any_talk(house: Kitchen) -> None:
    chance = random.Random(11)
    for _ in range(12):
        words = ["".join(chance.choices([*CUES, *FOODS, *COUNTED], k=chance.randint(1, 5))) for _ in range(6)]
        answers = talk(house, "我花生过敏", *words, "宫保鸡丁怎么做")
        assert all(any(e.name == "花生" for e in answer.state.exclusions) for answer in answers), words
        given_whole = "### 做法" in answers[-1].text and "| 熟花生米" in answers[-1].text
        assert not given_whole, words
