"""Ruled tables: the grid that lines make, its cells read row by row; frames and underlines are no tables."""

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest

from shishen.layout.reading_order import reading_order
from shishen.layout.tables import tables_of
from shishen.pages import Box, Page, Span
from tests.test_layout import at, body, column

ROWS = [("五花肉", "500克"), ("冰糖", "30克"), ("老抽", "1勺"), ("八角", "2个")]


def level(top: float, left: float, right: float, thick: float = 0.5) -> Box:
    return Box(left, top, right, top + thick)


def upright(left: float, top: float, bottom: float, thick: float = 0.5) -> Box:
    return Box(left, top, left + thick, bottom)


def grid(lefts: list[float], tops: list[float]) -> list[Box]:
    """Every line of a table from edge to edge."""
    across = [level(top, lefts[0], lefts[-1]) for top in tops]
    return across + [upright(left, tops[0], tops[-1]) for left in lefts]


def cells(rows: Sequence[tuple[str, ...]], lefts: Sequence[float], top: float = 100, pitch: float = 20) -> list[Span]:
    """The texts of a table whose columns begin there, one line a cell."""
    return [
        at(text, left + 4, top + 5 + pitch * number)
        for number, row in enumerate(rows)
        for text, left in zip(row, lefts, strict=False)
        if text
    ]


def texts(spans: list[Span], rules: list[Box]) -> list[str]:
    page = Page(number=1, width=600, height=800, spans=tuple(spans), rules=tuple(rules))
    return [line.text for line in reading_order(page)]


TOPS = [100.0, 120.0, 140.0, 160.0, 180.0]
LEFTS = [50.0, 200.0, 400.0]


def test_rows_are_read_across() -> None:
    spans = cells(ROWS, LEFTS)
    assert texts(spans, grid(LEFTS, TOPS)) == [f"{name}  {amount}" for name, amount in ROWS]


@pytest.mark.parametrize("kind", ["doubled", "in pieces", "a side each cell", "frame open at the sides"])
def test_lines_may_be_drawn_in_many_ways(kind: str) -> None:
    if kind == "doubled":
        rules = [
            *grid(LEFTS, TOPS),
            *(Box(r.left + 1.5, r.top + 1.5, r.right + 1.5, r.bottom + 1.5) for r in grid(LEFTS, TOPS)),
        ]
    elif kind == "in pieces":
        across = [level(top, left, left + 50) for top in TOPS for left in range(50, 400, 50)]
        rules = across + [upright(left, top, top + 20) for left in LEFTS for top in TOPS[:-1]]
    elif kind == "a side each cell":
        rules = [
            rule
            for top in TOPS[:-1]
            for left, right in pairwise(LEFTS)
            for rule in grid([left, right], [top, top + 20])
        ]
    else:
        rules = [*(level(top, 50, 400) for top in TOPS), upright(200, 100, 180)]
    assert texts(cells(ROWS, LEFTS), rules) == [f"{name}  {amount}" for name, amount in ROWS]


def test_the_lines_of_a_cell_are_one_text() -> None:
    spans = [*cells([("五花肉", "500克"), ("", "30克")], LEFTS), at("单晶冰糖，没有时", 54, 122), at("用白糖", 54, 134)]
    assert texts(spans, grid(LEFTS, [100, 120, 150])) == ["五花肉  500克", "单晶冰糖，没有时用白糖  30克"]


def test_a_label_over_several_rows_stands_above_the_first() -> None:
    """主料 | 五花肉 | 500克, the first cell over two rows, the next over the two below."""
    lefts = [50.0, 110.0, 250.0, 400.0]
    rules = [
        *(upright(left, 100, 180) for left in lefts),
        *(level(top, 50, 400) for top in (100, 140, 180)),
        *(level(top, 110, 400) for top in (120, 160)),
    ]
    spans = [*cells(ROWS, lefts[1:]), at("主料", 60, 115), at("调料", 60, 155)]
    assert texts(spans, rules) == ["主料", "五花肉  500克", "冰糖  30克", "调料", "老抽  1勺", "八角  2个"]


def test_a_cell_with_a_text_of_its_own_is_read_line_by_line() -> None:
    method = body("步", 6, 24)
    spans = [
        *cells([("材料", "做法")], LEFTS),
        *column(["五花肉 500克", "冰糖 30克"], 54, 126),
        *column(method, 204, 126),
    ]
    rules = grid([50, 200, 500], [100, 120, 240])
    found = texts(spans, rules)
    start = found.index(method[0])
    assert found[start : start + 6] == method
    assert "".join(found[:start]).count("五花肉") == 1


def test_a_cell_with_a_list_of_its_own_is_read_line_by_line() -> None:
    names = ["五花肉 500克", "冰糖 30克", "老抽 1勺", "八角 2个"]
    spans = [*cells([("材料", "份量")], LEFTS), *column(names, 54, 126), at("三人份", 204, 150)]
    assert set(names) <= set(texts(spans, grid([50, 200, 500], [100, 120, 200])))


