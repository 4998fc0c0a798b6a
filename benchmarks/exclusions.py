"""Does an answer ever break an exclusion? Generates requests and judges each answer by a table of its own.

    python -m benchmarks.exclusions                    # 5,000 requests; prints every break
    python -m benchmarks.exclusions --count 500 --seed 7

A request is a short conversation: one to three exclusions are stated in its first turn or a later one, in many
phrasings, with small talk between; then comes a wish (recommend, pantry or substitute). The words that give an
excluded thing away are written down here by hand and shared with nothing that answers. A dish breaks an exclusion
where such a word stands in its name, an ingredient or alternative, or a step; a substitute where what is proposed
is called by it. Refused answers are counted and not judged, so look at their share as well.
"""

import argparse
import random
import re
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from benchmarks.retrieval import DATA, open_kitchen_in
from shishen.chinese import simplify
from shishen.kitchen import Kitchen
from shishen.records import Answer, Message, Recipe

Kind = Literal["recommend", "pantry", "substitute"]

# --- what gives an excluded thing away; only what surely holds it ---------------------------------------------

SHRIMP = "虾 海米 xo酱 沙茶"
CRAB = "蟹"
SHELLS = "蚝 耗油 牡蛎 蛤 蛏 贝 瑶柱 鲍鱼 花甲 青口"
FISH = "鱼 鳝 鳗 鲈 鲤 鲫 鳕 鲣 鳜 鲮"
PORK = (
    "猪 五花 排骨 里脊 培根 火腿 腊肠 腊肉 香肠 红肠 午餐肉 肉末 肉馅 肉丝 肉糜 肥肉 瘦肉 叉烧 肘子 肉松 咸肉 酥肉 肉沫"
)
NO_PORK = (
    "牛排骨 羊排骨 鸡排骨 牛里脊 鸡里脊 羊里脊 牛肉末 牛肉馅 牛肉丝 牛肉糜 鸡肉末 鸡肉馅 鸡肉丝 羊肉馅 羊肉末 羊肉丝"
    " 鱼肉馅 鱼肉糜 虾肉馅 牛瘦肉 牛肉沫 灯影牛肉丝 牛肉火腿 叉烧酱"
)
LIQUOR = (
    "啤酒 白酒 黄酒 米酒 料酒 红酒 葡萄酒 花雕 朗姆 伏特加 金酒 威士忌 龙舌兰 白兰地 百利甜 利口酒"
    " 清酒 酒酿 醪糟 味淋 味醂"
)
EGG = "蛋 沙拉酱 美乃滋 千岛酱"
NO_EGG = "蛋白质 山药蛋 蛋形"
MILK = "奶 黄油 芝士 起司 炼乳 乳酪 马苏里拉 马斯卡彭 干酪 冰淇淋"
NO_MILK = "燕麦奶 吃奶 酸奶状 椰奶 豆奶 奶白 杏仁奶 奶香 奶黄色 奶嘴"
MEAT = (
    "肉 猪 牛 羊 鸡 鸭 鹅 鸽 兔 蛙 火腿 培根 腊肠 香肠 红肠 排骨 五花 里脊 高汤 骨汤 吉利丁 明胶 浓汤宝"
    f" 鱿 墨鱼 章鱼 海参 海鲜 田螺 螺蛳 {FISH} {SHRIMP} {CRAB} {SHELLS}"
)
SPICY = "辣 小米椒 尖椒 干线椒 二荆条 泡椒 剁椒 野山椒 朝天椒 线椒 杭椒 美人椒 螺丝椒 豆瓣酱 红油 老干妈 火锅底料"
NO_SPICY = "不辣 不太辣 不吃辣 辣度 喜欢吃辣 喜欢辣 萝卜的辣味"
NO_FISH = "蒸鱼豉油 蒸鱼盘 鱼香 鱼腥草 鱼眼 鱼鳞状 摸鱼 鱼缸"
NO_MEAT = (
    "肉眼 果肉 肉桂 肉豆蔻 肉蔻 椰肉 素肉 瓜肉 茄肉 肉质 蒸肉米粉 牛奶 牛油果 牛肝菌 牛至 蜗牛 牛轧 鸡蛋 鸡腿菇 鸡枞"
    " 鸡精 鸡粉 鸡尾酒 鸡头米 鸡毛菜 鸡毛 鸭蛋 鹅蛋 羊肚菌 羊角 牛角 蟹味菇 贝贝南瓜 贝壳 宝贝 螺丝 螺旋 无肉"
    " 桂圆肉 枣肉 橘肉 柑肉 肉瓣"
    f" {NO_FISH}"
)


