"""Exclusions: what people say, and where a recipe holds what must not be in it. Labels are by our own reading."""

import pytest

from shishen.chinese import normalise
from shishen.domains.cooking.exclusions import findings, in_name, read_exclusions, reminder, shown
from shishen.records import Exclusion, Ingredient, Recipe, Source, Step

# text | added (name:kind[:dish]) | withdrawn | asked. The first hundred were written before the code, the rest after.
SENTENCES = """
我对花生过敏|花生:allergy||
花生过敏|花生:allergy||
孩子鸡蛋过敏，晚上做什么|鸡蛋:allergy||
花生和海鲜过敏|花生:allergy 海鲜:allergy||
我乳糖不耐受|乳糖:allergy||
麸质过敏|麸质:allergy||
我有乳糜泻|麸质:allergy||
推荐几道无麸质的菜|麸质:allergy||
对虾和螃蟹都过敏|虾:allergy 蟹:allergy||
我海鲜过敏挺严重的|海鲜:allergy||
我过敏原是芒果|芒果:allergy||
喝牛奶会过敏|牛奶:allergy||
酒精过敏|酒精:allergy||
我不吃辣|辣:dislike||
不能吃辣|辣:dislike||
我怕辣|辣:dislike||
吃不了辣的|辣:dislike||
不要辣|辣:dislike||
别放辣|辣:dislike||
一点辣都不能吃|辣:dislike||
有没有不辣的菜|辣:dislike||
不吃香菜|香菜:dislike||
不要葱姜蒜|葱:dislike 姜:dislike 蒜:dislike||
不喜欢苦瓜|苦瓜:dislike||
讨厌香菜|香菜:dislike||
忌口牛羊肉|牛肉:dislike 羊肉:dislike||
不吃猪肉|猪肉:dislike||
不要放味精|味精:dislike||
别放香菜|香菜:dislike||
少辣|||
微辣就行|||
不要太辣|||
别放太多盐|||
我吃素|素食:diet||
我是素食者，来道红烧肉|素食:diet||
全素的菜有什么|纯素:diet||
我是蛋奶素|素食:diet||
i am vegan|纯素:diet||
i'm a vegetarian|素食:diet||
要清真的|清真:diet||
halal food please|清真:diet||
我是回族|清真:diet||
kosher recipes|犹太洁食:diet||
我老婆怀孕了，吃什么好|孕妇:condition||
我在哺乳期|哺乳期:condition||
一岁宝宝能吃什么|婴儿:condition||
八个月的宝宝辅食|婴儿:condition||
我爸有痛风|痛风:condition||
家里有人糖尿病|糖尿病:condition||
我血压高|高血压:condition||
我没有糖尿病|||
我不喝酒|饮酒:dislike||
no peanuts please|花生:dislike||
i'm allergic to shrimp|虾:allergy||
i don't eat pork|猪肉:dislike||
no spicy food|辣:dislike||
dairy free|牛奶:allergy||
gluten-free dinner|麸质:allergy||
lactose intolerant|乳糖:allergy||
老婆不吃辣|辣:dislike||
家里老人不吃辣，小孩不吃香菜|辣:dislike 香菜:dislike||
不吃葱、香菜和苦瓜|葱:dislike 香菜:dislike 苦瓜:dislike||
除了香菜不吃别的都行|香菜:dislike||
我不是不吃辣|||
不怕辣|||
我无辣不欢|||
我对花生不过敏|||
我没有过敏|||
我不吃辣不行|||
不放花生可以吗|花生:dislike:dish||asked
可以不放香菜吗|香菜:dislike:dish||asked
能不能不加糖|糖:dislike:dish||asked
不放料酒行不行|料酒:dislike:dish||asked
不放花生的宫保鸡丁怎么做|花生:dislike:dish||asked
kung pao chicken without peanuts|花生:dislike:dish||asked
没有料酒怎么办|||
没有鸡蛋可以吗|||
生抽用完了|||
不要太复杂|||
不要重复|||
肉不要放冰箱|||
今天不想吃面|面:dislike||
不想吃鸡肉|鸡肉:dislike||
不吃了|||
不要了，谢谢|||
不想做这个|||
要不要放香菜|||
宫保鸡丁为什么不放香菜|||
番茄炒蛋辣不辣|||
不想吃番茄炒蛋，换一道|||
嗯那个我不太能吃辣然后呢也不吃香菜|辣:dislike 香菜:dislike||
我可以吃辣了||辣:dislike|
我又能吃辣了||辣:dislike|
取消不吃辣||辣:dislike|
香菜可以放||香菜:dislike|
不忌口了||所有:dislike|
红烧肉怎么做|||
鱼香肉丝要放鱼吗|||
麻婆豆腐放多少花椒|||
鸡蛋不要煎老|||
我吃不了海鲜，会过敏|海鲜:allergy||
我女儿对牛奶和鸡蛋都严重过敏，推荐个早餐|牛奶:allergy 鸡蛋:allergy||
老公一吃芒果就过敏|芒果:allergy||
我有花生过敏史|花生:allergy||
坚果类我都过敏|坚果:allergy||
过敏：大豆、小麦|大豆:allergy 麸质:allergy||
我儿子对腰果过敏，有什么零食|腰果:allergy||
他虾过敏|虾:allergy||
我们家没人过敏|||
鱼我不过敏，虾过敏|虾:allergy||
有没有不含坚果的点心|坚果:allergy||
想要一个无乳糖的甜品|乳糖:allergy||
我不吃牛肉也不吃羊肉|牛肉:dislike 羊肉:dislike||
香菜我是一口都吃不了|香菜:dislike||
胡萝卜和洋葱我都不爱吃|胡萝卜:dislike 洋葱:dislike||
猪肉不吃，牛肉可以|猪肉:dislike|牛肉:dislike|
我妈忌口，不能吃葱和蒜|葱:dislike 蒜:dislike||
孩子不喜欢吃青椒怎么办|青椒:dislike||
来点不辣的|辣:dislike||
清淡点，不要辣椒|辣:dislike||
麻辣的不要|麻:dislike 辣:dislike||
我受不了香菜的味道|香菜:dislike||
不要放太多辣椒|||
少放点盐|||
多放辣椒|||
我最爱吃辣了|||
我特别能吃辣|||
吃不吃辣都行|||
能不能吃辣|||
这个菜辣吗|||
不吃鱼和虾，其他都行|鱼:dislike 虾:dislike||
不吃内脏|内脏:dislike||
今天不想吃米饭|米饭:dislike||
不想吃牛肉面|||
不想吃饺子，换一个|饺子:dislike||
不要第一个|||
不要油炸的|||
不用了谢谢|||
不要放凉|||
鱼不要煎糊了|||
为什么要放料酒|||
土豆不去皮可以吗|||
鸡肉不焯水行吗|||
可乐鸡翅可以不放老抽吗|老抽:dislike:dish||asked
麻婆豆腐不放花椒可以吗|花椒:dislike:dish||asked
番茄炒蛋能不放糖吗|糖:dislike:dish||asked
糖可以省略吗|糖:dislike:dish||asked
葱姜可以不要吗|葱:dislike:dish 姜:dislike:dish||asked
去掉香菜行不行|香菜:dislike:dish||asked
不加蛋的蛋炒饭|鸡蛋:dislike:dish||asked
can i make it without garlic|蒜:dislike:dish||asked
is it ok to leave out the ginger|姜:dislike:dish||asked
没有香醋能用白醋吗|||
家里没有鸡蛋了|||
没有生抽用什么代替|||
用牛奶代替淡奶油可以吗|||
家里有土豆、青椒、鸡蛋|||
我只有300克牛肉|||
牛肉炖多久|||
我信佛吃素，蒜也不吃|素食:diet 蒜:dislike||
我们一家都是回族|清真:diet||
我不吃素|||
我朋友是穆斯林，请客做什么|清真:diet||
减肥期间吃什么|||
备孕能吃什么|孕妇:condition||
我媳妇怀孕三个月了|孕妇:condition||
六个月的宝宝可以吃蜂蜜吗|婴儿:condition||
三岁孩子吃什么|||
18个月的宝宝吃什么|||
我爷爷高血压又有糖尿病|高血压:condition 糖尿病:condition||
我没有高血压|||
不喝酒的人吃什么|饮酒:dislike||
做菜不要放料酒|料酒:dislike||
i can't eat spicy food|辣:dislike||
my son is allergic to eggs and milk|鸡蛋:allergy 牛奶:allergy||
i have a nut allergy|坚果:allergy||
something without pork|猪肉:dislike||
i hate cilantro|香菜:dislike||
i'm not allergic to anything|||
i have no eggs|||
not too spicy|||
what goes with pork|||
现在能吃香菜了||香菜:dislike|
刚才说不吃辣取消||辣:dislike|
没有忌口了||所有:dislike|
辣也可以||辣:dislike|
呃我那个不能吃花生啊会过敏的|花生:allergy||
帮我推荐三道菜不要有香菜的|香菜:dislike||
推荐三道菜，不要海鲜，不要辣|海鲜:dislike 辣:dislike||
给我一份一周菜单，家里人不吃羊肉、不吃内脏|羊肉:dislike 内脏:dislike||
蒜苗炒肉不放豆瓣酱怎么做|豆瓣酱:dislike:dish||asked
凉拌黄瓜里面的蒜不想要|蒜:dislike||
牛奶喝了拉肚子，我乳糖不耐|乳糖:allergy||
纯素可以吃的有哪些|纯素:diet||
无辣的有吗|辣:dislike||
免葱免香菜|葱:dislike 香菜:dislike||
不要猪油|猪油:dislike||
别给我推荐鸡肉了|鸡肉:dislike||
"""

