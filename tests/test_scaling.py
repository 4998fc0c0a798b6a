"""Scaling a recipe: which numbers of a step are amounts, what each class of ingredient becomes, and what is said of it."""
# ruff: noqa: E501  # the sentences are whole lines of their sources

import math
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shishen.domains.cooking.quantities import read_line
from shishen.domains.cooking.scaling import (
    class_of,
    factor_for_ingredient,
    factor_for_servings,
    scale,
    serves,
)
from shishen.domains.cooking.step_amounts import rewrite
from shishen.engines.reader.cookbook import Options, build
from shishen.records import Ingredient, Range, Recipe, Source, Step
from shishen.source_file import SourceFile
from shishen.stages.read import read_file

COOKBOOK = sorted((Path(__file__).parent.parent / "shishen" / "cookbook").glob("*.md"))
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")

# Drawn at random from HowToCook's steps, 48 of 60 with a number before a unit, and labelled by reading: «» is what
# scales. The second half stayed shut until the rules were done: 29 of 30 came out right then, all but 凤梨块.
SEEN = """
五花肉切成 5mm * 5cm 丝状，备用
泡发干木耳, 水量约为 «400»ml, 泡发约 45 分钟。
调至小火（如果油温过高可以关火 1-2 分钟），放入米饭，用铲子快速砸击米饭并翻炒，保证米饭均匀沾到油且粒粒分明
翻面，继续烤 1-2 分钟
热锅，并放入 «15» 毫升的油，待能从油中看到冒出一丝烟时，放入葱姜蒜翻炒 30 秒。
蒸鱼过程，另起一个过热油，油需要烧到冒烟
加入 «5»ml 老抽、«3»g 盐、«2»g 白糖、«1»g 胡椒粉，用炒勺轻轻搅拌均匀。
加入 «10»ml 橄榄油，热油下锅蔬菜，大火翻炒开始略微变色后盛出。
首先将锅烧热，烧去锅内全部水汽，手放过内距离锅底 10cm 处，感觉明显有些许烤手。
如果要吃萝卜土豆，则削皮切成 2cm 厚片倒入锅中煮 10 - 15 分钟（或煮至想要吃的口感），如果是高压锅则在加压煮 5 分钟
油热后放入孜然籽 «3»g，炸至孜然籽变深色且散发香味（约 10 秒，注意不要炸糊）
重新热锅，加入 «20»ml 食用油。
葱白处切段，每段长度约 4cm，再将每段劈为四瓣。
加入土豆： 40 分钟后打开锅盖，将泡在水里的 «300»g 土豆捞出沥干，下入锅中。
油麦菜放到一个大点的盆里，倒入上述碗中酱料，充分搅拌均匀.
朝一个方向搅拌至馅料粘稠上劲
将干红芸豆用清水浸泡至少 8 小时（过夜），浸泡后体积会膨胀约两倍
重新倒入蛋白，翻炒 5s 钟，迅速倒入米饭大火翻炒，为的就是每一粒饭都裹上鸡蛋。
一锅 «500»ml 清水加 «5»g 盐和 «10»g 食用油烧开
加入生姜、大蒜和青辣椒，翻炒 1 分钟
爆出香味后（约 5-10 秒内），先不要加开水，而是立刻将焯过水的五花肉倒入锅中大火翻炒，让肉块均匀裹上糖色并煸炒出油脂。
加入 «15»g 姜丝，«1» 个鸡蛋，«15»g 淀粉，«8»g 蚝油，«10»ml 料酒搅拌均匀，腌制 15 分钟。
（如果是芹菜苗这一步略过）将芹菜摘去叶子单独放一个盆中，将芹菜茎用刀划成 2-3 毫米宽的芹菜条备用，这一步的目的是让芹菜断生的更快更均匀，吃起来更脆更爽口
待鸭肉完全变色（肉眼可见泛白），将鸭肉拨到锅的一边，倒入豆瓣酱和糖，小火翻炒出香味和糖色。
面团分成每份约 100 克，搓圆，擀成薄片。
将生抽，蚝油，老抽，糖，«100»ml 水调汁备用。
立刻加入清水，水线没过饺子平均高度的 1/2
将鱼平放在砧板，使用厨房纸将鱼内外的水分擦干，然后鱼头朝左，尾朝右，从鱼鳃边开始，每隔 3cm 纵向划一刀，深度达到鱼的脊椎骨即可，另一面使用同样的处理方式
加入 250 克水 / 人
油温升至 200℃（七成热）。
"""
HELD_OUT = """
待油温 6 成热，加入泡姜、泡椒、野山椒、大蒜，超出香味，加入豆瓣酱 «20» 克，中火翻炒至出红油（时间控制在 30 秒），倒入 «400»ml 啤酒，
牛腱子肉切成 8cm，不超过 10cm 的肉块
将冲洗好的酸菜丝加入锅中，翻炒 3 分钟。
热锅，锅内放入 «10»ml 食用油。
手枪腿鸡腿改花刀：在每只手枪腿鸡腿的"枪管"处，平行于"枪管"用小刀切 4-6 刀，下刀尽可能深。
取饮用水 «1177» 克。
用擀面杖擀成长椭圆形或泪滴形面饼，厚度约 4-5mm
将桂圆肉扒出，用清水洗两次，放入碗中浸泡 10 分钟
油炸过程持续大约 20 分钟，当观察到猪肘皮已经全部呈现出浅棕色，而瘦肉部分已经微焦，则可捞出备用。
10 分钟的时候加 盐 （«3» 克） 生抽( «10» ml ) 老抽( «5» ml)
炖煮结束后，乘一碗米饭，将软烂的卤肉浇在米饭上，并加上卤蛋，开始享用。
倒入淀粉与水的混合物勾芡，加入盐 «3»g，鸡精 «2»g，翻炒 2-3 分钟出锅。
倒入 «50» ml 清水
放入 «80» g 面粉，«20» g 淀粉（注意是 «20» g 淀粉，剩下 «60» g 备用），«2» - «3» g 吉士粉，盐 «1» g。
老豆腐切片 （个人建议，仅供参考 人 * 5 片，厚度 1.2 cm）
倒入 «20» 毫升料酒
青菜切碎，菜梗和菜叶分开放，菜梗切成 0.5 cm 边长的正方形小块，菜叶切成长 2-3 cm，宽 1-1.5 cm 的长方形小块
锅中加入水、白砂糖，沿着一个方向慢慢搅动白砂糖，直到白砂糖颜色变成褐色
小米辣，切成 5-10mm 的小段，备用
加入 «200» 克牛奶 （牛奶密度在此处记为 1 ）
生抽 «5»ml
将茄子、土豆切成约 6 立方厘米的块，辣椒切成 5 克的小块，肉切成 3 厘米的丝。
«两»个鸡蛋放入碗中打散
加入 «1»g 盐 (如果后续的口味食材含盐需自己斟酌)
切«一»个凤梨, 准备 «6» 个 （每个 1.5-2 cm）凤梨块
加入 «10» ml 生抽，«5» ml 蚝油，«2» g 白糖，加入 «30» ml 饮用水。
豆角去筋，切2-10cm小段，备用。
酒酿会一直持续发酵。
凉水锅中放入五花肉大块，加入 «20»ml 料酒 与 A包（«2» 片姜、«2» 段葱段），煮 15 分钟去掉血腥，捞出来后洗干净；
锅清洗干净烧热，加 «60»ml 的花生油
"""