class Excluded(Struct, frozen=True):
    """One thing that must not be there: how people say so, the words that give it away, and words that do not."""

    name: str
    said: tuple[str, ...]
    words: str
    never: str = ""

    def found_in(self, text: str) -> str | None:
        """The first word in a `plain` text that gives it away."""
        hit = _pattern(self.words).search(_pattern(self.never).sub("□", text) if self.never else text)
        return hit[0] if hit else None


@cache
def _pattern(words: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words.split(), key=len, reverse=True)))


def allergy(name: str, words: str, never: str = "", *more: str) -> Excluded:
    """An allergy, in the ways people tell of one."""
    ways = ("我对{}过敏", "{}过敏", "孩子{}过敏", "我老公对{}过敏，很严重", "提前说一下我{}过敏", "嗯那个我{}过敏的")
    return Excluded(name, (*(way.format(name) for way in ways), *more), words, never)


def dislike(name: str, words: str, never: str = "", *more: str) -> Excluded:
    """A dislike, likewise."""
    ways = (
        "我不吃{}",
        "不要{}",
        "不能吃{}",
        "家里老人不吃{}",
        "我讨厌{}",
        "不喜欢{}",
        "别放{}",
        "忌口{}",
        "我从来不吃{}的",
    )
    return Excluded(name, (*(way.format(name) for way in ways), *more), words, never)