# food, exclusion, kind, whether the food comes under it.
NAMES = """
蚝油|贝类|allergy|1
耗油|海鲜|allergy|1
生抽|大豆|allergy|1
生抽|麸质|allergy|1
千岛酱|鸡蛋|allergy|1
沙茶酱|花生|allergy|1
老干妈|花生|allergy|1
老干妈|花生|dislike|0
鱼香肉丝|鱼|allergy|0
鱼腥草|鱼|allergy|0
木鱼花|鱼|allergy|1
章鱼|鱼|dislike|0
章鱼|贝类|allergy|1
蟹味菇|蟹|allergy|0
蟹棒|蟹|allergy|1
鸡腿菇|鸡肉|dislike|0
鸡蛋|鸡肉|dislike|0
鸡精|素食|diet|1
牛油果|牛肉|dislike|0
牛奶|牛肉|dislike|0
牛肝菌|牛肉|dislike|0
羊肚菌|羊肉|dislike|0
羊排|猪肉|dislike|0
排骨|猪肉|dislike|1
牛肉末|猪肉|dislike|0
肉末|清真|diet|1
火腿|清真|diet|1
牛肉火腿|清真|diet|0
料酒|清真|diet|1
椰奶|牛奶|allergy|0
豆奶|牛奶|allergy|0
杏仁奶|坚果|allergy|1
奶白菜|牛奶|allergy|0
皮蛋|鸡蛋|allergy|1
皮蛋|鸡蛋|dislike|0
山药蛋|鸡蛋|allergy|0
土豆|大豆|allergy|0
四季豆|大豆|allergy|0
腐竹|大豆|allergy|1
玉米面|麸质|allergy|0
辣椒面|麸质|allergy|0
荞麦面|麸质|allergy|1
油麦菜|麸质|allergy|0
花椒|辣|dislike|0
青椒|辣|dislike|0
胡椒粉|辣|dislike|0
小米辣|辣|dislike|1
泡椒|辣|dislike|1
洋葱|葱|dislike|0
香葱|葱|dislike|1
核桃|桃|allergy|0
黄桃|桃|allergy|1
凤梨|菠萝|allergy|1
棉花糖|素食|diet|1
蜂蜜|纯素|diet|1
蜂蜜|婴儿|condition|1
韭菜|净素|diet|1
猪肝|孕妇|condition|1
虾仁|海鲜|allergy|1
腰果|花生|allergy|0
"""