# Written for the rules, one kind of number a line.
KINDS = """
放入盐 «2»g
加 «500»ml 清水
取 «50»g 面粉
鸡蛋 «2» 个打散
«两»勺生抽
«1/2» 茶匙料酒
加 «1 1/2» 茶匙盐
«半»碗水
«三»根葱切段
加«一»勺盐
加«半»斤牛腩
«二»两牛腩
蒜«两»瓣
取一个碗打入«两»个鸡蛋
倒入 «20»ml - «25»ml 食用油
加入 «2»-«3» 瓣蒜
加盐«2»克糖«3»克
蚝油、生抽各 «2»ml
八角 «3» 个 香叶 «2» 片
面团分成 «6» 个等大的小剂子（每个约 80g）
清水 «3» 汤匙分三次加
炖 30 分钟
烤箱 180 度，油温七成热，约 160℃
切 2cm 段，切成 1.5 厘米见方
第 2 步里第一次放的
每个鸡翅划 2 刀，翻面 2 次
清水分 3 次加入，一分为二，对半切开
水和米 1:1
一个土豆切成四瓣，每个约 30g
重复 3 遍，大火 5 分钟
翻炒一下，一起下锅，放一旁
放在一个碗里，烧一锅水，准备 2 个碗
把鸡蛋打入两个小碗
捞一块土豆尝一下，中途搅一两次
鸡蛋一个一个打入，肉片一片片下锅
每 100 克面粉加 50ml 水
加 250 克水 / 人
加入份数 * 9ml 油
加入 1g * 份数 的盐
锅内放入 «25» ml 油（如果不沾淀粉，放 «20» ml）
容量约 350 毫升的玻璃杯
取一张饺子皮，放 10g 馅
1 个小时后，小葱一半打结，切去两头
"""


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def _more(written: str) -> str:
    """A labelled number plus 700, which no step has, as it comes out."""
    han = {"半": 0.5, "一": 1, "两": 2, "二": 2, "三": 3}
    value = han.get(written) or sum(_fraction(part) for part in written.split())
    return f"{value + 700:.10g}"