EXCLUSIONS = (
    allergy("花生", "花生 二八酱 沙茶酱", "", "I'm allergic to peanuts", "no peanuts please"),
    allergy("坚果", "坚果 杏仁 腰果 核桃 榛子 开心果 松子 松仁 夏威夷果 碧根果 巴旦木", "", "I have a nut allergy"),
    allergy("海鲜", f"{FISH} {SHRIMP} {CRAB} {SHELLS} 鱿 海参 海鲜", f"{NO_FISH} 蟹味菇 贝贝南瓜 贝壳 宝贝"),
    allergy("虾", SHRIMP, "", "I'm allergic to shrimp", "我一吃虾就过敏"),
    allergy("螃蟹", CRAB, "蟹味菇"),
    allergy("鱼", FISH, NO_FISH + " 鱿鱼 墨鱼 章鱼 鲍鱼"),
    allergy("贝类", SHELLS, "贝贝南瓜 贝壳 宝贝"),
    allergy("鸡蛋", EGG, NO_EGG, "I can't eat eggs, I'm allergic", "我蛋类过敏"),
    allergy("牛奶", MILK, NO_MILK, "I'm allergic to milk", "dairy free please"),
    allergy(
        "麸质",
        "面粉 面条 挂面 面包 馒头 饺子 馄饨 小麦 燕麦 荞麦 大麦 酱油 生抽 老抽 豉油 味极鲜 豆瓣酱 甜面酱 面筋 烤麸"
        " 啤酒 意面 意大利面 通心粉 方便面 泡面 拉面 烧饼 油条 饼干 蛋糕 吐司 面团 花卷 烙饼",
        "",
        "我有乳糜泻，要无麸质的",
        "gluten free please",
    ),
    allergy(
        "大豆",
        "黄豆 大豆 豆腐 豆浆 豆皮 豆干 香干 腐竹 千张 酱油 生抽 老抽 豉油 味极鲜 豆瓣酱 豆豉 味噌 毛豆 腐乳 纳豆 豆油",
        "土豆 日本豆腐 玉子豆腐 杏仁豆腐 鱼豆腐",
    ),
    allergy("芝麻", "芝麻 麻酱 香油 麻油", "芝麻菜 芝麻大小"),
    allergy("酒精", f"{LIQUOR} 鸡尾酒"),
    allergy("芒果", "芒果"),
    allergy("菠萝", "菠萝 凤梨", "菠萝包"),
    allergy("芹菜", "芹"),
    dislike("辣", SPICY, NO_SPICY, "我怕辣", "吃不了辣", "一点辣都不能吃", "no spicy food please", "嗯我不太能吃辣"),
    dislike("香菜", "香菜 芫荽", "", "no cilantro"),
    dislike("葱", "葱", "洋葱"),
    dislike("蒜", "蒜", "", "大蒜我不吃"),
    dislike("姜", "姜", "姜黄 洋姜"),
    dislike("苦瓜", "苦瓜"),
    dislike("香菇", "香菇 花菇"),
    dislike("茄子", "茄子"),
    dislike("洋葱", "洋葱", "", "I don't eat onions"),
    dislike("胡萝卜", "胡萝卜 胡箩卜"),
    dislike("土豆", "土豆 马铃薯 洋芋"),
    dislike("西红柿", "西红柿 番茄", "", "番茄我不吃"),
    dislike("猪肉", PORK, NO_PORK, "I don't eat pork", "without pork"),
    dislike("牛肉", "牛肉 牛腩 肥牛 牛排 牛柳 牛里脊 牛腱 牛骨 牛杂 牛筋 牛尾", "牛排调味料", "I don't eat beef"),
    dislike("羊肉", "羊", "羊肚菌 羊角"),
    dislike("鸡肉", "鸡肉 鸡腿 鸡翅 鸡胸 鸡爪 鸡丁 鸡块 整鸡 三黄鸡 鸡汤 鸡胗 鸡肝 手枪腿 仔鸡 土鸡", "鸡腿菇"),
    dislike("内脏", "猪肝 鸡肝 猪肚 大肠 鸡胗 腰花 猪血 毛肚 牛百叶 鸭肠 猪心"),
    Excluded("素食", ("我吃素", "我是素食者", "我们家吃素的", "I'm vegetarian", "今天吃素"), MEAT, NO_MEAT),
    Excluded(
        "纯素",
        ("我吃纯素", "我是纯素食者", "蛋奶都不吃，全素", "I'm vegan"),
        f"{MEAT} {EGG} {MILK} 蜂蜜",
        f"{NO_MEAT.replace('牛奶', '').replace('鸡蛋', '').replace('鸭蛋', '').replace('鹅蛋', '')} {NO_EGG} {NO_MILK}",
    ),
    Excluded(
        "清真", ("我们家清真", "要清真的", "我是回民，吃清真", "halal food only please"), f"{PORK} {LIQUOR}", NO_PORK
    ),
    Excluded(
        "孕妇",
        ("我怀孕了", "我是孕妇", "我老婆怀孕三个月了", "I'm pregnant", "怀孕期间吃的"),
        "朗姆 伏特加 金酒 威士忌 龙舌兰 白兰地 百利甜 利口酒 酒酿 醪糟 溏心 温泉蛋 生鱼片 刺身",
    ),
)
BY_NAME = {item.name: item for item in EXCLUSIONS}

# --- the requests --------------------------------------------------------------------------------------------

