"""The checker of numbers: what it reads, what it lets pass, and what it finds."""

from collections import Counter

import pytest

from benchmarks.grounding import Asked, Judge
from benchmarks.grounding_numbers import quantities, scaled_rightly
from shishen.records import Ingredient, Range, Recipe, Source, Step

DISH = Recipe(
    id="a",
    name="红烧肉",
    title="红烧肉的做法",
    source=Source(path="菜/红烧肉.md"),
    minutes=90,
    difficulty=3,
    servings=Range(2, 2),
    ingredients=(
        Ingredient(raw="五花肉 500 克", name="五花肉", min=500, max=500, unit="克"),
        Ingredient(raw="盐 5 克", name="盐", min=5, max=5, unit="克"),
        Ingredient(raw="鸡蛋 3 个", name="鸡蛋", min=3, max=3, unit="个"),
    ),
    steps=(
        Step(text="五花肉 500 克切块，焯水 5 分钟"),
        Step(text="如图", noise=True),
        Step(text="加盐 5 克，炖 1 小时", minutes=(Range(60, 60),)),
    ),
    tips=("别超过 2 小时",),
)
OTHER = Recipe(id="b", name="炒蛋", title="炒蛋", source=Source(path="菜/炒蛋.md"), minutes=10, difficulty=1)


def kinds(text: str, said: str = "红烧肉", factor: float | None = None, step: int | None = None) -> set[str]:
    names = Counter({"红烧肉": 1, "炒蛋": 1})
    return {kind for kind, _, _ in Judge(text, [DISH, OTHER], Asked("test", (said,), factor, step), names).faults()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("盐 2g", [(2, "g")]),
        ("10–12 只", [(10, "只"), (12, "只")]),
        ("1/2 茶匙，半勺，一勺半，四分之三杯", [(0.5, "茶匙"), (0.5, "勺"), (1.5, "勺"), (0.75, "杯")]),
        ("八角三小片、二十五克糖", [(3, "小片"), (25, "克")]),
        ("五花肉和十三香", []),
        ("７～８ 分钟", [(7, "分钟"), (8, "分钟")]),
    ],
)
def test_numbers_are_read_with_what_they_count(text: str, found: list[tuple[float, str]]) -> None:
    assert quantities(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "「红烧肉」里，盐：5 克。",
        "| 食材 | 用量 |\n|---|---|\n| 五花肉 | 500 克 |\n| 盐 | 5 克 |",
        "**第 2 步**（共 2 步）：加盐 5 克，炖 1 小时",
        "1. 五花肉 500 克切块，焯水 5 分钟\n2. 加盐 5 克，炖 1 小时",
        "从头到尾约 90 分钟，共 2 步、3 样材料。",
        "- 别超过 2 小时",
        "1. 「红烧肉」：约 90 分钟，难度 ★★★\n2. 「炒蛋」：约 10 分钟",
        "| | 红烧肉 | 炒蛋 |\n|---|---|---|\n| 难度 | ★★★ | ★ |\n| 时间 | 约 90 分钟 | 约 10 分钟 |",
        "> 小心：四季豆、豆角要彻底熟透：变软、失去鲜绿、没有豆腥味才能吃，没熟透会中毒。",
        "来源：菜/红烧肉.md",
    ],
)
def test_what_stands_in_the_record_passes(text: str) -> None:
    assert not kinds(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("「红烧肉」里，盐：500 克。", "amount"),
        ("| 食材 | 用量 |\n|---|---|\n| 盐 | 500 克 |", "row"),
        ("| 食材 | 用量 |\n|---|---|\n| 盐 | — |", "row"),
        ("**第 1 步**（共 2 步）：加盐 5 克，炖 1 小时", "step text"),
        ("**第 2 步**（共 3 步）：加盐 5 克，炖 1 小时", "step count"),
        ("第 3 步：加盐 5 克", "step number"),
        ("从头到尾约 45 分钟。", "number"),
        ("加两勺糖", "number"),
        ("1. 「炒蛋」：约 90 分钟", "list"),
        ("2. 「炒蛋」：约 10 分钟", "list number"),
        ("| | 红烧肉 | 炒蛋 |\n|---|---|---|\n| 难度 | ★★★ | ★ |\n| 时间 | 约 10 分钟 | 约 10 分钟 |", "list"),
        ("菜谱库里还有 4 份同名菜谱", "count"),
    ],
)
def test_what_has_no_ground_is_found(text: str, kind: str) -> None:
    assert kind in kinds(text)


def test_what_the_user_said_passes() -> None:
    assert not kinds("已按您有的 300 克五花肉", said="我只有300克五花肉")
    assert "step number" in kinds("**第 1 步**（共 2 步）：五花肉 500 克切块，焯水 5 分钟", step=2)


def test_scaling_is_calculated_anew() -> None:
    note = "盐 5克 → 8.5克：咸、酸、鲜的调料按 2 倍的 0.8 次方（约 1.74 倍）加"
    assert scaled_rightly(500, 1000, "克", 2, "")
    assert scaled_rightly(25, 13, "g", 0.5, "")
    assert not scaled_rightly(5, 8.5, "克", 2, "")
    assert scaled_rightly(5, 8.5, "克", 2, note)
    assert not scaled_rightly(5, 7, "克", 2, note)
    assert not scaled_rightly(3, 2, "个", 0.5, "")
    assert scaled_rightly(3, 2, "个", 0.5, "鸡蛋 3个 → 2个：按 0.5 倍算出零头")


def test_a_scaled_answer_must_not_show_the_old_amounts() -> None:
    table = "| 食材 | 用量 |\n|---|---|\n"
    assert not kinds(f"{table}| 五花肉 | 1000 克 |", factor=2)
    assert "row" in kinds(f"{table}| 五花肉 | 500 克 |", factor=2)
    assert "arithmetic" in kinds(f"{table}| 盐 | 8.5 克 |", factor=2)
    assert "amount" in kinds("「红烧肉」里，五花肉：500 克。", factor=2)
    assert "factor" in kinds("已换算成 4 人份（原方 2 人份，× 3）。", said="换成4个人的量", factor=2)
    assert not kinds("已换算成 4 人份（原方 2 人份，× 2）。", said="换成4个人的量", factor=2)