def _fraction(text: str) -> float:
    over, _, under = text.partition("/")
    return float(over) / float(under or 1)


@pytest.mark.parametrize("labelled", _lines(SEEN) + _lines(HELD_OUT) + _lines(KINDS))
def test_amounts_in_steps(labelled: str) -> None:
    text = re.sub("[«»]", "", labelled)
    expected = re.sub("«(.+?)»", lambda found: _more(found[1]), labelled)
    written = rewrite(text, frozenset({"凤梨"}), lambda _food, _unit, value: value + 700, lambda *_: False)
    assert written == expected


def _recipe(*lines: str, steps: tuple[str, ...] = (), servings: Range | None = None, name: str = "菜") -> Recipe:
    ingredients = tuple(
        Ingredient(raw=line, name=item.name, min=item.min, max=item.max, unit=item.unit, vague=item.vague, alt=item.alt)
        for line in lines
        for item in read_line(line).items
    )
    return Recipe(
        id="0",
        name=name,
        title=name,
        source=Source(path="菜.md"),
        ingredients=ingredients,
        steps=tuple(Step(text=text) for text in steps),
        servings=servings,
    )


@pytest.mark.parametrize(
    ("line", "factor", "expected"),
    [
        ("牛肉 300 克", 2, 600),
        ("牛肉 256 克", 2, 512),
        ("牛肉 400 克", 4 / 3, 535),
        ("清水 500ml", 3, 1500),
        ("牛腩 0.5 斤", 1.5, 0.75),
        ("盐 2g", 2, 3.5),
        ("盐 2g", 0.5, 1),
        ("盐 5 克", 4, 15),
        ("生抽 15ml", 2, 26),
        ("八角 1 个", 2, 2),
        ("八角 2 个", 2, 3),
        ("食用油 20ml", 2, 32),
        ("花椒 5g", 3, 11),
        ("青椒 2 个", 2, 4),
        ("黄油 20g", 2, 40),
        ("白糖 10g", 2, 20),
        ("鸡蛋 1 个", 4 / 3, 1.5),
        ("鸡蛋 1 个", 0.1, 0.5),
        ("鸡蛋 3 个", 2, 6),
        ("土豆 1 个", 1.5, 1.5),
        ("土豆 1 个", 0.25, 0.25),
        ("蒜 3 瓣", 1.5, 5),
        ("蒜 1 瓣", 0.2, 1),
        ("料酒 1/2 茶匙", 2, 1),
        ("小苏打 0.3 克", 2, 0.6),
    ],
)
def test_one_amount(line: str, factor: float, expected: float) -> None:
    (ingredient,) = scale(_recipe(line), factor).recipe.ingredients
    assert (ingredient.min, ingredient.max) == (expected, expected)


