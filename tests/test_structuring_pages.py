"""Pages as they are printed → dishes: headings told by their distance, hanging lines, captions, what runs on beside."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from shishen.domains.cooking.structuring.book import Book
from shishen.layout.reading_order import reading_order
from shishen.pages import Span
from shishen.records import Draft
from tests.test_layout import BODY, at, column, page
from tests.test_structuring import LIST, STEPS, lines_of, only, steps_of


def read(*pages: Sequence[Span], width: float = 600) -> list[Draft]:
    """The dishes of pages with these spans."""
    numbered = [replace(page(spans, number), width=width) for number, spans in enumerate(pages, 1)]
    lines = [line for one in numbered for line in reading_order(one)]
    return [passage.reading.draft for passage in Book("书.pdf").feed(lines, last=True) if passage.reading]


def broken(text: str, width: int, first: int = 0) -> list[str]:
    """A text broken into lines of so many characters (the first one of `first`), no stop at a line's beginning."""
    lines, start = [], 0
    while start < len(text):
        end = start + (first if first and not start else width)
        while text[end : end + 1] and text[end] in "，。":
            end -= 1
        lines.append(text[start:end])
        start = end
    return lines


def dish(
    title: str, entries: Sequence[str], steps: Sequence[str], top: float = 60, left: float = 50
) -> tuple[list[Span], float]:
    """(a dish with labels, a list, numbered steps of one line, where it ends)."""
    spans = [at(title, left, top, 18), at("材料", left, top + 36, 12)]
    spans += column(entries, left, top + 56)
    foot = top + 62 + 16 * len(entries)
    spans += [at("做法", left, foot, 12)]
    lines = [line for n, step in enumerate(steps, 1) for line in broken(f"{n}. {step}", 44)]
    spans += column(lines, left, foot + 20)
    return spans, foot + 20 + 16 * len(lines)


# --- headings in a list --------------------------------------------------------------------------------------


def grouped(groups: dict[str, list[str]], room: float, *, bold: bool = False, size: float = 10) -> list[Span]:
    """A dish whose list has headings, each with more room above it than the entries have."""
    spans = [at("红烧肉", 50, 60, 18), at("材料", 50, 96, 12)]
    top = 116.0
    for place, (heading, entries) in enumerate(groups.items()):
        if heading:
            top += room if place else 0
            spans.append(at(heading, 50, top, size, bold=bold))
            top += 16
        spans += column(entries, 50, top)
        top += 16 * len(entries)
    spans += [at("做法", 50, top + 10, 12)]
    return spans + column([f"{n}. {step}" for n, step in enumerate(STEPS[::2], 1)], 50, top + 30)


@pytest.mark.parametrize("heading", ["调料", "调味料", "腌肉用", "炖肉包", "第二锅", "汤汁部分"])
@pytest.mark.parametrize("room", [6, 8, 14])
@pytest.mark.parametrize("count", [2, 4])
def test_a_heading_in_a_list_is_told_by_its_distance(heading: str, room: float, count: int) -> None:
    more = ["料酒15毫升", "香叶2片", "桂皮1块", "生姜3片"][:count]
    draft = only(read(grouped({"": LIST, heading: more}, room)))
    assert lines_of(draft) == [*LIST, *more]
    assert [line.group for line in draft.lines][len(LIST) :] == [heading] * count
    assert len(draft.steps) == 2


@pytest.mark.parametrize("room", [6, 14])
def test_three_headings_in_a_list(room: float) -> None:
    groups = {"主体": LIST[:2], "炖肉包": ["香叶2片", "桂皮1块"], "出锅时": ["葱花5克", "香油3克"]}
    draft = only(read(grouped(groups, room)))
    assert [line.group for line in draft.lines] == [name for name, own in groups.items() for _ in own]


@pytest.mark.parametrize(("bold", "size"), [(True, 10), (False, 11.5), (True, 12)])
def test_a_heading_in_a_list_is_told_by_its_type(bold: bool, size: float) -> None:
    groups = {"": LIST, "炖肉包": ["香叶2片", "桂皮1块"]}
    draft = only(read(grouped(groups, 0, bold=bold, size=size)))
    assert [line.group for line in draft.lines][len(LIST) :] == ["炖肉包"] * 2


@pytest.mark.parametrize("entry", ["香菜", "干辣椒", "白芝麻（可不放）"])
def test_an_entry_without_an_amount_is_no_heading(entry: str) -> None:
    draft = only(read(grouped({"": [*LIST[:2], entry, *LIST[2:]]}, 0)))
    assert lines_of(draft) == [*LIST[:2], entry, *LIST[2:]]


