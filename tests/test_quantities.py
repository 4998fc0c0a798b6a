"""Ingredient lines: the conventions rule by rule, the labelled lines with a floor, and what holds for any string."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.parse import LABELS, faults, read_labels
from shishen.domains.cooking.quantities import read_afresh, read_line
from shishen.records import Item

UNITS = ("克", "g", "ml", "个", "勺", "根", "片", "瓣", "小勺")


def items(raw: str) -> list[tuple[object, ...]]:
    """The items of a line as short tuples: name, min, max, unit, and what else is set."""
    return [_short(item) for item in read_line(raw).items]


def _short(item: Item) -> tuple[object, ...]:
    extra = [f"vague {item.vague}"] if item.vague else []
    extra += ["optional"] if item.optional else []
    extra += [f"alt {'/'.join(item.alt)}"] if item.alt else []
    return (item.name, item.min, item.max, item.unit, *extra)


# fmt: off
EXAMPLES = [
    ("2-3段大葱", "ingredient", [("大葱", 2, 3, "段")]),
    ("两三个八角", "ingredient", [("八角", 2, 3, "个")]),
    ("大料一个", "ingredient", [("大料", 1, 1, "个")]),
    ("2两鸡毛菜（或青菜）", "ingredient", [("鸡毛菜", 2, 2, "两", "alt 青菜")]),
    ("1只三黄鸡（2斤左右）", "ingredient", [("三黄鸡", 1, 1, "只")]),
    ("个鸡蛋6", "ingredient", [("鸡蛋", 6, 6, "个")]),
    ("各20克小香葱、香菜", "ingredient", [("小香葱", 20, 20, "克"), ("香菜", 20, 20, "克")]),
    ("醋 7.5 ml + 4 ml * 份数", "ingredient", [("醋", 11.5, 11.5, "ml")]),
    ("孜然用量为 20 g/人", "ingredient", [("孜然", 20, 20, "g")]),
    ("酸笋 50g（可选）", "ingredient", [("酸笋", 50, 50, "g", "optional")]),
    ("几片薄荷叶", "ingredient", [("薄荷叶", None, None, "片", "vague 几")]),
    ("吃多少放多少颗青菜", "ingredient", [("青菜", None, None, "颗", "vague 随意")]),
    ("30g迷迭香 Fresh rosemary,crushed", "ingredient", [("迷迭香", 30, 30, "g")]),
    ("啤酒 200 ml（如果放了虾，追加 50-100 ml）", "ingredient", [("啤酒", 200, 200, "ml")]),
    ("【油皮】", "header", []),
    ("便当盒", "tool", [("便当盒", None, None, None)]),
    ("见详细做法见详细做法", "noise", []),
]


@pytest.mark.parametrize(("raw", "kind", "expected"), EXAMPLES)
def test_examples_of_the_conventions(raw: str, kind: str, expected: list[tuple[object, ...]]) -> None:
    assert read_line(raw).kind == kind
    assert items(raw) == expected


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("芥菜的用量为 100g", "芥菜"), ("白糖量 5g", "白糖"), ("200g欧芹 Parsley", "欧芹"),
        ("茄子🍆 1 根", "茄子"), ("**鲜虾** 200g", "鲜虾"), ("[辣椒油](../酱/辣椒油.md) 10ml", "辣椒油"),
        ("5g鹽", "鹽"),
    ],
)
def test_rule_1_the_name_as_written_without_what_surrounds_it(raw: str, name: str) -> None:
    assert [i.name for i in read_line(raw).items] == [name]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("新鲜草莓 100g", "草莓"), ("自制番茄酱 20g", "番茄酱"), ("3个煮熟的鸡蛋", "鸡蛋"),
        ("去皮荸荠 5 个", "荸荠"), ("30克洋葱，切丁", "洋葱"), ("2根葱 切段", "葱"),
        ("冷冻虾仁 10 只", "冷冻虾仁"), ("全麦吐司 2 片", "全麦吐司"), ("温水 80ml", "温水"),
        ("干香菇 4 朵", "干香菇"), ("蒜末 5g", "蒜末"), ("剁椒 10g", "剁椒"), ("泡椒 10g", "泡椒"),
    ],
)
def test_rule_2_preparation_goes_and_products_stay(raw: str, name: str) -> None:
    assert [i.name for i in read_line(raw).items] == [name]


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ("盐、白糖，米醋 生抽", ["盐", "白糖", "米醋", "生抽"]), ("虾仁 + 青豆", ["虾仁", "青豆"]),
        ("草莓&蓝莓", ["草莓", "蓝莓"]), ("盐味精", ["盐", "味精"]), ("适量姜蒜香菜", ["姜", "蒜", "香菜"]),
        ("生抽和香醋", ["生抽", "香醋"]), ("青、红椒各1个", ["青椒", "红椒"]), ("和牛 200g", ["和牛"]),
        ("南瓜小米粥", ["南瓜小米粥"]), ("孜然羊肉料", ["孜然羊肉料"]),
    ],
)
def test_rule_3_one_item_for_each_ingredient(raw: str, names: list[str]) -> None:
    assert [i.name for i in read_line(raw).items] == names


@pytest.mark.parametrize(
    ("raw", "name", "alternatives"),
    [
        ("花生油或玉米油 10ml", "花生油", ("玉米油",)), ("菠菜/油菜/生菜", "菠菜", ("油菜", "生菜")),
        ("白酒 or 黄酒", "白酒", ("黄酒",)), ("梨（或者苹果） 1 个", "梨", ("苹果",)),
        ("低筋或中筋面粉 200g", "低筋面粉", ("中筋面粉",)), ("白糖 10g 或蜂蜜 15g", "白糖", ("蜂蜜",)),
        ("猪油（可用黄油代替）", "猪油", ()), ("盐、糖或蜂蜜", "盐", ("糖", "蜂蜜")),
        ("雪碧/可乐二选一", "雪碧", ("可乐",)),
    ],
)
def test_rule_4_alternatives_are_one_item(raw: str, name: str, alternatives: tuple[str, ...]) -> None:
    (item,) = read_line(raw).items
    assert (item.name, item.alt) == (name, alternatives)


@pytest.mark.parametrize(
    ("raw", "low", "unit"),
    [
        ("土豆 2 个（约 300g）", 2, "个"), ("年糕 4 条 200g", 4, "条"), ("1只500g鸽子", 1, "只"),
        ("茄子（2 根）", 2, "根"), ("冬笋（可选，80g）", 80, "g"), ("肉桂 1 根（约 5cm）", 1, "根"),
        ("豆腐 大约 300 克左右", 300, "克"), ("山药 直径3厘米 一段", 1, "段"),
    ],
)
def test_rule_5_the_first_quantity_outside_brackets(raw: str, low: float, unit: str) -> None:
    (item,) = read_line(raw).items
    assert (item.min, item.max, item.unit) == (low, low, unit)


@pytest.mark.parametrize(
    ("raw", "value", "unit"),
    [
        ("半棵白菜", 0.5, "棵"), ("大半碗清水", 0.5, "碗"), ("一斤半排骨", 1.5, "斤"),
        ("三分之一杯牛奶", 0.3333, "杯"), ("¼ 个南瓜", 0.25, "个"), ("2½ 杯面粉", 2.5, "杯"),
        ("1 1/2 杯面粉", 1.5, "杯"), ("十二颗红枣", 12, "颗"), ("红枣", None, None),
    ],
)
def test_rule_6_numbers(raw: str, value: float | None, unit: str | None) -> None:
    (item,) = read_line(raw).items
    assert item.min == item.max
    assert item.min == pytest.approx(value, abs=0.01)
    assert item.unit == unit


@pytest.mark.parametrize(
    ("raw", "low", "high", "unit"),
    [
        ("4-6朵木耳", 4, 6, "朵"), ("4~6朵木耳", 4, 6, "朵"), ("4至6朵木耳", 4, 6, "朵"),
        ("4到6朵木耳", 4, 6, "朵"), ("7、8朵木耳", 7, 8, "朵"), ("7，8朵木耳", 7, 8, "朵"),
        ("3 4朵木耳", 3, 4, "朵"), ("六七朵木耳", 6, 7, "朵"), ("半碗-1碗清水", 0.5, 1, "碗"),
        ("80克+-5克牛奶", 75, 85, "克"), ("80+-5克牛奶", 75, 85, "克"), ("一两根黄瓜", 1, 2, "根"),
        ("一两牛肉", 1, 1, "两"), ("20多颗葡萄", 20, None, "颗"), ("水 ≥50 ml", 50, None, "ml"),
        ("冰块 100 克以上", 100, None, "克"), ("少于2个辣椒", None, 2, "个"), ("十几颗葡萄", 11, 19, "颗"),
        ("十来颗葡萄", 10, 10, "颗"),
    ],
)
def test_rule_7_ranges(raw: str, low: float | None, high: float | None, unit: str) -> None:
    (item,) = read_line(raw).items
    assert (item.min, item.max, item.unit) == (low, high, unit)


@pytest.mark.parametrize(
    ("raw", "low", "unit"),
    [
        ("30G红糖", 30, "g"), ("30mL米酒", 30, "ml"), ("1L清水", 1, "l"), ("2小勺米酒", 2, "小勺"),
        ("3大片五花肉", 3, "大片"), ("2青椒", 2, None), ("朵香菇", None, "朵"), ("克红糖30", 30, "克"),
        ("根葱    半", 0.5, "根"), ("1包菜", 1, None),
    ],
)
def test_rule_8_the_unit_as_written(raw: str, low: float | None, unit: str | None) -> None:
    (item,) = read_line(raw).items
    assert (item.min, item.max, item.unit) == (low, low, unit)


@pytest.mark.parametrize(
    ("raw", "value", "unit"),
    [
        ("盐 = 份数 * 3g", 3, "g"), ("虾皮 10 个 * 份数", 10, "个"), ("米饭 200 g/人", 200, "g"),
        ("鸡蛋 1 个/per", 1, "个"), ("酱油 每个生蚝 2 ml", 2, "ml"), ("盐量 = 鸭肉斤数 * 2 克", 2, "克"),
        ("糖 5 ml + 2.5 ml * 份数", 7.5, "ml"), ("10g+25g糖", 35, "g"), ("面粉 60 x 2 = 120g", 120, "g"),
        ("面粉 60g x 2 = 120g", 120, "g"), ("生抽 60g = 15g * 4", 60, "g"), ("1.5倍清水", 1.5, "倍"),
        ("大米的3倍清水", 3, "倍"),
    ],
)
def test_rule_9_formulas_for_one_part(raw: str, value: float, unit: str) -> None:
    (item,) = read_line(raw).items
    assert item.min == item.max == pytest.approx(value)
    assert item.unit == unit


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("葱、姜各10克", [("葱", 10, 10, "克"), ("姜", 10, 10, "克")]),
        ("适量盐、糖", [("盐", None, None, None, "vague 适量"), ("糖", None, None, None, "vague 适量")]),
        ("姜、糖适量", [("姜", None, None, None, "vague 适量"), ("糖", None, None, None, "vague 适量")]),
        ("葱 1 根、姜 2 片、盐", [("葱", 1, 1, "根"), ("姜", 2, 2, "片"), ("盐", None, None, None)]),
    ],
)
def test_rule_10_one_quantity_for_a_list(raw: str, expected: list[tuple[object, ...]]) -> None:
    assert items(raw) == expected


@pytest.mark.parametrize(
    ("raw", "unit", "vague"),
    [
        ("适量白醋", None, "适量"), ("白醋少许", None, "少许"), ("白醋 一点点", None, "一点点"),
        ("一丢丢白醋", None, "一丢丢"), ("若干葡萄干", None, "若干"), ("数根香葱", "根", "数"),
        ("好几勺白醋", "勺", "好几"), ("若干颗葡萄", "颗", "若干"), ("根据口味白醋", None, "随意"),
        ("看个人喜好白醋", None, "随意"), ("按需白醋", None, "随意"), ("想吃多少放多少白菜", None, "随意"),
        ("抹匀一只鸭盐", None, "其他"), ("非常多白醋", None, "其他"), ("适量白醋5ml", "ml", None),
    ],
)
def test_rule_11_vague_amounts(raw: str, unit: str | None, vague: str | None) -> None:
    (item,) = read_line(raw).items
    assert (item.unit, item.vague) == (unit, vague)


@pytest.mark.parametrize(
    "mark", ["可选", "可不放", "可无", "可加可不加", "可有可无", "非必须", "可省略", "不吃辣可不放", "选做"]
)
def test_rule_12_optional_where_it_is_marked(mark: str) -> None:
    (item,) = read_line(f"葱花 5g（{mark}）").items
    assert item.optional


@pytest.mark.parametrize("remark", ["品牌可选 海天", "推荐新鲜的", "可选用小葱", "备选大葱", "多放一点"])
def test_rule_12_and_only_there(remark: str) -> None:
    (item,) = read_line(f"葱花 5g（{remark}）").items
    assert not item.optional
    assert item.alt == ()


def test_rule_12_holds_for_the_marked_name_only() -> None:
    assert [i.optional for i in read_line("`鸭蛋`、`香菇`（可选）、`豆皮`").items] == [False, True, False]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("【馅料】", "header"), ("#蛋糕体", "header"), ("馅料：", "header"), ("A 面糊", "header"),
        ("材料2", "header"), ("以上是内馅部分", "header"), ("**面糊**", "header"), ("1杯=240ml", "noise"),
        ("一碗容量是 400ml。", "noise"), ("见步骤图", "noise"), ("----", "noise"), ("", "noise"),
        ("适量", "noise"), ("酱油 : 醋 = 3 : 2 : 1", "noise"), ("成品大概800克", "noise"), ("烤箱", "tool"),
        ("6寸模具1个", "tool"), ("盆（两个）", "tool"), ("筷子或叉子", "tool"),
        ("火锅底料 50g", "ingredient"), ("油 + 锅", "ingredient"),
    ],
)
def test_kinds(raw: str, kind: str) -> None:
    assert read_line(raw).kind == kind


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("3條黃瓜", [("黃瓜", 3, 3, "條")]), ("1个🥔", [("🥔", 1, 1, "个")]),
        ("Masala 粉 5g", [("Masala 粉", 5, 5, "g")]), ("2个，约120克鸡蛋", [("鸡蛋", 2, 2, "个")]),
        ("1个、2片、3粒八角、香叶、丁香", [("八角", 1, 1, "个"), ("香叶", 2, 2, "片"), ("丁香", 3, 3, "粒")]),
        ("酱油、醋各一勺，糖半勺", [("酱油", 1, 1, "勺"), ("醋", 1, 1, "勺"), ("糖", 0.5, 0.5, "勺")]),
        ("冬瓜300g 排骨500g 姜3片", [("冬瓜", 300, 300, "g"), ("排骨", 500, 500, "g"), ("姜", 3, 3, "片")]),
        ("白糖 10g，用于腌肉", [("白糖", 10, 10, "g")]), ("白糖，20g", [("白糖", 20, 20, "g")]),
        ("水：没过食材即可，约 800ml", [("水", 800, 800, "ml")]),
        ("两包吃不完可以冷冻啦苤蓝", [("苤蓝", 2, 2, "包")]),
    ],
)
def test_lines_that_need_more_than_one_rule(raw: str, expected: list[tuple[object, ...]]) -> None:
    assert items(raw) == expected


def test_a_group_name_before_the_content_is_dropped() -> None:
    assert items("腌料：盐 5g、白糖 3g") == [("盐", 5, 5, "g"), ("白糖", 3, 3, "g")]
# fmt: on


@pytest.mark.parametrize(
    "name", ["八角", "五花肉", "五香粉", "十三香", "三文鱼", "三黄鸡", "千张", "百合", "七彩椒", "九层塔", "六月鲜"]
)
def test_names_that_begin_with_a_number(name: str) -> None:
    assert items(name) == [(name, None, None, None)]
    assert items(f"2个{name}") == [(name, 2, 2, "个")]
    assert items(f"{name} 10g") == [(name, 10, 10, "g")]


@pytest.mark.parametrize(
    ("file", "ordinary", "hard"), [("xiachufang_dev.jsonl", 0.98, 0.95), ("howtocook_dev.jsonl", 0.98, 0.95)]
)
def test_labelled_lines(file: str, ordinary: float, hard: float) -> None:
    labels = read_labels(LABELS / file)
    for stratum, floor in (("ordinary", ordinary), ("hard", hard)):
        verdicts = [not faults(label, read_line(label.raw)) for label in labels if label.stratum == stratum]
        assert sum(verdicts) / len(verdicts) >= floor


# What lines are made of, signs and words that mean something to the reader.
SIGNS = (
    "，。、；：？！（）()【】[]｛｝*/\\+-~～=≥ \t\n#`|<>%°℃½¼¾①👇🥔"
    "或和各约适量少许半一二两三几克个勺片g ml盐糖葱姜蒜八角面粉可选0123456789."
)


@given(st.text(max_size=200) | st.text(alphabet=SIGNS, max_size=80))
def test_any_string_gives_a_consistent_line(raw: str) -> None:
    line = read_line(raw)
    assert line.raw == raw
    assert bool(line.items) == (line.kind in ("ingredient", "tool"))
    for item in line.items:
        assert item.name
        assert item.name == item.name.strip()
        if item.min is not None and item.max is not None:
            assert 0 <= item.min <= item.max
        if item.min is not None or item.max is not None:
            assert item.vague is None
        assert not any("\ue000" <= c <= "\uf8ff" for text in (item.name, *item.alt) for c in text)


@given(
    st.integers(min_value=1, max_value=9999),
    st.sampled_from(UNITS),
    st.sampled_from(["盐", "五花肉", "八角", "低筋面粉", "葱花", "鸡蛋", "十三香", "可可粉"]),
)
def test_numbers_come_from_the_line(number: int, unit: str, name: str) -> None:
    expected = [(name, number, number, unit)]
    assert items(f"{number}{unit}{name}") == expected
    assert items(f"{name} {number}{unit}") == expected
    assert items(f"{name}：{number} {unit}") == expected
    assert items(f"{name}（{number}{unit}）") == expected


@given(st.text(alphabet=SIGNS, max_size=60))
def test_digits_are_never_invented(raw: str) -> None:
    if re.search(r"[0-9½¼¾①零〇一二两三四五六七八九十百千半几]", raw):
        return
    assert all(i.min is None and i.max is None for i in read_line(raw).items)


@given(st.sampled_from([label.raw for label in read_labels(LABELS / "xiachufang_dev.jsonl")]))
def test_a_name_read_again_is_the_same_name(raw: str) -> None:
    for item in read_line(raw).items:
        again = read_line(item.name).items
        assert [i.name for i in again] == [item.name]


@pytest.mark.parametrize(
    "unit", ["盐5g、", "(", "葱姜蒜", "1/", "一", "或", " ", "半", "各", "5克+", "[a](", "*", "1-", "的"]
)
def test_a_megabyte_is_read_in_no_time(unit: str) -> None:
    start = time.process_time()
    line = read_line(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 0.5
    assert line.kind in ("ingredient", "header", "tool", "noise")


def test_a_typical_line_takes_little_time() -> None:
    labels = read_labels(LABELS / "howtocook_dev.jsonl")
    read_line("盐 5g")
    start = time.process_time()
    for label in labels:
        read_afresh(label.raw)
    assert (time.process_time() - start) / len(labels) < 0.001