def test_the_source_says_how_to_round() -> None:
    up, down = scale(_recipe("鸡蛋 1.5 个（向上取整）", "青椒 1.5 个（向下取整）"), 3).recipe.ingredients
    assert (up.min, down.min) == (5, 4)


def test_ranges_vague_amounts_and_brackets() -> None:
    scaled = scale(_recipe("蒜 2-3 瓣", "香菜 适量", "黄瓜 1 支（约 350g）", "鸡腿 2 只（每只约 200g）"), 2)
    garlic, coriander, cucumber, leg = scaled.recipe.ingredients
    assert (garlic.min, garlic.max) == (4, 6)
    assert (coriander.min, coriander.vague) == (None, "适量")
    assert cucumber.raw == "黄瓜 2 支（约 700g）"
    assert leg.raw == "鸡腿 4 只（每只约 200g）"
    assert any("香菜" in note for note in scaled.notes)


def test_steps_follow_the_table_and_times_stay() -> None:
    recipe = _recipe("盐 2g", "鸡蛋 2 个", steps=("打入鸡蛋 2 个，放入盐 2g，炖 30 分钟，切 2cm 段。",))
    scaled = scale(recipe, 2)
    assert scaled.recipe.steps[0].text == "打入鸡蛋 4 个，放入盐 3.5g，炖 30 分钟，切 2cm 段。"
    assert any("盐 2g → 3.5g" in note and "0.8 次方" in note for note in scaled.notes)
    assert not any("鸡蛋" in note for note in scaled.notes)


def test_dough_keeps_its_ratios() -> None:
    scaled = scale(_recipe("面粉 500g", "酵母 5g", "盐 5g", "食用油 10ml", name="馒头"), 2)
    assert [i.min for i in scaled.recipe.ingredients] == [1000, 10, 10, 20]
    assert any("比例" in note for note in scaled.notes)


@pytest.mark.parametrize("factor", [0, -1, 101, math.inf, math.nan])
def test_absurd_factors_are_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="倍数"):
        scale(_recipe("盐 2g"), factor)


def test_servings() -> None:
    recipe = _recipe("盐 2g", servings=Range(2, 4))
    assert serves(recipe) == 3
    assert factor_for_servings(recipe, 6) == 2
    assert scale(recipe, 2).recipe.servings == Range(4, 8)
    assert serves(_recipe("盐 2g", servings=Range(3, None))) == 3
    assert serves(_recipe("盐 2g")) is None
    assert factor_for_servings(_recipe("盐 2g"), 4) is None
    assert factor_for_servings(recipe, 0) is None


