"""Whole pages as books print them → the order they are read in: steps in a grid, side panels, tips, titles beside."""

import pytest

from shishen.layout.reading_order import reading_order
from shishen.pages import Span
from tests.test_layout import BODY, at, body, column, page, texts

NAMES = ["五花肉 500克", "冰糖 30克", "老抽 1勺", "八角 2个", "料酒 2勺", "香叶 2片", "生姜 3片", "大葱 1根"]


def across(spans: list[Span]) -> list[str]:
    """The lines of a page, each without its wide gaps."""
    return ["".join(text.split()) for text in texts(spans)]


# --- steps under pictures ------------------------------------------------------------------------------------


def grid_of_steps(order: list[int], columns: int, mark: str, lines: int, pitch: float) -> tuple[list[Span], list[str]]:
    """(steps of several lines each below pictures that stand in rows, what the steps say in their order)."""
    spans, said = [], {}
    width = 500 // columns
    for place, number in enumerate(order):
        row, across = divmod(place, columns)
        own = [f"{mark.format(number)}{BODY[number : number + width // 10 - 4]}"]
        own += [BODY[number + n : number + n + width // 10 - 2 - n] for n in range(1, 1 + (lines + number) % 3)]
        said[number] = own
        spans += column(own, 50 + across * width, 180 + row * pitch)
    return spans, [line for number in sorted(said) for line in said[number]]


@pytest.mark.parametrize("mark", ["{}. ", "{}、", "({}) ", "第{}步 "])
@pytest.mark.parametrize(("columns", "rows"), [(2, 2), (2, 3), (2, 5), (3, 2), (3, 3), (4, 2)])
@pytest.mark.parametrize("pitch", [120, 190])
def test_steps_in_a_grid_are_read_along_its_rows(mark: str, columns: int, rows: int, pitch: float) -> None:
    count = columns * rows
    spans, said = grid_of_steps(list(range(1, count + 1)), columns, mark, 2, min(pitch, 600 / rows))
    assert across(spans) == ["".join(line.split()) for line in said]


@pytest.mark.parametrize("columns", [2, 3])
def test_circled_steps_in_a_grid_are_read_along_its_rows(columns: int) -> None:
    steps = [[f"{mark}{BODY[n : n + 12]}", BODY[n : n + 9]] for n, mark in enumerate("①②③④⑤⑥")]
    places = [(50 + 180 * (n % columns), 150 + 120 * (n // columns)) for n in range(6)]
    spans = [span for step, place in zip(steps, places, strict=True) for span in column(step, *place)]
    assert across(spans) == [line for step in steps for line in step]


def test_a_row_of_the_grid_may_be_short() -> None:
    spans, said = grid_of_steps([1, 2, 3, 4, 5], 2, "{}. ", 2, 150)
    assert across(spans) == ["".join(line.split()) for line in said]


def test_a_grid_below_a_list_and_above_a_tip() -> None:
    spans, said = grid_of_steps([1, 2, 3, 4], 2, "{}. ", 2, 150)
    head = [at("红烧肉", 50, 50, 18), *column(NAMES[:4], 50, 90)]
    tip = column(body("贴", 2, 48), 50, 600)
    wanted = ["红烧肉", *NAMES[:4], *said, *body("贴", 2, 48)]
    assert across([*head, *spans, *tip]) == ["".join(line.split()) for line in wanted]


def test_steps_that_count_down_the_columns_are_read_so() -> None:
    spans, said = grid_of_steps([1, 4, 2, 5, 3, 6], 2, "{}. ", 2, 150)
    assert across(spans) == ["".join(line.split()) for line in said]


# --- columns of unlike height --------------------------------------------------------------------------------


@pytest.mark.parametrize("short", [3, 6, 9])
@pytest.mark.parametrize("long", [14, 25])
@pytest.mark.parametrize("mirrored", [False, True])
def test_tips_of_the_full_width_stand_below_both_columns(short: int, long: int, mirrored: bool) -> None:
    one, other, tips = body("甲", short, 22), body("乙", long, 22), body("贴", 3, 49)
    left, right = (other, one) if mirrored else (one, other)
    foot = 100 + 16 * long + 24
    spans = [*column(left, 50), *column(right, 320), *column(tips, 50, foot)]
    assert texts(spans) == [*left, *right, *tips]


@pytest.mark.parametrize("entries", [3, 5, 8])
@pytest.mark.parametrize("steps", [10, 22])
def test_a_method_that_goes_on_below_the_list_beside_it_stays_whole(entries: int, steps: int) -> None:
    names, method = NAMES[:entries], body("步", steps, 34)
    assert texts([*column(names, 50), *column(method, 190)]) == [*names, *method]


@pytest.mark.parametrize("entries", [4, 7])
@pytest.mark.parametrize("room", [8, 20])
def test_a_panel_beside_the_method(entries: int, room: int) -> None:
    """Ingredients at the right side, the method at the left with a gap in it, tips below all."""
    names, first, second = NAMES[:entries], body("甲", 12, 30), body("乙", 12, 30)
    tips = body("贴", 2, 49)
    spans = [
        *column(first, 50),
        *column(second, 50, 100 + 12 * 16 + room),
        *column(names, 400),
        *column(tips, 50, 100 + 24 * 16 + room + 30),
    ]
    assert texts(spans) == [*first, *second, *names, *tips]


# --- gaps that part nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [4, 7, 12])
@pytest.mark.parametrize("gap", [90, 140, 200])
def test_names_and_amounts_are_read_across_whatever_their_lengths(count: int, gap: float) -> None:
    names = ["五花肉", "盐", "郫县豆瓣酱", "姜", "干辣椒", "小葱", "生抽", "花椒粒", "糖", "料酒", "香油", "大蒜"][
        :count
    ]
    amounts = ["500克", "3克", "1勺", "适量", "2个", "少许", "15毫升", "半勺", "5克", "1勺", "少许", "3瓣"][:count]
    assert texts([*column(names, 50), *column(amounts, 50 + gap)]) == [
        f"{name}  {amount}" for name, amount in zip(names, amounts, strict=True)
    ]


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("gap", [8, 10, 13])
@pytest.mark.parametrize("shift", [3, 6])
@pytest.mark.parametrize("place", [8, 20, 31])
def test_spaces_of_justified_lines_are_no_gutter(count: int, gap: float, shift: float, place: int) -> None:
    """Lines one below another with a wide space in each, all of them crossed by one upright stripe of white."""
    lines = body("甲", 8, 40)
    spans = []
    for number, line in enumerate(lines):
        top = 100 + 16 * number
        if 3 <= number < 3 + count:
            moved = shift * (number % 2)
            left = at(line[:place], 50 - moved, top)
            spans += [left, at(line[place:], left.box.right + gap + 2 * moved, top)]
        else:
            spans.append(at(line, 50, top))
    assert across(spans) == lines


# --- titles beside and above ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("size", [14, 18, 26])
@pytest.mark.parametrize("entries", [3, 6])
def test_a_title_at_the_head_of_the_right_side_heads_the_list_at_the_left(
    count: int, size: float, entries: int
) -> None:
    """A picture at the left with the list below it; title and method at the right."""
    spans, ordered = [], []
    pitch = 240
    for number, name in enumerate("甲乙丙"[:count]):
        top, title = 60 + pitch * number, name + "烧肉"
        names = [f"{name}料{n} {n}克" for n in range(1, entries + 1)]
        steps = body(name, 8, 26)
        spans += [
            at(title, 250, top, size),
            *column(names, 50, top + 90),
            *column(steps, 250, top + 40),
        ]
        ordered += [title, *names, *steps]
    found = texts(spans)
    assert sorted(found) == sorted(ordered)
    for name in "甲乙丙"[:count]:
        own = [line for line in found if line.startswith(name)]
        assert own[0] == name + "烧肉", found
    assert [line[0] for line in found] == [line[0] for line in ordered]


@pytest.mark.parametrize("said", ["3人份", "30分钟", "45 min"])
@pytest.mark.parametrize("size", [16, 22])
def test_what_stands_at_the_end_of_a_title_s_line_is_a_line(said: str, size: float) -> None:
    spans = [at("红烧肉", 50, 60, size), at(said, 400, 60 + size - 10), *column(NAMES[:4], 50, 110)]
    assert texts(spans) == ["红烧肉", said, *NAMES[:4]]


@pytest.mark.parametrize("sign", ["▲", "△", "▼", "←"])
def test_a_caption_on_the_height_of_a_row_is_a_line(sign: str) -> None:
    method = body("步", 10, 30)
    caption = f"{sign}炒好的糖色是这样的"
    spans = [*column(method, 50), at(caption, 400, 100 + 16 * 4)]
    found = texts(spans)
    assert caption in found
    assert [line for line in found if line != caption] == method


def test_a_small_caption_on_the_height_of_a_row_is_a_line() -> None:
    method = body("步", 10, 30)
    spans = [*column(method, 50), at("焯好水的五花肉块", 400, 100 + 16 * 4 + 1, 8)]
    found = texts(spans)
    assert "焯好水的五花肉块" in found
    assert [line for line in found if line != "焯好水的五花肉块"] == method


# --- labels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["做法", "制作法", "步骤图解"])
@pytest.mark.parametrize("entries", [4, 7])
def test_an_upright_label_between_columns_belongs_to_what_is_right_of_it(label: str, entries: int) -> None:
    names, steps = NAMES[:entries], body("步", 8, 28)
    upright = [at(character, 190, 100 + 14 * n, 12) for n, character in enumerate(label)]
    assert texts([*column(names, 50), *upright, *column(steps, 220)]) == [*names, label, *steps]


@pytest.mark.parametrize("entries", [4, 6])
def test_two_upright_labels_stand_before_what_each_heads(entries: int) -> None:
    names, steps = NAMES[:entries], body("步", 8, 28)
    labels = [
        at(character, left, 100 + 14 * n, 12)
        for left, label in ((50, "材料"), (220, "做法"))
        for n, character in enumerate(label)
    ]
    assert texts([*labels, *column(names, 75), *column(steps, 250)]) == ["材料", *names, "做法", *steps]


# --- where lines end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [4, 8])
def test_an_amount_at_the_edge_ends_no_line(count: int) -> None:
    """Names at the left, amounts set to the right edge, above running text as wide."""
    amounts = ["500克", "30克", "1勺", "2个", "2勺", "2片", "3片", "1根"][:count]
    names = [name.split()[0] for name in NAMES[:count]]
    spans = column(names, 50)
    spans += [at(amount, 450 - (at(amount, 0, 0).box.right), 100 + 16 * n) for n, amount in enumerate(amounts)]
    spans += column(["甲" * 40, "乙" * 40, "丙" * 40, "丁" * 10], 50, 130 + 16 * count)
    lines = reading_order(page(spans))
    assert [line.text for line in lines[:count]] == [f"{n}  {a}" for n, a in zip(names, amounts, strict=True)]
    assert [line.full for line in lines] == [False] * count + [True, True, True, False]


def paragraphs(lengths: list[int], width: int, left: float, top: float) -> tuple[list[Span], list[bool]]:
    """(paragraphs set in by two characters, whether each of their lines but the last goes on)."""
    spans, goes_on = [], []
    for length in lengths:
        for line in range(length):
            begin = 2 if line == 0 else 0
            text = "烧" * (width - begin)
            last = line == length - 1
            spans.append(at(text[:-1] + "。" if last else text, left + 10 * begin, top))
            goes_on.append(not last)
            top += 16
    return spans, goes_on


@pytest.mark.parametrize("width", [20, 34])
@pytest.mark.parametrize("lengths", [[3, 3], [2, 4, 2], [3, 1, 1, 3]])
def test_a_paragraph_set_in_ends_full_where_the_next_begins(width: int, lengths: list[int]) -> None:
    """Every paragraph happens to end at the edge, before one whose first line is set in."""
    spans, goes_on = paragraphs(lengths, width, 100, 100)
    lines = reading_order(page(spans))
    assert [line.full for line, on in zip(lines, goes_on, strict=True) if on] == [True] * sum(goes_on)
    # One below another that is set in as deep is told by nothing else; the others by where the next begins.
    for line, after, on in zip(lines, lines[1:], goes_on, strict=False):
        assert on or not line.full or after.indent > line.indent + 1.2


# --- contents ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dots", ["......", ". . . . . .", "· · · · · ·", "…………", "。。。。。", "------", "— — — — —"])
def test_the_dots_of_a_contents_lead_to_the_page(dots: str) -> None:
    titles = ["红烧肉", "番茄炒蛋", "糖醋里脊", "紫菜蛋花汤", "清蒸鲈鱼", "麻婆豆腐"]
    spans = []
    for n, title in enumerate(titles):
        top = 100 + 20 * n
        name = at(title, 50, top)
        lead = at(dots, name.box.right + 12, top)
        spans += [name, lead, at(str(9 + 3 * n), lead.box.right + 15, top)]
    found = texts(spans)
    assert len(found) == 6
    for n, (line, title) in enumerate(zip(found, titles, strict=True)):
        assert line.startswith(title)
        assert line.endswith(str(9 + 3 * n))
