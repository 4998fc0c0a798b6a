"""Conversations over the house cookbook: every kind of request, its facts checked against the records."""

import re

import pytest

from shishen.conversation.handlers import HANDLERS
from shishen.domains.cooking.exclusions import findings
from shishen.kitchen import Kitchen, open_kitchen
from shishen.records import Answer, Exclusion, Message, Recipe


def talk(kitchen: Kitchen, *turns: str, seed: int = 3) -> list[Answer]:
    """The answers of a conversation, turn by turn."""
    messages: list[Message] = []
    answers = []
    for turn in turns:
        messages.append(Message("user", turn))
        answers.append(kitchen.ask(messages, seed))
        messages.append(Message("assistant", answers[-1].text))
    return answers


def last(kitchen: Kitchen, *turns: str, seed: int = 3) -> Answer:
    """The answer to the last turn; every answer on the way has only numbers that stand in a record."""
    answers = talk(kitchen, *turns, seed=seed)
    assert all(answer.verified for answer in answers), [a.text for a in answers if not a.verified]
    return answers[-1]


def names(answer: Answer) -> list[str]:
    return [cited.name for cited in answer.recipes]


def recipes(kitchen: Kitchen, answer: Answer) -> list[Recipe]:
    return [kitchen.library.get(cited.id) for cited in answer.recipes]


# One conversation an intent: the intent of its last answer, and words that must stand in it.
ASKED: dict[str, tuple[list[str], str, list[str]]] = {
    "how_to_cook": (["可乐鸡翅怎么做"], "how_to_cook", ["## 可乐鸡翅", "| 可乐 | 330 毫升", "焖 15 分钟"]),
    "ingredients": (["可乐鸡翅要准备什么材料"], "ingredients", ["| 鸡翅中 | 10 个", "| 老抽 | 1 茶匙"]),
    "amount": (["宫保鸡丁要放多少花生"], "amount", ["熟花生米：60 克"]),
    "step": (["可乐鸡翅第五步是什么"], "step", ["第 5 步", "共 7 步", "焖 15 分钟"]),
    "after": (["可乐鸡翅怎么做", "倒完可乐之后呢"], "after", ["第 5 步", "撇去浮沫"]),
    "time": (["红烧肉要多长时间"], "time", ["2 小时"]),
    "difficulty": (["红烧肉难不难"], "difficulty", ["★★★☆☆", "3 星"]),
    "servings": (["红烧肉够几个人吃"], "servings", ["4 人份"]),
    "calories": (["红烧肉热量多少"], "calories", ["没有写热量"]),
    "tools": (["红烧肉要用什么锅"], "tools", ["砂锅"]),
    "taste": (["麻婆豆腐是什么味道"], "taste", ["麻辣"]),
    "tips": (["红烧肉的小贴士"], "tips", ["加冷水会使肉遇冷收紧"]),
    "source": (["红烧肉的做法", "这个菜谱出自哪里"], "source", ["来源：食神自带菜谱《红烧肉》"]),
    "scale": (["可乐鸡翅换成四个人的量"], "scale", ["| 鸡翅中 | 20 个", "约 1000 克"]),
    "substitute": (["宫保鸡丁没有香醋怎么办"], "substitute", ["香醋", "米醋", "第 3 步"]),
    "leave_out": (["宫保鸡丁可以不放花椒吗"], "leave_out", ["第 4 步", "麻"]),
    "recommend": (["推荐两道汤"], "recommend", ["1. 「", "2. 「", "汤羹"]),
    "again": (["推荐两道素菜", "换一批"], "recommend", ["1. 「", "2. 「", "素菜"]),
    "pantry": (["家里有土豆、青椒"], "pantry", ["已有 土豆", "还缺 茄子"]),
    "menu": (["三菜一汤"], "menu", ["4. 「", "汤羹"]),
    "heat": (["宫保鸡丁油温多少度"], "heat", ["120℃"]),
    "size": (["麻婆豆腐的豆腐切多大"], "size", ["2 厘米见方"]),
    "contains": (["红烧肉里面有没有花生"], "contains", ["未检出「花生」", "包装标签"]),
    "compare": (["可乐鸡翅和红烧肉哪个快"], "compare", ["「可乐鸡翅」更快", "约 45 分钟", "约 2 小时"]),
    "shopping_list": (["可乐鸡翅和红烧肉的购物清单"], "shopping_list", ["鸡翅中：10 个", "五花肉：1000 克"]),
    "greeting": (["你好"], "greeting", ["60 份菜谱"]),
    "thanks": (["可乐鸡翅怎么做", "谢谢"], "thanks", ["可乐鸡翅"]),
    "goodbye": (["再见"], "goodbye", ["再见"]),
    "identity": (["你是谁"], "identity", ["食神"]),
    "recalled": (["我对花生过敏", "你还记得我对什么过敏吗"], "recalled", ["花生过敏"]),
    "overview": (["一共有多少菜谱"], "overview", ["60 份菜谱", "荤菜 18 份"]),
    "out_of_scope": (["可乐鸡翅怎么做", "今天天气怎么样"], "out_of_scope", ["「可乐鸡翅」"]),
}