# --- entries over two lines ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "more", "amount"),
    [
        ("清水（以没过鸡", "腿为准）", "2000毫升"),
        ("五花肉（带皮，肥", "瘦相间的）", "500克"),
        ("干香菇(提前用温", "水泡软)", "8朵"),
    ],
)
def test_an_entry_goes_on_in_its_first_cell(name: str, more: str, amount: str) -> None:
    names, amounts = ["鸡腿", name, more, "生抽", "盐"], ["3只", amount, "", "2勺", "5克"]
    spans = [at("卤鸡腿", 50, 60, 18), at("材料", 50, 96, 12), *column(names, 50, 116)]
    spans += [at(text, 200, 116 + 16 * n) for n, text in enumerate(amounts) if text]
    spans += [at("做法", 50, 206, 12), *column(["1. 鸡腿洗净，冷水下锅焯水。", "2. 小火煮四十分钟出锅。"], 50, 226)]
    assert lines_of(only(read(spans))) == ["鸡腿3只", f"{name}{more}{amount}", "生抽2勺", "盐5克"]


# --- steps ---------------------------------------------------------------------------------------------------


def hanging(steps: Sequence[str], left: float, top: float, width: int, hang: float = 15) -> tuple[list[Span], float]:
    """Numbered steps whose further lines hang below their text, and where they end."""
    spans = []
    for number, step in enumerate(steps, 1):
        for place, line in enumerate(broken(step, width)):
            spans.append(at(f"{number}. {line}" if place == 0 else line, left + (hang if place else 0), top))
            top += 16
    return spans, top


@pytest.mark.parametrize("remark", ["炖的时候不要开大火，否则肉会柴", "剩下的汤汁可以拌面，别倒掉。"])
@pytest.mark.parametrize("room", [0, 10])
@pytest.mark.parametrize("width", [22, 30])
def test_a_remark_below_steps_whose_lines_hang(remark: str, room: float, width: int) -> None:
    steps = [f"{BODY[n : n + 20]}，{BODY[2 * n :]}{BODY[: 14 - n]}。" for n in range(4)]
    own, foot = hanging(steps, 50, 240, width)
    spans = [at("红烧肉", 50, 60, 18), at("材料", 50, 96, 12), *column(LIST, 50, 116), at("做法", 50, 216, 12), *own]
    draft = only(read([*spans, at(remark, 50, foot + room)]))
    assert steps_of(draft) == steps
    assert draft.tips == (remark,)


