"""The metrics, the intervals, the draw and the summary, each on answers whose worth is plain."""

import random

import pytest

from shishen.evaluation.answered import Answered
from shishen.evaluation.char_f1 import char_f1
from shishen.evaluation.comparison import paired, summarise
from shishen.evaluation.differences import differences
from shishen.evaluation.drawing import draw
from shishen.evaluation.exact import exact
from shishen.evaluation.grounded_amounts import amounts_right, amounts_said
from shishen.evaluation.intervals import interval, ratio
from shishen.evaluation.metrics import METRICS
from shishen.evaluation.repetition import loops, repetition
from shishen.evaluation.table import table, width
from shishen.evaluation.verdict import verdicts
from shishen.examples import Example, dialogue
from shishen.records import Message

pytest.importorskip("numpy")


def answered(model: str, example: str, said: str, reference: str, **more: object) -> Answered:
    fields: dict[str, object] = {"group": "seen", "ended": True, "tokens": len(said), **more}
    asked = (Message("user", f"{example}怎么做"),)
    return Answered(model=model, example=example, asked=asked, reference=reference, said=said, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "reference", "same"),
    [
        ("盐 3 克，糖 5 克。", "盐3克、糖5克", True),
        ("| 盐 | 3 克 |\n", "盐 3 克", True),
        ("鹽３克", "盐 3 克", True),
        ("**第 1 步**：切。", "第1步：切", True),
        ("盐 1.5 克", "盐 15 克", False),
        ("水 1/2 杯", "水 12 杯", False),
        ("盐 3–5 克", "盐 35 克", False),
        ("难度 ★★", "难度 ★★★", False),
        ("盐 3 克", "盐 3 克糖", False),
        ("", "盐", False),
    ],
)
def test_exact_looks_past_how_it_is_set_and_at_nothing_else(said: str, reference: str, same: bool) -> None:
    assert exact(said, reference) is same


def test_char_f1() -> None:
    assert char_f1("盐三克", "盐三克。") == 1
    assert char_f1("盐盐", "盐") == pytest.approx(2 / 3)
    assert char_f1("甲乙", "乙丙") == pytest.approx(0.5)
    assert char_f1("", "盐") == 0
    assert char_f1("", "") == 1


def test_amounts() -> None:
    reference = "1. 盐 3 克，煮三分钟。\n2. 面粉 500g，一起拌匀。"
    assert amounts_right("盐 3 克，煮 3 分钟，面粉 500 克", reference) == (3, 3)
    assert amounts_right("盐 4 克", reference) == (0, 1)
    assert amounts_right("六个人吃：盐 3 克", reference, ["六个人的量"]) == (2, 2)
    assert amounts_said("盐 3 克", reference) == (1, 3)
    assert amounts_said("没有数", "也没有") == (0, 0)


def test_repetition_and_loops() -> None:
    good = "五花肉切块焯水，炒糖色，小火炖一个小时，大火收汁。"
    assert repetition(good) == 0
    assert repetition("加盐拌匀" * 30) > 0.9
    assert not loops(good)
    assert loops(good + "再加一点盐，" * 5)
    assert loops(good + "再加一点盐，" * 6 + "再加")
    assert not loops("盐盐")
    assert not loops("")


def test_an_interval_holds_the_true_difference_as_often_as_it_says() -> None:
    """Two models whose dishes differ by 0.1 on average: of 200 trials about 95 in a hundred hold it."""
    chance = random.Random(7)
    held = 0
    for trial in range(200):
        dishes, first, second = [], [], []
        for dish in range(40):
            shift = chance.gauss(0.1, 0.1)
            for _ in range(3):
                base = chance.random()
                dishes.append(str(dish))
                first.append((base, 1.0))
                second.append((base + shift, 1.0))
        found = interval(first, second, dishes, seed=trial)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.1 <= found.high
    assert 0.9 <= held / 200 <= 0.99