def test_every_handler_is_asked() -> None:
    assert set(ASKED) == set(HANDLERS)


@pytest.mark.parametrize("asked", ASKED)
def test_every_intent_is_answered_with_its_facts(house: Kitchen, asked: str) -> None:
    turns, intent, words = ASKED[asked]
    answer = last(house, *turns)
    assert answer.intent == intent
    assert answer.refused == (asked == "out_of_scope")
    for word in words:
        assert word in answer.text


def test_facts_of_every_dish_are_its_records(house: Kitchen) -> None:
    for recipe in house.library.recipes():
        steps = [step for step in recipe.steps if not step.noise]
        n = len(steps)
        answer = last(house, f"{recipe.name}第{n}步")
        assert (answer.intent, names(answer)) == ("step", [recipe.name])
        assert f"**第 {n} 步**（共 {n} 步）" in answer.text
        assert " ".join(steps[-1].text.split()) in answer.text
        assert f"（{recipe.difficulty} 星，满分" in last(house, f"{recipe.name}难不难").text
        assert recipe.servings is not None
        assert f"{recipe.servings.max or 0:g} 人份" in last(house, f"{recipe.name}够几个人吃").text


def test_amounts_of_every_dish_are_its_records(house: Kitchen) -> None:
    for recipe in house.library.recipes():
        for salt in (i for i in recipe.ingredients if i.name == "盐" and i.unit == "克"):
            answer = last(house, f"{recipe.name}怎么做", "盐放多少")
            assert f"盐：{salt.min:g} 克" in answer.text


# --- steps -------------------------------------------------------------------------------------------------


def test_steps_are_walked(house: Kitchen) -> None:
    turns = ["可乐鸡翅怎么做", "第一步", "下一步", "下一步", "上一步", "再说一遍", "最后一步", "下一步", "第二步"]
    answers = talk(house, *turns)
    assert [answer.state.step for answer in answers] == [None, 1, 2, 3, 2, 2, 7, 7, 2]
    assert answers[4].text == answers[5].text == answers[2].text == answers[8].text
    assert "皮朝下排入锅中煎 3 分钟" in answers[2].text
    assert "已经是最后一步" in answers[7].text


@pytest.mark.parametrize(
    ("n", "words"), [("第8步", "没有第 8 步"), ("第一百步", "没有第 100 步"), ("第0步", "前面没有")]
)
def test_there_is_no_step_beyond_the_end(house: Kitchen, n: str, words: str) -> None:
    answer = last(house, "可乐鸡翅怎么做", n)
    assert words in answer.text
    assert "一共 7 步" in answer.text
    assert "**第" not in answer.text


def test_before_the_first_step_is_nothing(house: Kitchen) -> None:
    answer = last(house, "可乐鸡翅第一步", "上一步")
    assert answer.state.step == 1
    assert "前面没有了" in answer.text


def test_how_many_steps(house: Kitchen) -> None:
    assert "一共 8 步" in last(house, "红烧肉", "一共几步").text


