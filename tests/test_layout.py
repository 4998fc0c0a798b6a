"""Layout: a page's spans → its lines in reading order; columns, labels, running heads and page numbers."""

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shishen.layout.furniture import Furniture
from shishen.layout.reading_order import reading_order
from shishen.pages import Box, Page, PrintedLine, Span

BODY = "锅中倒油烧热后放入葱姜爆香再下肉片翻炒至变色加盐和生抽调味出锅装盘即可食用趁热享用味道更好"


def at(text: str, left: float, top: float, size: float = 10, *, bold: bool = False, confidence: float = 1.0) -> Span:
    """A span whose characters are as wide as they are high, Latin ones half as wide."""
    width = sum(size if c > "\x7f" else size / 2 for c in text)
    box = Box(left, top, left + width, top + size)
    return Span(text=text, box=box, size=size, bold=bold, confidence=confidence)


def column(texts: Sequence[str], left: float, top: float = 100, size: float = 10, pitch: float = 16) -> list[Span]:
    """Lines one under another."""
    return [at(text, left, top + pitch * number, size) for number, text in enumerate(texts)]


def page(spans: Sequence[Span], number: int = 1) -> Page:
    return Page(number=number, width=600, height=800, spans=tuple(spans))


def texts(spans: Sequence[Span]) -> list[str]:
    return [line.text for line in reading_order(page(spans))]


def body(name: str, count: int, length: int = 20) -> list[str]:
    """Lines that are told apart by their beginning and are equally long."""
    return [f"{name}{number}{BODY[number : number + length - 1 - len(str(number))]}" for number in range(count)]


# --- lines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ([at("红烧", 50, 100), at("排骨", 71, 100)], "红烧排骨"),
        ([at("olive", 50, 100), at("oil", 78, 100)], "olive oil"),
        ([at("ol", 50, 100), at("ive", 60, 100)], "olive"),
        ([at("排骨", 50, 100), at("500", 74, 100), at("克", 90, 100)], "排骨 500克"),
        ([at("红", 50, 100, 20), at("烧", 90, 100, 20), at("肉", 130, 100, 20)], "红烧肉"),
        ([at("排骨", 50, 100), at("500克", 200, 100)], "排骨  500克"),
        ([at("加盐调味", 50, 100), at("2", 90, 100, 6), at("出锅", 93, 100)], "加盐调味出锅"),
        ([at("下锅", 50, 100), at("350", 71, 99, 10), at("克", 87, 101)], "下锅350克"),
        ([at("  ", 50, 100), at("盐", 90, 100)], "盐"),
    ],
    ids=["Chinese", "words", "one word", "number", "spread", "wide gap", "raised number", "uneven", "blank"],
)
def test_the_pieces_of_a_line_are_one_text(spans: list[Span], text: str) -> None:
    assert texts(spans) == [text]
    assert texts(spans[::-1]) == [text]


def test_a_line_knows_its_place() -> None:
    spans = [at("红烧肉", 50, 100, 20, bold=True), *column(["五花肉", "　　盐"], 50, 150, 10)]
    spans[2] = at("盐", 70, 170)
    title, first, second = reading_order(page(spans, 7))
    assert (title.text, title.size, title.bold, title.page, title.gap) == ("红烧肉", 20, True, 7, 0)
    assert (first.gap, first.indent, first.bold) == (3, 0, False)
    assert (second.gap, second.indent) == (1, 2)
    assert second.box == Box(70, 170, 80, 180)


def test_a_line_is_as_sure_as_its_least_sure_piece_and_bold_only_throughout() -> None:
    spans = [at("五花肉", 50, 100, bold=True, confidence=0.9), at("一斤", 81, 100, confidence=0.6)]
    (line,) = reading_order(page(spans))
    assert (line.confidence, line.bold) == (0.6, False)


def test_a_line_that_runs_to_the_edge_is_full() -> None:
    wrapped = ["甲" * 30, "乙" * 30, "丙" * 12, "丁" * 30, "戊" * 30, "己" * 7]
    lines = reading_order(page(column(wrapped, 150)))
    assert [line.full for line in lines] == [True, True, False, True, True, False]


def test_a_word_that_had_no_room_leaves_the_line_full() -> None:
    wrapped = ["甲" * 30, "乙" * 30, "丙" * 24, "worcestershire酱", "戊" * 30, "己" * 5]
    lines = reading_order(page(column(wrapped, 150)))
    assert [line.full for line in lines][:4] == [True, True, True, False]


def test_short_lines_of_a_list_are_not_full() -> None:
    lines = reading_order(page(column(["五花肉 500克", "冰糖 30克", "老抽 1勺", "八角 2个"], 50)))
    assert not any(line.full for line in lines)


def test_lines_that_are_in_order_already_stay() -> None:
    lines = (PrintedLine(text="乙"), PrintedLine(text="甲"))
    assert reading_order(Page(lines=lines)) == list(lines)


def test_an_empty_page_has_no_lines() -> None:
    assert reading_order(Page(number=1, width=600, height=800)) == []
    assert texts([at(" ", 10, 10)]) == []