def _read(text: str) -> tuple[set[str], set[str], bool]:
    reading = read_exclusions(normalise(text))

    def written(exclusions: tuple[Exclusion, ...]) -> set[str]:
        return {f"{one.name}:{one.kind}" + (":dish" if one.scope == "dish" else "") for one in exclusions}

    return written(reading.added), written(reading.withdrawn), reading.asked


@pytest.mark.parametrize("line", SENTENCES.strip().splitlines())
def test_what_people_say(line: str) -> None:
    text, added, withdrawn, asked = line.split("|")
    assert _read(text) == (set(added.split()), set(withdrawn.split()), asked == "asked")


@pytest.mark.parametrize("line", NAMES.strip().splitlines())
def test_what_foods_are_made_of(line: str) -> None:
    food, name, kind, holds = line.split("|")
    found = in_name(food, [Exclusion(name, kind)])  # type: ignore[arg-type]
    assert (found is not None) == (holds == "1"), found


def _recipe(*names: str, steps: tuple[str, ...] = (), tips: tuple[str, ...] = (), name: str = "试验菜") -> Recipe:
    return Recipe(
        id="0",
        name=name,
        title=name,
        source=Source(path="x.md"),
        ingredients=tuple(Ingredient(raw=one, name=one) for one in names),
        steps=tuple(Step(text=one) for one in steps),
        tips=tips,
    )