def test_what_comes_after_something_goes_on_from_there(house: Kitchen) -> None:
    answers = talk(house, "可乐鸡翅怎么做", "放完姜之后呢", "下一步")
    assert "第 4 步" in answers[1].text
    assert "可乐 330 毫升" in answers[1].text
    assert "**第 5 步**" in answers[2].text


# --- times -------------------------------------------------------------------------------------------------


def test_the_time_of_one_part_is_told_by_its_verb(house: Kitchen) -> None:
    answer = last(house, "红烧肉要炖多久")
    assert "炖 60 分钟" in answer.text
    assert "炖 10 分钟" in answer.text
    assert "煸" not in answer.text
    assert "焖 15 分钟" in last(house, "可乐鸡翅怎么做", "焖多久").text


def test_a_time_that_is_not_stated_is_not_made_up(house: Kitchen) -> None:
    answer = last(house, "可乐鸡翅怎么做", "腌多久")
    assert "没有写明腌多久" in answer.text


# --- scaling -----------------------------------------------------------------------------------------------


def test_people_scale_the_table_and_the_steps(house: Kitchen) -> None:
    answer = last(house, "可乐鸡翅怎么做", "换成三个人的量")
    assert "已换算成 3 人份（原方 2 人份，× 1.5）" in answer.text
    assert "| 鸡翅中 | 15 个 | 约 750 克 |" in answer.text
    assert "| 可乐 | 495 毫升 |" in answer.text
    assert "第 4 步：" in answer.text
    assert "倒入可乐 495 毫升" in answer.text
    assert "330 毫升" not in answer.text
    assert answer.state.servings == 3


def test_what_is_scaled_stays_scaled_for_this_dish(house: Kitchen) -> None:
    answers = talk(house, "可乐鸡翅怎么做", "换成三个人的量", "第四步", "可乐要多少", "恢复原来的份量", "第四步")
    assert "可乐 495 毫升" in answers[2].text
    assert "可乐：495 毫升" in answers[3].text
    assert "可乐 330 毫升" in answers[5].text
    # Times are not scaled.
    assert "焖 15 分钟" in last(house, "可乐鸡翅怎么做", "双份", "第五步").text


def test_salt_grows_less_than_the_rest_and_that_is_said(house: Kitchen) -> None:
    answer = last(house, "麻婆豆腐换成6个人的量")
    assert "| 嫩豆腐 | 800 克 |" in answer.text
    assert "| 牛肉末 | 160 克 |" in answer.text
    salt = re.search(r"\| 盐 \| ([\d.]+) 克", answer.text)
    assert salt is not None
    assert 3 < float(salt[1]) < 6
    assert re.search(r"盐 3克 → [\d.]+克.*没有照倍数加", answer.text)


@pytest.mark.parametrize(("words", "tofu"), [("双份", "800"), ("减半", "200"), ("3倍", "1200"), ("1.5倍", "600")])
def test_times_scale(house: Kitchen, words: str, tofu: str) -> None:
    assert f"| 嫩豆腐 | {tofu} 克 |" in last(house, "麻婆豆腐怎么做", words).text


def test_one_ingredient_scales(house: Kitchen) -> None:
    answer = last(house, "土豆烧牛肉怎么做", "我只有400克牛腩")
    assert "| 牛腩 | 400 克 |" in answer.text
    assert "| 土豆 | 300 克 |" in answer.text
    assert "| 热水 | 500 毫升 |" in answer.text
    assert "热水 500 毫升" in last(house, "土豆烧牛肉怎么做", "我只有400克牛腩", "第四步").text


def test_an_ingredient_that_is_not_in_the_dish_scales_nothing(house: Kitchen) -> None:
    answer = last(house, "可乐鸡翅怎么做", "我只有300克牛肉")
    assert answer.state.have is None
    assert "| 鸡翅中" not in answer.text


def test_every_dish_doubles_what_it_is_made_of(house: Kitchen) -> None:
    for recipe in house.library.recipes():
        first = recipe.ingredients[0]
        answer = last(house, f"{recipe.name}怎么做", "双份")
        if first.min is not None and first.min == first.max:
            assert f"| {first.name} | {first.min * 2:g} {first.unit}" in answer.text, recipe.name


