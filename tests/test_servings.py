"""How many the amounts serve, only where it is said."""

import pytest

from shishen.domains.cooking.servings import read_servings
from shishen.records import Range


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2 人", (2, 2)),
        ("3–4 人份", (3, 4)),
        ("2 servings", (2, 2)),
        ("Serves 4", (4, 4)),
        ("两人份", (2, 2)),
        ("4", (4, 4)),
        ("每次制作前需要确定计划做几份。一份正好够 2-3 个人食用。\n\n每份：\n- 豆腐 250g", (2, 3)),
        ("每份：\n- 排骨 300g", (1, 1)),
        ("以下为一份两人食用的量：\n- 牛腩 500g", (2, 2)),
        ("- 牛肉用量为 250 g/人\n- 盐 3 g/人", (1, 1)),
        ("- 意大利面 50 克 / 人", (1, 1)),
        ("每 2 份：\n- 鳕鱼 2 片", (2, 2)),
        ("这里以 2 份 为例进行编排。", (2, 2)),
        ("每份（约 2 人份）：\n- 虾 250g", (2, 2)),
        ("注意，该菜只有 3 人以上版本", (3, None)),
        ("注意，这道菜默认一人版本，两人也够吃", (1, 1)),
        ("如下的量两个人够吃，一个人吃直接搭配个米饭也可以的。", (2, 2)),
        ("1 人份 * 2 顿 = 2 人份", (2, 2)),
        ("每份：\n- 鸡三到四个人的量是四斤", (3, 4)),
        ("本菜谱为 1 份，可供 6～8 人食用。", (6, 8)),
        ("* 面 120 克 * 份数", (1, 1)),
    ],
)
def test_said(text: str, span: tuple[float, float | None]) -> None:
    read = read_servings(text)
    assert read is not None
    assert (read.min, read.max) == span


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "- 鸡蛋两只\n- 盐 2g",
        "- 姜 30g（分为两份：15g 焯水用，15g 炒制用）",
        "半盒约六碗份，不用担心一个人吃不完。",
        "6 寸一个",
    ],
)
def test_not_said(text: str | None) -> None:
    assert read_servings(text) is None


@pytest.mark.parametrize("text", ["一杯分量，约 500 毫升\n- 柠檬 40 克", "按照 1 盘的份量：\n- 鸡翅 10 个"])
def test_a_cup_or_a_plate_that_is_called_a_portion_is_one(text: str) -> None:
    assert read_servings(text) == Range(1, 1)