def test_tables_side_by_side_are_read_one_after_another() -> None:
    """Two that share an edge; the lines of one do not go on at the other."""
    left, right = [50.0, 120.0, 200.0], [200.0, 280.0, 400.0]
    rules = [*grid(left, [100, 120, 140, 160, 180]), *grid(right, [100, 130, 155, 180])]
    spans = [
        *cells(ROWS, left),
        *(
            at(text, x, y)
            for y, row in ((110, ("洗", "2次")), (138, ("切", "3刀")), (164, ("炒", "1分")))
            for text, x in zip(row, (204, 284), strict=True)
        ),
    ]
    assert texts(spans, rules) == [*(f"{a}  {b}" for a, b in ROWS), "洗  2次", "切  3刀", "炒  1分"]


def test_a_table_in_a_column_keeps_its_place() -> None:
    above, below, beside = body("甲", 3, 22), body("丙", 6, 22), body("乙", 18, 22)
    lefts = [50.0, 150.0, 270.0]
    spans = [
        *column(above, 50, 100),
        *cells(ROWS, lefts, 160),
        *column(below, 50, 260),
        *column(beside, 320, 100),
    ]
    rules = grid(lefts, [160, 180, 200, 220, 240])
    assert texts(spans, rules) == [*above, *(f"{a}  {b}" for a, b in ROWS), *below, *beside]


def test_a_column_without_words_is_no_cell() -> None:
    rows = [("五花肉", "", "500克"), ("冰糖", "", "30克")]
    lefts = [50.0, 150.0, 250.0, 400.0]
    assert texts(cells(rows, lefts), grid(lefts, [100, 120, 140])) == ["五花肉  500克", "冰糖  30克"]


@pytest.mark.parametrize(
    "rules",
    [
        grid([40, 290], [90, 500]),
        [level(116 + 16 * n, 50, 250) for n in range(10)],
        [*grid([40, 290], [90, 500]), *grid([42, 288], [92, 498])],
        [upright(300, 90, 600), level(90, 40, 560), level(600, 40, 560)],
    ],
    ids=["frame", "underlines", "double frame", "line between columns"],
)
def test_what_is_no_table_changes_nothing(rules: list[Box]) -> None:
    left, right = body("甲", 24, 22), body("乙", 24, 22)
    spans = [*column(left, 50), *column(right, 320)]
    assert texts(spans, rules) == [*left, *right]
    assert tables_of(rules) == []


def squares(count: int, size: float = 20) -> list[Box]:
    """A table of so many rows and columns, the four sides of each cell drawn by themselves."""
    return [
        side
        for row in range(count)
        for column in range(count)
        for side in grid([column * size, (column + 1) * size], [row * size, (row + 1) * size])
    ]


def test_a_table_may_have_thousands_of_cells_but_not_more() -> None:
    (group,) = tables_of(squares(70))
    assert [len(table.cells) for table in group] == [4900]
    assert tables_of(squares(72)) == []
    assert tables_of(grid([10.0 * n for n in range(73)], [10.0 * n for n in range(73)])) == []


def test_another_table_is_read_beside_one_of_too_many_cells() -> None:
    rules = grid([4.0 * n for n in range(80)], [600 + 4.0 * n for n in range(80)])
    assert texts(cells(ROWS, LEFTS), [*rules, *grid(LEFTS, TOPS)]) == [f"{name}  {amount}" for name, amount in ROWS]


DRAWINGS = {
    "hatching": [level(100 + n * 0.03, 50 + n % 7, 500) for n in range(10_000)]
    + [upright(50 + n * 0.045, 100, 700) for n in range(10_000)],
    "graph paper": [level(n * 4, 0, 40_000) for n in range(10_000)]
    + [upright(n * 4, 0, 40_000) for n in range(10_000)],
    "ticks": [level(n * 4, 0, 40_000) for n in range(10_000)]
    + [upright(n * 4, n * 4, n * 4 + 10) for n in range(10_000)],
    "tables": [rule for n in range(2000) for rule in grid([50, 70, 90], [n * 40, n * 40 + 10, n * 40 + 20])],
    "ladder": [level(n * 4, 50, 60) for n in range(10_000)]
    + [upright(50 + n % 4 * 3, 0, 40_000) for n in range(10_000)],
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_twenty_thousand_lines_take_no_time(name: str) -> None:
    """Some 0.05 s each; every line beside every other would be minutes."""
    rules, start = DRAWINGS[name], time.monotonic()
    assert tables_of(rules) == []
    spans = column(body("甲", 20), 60)
    assert sorted("".join(texts(spans, rules)).replace(" ", "")) == sorted("".join(body("甲", 20)))
    assert time.monotonic() - start < 5


def test_lines_that_waver_are_one() -> None:
    """Dashes a fraction above and below one another, as of a hand or a scan."""
    rules = [upright(left, 100, 180) for left in LEFTS]
    rules += [level(top + n % 2, left, left + 9) for top in TOPS for n, left in enumerate(range(50, 400, 10))]
    (group,) = tables_of(rules)
    assert [len(table.cells) for table in group] == [8]


def test_a_table_of_a_thousand_lines_takes_no_time() -> None:
    """A drawing of many thin lines; what matters is that it ends, and loses no text."""
    rules = [level(100 + n * 0.6, 50 + n % 7, 500) for n in range(1000)]
    rules += [upright(50 + n * 0.45, 100 + n % 5, 700) for n in range(1000)]
    spans = column(body("甲", 20), 60)
    assert sorted("".join(texts(spans, rules)).replace(" ", "")) == sorted("".join(body("甲", 20)))