def test_unstated_servings_are_said_and_not_guessed() -> None:
    kitchen = open_kitchen()
    folder = kitchen.settings.home / "菜"
    folder.mkdir(parents=True)
    text = "# 炒石耳\n\n## 材料\n\n- 石耳 300 克\n- 盐 3 克\n\n## 做法\n\n1. 下锅炒 4 分钟。\n"
    (folder / "炒石耳.md").write_text(text, encoding="utf-8")
    kitchen.add(folder)
    answer = last(kitchen, "炒石耳怎么做", "换成六个人的量")
    assert "没有写是几人份" in answer.text
    assert "600 克" not in answer.text
    assert "| 石耳 | 600 克 |" in last(kitchen, "炒石耳怎么做", "双份").text
    assert "没有写热量" in last(kitchen, "炒石耳热量多少").text
    assert "没有写难度" in last(kitchen, "炒石耳难不难").text
    assert "炒 4 分钟" in last(kitchen, "炒石耳要多久").text
    kitchen.library.close()


# --- put in, left out --------------------------------------------------------------------------------------


def test_what_is_left_out_is_gone_from_table_and_steps(house: Kitchen) -> None:
    answers = talk(house, "宫保鸡丁怎么做", "可以不放花椒吗", "第四步", "麻婆豆腐怎么做", "宫保鸡丁第四步")
    assert "| 花椒 |" not in answers[1].text
    assert "| 干辣椒 | 10 个" in answers[1].text
    assert "不放花椒" in answers[2].text
    assert "不放花椒" not in answers[4].text


@pytest.mark.parametrize("turn", ["可以不放鸡腿肉吗", "不放鸡肉可以吗"])
def test_what_makes_the_dish_is_not_left_out(house: Kitchen, turn: str) -> None:
    answer = last(house, "宫保鸡丁怎么做", turn)
    assert answer.refused
    assert "主料" in answer.text
    assert "|" not in answer.text


def test_a_stand_in_warns_of_its_own_allergens(house: Kitchen) -> None:
    answer = last(house, "宫保鸡丁怎么做", "花生能用腰果代替吗")
    assert "第 8 步" in answer.text
    assert "坚果" in answer.text


def test_what_has_no_reliable_stand_in_gets_none(house: Kitchen) -> None:
    assert last(house, "可乐鸡翅怎么做", "鸡翅能用胶水代替吗").refused


# --- several dishes ----------------------------------------------------------------------------------------


def test_a_dish_is_not_said_to_hold_what_it_does_not(house: Kitchen) -> None:
    text = last(house, "番茄炒蛋怎么做", "没有豆瓣酱用什么代替").text
    assert "菜谱里没有写豆瓣酱" in text
    assert "里的豆瓣酱" not in text
    assert "里的老抽" in last(house, "可乐鸡翅怎么做", "没有老抽用什么代替").text


def test_two_dishes_side_by_side(house: Kitchen) -> None:
    answers = talk(house, "比较一下可乐鸡翅和红烧肉", "哪个更快", "后者怎么做")
    assert "| 难度 | ★★ | ★★★ |" in answers[0].text
    assert "| 份量 | 2 人份 | 4 人份 |" in answers[0].text
    assert "| 热量 | 没写 | 没写 |" in answers[0].text
    assert "「可乐鸡翅」更快" in answers[1].text
    assert names(answers[2]) == ["红烧肉"]


def test_a_dish_that_is_not_there_is_not_compared(house: Kitchen) -> None:
    answer = last(house, "可乐鸡翅和佛跳墙哪个简单")
    assert answer.refused
    assert "|" not in answer.text


def test_what_is_at_home_is_marked_on_the_shopping_list(house: Kitchen) -> None:
    answer = last(house, "家里有可乐、五花肉", "可乐鸡翅和红烧肉的购物清单")
    to_buy, at_home = answer.text.split("您说家里已有的：")
    assert "- 可乐：330 毫升" in at_home
    assert "- 五花肉：1000 克" in at_home
    assert "- 可乐：" not in to_buy
    assert "鸡翅中：10 个" in to_buy
    assert "生抽：2 汤匙（可乐鸡翅）；3 汤匙（红烧肉）" in to_buy


