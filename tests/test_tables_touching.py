"""Tables that touch: a form's head, ingredients beside steps, a foot; parted where their columns change."""

import pytest

from shishen.pages import Box, Span
from shishen.records import Draft
from tests.test_layout import at, body, column
from tests.test_structuring import dishes, flowing, lines_of, only, readings, steps_of
from tests.test_tables import cells, grid, level, texts, upright

HEAD = [("品名", "酸汤肥牛", "编号", "RC-03"), ("份量", "3人份", "时间", "40分钟")]
ENTRIES = [("肥牛卷", "500克"), ("金针菇", "200克"), ("酸菜", "1袋"), ("泡椒", "30克"), ("盐", "3克"), ("白糖", "5克")]


def stacked(*tables: tuple[list[float], list[float]]) -> list[Box]:
    """Tables one below another, each from the last line of the one above it."""
    return [rule for lefts, tops in tables for rule in grid(lefts, tops)]


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("entries", [2, 4, 6])
@pytest.mark.parametrize("foot", [0, 1, 2])
def test_a_form_s_head_stands_above_its_rows(heads: int, entries: int, foot: int) -> None:
    """Four columns, then two, then one or none."""
    wide, two = [50.0, 120.0, 300.0, 370.0, 550.0], [50.0, 250.0, 550.0]
    edges = [100.0 + 20 * n for n in range(heads + entries + 1)]
    rules = stacked((wide, edges[: heads + 1]), (two, edges[heads:]))
    spans = cells(HEAD[:heads], wide) + cells(ENTRIES[:entries], two, edges[heads])
    wanted = ["  ".join(row) for row in (*HEAD[:heads], *ENTRIES[:entries])]
    for number in range(foot):
        top = edges[-1] + 20 * number
        rules += grid([50.0, 150.0, 550.0], [top, top + 20])
        spans += cells([("备注", f"不要煮太久{number}")], [50.0, 150.0], top)
        wanted.append(f"备注  不要煮太久{number}")
    assert texts(spans, rules) == wanted


@pytest.mark.parametrize("entries", [3, 4, 6])
@pytest.mark.parametrize("lines", [6, 9])
@pytest.mark.parametrize("footed", [True, False])
def test_ingredients_beside_steps_below_a_head(entries: int, lines: int, footed: bool) -> None:
    """The steps are one cell as high as all entries; below them a foot of its own columns."""
    method = body("步", lines, 20)
    top, height = 140.0, max(20.0 * entries, 16.0 * lines + 10)
    pitch = height / entries
    tops = [top + pitch * n for n in range(entries + 1)]
    left = [50.0, 140.0, 250.0]
    rules = stacked(([50.0, 120.0, 300.0, 370.0, 550.0], [100.0, 120.0, top]), (left, tops))
    rules += [level(top, 250, 550), level(top + height, 250, 550), upright(550, top, top + height)]
    spans = cells(HEAD, [50.0, 120.0, 300.0, 370.0]) + cells(ENTRIES[:entries], left, top, pitch)
    spans += column(method, 254, top + 5)
    wanted = ["  ".join(row) for row in (*HEAD, *ENTRIES[:entries])] + method
    if footed:
        rules += grid([50.0, 150.0, 350.0, 450.0, 550.0], [top + height, top + height + 20])
        spans += cells([("制表", "张三", "审核", "李四")], [50.0, 150.0, 350.0, 450.0], top + height)
        wanted.append("制表  张三  审核  李四")
    assert texts(spans, rules) == wanted


@pytest.mark.parametrize("count", [2, 3, 4])
def test_tables_that_touch_are_read_one_after_another(count: int) -> None:
    """Each with its columns elsewhere; one has three."""
    rules, spans, wanted = [], [], []
    for number in range(count):
        lefts = [50.0, 110.0 + 45 * number, 550.0] if number != 1 else [50.0, 200.0, 400.0, 550.0]
        top = 100.0 + 60 * number
        rows = [(f"{name}{number}", amount, "切片")[: len(lefts) - 1] for name, amount in ENTRIES[:3]]
        rules += grid(lefts, [top, top + 20, top + 40, top + 60])
        spans += cells(rows, lefts, top)
        wanted += ["  ".join(row) for row in rows]
    assert texts(spans, rules) == wanted