@pytest.mark.parametrize(
    ("lines", "asked", "expected"),
    [
        (("牛腩 500 克",), ("牛肉", 300, "克"), 0.6),
        (("牛肉 1 斤",), ("牛肉", 300, "克"), 0.6),
        (("五花肉 500g",), ("猪肉", 1, "公斤"), 2),
        (("西红柿 2 个",), ("番茄", 3, "个"), 1.5),
        (("鸡蛋 2 个",), ("鸡蛋", 3, None), 1.5),
        (("黄瓜 1 支（约 350g）",), ("黄瓜", 700, "g"), 2),
        (("鸡腿 2 只（每只约 200g）",), ("鸡腿", 800, "克"), 2),
        (("牛奶 250ml",), ("牛奶", 1, "升"), 4),
        (("牛腩 500 克", "牛腱子 300 克"), ("牛肉", 300, "克"), None),
        (("土豆 2 个",), ("土豆", 300, "克"), None),
        (("香菜 适量",), ("香菜", 10, "克"), None),
        (("土豆 2 个",), ("牛肉", 300, "克"), None),
        (("土豆 2 个",), ("土豆", 0, "个"), None),
    ],
)
def test_by_one_ingredient(
    lines: tuple[str, ...], asked: tuple[str, float, str | None], expected: float | None
) -> None:
    found = factor_for_ingredient(_recipe(*lines), *asked)
    assert (found and found.factor) == (expected and pytest.approx(expected))


def test_what_there_is_of_a_strong_seasoning_is_used_up() -> None:
    recipe = _recipe("盐 5g")
    found = factor_for_ingredient(recipe, "盐", 15, "g")
    assert found is not None
    assert scale(recipe, found.factor).recipe.ingredients[0].min == 15


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("六月鲜酱油", "salty"),
        ("食用盐", "salty"),
        ("郫县豆瓣酱", "salty"),
        ("花椒粉", "spice"),
        ("香油", "spice"),
        ("青辣椒", "plain"),
        ("番茄酱", "plain"),
        ("菜籽油", "oil"),
        ("淡奶油", "plain"),
        ("鸡蛋", "egg"),
        ("蛋糕", "plain"),
    ],
)
def test_classes(name: str, key: str) -> None:
    assert class_of(name).key == key


@cache
def _house(path: Path) -> Recipe:
    (recipe,) = read_file(SourceFile(path), build(Options()))
    assert isinstance(recipe, Recipe)
    return recipe


@pytest.mark.parametrize("path", COOKBOOK, ids=lambda path: path.stem)
def test_house_cookbook(path: Path) -> None:
    recipe = _house(path)
    same = scale(recipe, 1)
    assert same.recipe == recipe
    assert same.notes == ()
    for factor in (0.5, 2, 3.5):
        scaled = scale(recipe, factor).recipe
        assert [step.minutes for step in scaled.steps] == [step.minutes for step in recipe.steps]
        for old, new in zip(recipe.steps, scaled.steps, strict=True):
            results: list[float] = []
            # Every number of the new text is in the old one, or what the rule makes of a number there.
            _record(old.text, recipe, factor, results)
            allowed = {float(n) for n in _NUMBERS.findall(old.text)} | {round(r, 4) for r in results}
            assert {float(n) for n in _NUMBERS.findall(new.text)} <= allowed
            assert re.findall(r"[\d–.]+ (?:分钟|秒|小时|厘米|毫米)", old.text) == re.findall(
                r"[\d–.]+ (?:分钟|秒|小时|厘米|毫米)", new.text
            )


def _record(text: str, recipe: Recipe, factor: float, results: list[float]) -> None:
    """What the rule makes of each amount of a text, by scaling a recipe that has it as an ingredient."""
    names = frozenset(i.name for i in recipe.ingredients)

    def rule(food: str | None, unit: str, value: float) -> float:
        line = Ingredient(raw="", name=food or "料", min=value, max=value, unit=unit)
        alone = replace(recipe, ingredients=(*recipe.ingredients, line), steps=())
        results.append(scale(alone, factor).recipe.ingredients[-1].min or 0)
        return value

    rewrite(text, names, rule, lambda *_: True)


@given(st.text(alphabet="加盐水蛋一两三半个勺克ml0123456789./-～至（）每切成 ，。", max_size=40))
def test_any_text_is_survived(text: str) -> None:
    recipe = _recipe("盐 2g", "鸡蛋 2 个", steps=(text,))
    assert scale(recipe, 1).recipe.steps[0].text == text
    scale(recipe, 2)