# --- columns -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [2, 3])
def test_columns_are_read_one_after_another(count: int, seed: int) -> None:
    chance = random.Random(seed)
    width = 510 // count
    columns = [body("甲乙丙"[n], 30, width // 10 - 2) for n in range(count)]
    spans = [span for n, lines in enumerate(columns) for span in column(lines, 45 + n * width)]
    chance.shuffle(spans)
    assert texts(spans) == [line for lines in columns for line in lines]


@pytest.mark.parametrize("seed", range(4))
def test_boxes_that_were_seen_are_uneven_and_read_alike(seed: int) -> None:
    """OCR measures a line a little high, a little low, a little long."""
    chance = random.Random(seed)
    left, right = body("甲", 30), body("乙", 28)
    spans = []
    for span in [*column(left, 50), *column(right, 320, 105)]:
        move, tall = chance.uniform(-1.5, 1.5), chance.uniform(-1, 1.5)
        box = Box(span.box.left + move, span.box.top + move, span.box.right + move, span.box.bottom + move + tall)
        spans.append(replace(span, box=box, size=10 + tall, confidence=0.95))
    assert texts(spans) == [*left, *right]


def test_columns_change_within_a_page() -> None:
    """A title over the page, two columns, a line over the page, three columns."""
    left, right, across = body("甲", 10), body("乙", 10), body("丙", 2, 50)
    small = [body(name, 10, 14) for name in "丁戊己"]
    spans = [
        at("家常小炒六十例精选本", 50, 60, 18),
        *column(left, 50),
        *column(right, 320),
        *column(across, 50, 300),
        *(span for n, lines in enumerate(small) for span in column(lines, 50 + n * 180, 372)),
    ]
    ordered = ["家常小炒六十例精选本", *left, *right, *across, *(line for lines in small for line in lines)]
    assert texts(spans) == ordered


def test_a_column_that_ends_early() -> None:
    left, right = body("甲", 30), body("乙", 6)
    assert texts([*column(left, 50), *column(right, 320)]) == [*left, *right]


def test_cards_in_rows_are_read_card_by_card() -> None:
    """Four cards: what stands beside a card's own lines is another card's."""
    spans, ordered = [], []
    for row, col in ((0, 0), (0, 1), (1, 0), (1, 1)):
        left, top = 50 + 270 * col, 100 + 300 * row
        title = "甲乙丙丁"[2 * row + col] + "小炒肉"
        lines = body(title[0], 8)
        spans += [at(title, left, top, 16), *column(lines, left, top + 30)]
        ordered.append((title, lines))
    found = texts(spans)
    for title, lines in ordered:
        start = found.index(title)
        assert found[start : start + 9] == [title, *lines]


def test_dishes_one_below_another_with_the_list_beside_the_method() -> None:
    """Each title heads both sides; the lists do not run on from dish to dish."""
    spans, ordered = [], []
    for number, name in enumerate("甲乙"):
        top, title = 100 + 300 * number, name + "炒肉"
        names = [f"{name}料{n} {n}克" for n in range(1, 7)]
        steps = body(name, 9, 26)
        spans += [at(title, 50, top, 16), *column(names, 50, top + 40), *column(steps, 250, top + 40)]
        ordered += [title, *names, *steps]
    assert texts(spans) == ordered


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["五花肉", "冰糖", "老抽", "八角", "料酒"], ["500克", "30克", "1勺", "2个", "适量"]),
        (["1.", "2.", "3.", "4."], [BODY[:30], BODY[5:33], BODY[2:35], BODY[:12]]),
        (["①", "②", "③"], [BODY[:30], BODY[5:33], BODY[2:35]]),
        (["步骤一", "步骤二", "步骤三"], [BODY[:30], BODY[5:33], BODY[2:35]]),
    ],
    ids=["amounts", "numbers", "circles", "named"],
)
def test_what_belongs_together_on_a_line_is_read_across(left: list[str], right: list[str]) -> None:
    spans = [*column(left, 50), *column(right, 130)]
    assert texts(spans) == [f"{a}  {b}" for a, b in zip(left, right, strict=True)]


def test_a_list_beside_its_method_is_two_columns() -> None:
    """Ingredients with their amounts at the left, steps at the right."""
    names = ["五花肉 500克", "冰糖 30克", "老抽 1勺", "八角 2个", "料酒 2勺", "香叶 2片"]
    steps = body("步", 20, 30)
    assert texts([*column(names, 50), *column(steps, 200)]) == [*names, *steps]


def test_an_upright_label_stands_before_its_rows() -> None:
    """材 over 料 at the side of four lines."""
    lines = ["五花肉 500克", "冰糖 30克", "老抽 1勺", "八角 2个"]
    label = [at("材", 50, 115, 12), at("料", 50, 129, 12)]
    assert texts([*label, *column(lines, 90)]) == ["材料", *lines]


