"""Chapters and contents: smaller than titles, of one character, spaced dots; lines of stars; a dish's time."""

import pytest
from msgspec.structs import replace

from shishen.domains.cooking.structuring.book import Book
from shishen.domains.cooking.structuring.rows import contents_of, rows_of
from shishen.layout.reading_order import reading_order
from shishen.pages import PrintedLine
from tests.test_layout import at, page
from tests.test_structuring import EGG, LIST, PORK, SOUP, dishes, is_pork, only, printed

CHAPTERS = ["荤菜", "热菜", "汤羹", "家常小炒", "面食", "甜品"]


@pytest.mark.parametrize("first", CHAPTERS)
@pytest.mark.parametrize("size", [12.5, 14, 15.5])
def test_a_known_chapter_may_be_smaller_than_the_titles(first: str, size: float) -> None:
    text = f"章{first}{PORK}{EGG}章汤品{SOUP}"
    lines = [replace(line, text=line.text[1:], size=size) if line.text[0] == "章" else line for line in printed(text)]
    found = [passage.reading.draft for passage in Book("书.pdf").feed(lines, last=True) if passage.reading]
    assert [draft.title for draft in found] == ["红烧肉", "番茄炒蛋", "紫菜蛋花汤"]
    assert [draft.category for draft in found] == [first, first, "汤品"]
    is_pork(found[0])


@pytest.mark.parametrize("one", ["汤", "粥", "面", "肉"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_chapter_of_one_character_anywhere(one: str, place: int) -> None:
    parts = [PORK, EGG, SOUP]
    text = "".join((f"## {one}" if n == place else "") + part for n, part in enumerate(parts))
    assert [draft.category for draft in dishes(text)] == [None] * place + [one] * (3 - place)


@pytest.mark.parametrize("chapter", ["酱料", "蘸料", "糖水"])
def test_a_chapter_named_like_a_part_of_a_list(chapter: str) -> None:
    found = dishes(f"## 荤菜{PORK}{EGG}## {chapter}{SOUP}")
    assert [draft.category for draft in found] == ["荤菜", "荤菜", chapter]
    assert [draft.title for draft in found] == ["红烧肉", "番茄炒蛋", "紫菜蛋花汤"]


# --- contents ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("红烧肉 . . . . 9", ("红烧肉", 9)),
        ("红烧肉 . . . . . . . 128", ("红烧肉", 128)),
        ("红烧肉……9", ("红烧肉", 9)),
        ("红烧肉 · · · · 9", ("红烧肉", 9)),
        ("红烧肉 —— 第9页", ("红烧肉", 9)),
        ("红烧肉......（9）", ("红烧肉", 9)),
        ("红烧肉  9", ("红烧肉", 9)),
        ("红烧肉", None),
        ("....9", None),
    ],
)
def test_a_line_of_a_contents(line: str, found: tuple[str, int] | None) -> None:
    assert contents_of(line) == found


@pytest.mark.parametrize("dots", [". . . . . .", "......", "· · · · ·", "— — — —", "…………"])
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_contents_is_no_dish_and_names_the_chapters(dots: str, pieces: int) -> None:
    """Title, dots and page number as one piece of text or as three."""
    spans = [at("目录", 250, 50, 16)]
    listed = [("荤菜", ["红烧肉", "番茄炒蛋", "回锅肉"]), ("汤羹", ["紫菜蛋花汤", "酸辣汤", "排骨汤"])]
    top = 100.0
    for chapter, titles in listed:
        spans.append(at(chapter, 50, top, 13))
        top += 24
        for number, title in enumerate(titles):
            name = at(title, 50, top)
            if pieces == 1:
                spans.append(at(f"{title} {dots} {number + 9}", 50, top))
            else:
                lead = at(dots, name.box.right + 12, top)
                spans += [name, lead, at(str(number + 9), lead.box.right + 14, top)]
            top += 20
    moved = [replace(line, page=2) for line in printed(PORK + EGG + SOUP)]
    found = [
        p.reading.draft for p in Book("书.pdf").feed([*reading_order(page(spans)), *moved], last=True) if p.reading
    ]
    assert [(draft.title, draft.category) for draft in found] == [
        ("红烧肉", "荤菜"),
        ("番茄炒蛋", "荤菜"),
        ("紫菜蛋花汤", "汤羹"),
    ]


# --- lines that say nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", ["★ ★ ★", "☆☆☆☆☆", "* * * * *", "……", "……………", "— — —", "========", "◆ ◆ ◆", "~~~~~~", "_________", "•••"]
)
@pytest.mark.parametrize("behind", ["材料\n", "八角2个\n", "做法\n", "# 红烧肉\n"])
def test_a_line_of_signs_says_nothing(line: str, behind: str) -> None:
    draft = only(dishes(PORK.replace(behind, f"{behind}{line}\n", 1)))
    is_pork(draft)
    assert (draft.description, draft.tips) == (None, ())


@pytest.mark.parametrize("line", ["★★★ 家常", "盐……", "—5克", "1 · 2"])
def test_a_line_with_words_is_a_row(line: str) -> None:
    assert rows_of([PrintedLine(text=line)])


# --- the time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("时间：25分钟", 25),
        ("时间：1小时15分钟", 75),
        ("时间：30-40分钟", 40),
        ("时间：2小时", 120),
        ("烹饪耗时：50分钟", 50),
        ("总耗时：90分钟", 90),
        ("出菜时限：15分钟", 15),
        ("用时 45分钟", 45),
        ("4人份｜45分钟", 45),
        ("腌制时间：2小时", None),
        ("准备时间：10分钟 时间：40分钟", 40),
    ],
)
def test_a_time_that_a_label_calls_the_dish_s(text: str, minutes: float | None) -> None:
    draft = only(dishes(PORK.replace("# 红烧肉\n", f"# 红烧肉\n{text}\n")))
    assert draft.minutes == minutes
    assert [line.text for line in draft.lines] == LIST