@pytest.mark.parametrize("label", ["步骤图", "步骤图解", "图解做法", "分步图解"])
@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("count", [4, 6])
def test_steps_under_pictures_in_rows(label: str, columns: int, count: int) -> None:
    steps = [f"{BODY[n : n + 30 - 3 * columns - n]}。" for n in range(count)]
    spans = [at("红烧肉", 50, 60, 18), at("材料", 50, 96, 12), *column(LIST, 50, 116), at(label, 50, 200, 12)]
    for n, step in enumerate(steps):
        lines = broken(f"{n + 1}. {step}", 500 // columns // 10 - 4)
        spans += column(lines, 50 + 500 // columns * (n % columns), 300 + 150 * (n // columns))
    draft = only(read(spans))
    assert lines_of(draft) == LIST
    assert steps_of(draft) == steps


def test_steps_of_one_line_under_pictures_in_rows() -> None:
    steps = ["五花肉切块焯水", "炒出糖色", "下肉块翻炒均匀", "加老抽和八角", "倒入开水炖一小时", "收汁出锅"]
    for marks in ("①②③④⑤⑥", ["1. ", "2. ", "3. ", "4. ", "5. ", "6. "]):
        spans = [at("红烧肉", 50, 60, 18), at("材料", 50, 96, 12), *column(LIST, 50, 116), at("做法", 50, 200, 12)]
        for n, (mark, step) in enumerate(zip(marks, steps, strict=True)):
            spans.append(at(mark + step, 50 + 170 * (n % 3), 300 + 150 * (n // 3)))
        assert steps_of(only(read(spans))) == steps


@pytest.mark.parametrize(("mark", "size"), [("{}", 16), ("{}", 10), ("步骤{}", 12), ("STEP {}", 9), ("第{}步", 12)])
@pytest.mark.parametrize("columns", [2, 3, 4])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_the_number_of_a_step_stands_above_its_text(mark: str, size: float, columns: int, rows: int) -> None:
    """Below a picture, larger or smaller than the text."""
    steps = [f"{BODY[n : n + 12]}。" for n in range(columns * rows)]
    spans = [at("红烧肉", 50, 60, 18), at("材料", 50, 96, 12), *column(LIST, 50, 116), at("做法", 50, 200, 12)]
    for n, step in enumerate(steps):
        left, top = 50 + 500 // columns * (n % columns), 300 + 130 * (n // columns)
        spans += [at(mark.format(n + 1), left, top - 20, size)]
        spans += column(broken(step, 500 // columns // 10 - 3), left, top)
    assert steps_of(only(read(spans))) == steps


@pytest.mark.parametrize(
    "caption",
    ["▲炒好的糖色", "△ 焯好水的肉块", "▼这样就可以了", "图1 炒好的糖色", "▲ 图1", "图一：焯好水的肉", "（图3）"],
)
@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_caption_on_the_height_of_a_step_is_none_of_it(caption: str, row: int) -> None:
    steps = ["五花肉切块，冷水下锅焯水。", "锅中炒出糖色，下肉块翻炒。", "小火炖一小时，收汁出锅。"]
    spans, _ = dish("红烧肉", LIST, steps)
    top = 60 + 62 + 16 * len(LIST) + 20 + 16 * row
    draft = only(read([*spans, at(caption, 420, top)]))
    assert steps_of(draft) == steps


# --- side by side over a page --------------------------------------------------------------------------------


@pytest.mark.parametrize(("entries", "cut"), [(9, 6), (12, 5)])
@pytest.mark.parametrize("lines", [5, 9])
def test_list_and_method_run_on_side_by_side_over_a_page(entries: int, cut: int, lines: int) -> None:
    names = [f"{name}{5 * n}克" for n, name in enumerate("肉糖盐葱姜蒜醋油枣豆藕笋", 2)][:entries]
    step = (BODY + "，") * 8
    method = broken(step[: 26 * (lines + 4) - 8] + "。", 26)
    first = [at("红烧肉", 50, 60, 18), at("材料", 50, 100, 12), at("做法", 220, 100, 12)]
    first += [*column(names[:cut], 50, 124), *column(method[:lines], 220, 124)]
    second = [*column(names[cut:], 50, 60), *column(method[lines:], 220, 60)]
    draft = only(read(first, second))
    assert lines_of(draft) == names
    assert steps_of(draft) == ["".join(method)]


# --- titles beside a picture ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("labels", [True, False])
def test_dishes_with_their_title_right_of_a_picture(count: int, labels: bool) -> None:
    names = ["红烧肉", "番茄炒蛋", "紫菜蛋花汤"][:count]
    spans = []
    for n, name in enumerate(names):
        top = 60 + 240 * n
        entries = ["材料", *LIST] if labels else LIST
        steps = [
            f"{place}. {step}" for place, step in enumerate(["五花肉切块焯水。", "炒出糖色下肉。", "炖熟出锅。"], 1)
        ]
        spans += [at(name, 250, top, 18), *column(entries, 50, top + 100)]
        spans += column(["做法", *steps] if labels else steps, 250, top + 50)
    found = read(spans)
    assert [draft.title for draft in found] == names
    for draft in found:
        assert lines_of(draft) == LIST
        assert len(draft.steps) == 3


@pytest.mark.parametrize("said", ["3人份", "2-3人份", "4人份"])
def test_who_it_serves_at_the_end_of_the_title_s_line(said: str) -> None:
    spans, _ = dish("红烧肉", LIST, ["五花肉切块焯水。", "炖熟出锅。"])
    draft = only(read([*spans, at(said, 420, 68)]))
    assert (draft.title, draft.servings) == ("红烧肉", said)
    assert lines_of(draft) == LIST


# --- upright labels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [("材料", "做法"), ("用料", "制作法"), ("原材料", "步骤")])
def test_upright_labels_of_list_and_method_side_by_side(labels: tuple[str, str]) -> None:
    steps = ["五花肉切块，冷水下锅焯水。", "锅中炒出糖色，下肉块翻炒。", "小火炖一小时，收汁出锅。"]
    spans = [at("红烧肉", 50, 60, 18)]
    for left, label in ((50, labels[0]), (220, labels[1])):
        spans += [at(character, left, 110 + 14 * n, 12) for n, character in enumerate(label)]
    spans += [*column(LIST, 75, 110), *column([f"{n}. {step}" for n, step in enumerate(steps, 1)], 250, 110)]
    draft = only(read(spans))
    assert lines_of(draft) == LIST
    assert steps_of(draft) == steps


@pytest.mark.parametrize("groups", [2, 3])
def test_upright_labels_of_lists_one_below_another(groups: int) -> None:
    """The method at their right runs from top to foot."""
    parts = {"主料": LIST, "调料": ["香叶2片", "桂皮1块", "生姜3片"], "腌料": ["盐3克", "料酒10毫升", "淀粉5克"]}
    steps = [f"{BODY[n : n + 24]}。" for n in range(14)]
    spans, top = [at("红烧肉", 50, 60, 18)], 110.0
    for label, entries in list(parts.items())[:groups]:
        middle = top + 8 * len(entries) - 15
        spans += [at(character, 50, middle + 14 * n, 12) for n, character in enumerate(label)]
        spans += column(entries, 75, top)
        top += 16 * len(entries) + 20
    spans += [at(character, 220, 110 + 14 * n, 12) for n, character in enumerate("做法")]
    spans += column([f"{n}. {step}" for n, step in enumerate(steps, 1)], 250, 110)
    draft = only(read(spans))
    assert [("".join(line.text.split()), line.group) for line in draft.lines] == [
        (entry, label) for label, entries in list(parts.items())[:groups] for entry in entries
    ]
    assert steps_of(draft) == steps