@pytest.mark.parametrize("seed", range(3))
def test_a_menu_has_as_many_dishes_as_asked_and_none_twice(house: Kitchen, seed: int) -> None:
    answer = last(house, "三菜一汤", seed=seed)
    assert len(set(names(answer))) == 4
    assert [r.category for r in recipes(house, answer)].count("汤羹") == 1
    week = last(house, "我花生过敏", "排一周的菜单", seed=seed)
    assert len(set(names(week))) == len(names(week)) == 14
    assert not any(findings(r, (Exclusion("花生", "allergy"),)) for r in recipes(house, week))
    assert [dish.name for dish in week.state.list] == names(week)


# --- recommend, pantry -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "count"), [("推荐一道菜", 1), ("推荐两道菜", 2), ("推荐7道菜", 7), ("推荐十二道菜", 12)]
)
@pytest.mark.parametrize("seed", [0, 7])
def test_exactly_as_many_as_asked_all_real_all_different(house: Kitchen, words: str, count: int, seed: int) -> None:
    answer = last(house, words, seed=seed)
    assert len(set(names(answer))) == len(names(answer)) == count
    assert [recipe.name for recipe in recipes(house, answer)] == names(answer)
    lines = re.findall(r"^\d+\. 「(.+?)」：(.+)$", answer.text, re.MULTILINE)
    assert [name for name, _ in lines] == names(answer)
    for (_, reason), recipe in zip(lines, recipes(house, answer), strict=True):
        assert recipe.category is not None
        assert f"约 {recipe.minutes:g} 分钟" in reason or "小时" in reason
        assert "★" * (recipe.difficulty or 0) in reason


def test_seeds_vary_and_repeat(house: Kitchen) -> None:
    drawn = [tuple(names(last(house, "推荐三道菜", seed=seed))) for seed in range(12)]
    assert len(set(drawn)) >= 10
    assert drawn == [tuple(names(last(house, "推荐三道菜", seed=seed))) for seed in range(12)]


def test_another_batch_never_repeats(house: Kitchen) -> None:
    answers = talk(house, "推荐五道菜", *["换一批"] * 8)
    offered = [name for answer in answers for name in names(answer)]
    assert len(offered) == len(set(offered)) == 45


def test_another_batch_keeps_the_wish_and_ends(house: Kitchen) -> None:
    soups = {recipe.name for recipe in house.library.recipes() if recipe.category == "汤羹"}
    answers = talk(house, "推荐两道汤", "换一批", "换一批", "换一批")
    offered = [name for answer in answers for name in names(answer)]
    assert len(offered) == len(set(offered))
    assert set(offered) == soups
    assert answers[-1].refused


def test_filters_are_fields_of_the_records(house: Kitchen) -> None:
    for recipe in recipes(house, last(house, "推荐三道川菜")):
        assert recipe.cuisine == "川菜"
    for recipe in recipes(house, last(house, "推荐三道20分钟以内的菜")):
        assert recipe.minutes is not None
        assert recipe.minutes <= 20
    for recipe in recipes(house, last(house, "推荐2道三星的菜")):
        assert recipe.difficulty == 3
    for recipe in recipes(house, last(house, "推荐两道有豆腐的菜")):
        assert any("豆腐" in ingredient.name for ingredient in recipe.ingredients)


def test_the_pantry_grows(house: Kitchen) -> None:
    answers = talk(house, "家里有土豆、青椒", "还有鸡蛋", "又买了茄子", "今天天气怎么样", "能做什么")
    assert [len(answer.state.pantry) for answer in answers] == [2, 3, 4, 4, 4]
    assert answers[-1].state.pantry == ("土豆", "青椒", "鸡蛋", "茄子")
    assert "还缺 茄子" in answers[0].text
    assert "还缺 茄子" not in answers[-1].text