CATEGORIES = ("荤菜", "素菜", "主食", "汤", "早餐", "饮品", "甜品", "水产", "菜", "凉菜", "快手菜", "下饭菜", "家常菜")
FOODS = (
    *("土豆", "青椒", "鸡蛋", "西红柿", "猪肉", "牛肉", "鸡翅", "鸡腿", "虾", "豆腐", "茄子", "洋葱", "胡萝卜", "白菜"),
    *("香菇", "排骨", "面条", "米饭", "牛奶", "花生", "黄瓜", "豆角", "羊肉", "鱼", "五花肉", "玉米", "木耳", "芹菜"),
    *("韭菜", "菠菜", "金针菇", "粉丝", "火腿肠", "可乐", "面粉", "南瓜", "莲藕", "生菜", "西兰花", "腰果", "芒果"),
)
RECOMMEND = (
    "推荐{n}道{c}",
    "来{n}个{c}",
    "给我推荐{n}个{c}吧",
    "今晚吃什么好，来{n}道",
    "有没有{f}做的菜，推荐{n}个",
    "随便推荐一道",
    "想吃{f}，有什么{c}",
    "那个嗯有啥好吃的{c}给我说{n}个呗",
    "20分钟以内的{c}推荐{n}个",
    "安排一天的三餐",
    "recommend {n} dishes for dinner",
    "what should I cook tonight?",
    "请客吃饭，帮我配{n}个菜",
    "推荐{n}道简单的{c}",
    "川菜推荐{n}道",
    "想吃点辣的，来{n}个",
)
FOLLOW = ("换一批", "再来两个", "做第一个", "第二个怎么做", "换一道", "还有别的吗", "做第三个吧", "再推荐三道")
PANTRY = (
    "家里有{f}、{g}、{h}，能做什么",
    "冰箱里只剩{f}和{g}了，做点啥",
    "我有{f}跟{g}还有{h}，推荐{n}个菜",
    "{f}和{g}能做什么菜",
    "what can I cook with {f} and {g}",
    "手头有{f} {g} {h} 做什么好",
)
SUBSTITUTE = (
    "{d}没有{i}怎么办",
    "做{d}，{i}用什么代替",
    "{d}里的{i}可以换成什么",
    "没有{i}可以用什么替代",
    "what can I use instead of {i}",
    "{i}用完了，拿什么替",
)
BETWEEN = ("谢谢", "今天天气不错", "可乐鸡翅怎么做", "一共几步", "你是谁", "蒜蓉西兰花要多久", "好的", "帮我写首诗")


class Request(Struct, frozen=True):
    """What the user says, turn by turn, what that rules out, and from which turn on answers are judged.

    `named` are the dish and the ingredient that the user speaks of; an answer may repeat them.
    """

    kind: Kind
    said: tuple[str, ...]
    excluded: tuple[str, ...]
    judged_from: int
    named: tuple[str, ...]


class Break(Struct, frozen=True):
    """An answer that broke an exclusion: what was asked, by which dish or sentence, by which word."""

    request: Request
    turn: int
    excluded: str
    where: str
    word: str


WISHES: dict[Kind, tuple[str, ...]] = {"recommend": RECOMMEND, "pantry": PANTRY, "substitute": SUBSTITUTE}


def generate(count: int, seed: int, recipes: Sequence[Recipe]) -> Iterator[Request]:
    """Requests, the same ones for the same seed and library."""
    chance = random.Random(seed)
    cookable = [recipe for recipe in recipes if recipe.ingredients]
    kinds: tuple[Kind, ...] = ("recommend", "recommend", "pantry", "substitute")
    for number in range(count):
        kind = kinds[number % len(kinds)]
        excluded = chance.sample(EXCLUSIONS, chance.choices((1, 2, 3), (6, 3, 1))[0])
        stated = [chance.choice(item.said) for item in excluded]
        dish = chance.choice(cookable)
        ingredient = chance.choice(dish.ingredients).name
        # Who wishes for what he has ruled out changes his mind, perhaps; who has it in the fridge does not.
        foods = [food for food in FOODS if kind == "pantry" or not any(item.found_in(food) for item in excluded)]
        f, g, h = chance.sample(foods, 3)
        wishes = [wish for wish in WISHES[kind] if "辣" not in wish or "辣" not in (item.name for item in excluded)]
        numeral, category = chance.choice(("2", "3", "三", "五", "4", "6")), chance.choice(CATEGORIES)
        wish = chance.choice(wishes).format(n=numeral, c=category, d=dish.name, i=ingredient, f=f, g=g, h=h)
        if chance.random() < 0.35:
            before, wish = [], "，".join((*stated, wish))
        else:
            before = [*stated, *chance.sample(BETWEEN, chance.choice((0, 0, 1, 2)))]
        after = [] if kind == "substitute" else chance.sample(FOLLOW, chance.choice((0, 0, 1, 2)))
        names = tuple(item.name for item in excluded)
        yield Request(kind, (*before, wish, *after), names, len(before) + 1, (dish.name, ingredient))