@pytest.mark.parametrize(
    ("count", "steps", "room"),
    [(3, 5, 0), (3, 8, 0), (8, 4, 16), (3, 4, 16), (6, 8, 16)],
)
def test_labels_at_the_side_stand_before_their_lines(count: int, steps: int, room: int) -> None:
    names = ["五花肉 500克", "冰糖 30克", "老抽 1勺", "八角 2个", "料酒 2勺", "香叶 2片", "生姜 3片", "大葱 1根"][
        :count
    ]
    second = 100 + 16 * count + room
    method = body("步", steps, 30)
    labels = [at("材料", 50, 100, bold=True), at("做法", 50, second, bold=True)]
    found = "\n".join(texts([*labels, *column(names, 120), *column(method, 120, second)]))
    assert found.replace("  ", "\n").split("\n") == ["材料", *names, "做法", *method]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("炒煮蒸炸煎焖盐糖", min_size=1, max_size=12),
            st.floats(0, 590),
            st.floats(0, 790),
            st.sampled_from([6.0, 9.0, 10.0, 16.0, 40.0]),
        ),
        max_size=40,
    )
)
def test_nothing_is_lost_and_nothing_comes_twice(placed: list[tuple[str, float, float, float]]) -> None:
    spans = [at(*one) for one in placed]
    wanted = Counter("".join(text for text, *_ in placed))
    assert Counter("".join("".join(texts(spans)).split())) == wanted


# --- running heads and page numbers --------------------------------------------------------------------------


def stripped(pages: Sequence[Page]) -> list[list[str]]:
    """The texts of each page that are left, all pages learnt first."""
    furniture = Furniture()
    furniture.learn(pages)
    return [[span.text for span in furniture.strip(one).spans] for one in pages]


def book(count: int, *furniture: tuple[str, float, float]) -> list[Page]:
    """Pages with a title and text of their own each; furniture may name the page by `{n}`."""
    pages = []
    for number in range(1, count + 1):
        own = [at(f"第{'一二三四五六七八九十'[number % 10]}样菜", 50, 80, 16), *column(body("甲", 35), 50, 120)]
        heads = [at(text.format(n=number), left, top, 8) for text, left, top in furniture]
        pages.append(page([*own, *heads], number))
    return pages


def test_a_number_of_thousands_of_digits_is_no_page_number() -> None:
    """Python refuses to read one as a number."""
    pages = book(6, ("9" * 8000, 50, 30), ("{n}", 295, 770))
    assert all(len(texts) == 36 for texts in stripped(pages))


@pytest.mark.parametrize(
    "furniture",
    [
        [("家常菜谱大全", 50, 30)],
        [("家常菜谱大全", 50, 30), ("{n}", 295, 770)],
        [("· {n} ·", 295, 770)],
        [("第{n}页", 295, 770)],
        [("家常菜谱大全　{n}", 50, 770)],
        [("— {n} —", 550, 30)],
        [("{n}/12", 295, 770)],
    ],
)
def test_running_heads_and_page_numbers_go(furniture: list[tuple[str, float, float]]) -> None:
    assert stripped(book(8, *furniture)) == stripped(book(8))


def test_heads_that_differ_left_and_right_go() -> None:
    pages = book(10)
    for place, one in enumerate(pages):
        even = place % 2
        heads = (
            at("家常菜谱" if even else "凉菜篇", 50 if even else 500, 30, 8),
            at(str(place + 1), 550 * even, 770, 8),
        )
        pages[place] = replace(one, spans=(*one.spans, *heads))
    assert stripped(pages) == stripped(book(10))


def test_titles_and_labels_at_the_top_of_every_page_stay() -> None:
    """Each page begins with a dish, its label at one height of all pages: no running head."""
    pages = [
        page(
            [at(f"{'甲乙丙丁戊己庚辛'[n]}炒肉", 50, 40, 16), at("材料", 50, 70), *column(body("步", 30), 50, 90)], n + 1
        )
        for n in range(8)
    ]
    assert stripped(pages) == [[span.text for span in one.spans] for one in pages]


def test_a_lone_page_keeps_its_text_and_loses_its_number() -> None:
    (found,) = stripped(book(1, ("12", 295, 770)))
    assert "12" not in found
    assert found == stripped(book(1))[0]


def test_a_thumb_index_at_the_side_goes() -> None:
    assert stripped(book(10, ("凉", 588, 300), ("菜", 588, 310))) == stripped(book(10))


def test_a_head_that_begins_later_is_learnt_with_its_window() -> None:
    furniture = Furniture()
    for head in ("凉菜篇", "热菜篇", "汤羹篇"):
        pages = book(8, (head, 50, 30))
        furniture.learn(pages)
        assert all(head not in [span.text for span in furniture.strip(one).spans] for one in pages)


def test_numbers_in_the_text_are_no_page_numbers() -> None:
    lines = ["五花肉", "500", "冰糖", "30"]
    pages = [page(column(lines, 50, 730), n) for n in range(1, 4)]
    assert all({"500", "30"} <= set(found) for found in stripped(pages))


def test_a_page_without_spans_is_left_alone() -> None:
    empty = Page(number=1, width=600, height=800)
    furniture = Furniture()
    furniture.learn([empty])
    assert furniture.strip(empty) is empty