@pytest.mark.parametrize("share", [0.1, 0.17, 0.25])
@pytest.mark.parametrize("count", [2, 3])
def test_labels_over_several_rows_below_a_head(share: float, count: int) -> None:
    """A narrow column or a wide one: 主料 | 肥牛卷 | 500克, the first cell over two rows."""
    lefts = [50.0, 50 + 500 * share, 330.0, 550.0]
    edges = [120.0 + 20 * n for n in range(2 * count + 1)]
    rules = [*grid([50.0, 120.0, 400.0, 550.0], [100.0, 120.0]), *(upright(left, 120, edges[-1]) for left in lefts)]
    rules += [level(edge, 50 if n % 2 == 0 else lefts[1], 550) for n, edge in enumerate(edges)]
    labels = ["主料", "调料", "辅料"][:count]
    spans = cells([("品名", "酸汤肥牛", "RC-03")], [50.0, 120.0, 400.0]) + cells(ENTRIES[: 2 * count], lefts[1:], 120)
    spans += [at(label, 54, 135 + 40 * n) for n, label in enumerate(labels)]
    rows = ["  ".join(row) for row in ENTRIES]
    wanted = [line for n, label in enumerate(labels) for line in (label, *rows[2 * n : 2 * n + 2])]
    assert texts(spans, rules) == ["品名  酸汤肥牛  RC-03", *wanted]


def everything(spans: list[Span]) -> list[str]:
    return sorted("".join("".join(span.text for span in spans).split()))


@pytest.mark.parametrize("outer", [True, False])
@pytest.mark.parametrize("shift", [-30, 0, 40])
def test_no_text_of_a_table_is_lost(outer: bool, shift: float) -> None:
    """Some of it stands over an edge, in no cell, or between two tables."""
    wide, two = [50.0, 120.0, 300.0, 370.0, 550.0], [50.0, 250.0, 480.0]
    rules = stacked((wide, [100.0, 120.0, 140.0]), (two, [140.0, 160.0, 180.0, 200.0]))
    rules += [upright(550, 100, 200)] if outer else []
    spans = cells(HEAD, wide) + cells(ENTRIES[:3], two, 140)
    spans += [at("另注：少放辣", 485 + shift, 165), at("（图）", 250 + shift, 190), at("表一", 60 + shift, 205)]
    assert sorted("".join("".join(texts(spans, rules)).split())) == everything(spans)


def flowed(text: str) -> list[Draft]:
    """The dishes of lines of any length."""
    return [reading.draft for reading in readings(flowing(text))]


# --- what they say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "facts"),
    [
        (["品名  酸汤肥牛  编号  RC-03"], (None, None)),
        (["编号  RC-03  菜名  酸汤肥牛  份量  3人份"], ("3人份", None)),
        (["菜名  酸汤肥牛  份量  3人份  时间  40分钟"], ("3人份", 40)),
        (["菜名  酸汤肥牛  编号  12", "份量  3人份  时间  40分钟  难度  简单"], ("3人份", 40)),
        (["菜品名称：酸汤肥牛  编号：RC-03  份量：3人份"], ("3人份", None)),
        (["编号：RC-03  菜名：酸汤肥牛", "份量：3人份  时间：40分钟"], ("3人份", 40)),
        (["品名  酸汤肥牛  类别  热菜  岗位  炒锅"], (None, None)),
    ],
)
def test_a_card_says_several_things_a_row(card: list[str], facts: tuple[str | None, float | None]) -> None:
    rows = "\n".join(card)
    list_ = "\n".join(f"{name}  {amount}" for name, amount in ENTRIES)
    steps = "1  酸菜泡椒炒香，加水烧开  大火\n2  下肥牛卷煮到变色  中火\n3  加盐和白糖调味出锅  小火"
    draft = only(flowed(f"{rows}\n原料  用量\n{list_}\n工序  操作要求  火候\n{steps}"))
    assert draft.title == "酸汤肥牛"
    assert (draft.servings, draft.minutes) == facts
    assert lines_of(draft) == [name + amount for name, amount in ENTRIES]
    assert len(draft.steps) == 3


@pytest.mark.parametrize("head", ["工序  操作要求", "序号  制作步骤", "步骤  操作内容  时间", "编号  操作  火候  备注"])
@pytest.mark.parametrize("count", [2, 4])
def test_the_heads_of_a_table_of_steps_begin_the_method(head: str, count: int) -> None:
    said = ["酸菜泡椒炒香，加水烧开。", "下肥牛卷煮到变色。", "加盐和白糖调味。", "装盘淋热油即可。"][:count]
    list_ = "\n".join(f"{name}  {amount}" for name, amount in ENTRIES)
    steps = "\n".join(f"{number}  {step}" for number, step in enumerate(said, 1))
    draft = only(dishes(f"# 酸汤肥牛\n原料  用量\n{list_}\n{head}\n{steps}"))
    assert lines_of(draft) == [name + amount for name, amount in ENTRIES]
    assert steps_of(draft) == said