def test_the_steps_count_where_the_list_is_silent() -> None:
    found = findings(_recipe("四季豆", steps=("淋入酱油",)), [Exclusion("大豆", "allergy")])
    assert [(one.what, one.why, one.place, one.index) for one in found] == [("酱油", "酱油 → 大豆", "step", 0)]


def test_a_tip_counts_for_an_allergy_and_not_for_a_dislike() -> None:
    recipe = _recipe("黄瓜", tips=("可以撒些花生",))
    assert findings(recipe, [Exclusion("花生", "allergy")])
    assert not findings(recipe, [Exclusion("花生", "dislike")])


def test_unnamed_meat_in_the_steps_is_the_meat_of_the_list() -> None:
    pork = [Exclusion("猪肉", "dislike")]
    assert not findings(_recipe("牛腩", steps=("把肉切片",)), pork)
    assert findings(_recipe("白菜", steps=("把肉切片",)), pork)


def test_a_cake_is_made_of_what_its_list_says() -> None:
    milk = [Exclusion("牛奶", "allergy")]
    assert not findings(_recipe("鸡蛋", "面粉", name="红柚蛋糕"), milk)
    assert findings(_recipe("蛋糕", "草莓", name="草莓杯"), milk)


def test_a_word_that_begins_inside_one_that_means_nothing_is_found() -> None:
    assert findings(_recipe("水", steps=("水开后往里面条下锅",)), [Exclusion("麸质", "allergy")])


def test_spans_are_the_words_that_said_so() -> None:
    text = "不放花生的宫保鸡丁怎么做"
    ((start, end),) = read_exclusions(text).spans
    assert text[start:end] == "不放花生的"


def test_shown_and_reminder() -> None:
    exclusions = [Exclusion("花生", "allergy"), Exclusion("辣", "dislike"), Exclusion("素食", "diet")]
    assert shown(exclusions) == "花生过敏、不吃辣、素食"
    said = reminder([*exclusions, Exclusion("孕妇", "condition")])
    assert said is not None
    assert "包装" in said
    assert "医生" in said
    assert not any(word in said for word in ("安全", "放心", "没问题"))
    assert reminder([Exclusion("辣", "dislike")]) is None


@pytest.mark.parametrize("text", ["", "🥜", "花生" * 2000, "不吃" * 2000, "花生和 " * 2000, "嗯" * 4000, " " * 20000])
def test_odd_turns_are_read_without_harm(text: str) -> None:
    read_exclusions(text)