# --- the judge -----------------------------------------------------------------------------------------------

# What an answer proposes: a line of its list of substitutes, or 用…代替, 换成….
_PROPOSED = re.compile(
    r"^- (?!第)([^：\n]{1,20})：|(?<!不合适，)可以?用([^，。；代\n]{1,20})代替|可以换成([^，。；：\n]{1,20})",
    re.MULTILINE,
)


def plain(text: str) -> str:
    """The form in which texts are compared."""
    return simplify(unicodedata.normalize("NFKC", text)).lower()


@cache
def whole(recipe: Recipe) -> str:
    """All of a record that is judged, in one text."""
    names = [name for item in recipe.ingredients for name in (item.name, *item.alt)]
    return plain("\n".join((recipe.name, *names, *(step.text for step in recipe.steps))))


def judge_dishes(recipes: Sequence[Recipe], excluded: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(excluded, dish, word) for every dish that holds what is excluded."""
    for recipe in recipes:
        for name in excluded:
            word = BY_NAME[name].found_in(whole(recipe))
            if word:
                yield name, recipe.name, word


def judge_substitutes(text: str, named: Sequence[str], excluded: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(excluded, thing, word) for everything that is proposed and holds what is excluded; what was `named` may be."""
    for proposed in _PROPOSED.findall(text):
        thing = "".join(proposed)
        for name in excluded if plain(thing) not in map(plain, named) else ():
            word = BY_NAME[name].found_in(plain(thing))
            if word:
                yield name, thing, word


def judge(kitchen: Kitchen, request: Request, tally: Counter[str]) -> Iterator[Break]:
    """Play a request; judge the answer to its wish and those to what follows."""
    messages: list[Message] = []
    for turn, said in enumerate(request.said, 1):
        messages.append(Message("user", said))
        answer: Answer = kitchen.ask(messages)
        messages.append(Message("assistant", answer.text))
        if turn < request.judged_from:
            continue
        tally["refused" if answer.refused else "answered"] += 1
        if answer.refused:
            continue
        recipes = [kitchen.recipe(cited.id) for cited in answer.recipes]
        if request.kind == "substitute":
            found = judge_substitutes(answer.text, request.named, request.excluded)
        else:
            tally["dishes"] += len(recipes)
            found = judge_dishes(recipes, request.excluded)
        yield from (Break(request, turn, *what) for what in found)


def main() -> None:
    """Parse the arguments, build the library, generate and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA / "howtocook", help="a HowToCook folder")
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"{options.data} is not there; name a HowToCook folder with --data")
    with tempfile.TemporaryDirectory() as home:
        kitchen = open_kitchen_in(Path(home))
        kitchen.add(options.data)
        recipes = sorted(kitchen.library.recipes(limit=100_000), key=lambda recipe: recipe.source.place)
        tally: Counter[str] = Counter()
        breaks: list[Break] = []
        start = time.perf_counter()
        for number, request in enumerate(generate(options.count, options.seed, recipes), 1):
            breaks += judge(kitchen, request, tally)
            tally[request.kind] += 1
            if number % 500 == 0:
                print(f"{number} requests, {len(breaks)} breaks", file=sys.stderr)
        spent = time.perf_counter() - start
    for found in breaks:
        print(
            f"{found.excluded}: {found.word} in {found.where}  ← turn {found.turn} of {' / '.join(found.request.said)}"
        )
    kinds = ", ".join(f"{tally[kind]} {kind}" for kind in WISHES)
    print(f"{options.count} requests ({kinds}) in {spent:.0f} s: answers judged {tally['answered']}, refused ones")
    print(f"{tally['refused']}, dishes judged {tally['dishes']}. Breaks: {len(breaks)}")


if __name__ == "__main__":
    main()