def test_answers_about_one_dish_count_as_one() -> None:
    """The same answers as 40 dishes and as 8 dishes of 5 answers: the latter says less, and says so."""
    shifts = [0.0, 0.4, 0.1, 0.5, -0.2, 0.3, 0.2, -0.1]
    first = [(0.5, 1.0)] * 40
    second = [(0.5 + shifts[n // 5], 1.0) for n in range(40)]
    apart = interval(first, second, [str(n) for n in range(40)])
    together = interval(first, second, [str(n // 5) for n in range(40)])
    assert apart.change == together.change == pytest.approx(0.15)
    assert apart.low is not None
    assert apart.high is not None
    assert together.low is not None
    assert together.high is not None
    assert together.high - together.low > 1.5 * (apart.high - apart.low)
    assert interval(first, second, [str(n // 5) for n in range(40)]) == together


def test_too_few_dishes_and_nothing_to_judge_give_no_interval() -> None:
    assert interval([(0, 1)] * 4, [(1, 1)] * 4, list("abcd")).low is None
    assert interval([(0, 0)] * 9, [(1, 1)] * 9, list("abcdefghi")).change is None
    assert ratio([(0, 0)]) is None


def trained(count: int = 12) -> list[Answered]:
    """A base that knows the old dishes, and a tuned model that has learned the new and lost half of the old."""
    rows = []
    for n in range(count):
        right = f"第{n}道菜放盐 {n + 2} 克，煮 {n + 3} 分钟。"
        kind = ("method", "amount")[n % 2]
        for group, base, tuned in (("seen", "？", right), ("old", right, right if n % 2 else "忘了")):
            ids = {"group": group, "kind": kind, "recipes": (f"{group}{n}",)}
            rows.append(answered("base", f"{group}{n}", base, right, **ids))
            rows.append(answered("tuned", f"{group}{n}", tuned, right, **ids))
    return rows


def test_what_was_learned_and_what_was_forgotten_is_said() -> None:
    comparison = summarise(trained(), ["base", "tuned"])
    learned, forgotten = verdicts(comparison)
    assert learned.startswith(
        "tuned：学会了。教过的菜（12 问、12 道）字面 F1 0.00 → 1.00（+1.00，95% 区间 +1.00 至 +1.00）"
    )
    assert "一字不差 0% → 100%" in learned
    assert forgotten.startswith("tuned：忘了一些。以前学的菜")
    cell = comparison.cell("old", "tuned", "exact")
    assert cell is not None
    assert (cell.value, cell.change) == (0.5, -0.5)
    assert cell.high is not None
    assert cell.high < 0
    method, amount = (comparison.cell("old", "tuned", "exact", kind) for kind in ("method", "amount"))
    assert method is not None
    assert amount is not None
    assert (method.value, amount.value) == (0.0, 1.0)


def test_no_difference_and_too_few_dishes_are_said_so() -> None:
    same = summarise([r for r in trained() if r.group == "old" or r.model == "base"] + [
        answered("tuned", r.example, r.said, r.reference, kind=r.kind, recipes=r.recipes)
        for r in trained() if r.group == "seen" and r.model == "base"
    ], ["base", "tuned"])  # fmt: skip
    assert verdicts(same)[0].startswith("tuned：看不出学会")
    assert "不下结论" in verdicts(summarise(trained(3), ["base", "tuned"]))[0]


def test_only_questions_that_all_have_answered_count() -> None:
    rows = trained()
    del rows[1]
    assert len(paired(rows, ["base", "tuned"])) == 23
    cell = summarise(rows, ["base", "tuned"]).cell("seen", "base", "exact")
    assert cell is not None
    assert cell.answers == 11


def test_every_metric_takes_any_answer() -> None:
    for text in ("", " \n", "1" * 5000, "½" * 50, "①②", "\u200b", "一二三四" * 400, "|---|---|"):
        row = answered("m", "x", text, text)
        for metric in METRICS:
            part, whole = metric.score(row)
            assert 0 <= part <= whole <= max(whole, 1)


def test_the_table_stands_straight() -> None:
    text = table(summarise(trained(), ["base", "tuned"]))
    lines = [line for line in text.splitlines() if line.startswith(("字面", "一字"))]
    places = {width(line[: line.index("+") if "+" in line else line.index("-")]) for line in lines}
    assert len(lines) == 4
    assert len(places) == 1


def test_differences_show_what_is_other_and_what_is_missing() -> None:
    pieces = differences("盐 5 克，拌匀。再加糖。", "盐 3 克，拌匀。装盘。")
    assert "".join(p.text for p in pieces if p.kind != "missing") == "盐 5 克，拌匀。再加糖。"
    assert "".join(p.text for p in pieces if p.kind != "other") == "盐 3 克，拌匀。装盘。"
    assert [p.text for p in pieces if p.kind == "same"] == ["盐 ", " 克，拌匀。"]


def test_long_answers_are_compared_in_good_time() -> None:
    chance = random.Random(1)
    one, other = ("".join(chance.choices("甲乙丙丁戊己庚辛，。", k=5000)) for _ in range(2))
    pieces = differences(one, other)
    assert "".join(p.text for p in pieces if p.kind != "missing") == one


# --- the draw --------------------------------------------------------------------------------------------


def examples(count: int, kinds: int = 3, dishes: int = 5) -> list[Example]:
    return [
        Example(
            id=f"{n:04}",
            messages=dialogue([(f"问{n}", "答")]),
            kind=f"k{n % kinds}",
            recipes=(f"d{n // kinds % dishes}",),
        )
        for n in range(count)
    ]


def test_the_draw_is_spread_over_kinds_and_dishes_whatever_the_order() -> None:
    every = examples(600)
    chosen = draw(every, 15)
    assert sorted(e.kind for e in chosen) == ["k0"] * 5 + ["k1"] * 5 + ["k2"] * 5
    assert {len([e for e in chosen if e.recipes == (f"d{d}",)]) for d in range(5)} == {3}
    assert draw(reversed(every), 15) == chosen
    assert draw([*every, *every], 15) == chosen
    assert draw(every, 15, seed=1) != chosen
    assert len(draw(every[:4], 15)) == 4
    assert draw([], 15) == []


def test_a_file_with_an_id_for_a_kind_takes_no_more_room() -> None:
    many = (
        Example(id=str(n), messages=dialogue([("问", "答")]), kind=f"kind-{n}", recipes=(str(n),)) for n in range(5000)
    )
    assert len(draw(many, 20)) == 20
