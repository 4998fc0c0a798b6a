"""Books without labels and numbers: a title, a list, paragraphs set in; where one ends although its line is full."""

import pytest
from msgspec.structs import replace

from shishen.pages import Box, Span
from shishen.records import Draft
from tests.test_layout import at
from tests.test_structuring import dishes, lines_of, steps_of
from tests.test_structuring_pages import broken, read

DISHES = {
    "红烧肉": ["五花肉500克", "冰糖30克", "老抽15毫升", "八角2个", "料酒20毫升", "香叶2片"],
    "番茄炒蛋": ["番茄2个", "鸡蛋3个", "盐3克", "白糖5克", "食用油20毫升", "葱花5克"],
    "紫菜蛋花汤": ["紫菜10克", "鸡蛋1个", "盐2克", "香油3毫升", "虾皮5克", "清水800毫升"],
}
METHOD = [
    "把主料洗净切成小块，放入冷水锅中焯水，煮开后撇去浮沫，捞出沥干水分备用。",
    "锅中放少许油烧热，下调料小火炒香，再放入主料翻炒均匀，淋入料酒去腥。",
    "加入没过食材的开水，大火烧开后转小火慢慢煮熟，最后加盐调味收汁即可出锅。",
]


def set_dish(
    title: str, entries: list[str], method: list[str], *, top: float, a_line: int, width: int, size: float, praise: str
) -> tuple[list[Span], float]:
    """(a dish: its title, praise, so many entries a line, paragraphs whose first line is set in; where it ends)."""
    spans = [at(title, 60, top, size)]
    top += size + 14
    if praise:
        spans.append(at(praise, 60, top))
        top += 24
    for start in range(0, len(entries), a_line):
        spans += [at(entry, 60 + (10 * width // 3) * n, top) for n, entry in enumerate(entries[start : start + a_line])]
        top += 16
    top += 8
    for paragraph in method:
        for number, line in enumerate(broken(paragraph, width, width - 2)):
            spans.append(at(line, 60 if number else 80, top))
            top += 16
    return spans, top


def book(*, a_line: int, width: int, size: float = 16, praise: str = "", method: list[str] = METHOD) -> list[Draft]:
    """The dishes of a book that is set so, as they are read."""
    spans: list[Span] = []
    top = 60.0
    for title, entries in DISHES.items():
        own, top = set_dish(title, entries, method, top=top, a_line=a_line, width=width, size=size, praise=praise)
        spans += own
        top += 30
    return read(spans, width=120 + 10 * width)


def is_right(found: list[Draft], method: list[str] = METHOD) -> None:
    assert [draft.title for draft in found] == list(DISHES)
    for draft, entries in zip(found, DISHES.values(), strict=True):
        # Whether several a line are meant along the lines or down the columns cannot be told.
        assert sorted(lines_of(draft)) == sorted(entries)
        assert steps_of(draft) == method


@pytest.mark.parametrize("a_line", [1, 2, 3])
@pytest.mark.parametrize("width", [24, 28, 34, 36])
@pytest.mark.parametrize("size", [14, 20])
def test_a_book_without_labels(a_line: int, width: int, size: float) -> None:
    is_right(book(a_line=a_line, width=width, size=size))


@pytest.mark.parametrize("width", [14, 16, 18, 20, 22])
def test_paragraphs_of_short_lines(width: int) -> None:
    is_right(book(a_line=1, width=width))


@pytest.mark.parametrize("praise", ["酸甜可口，老少皆宜。", "妈妈的拿手菜，每次都吃得一点不剩。"])
@pytest.mark.parametrize("a_line", [1, 3])
def test_praise_above_the_list(praise: str, a_line: int) -> None:
    found = book(a_line=a_line, width=36, praise=praise)
    is_right(found)
    assert [draft.description for draft in found] == [praise] * 3


def padded(lengths: list[int], width: int) -> list[str]:
    """Paragraphs of so many lines each, whose last line ends at the edge."""
    said = "主料洗净切成小块放入冷水锅中焯水再捞出沥干锅里放油烧热下调料炒香放入主料翻炒均匀加开水没过转小火慢慢煮熟"
    return [(said * 6)[n : n + width * length - 3] + "。" for n, length in enumerate(lengths)]


@pytest.mark.parametrize("width", [28, 36])
@pytest.mark.parametrize("lengths", [[2, 2, 2], [3, 2], [2, 3, 2, 2], [2, 1, 2]])
@pytest.mark.parametrize("a_line", [1, 3])
def test_paragraphs_set_in_that_end_at_the_edge(width: int, lengths: list[int], a_line: int) -> None:
    method = padded(lengths, width)
    is_right(book(a_line=a_line, width=width, method=method), method)


@pytest.mark.parametrize("count", [1, 2])
def test_a_book_of_few_paragraphs(count: int) -> None:
    is_right(book(a_line=2, width=36, method=METHOD[:count]), METHOD[:count])


@pytest.mark.parametrize("stop", ["", "。"])
@pytest.mark.parametrize("sign", ["、", "，", "；"])
def test_a_list_run_in_on_one_line(sign: str, stop: str) -> None:
    """A title, all ingredients in a line, a paragraph or two."""
    text = "\n".join(
        f"# {title}\n{sign.join(entries[:4])}{stop}\n" + "\n".join(METHOD[:2]) for title, entries in DISHES.items()
    )
    found = dishes(text)
    assert [draft.title for draft in found] == list(DISHES)
    for draft, entries in zip(found, DISHES.values(), strict=True):
        assert lines_of(draft) == entries[:4]
        assert steps_of(draft) == METHOD[:2]


@pytest.mark.parametrize("count", [2, 3])
def test_dishes_side_by_side(count: int) -> None:
    """A column each."""
    spans: list[Span] = []
    for number, (title, entries) in enumerate(list(DISHES.items())[:count]):
        own, _ = set_dish(title, entries, METHOD, top=60, a_line=1, width=18, size=16, praise="")
        moved = 220 * number
        spans += [replace(s, box=Box(s.box.left + moved, s.box.top, s.box.right + moved, s.box.bottom)) for s in own]
    found = read(spans, width=40 + 220 * count)
    assert [(draft.title, lines_of(draft), steps_of(draft)) for draft in found] == [
        (title, entries, METHOD) for title, entries in list(DISHES.items())[:count]
    ]


@pytest.mark.parametrize("heading", ["调味碗汁", "腌鱼片用"])
def test_a_line_of_several_things_below_a_heading_begins_no_dish(heading: str) -> None:
    steps = ["1. 鱼切片。", f"{heading}：", "盐3克、糖5克、醋10克、生抽15毫升", "2. 倒入锅中翻炒，出锅。"]
    text = "\n".join(f"# {title}\n材料\n" + "\n".join([*entries, "做法", *steps]) for title, entries in DISHES.items())
    found = dishes(text)
    assert [draft.title for draft in found] == list(DISHES)
    assert all(lines_of(draft)[:6] == entries for draft, entries in zip(found, DISHES.values(), strict=True))
