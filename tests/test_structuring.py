"""Whole dishes from lines in reading order: labels or none, numbers or none, over pages, with slips of OCR."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from shishen.domains.cooking.structuring.book import Book
from shishen.pages import Box, Passage, PrintedLine, Reading
from shishen.records import Draft

WIDTH = 26


def printed(text: str, *, confidence: float = 1.0) -> list[PrintedLine]:
    """Lines as a page has them: `# ` before a title, `## ` before a chapter, `> ` before small type, `---` a new page.

    What is longer than a line is broken at its edge.
    """
    lines: list[PrintedLine] = []
    page, top = 1, 50.0
    for raw in text.strip().splitlines():
        if raw == "---":
            page, top = page + 1, 50.0
            continue
        bare = raw.strip().lstrip("#> ")
        size = (
            22.0 if raw.startswith("## ") else 16.0 if raw.startswith("# ") else 7.0 if raw.startswith("> ") else 10.0
        )
        if not bare:
            top += 10
            continue
        above = lines[-1].box if lines and lines[-1].page == page else None
        top += 0.6 * size if size > 10 else 0
        for start in range(0, len(bare), WIDTH):
            part = bare[start : start + WIDTH]
            box = Box(50, top, 50 + len(part) * size, top + size)
            gap = round((top - above.bottom) / size, 2) if above else 0.0
            full = start + WIDTH < len(bare)
            lines.append(
                PrintedLine(text=part, page=page, box=box, size=size, confidence=confidence, full=full, gap=gap)
            )
            above, top = box, top + 1.5 * size
    return lines


def flowing(text: str) -> list[PrintedLine]:
    """Lines of a document that has no pages: a paragraph each, headings by their level."""
    return [
        PrintedLine(text=raw.lstrip("# "), level=2 if raw.startswith("#") else None)
        for raw in text.strip().splitlines()
        if raw.strip()
    ]


def passages(lines: Sequence[PrintedLine]) -> list[Passage]:
    return list(Book("书.pdf").feed(lines, last=True))


def readings(lines: Sequence[PrintedLine]) -> list[Reading]:
    return [passage.reading for passage in passages(lines) if passage.reading]


def dishes(text: str) -> list[Draft]:
    return [reading.draft for reading in readings(printed(text))]


def lines_of(draft: Draft) -> list[str]:
    return ["".join(line.text.split()) for line in draft.lines]


def steps_of(draft: Draft) -> list[str]:
    return [step.text for step in draft.steps]


def only(found: Sequence[Draft]) -> Draft:
    assert len(found) == 1, [draft.title for draft in found]
    return found[0]


LIST = ["五花肉500克", "冰糖30克", "老抽1勺", "八角2个"]
STEPS = [
    "五花肉切块，冷水下锅焯水。",
    "锅中放冰糖炒出糖色，下肉块翻炒均匀，加老抽和八角，倒入没过肉的开水。",
    "小火炖一小时，收汁出锅。",
]
PORK = f"""
# 红烧肉
材料
{chr(10).join(LIST)}
做法
{chr(10).join(f"{n}. {step}" for n, step in enumerate(STEPS, 1))}
"""
EGG = """
# 番茄炒蛋
材料
番茄2个
鸡蛋3个
盐3克
做法
1. 番茄切块，鸡蛋打散。
2. 下锅炒熟，加盐出锅。
"""
SOUP = """
# 紫菜蛋花汤
材料
紫菜10克
鸡蛋1个
盐2克
做法
1. 水烧开，放入紫菜。
2. 淋入蛋液，加盐出锅。
"""


def is_pork(draft: Draft) -> None:
    assert draft.title == "红烧肉"
    assert lines_of(draft) == LIST
    assert steps_of(draft) == STEPS


def test_a_dish_with_its_labels() -> None:
    draft = only(dishes(PORK))
    is_pork(draft)
    assert (draft.source.path, draft.source.page, draft.source.line) == ("书.pdf", 1, 1)
    assert (draft.servings, draft.minutes, draft.tips, draft.category) == (None, None, (), None)


def test_the_same_of_a_document_that_flows() -> None:
    draft = only([reading.draft for reading in readings(flowing(PORK))])
    is_pork(draft)
    assert draft.source.page is None


def test_several_dishes_on_a_page_each_with_its_place() -> None:
    found = dishes(PORK + EGG + "---" + SOUP)
    assert [(d.title, d.source.page, d.source.line) for d in found] == [
        ("红烧肉", 1, 1),
        ("番茄炒蛋", 1, 2),
        ("紫菜蛋花汤", 2, 1),
    ]
    is_pork(found[0])
    assert lines_of(found[2]) == ["紫菜10克", "鸡蛋1个", "盐2克"]


@pytest.mark.parametrize("window", [1, 3, 7])
def test_windows_make_no_difference(window: int) -> None:
    """A book is fed a few lines at a time; nothing hangs on where the cuts fall."""
    lines = printed((PORK + EGG + "---" + SOUP).replace("\n\n", "\n"))
    lines += [replace(line, page=(line.page or 0) + 2) for line in lines]
    book = Book("书.pdf")
    found: list[Passage] = []
    for start in range(0, len(lines), window):
        found += book.feed(lines[start : start + window], last=start + window >= len(lines))
    drafts = [passage.reading.draft for passage in found if passage.reading]
    whole = [reading.draft for reading in readings(lines)]
    assert [(d.title, lines_of(d), steps_of(d)) for d in drafts] == [(d.title, lines_of(d), steps_of(d)) for d in whole]
    assert len(whole) == 6


@pytest.mark.parametrize(
    "order",
    [("材料", "做法", "特点", "小贴士"), ("特点", "小贴士", "材料", "做法"), ("做法", "小贴士", "材料", "特点")],
)
def test_parts_in_any_order(order: tuple[str, ...]) -> None:
    parts = {
        "材料": "\n".join(LIST),
        "做法": "\n".join(f"{n}. {step}" for n, step in enumerate(STEPS, 1)),
        "特点": "色泽红亮，肥而不腻。",
        "小贴士": "炖的时候不要开大火。",
    }
    draft = only(dishes("# 红烧肉\n" + "\n".join(f"{label}\n{parts[label]}" for label in order)))
    is_pork(draft)
    assert draft.features == "色泽红亮，肥而不腻。"
    assert draft.tips == ("炖的时候不要开大火。",)


@pytest.mark.parametrize("gone", ["材料\n", "做法\n", ("材料\n", "做法\n")])
def test_labels_that_are_missing(gone: str | tuple[str, ...]) -> None:
    text = PORK
    for label in (gone,) if isinstance(gone, str) else gone:
        text = text.replace(label, "", 1)
    is_pork(only(dishes(text)))


@pytest.mark.parametrize(
    "labels",
    [
        ("材料：", "做法："),
        ("【主料】", "【制法】"),
        ("◎ 用料", "◎ 制作过程"),
        ("材　料", "做　法"),
        ("一、原料", "二、步骤"),
        ("食材准备 INGREDIENTS", "烹饪步骤 METHOD"),
        ("用料（4人份）", "操作"),
    ],
)
def test_labels_in_other_words_and_prints(labels: tuple[str, str]) -> None:
    text = PORK.replace("材料\n", labels[0] + "\n", 1).replace("做法\n", labels[1] + "\n", 1)
    draft = only(dishes(text))
    is_pork(draft)
    assert (draft.servings == "4人份") == ("4人份" in labels[0])


RUN_IN = "".join(f"{mark}{step}" for mark, step in zip("①②③", STEPS, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        f"# 红烧肉\n【材料】{'、'.join(LIST)}。\n【做法】{RUN_IN}\n【特点】色泽红亮。",
        f"# 红烧肉\n【材料】{'，'.join(LIST)}【做法】{RUN_IN}【特点】色泽红亮。",
        f"# 红烧肉\n材料：{'；'.join(LIST)}\n做法：{RUN_IN}\n特点：色泽红亮。",
        f"# 红烧肉\n原料 {'、'.join(LIST)}\n制法 {RUN_IN}\n特点 色泽红亮。",
    ],
    ids=["brackets", "one paragraph", "colons", "spaces"],
)
def test_run_in_labels(text: str) -> None:
    draft = only(dishes(text))
    is_pork(draft)
    assert draft.features == "色泽红亮。"


@pytest.mark.parametrize(
    "mark", ["{}. ", "{}、", "({}) ", "（{}）", "{}）", "第{}步 ", "步骤{} ", "STEP {}　", "{}", "{}  "]
)
def test_steps_numbered_in_every_form(mark: str) -> None:
    steps = "\n".join(mark.format(n) + step for n, step in enumerate(STEPS, 1))
    is_pork(only(dishes(f"# 红烧肉\n材料\n{chr(10).join(LIST)}\n做法\n{steps}")))


def test_steps_without_numbers_are_a_paragraph_each() -> None:
    is_pork(only(dishes(f"# 红烧肉\n材料\n{chr(10).join(LIST)}\n做法\n{chr(10).join(STEPS)}")))


def test_a_number_alone_on_its_line() -> None:
    steps = "\n".join(f"步骤 {n}\n{step}" for n, step in enumerate(STEPS, 1))
    is_pork(only(dishes(f"# 红烧肉\n材料\n{chr(10).join(LIST)}\n做法\n{steps}")))


def test_numbered_titles_and_numbered_steps() -> None:
    text = (
        PORK.replace("# 红烧肉", "# 1. 红烧肉") + EGG.replace("# 番茄", "# 2. 番茄") + SOUP.replace("# 紫", "# 3. 紫")
    )
    found = dishes(text)
    assert [draft.title for draft in found] == ["红烧肉", "番茄炒蛋", "紫菜蛋花汤"]
    is_pork(found[0])


@pytest.mark.parametrize("title", ["第一道 红烧肉", "【红烧肉】", "★红烧肉★", "红 烧 肉", "红烧肉的做法", "三、红烧肉"])
def test_decorated_titles(title: str) -> None:
    draft = only(dishes(PORK.replace("红烧肉", title, 1)))
    assert draft.title in ("红烧肉", title if title.endswith("的做法") else "红烧肉")
    assert lines_of(draft) == LIST


def test_titles_set_like_the_text_are_known_by_what_follows() -> None:
    text = (PORK + EGG + SOUP).replace("# ", "")
    assert [draft.title for draft in dishes(text)] == ["红烧肉", "番茄炒蛋", "紫菜蛋花汤"]


# --- what stands around --------------------------------------------------------------------------------------


def below_the_title(text: str) -> Draft:
    draft = only(dishes(PORK.replace("# 红烧肉\n", f"# 红烧肉\n{text}\n")))
    is_pork(draft)
    return draft


def test_facts_below_the_title() -> None:
    draft = below_the_title("又名：东坡肉\n3人份｜1小时30分钟｜难度 ★★★\n菜系：江浙菜")
    assert (draft.servings, draft.difficulty, draft.cuisine) == ("3人份", 3, "江浙菜")
    assert draft.aliases == ("东坡肉",)


@pytest.mark.parametrize(
    "text",
    [
        "又名：东坡肉、酱方",
        "（又名东坡肉、酱方）",
        "（又名：东坡肉、酱方）",
    ],
)
def test_other_names_below_the_title(text: str) -> None:
    assert below_the_title(text).aliases == ("东坡肉", "酱方")


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("烹饪时间：40分钟", 40),
        ("总时间：90分钟", 90),
        ("耗时：1.5小时", 90),
        ("准备时间：20分钟", None),
        ("时间：40分钟", 40),
        ("份量：2人 时间：40分钟", 40),
        ("用时：1小时", 60),
        ("制作时间 40分钟", 40),
        ("3人份｜1小时30分钟", 90),
    ],
)
def test_the_time_that_a_dish_takes(text: str, minutes: float | None) -> None:
    assert below_the_title(text).minutes == minutes


def test_what_praises_a_dish_is_its_description() -> None:
    draft = only(dishes(PORK.replace("# 红烧肉\n", "# 红烧肉\n肥而不腻，入口即化，是外婆的拿手菜。\n")))
    is_pork(draft)
    assert draft.description == "肥而不腻，入口即化，是外婆的拿手菜。"


def test_a_dish_over_a_page_with_a_tip_between() -> None:
    first, rest = PORK.split("2. ")
    text = f"{first}小贴士\n炖的时候不要开大火。\n---\n2. {rest}{EGG}"
    found = dishes(text)
    assert [draft.title for draft in found] == ["红烧肉", "番茄炒蛋"]
    is_pork(found[0])
    assert found[0].tips == ("炖的时候不要开大火。",)


def test_a_sentence_over_a_page() -> None:
    lines = printed(PORK)
    split = next(n for n, line in enumerate(lines) if line.full) + 1
    moved = [replace(line, page=2, gap=0.0 if n == split else line.gap) for n, line in enumerate(lines) if n >= split]
    is_pork(only([reading.draft for reading in readings([*lines[:split], *moved])]))


def test_chapters_and_a_table_of_contents_name_the_categories() -> None:
    contents = "目录\n## 荤菜\n红烧肉……2\n## 快手菜\n番茄炒蛋……3\n## 汤羹\n紫菜蛋花汤……4\n"
    found = dishes(f"{contents}---{PORK}---{EGG}---{SOUP}")
    assert [(d.title, d.category) for d in found] == [
        ("红烧肉", "荤菜"),
        ("番茄炒蛋", "快手菜"),
        ("紫菜蛋花汤", "汤羹"),
    ]
    found = dishes(f"## 荤菜{PORK}{EGG}## 汤羹{SOUP}")
    assert [d.category for d in found] == ["荤菜", "荤菜", "汤羹"]


def test_a_chapter_of_one_character() -> None:
    assert [d.category for d in dishes(f"## 荤菜{PORK}{EGG}## 汤{SOUP}")] == ["荤菜", "荤菜", "汤"]


def test_footnotes_and_captions_are_no_steps() -> None:
    text = PORK.replace("2. 锅中", "图1 焯水\n2. 锅中") + "> 老抽只为上色，不用也可以。\n"
    draft = only(dishes(text))
    is_pork(draft)
    assert draft.tips == ("老抽只为上色，不用也可以。",)


def test_steps_whose_pictures_stand_in_rows_come_in_the_order_of_their_numbers() -> None:
    """Two columns of pictures, read one after the other: 1, 3, 2, 4."""
    steps = ["切块，冷水下锅焯水。", "炒出糖色。", "加水小火慢炖。", "收汁出锅。"]
    lines = [f"{n}. {step}" for n, step in enumerate(steps, 1)]
    rows = "\n".join((*lines[::2], "---", *lines[1::2]))
    draft = only(dishes(f"# 红烧肉\n材料\n{chr(10).join(LIST)}\n做法\n{rows}"))
    assert steps_of(draft) == steps


@pytest.mark.parametrize(
    "text",
    [
        "",
        "前言\n这是一本好书，写给爱吃的人。\n祝您胃口好。",
        "# 目录\n" + "\n".join(f"第{n}章……{n}" for n in range(9)),
        "1\n2\n3\n4\n5",
    ],
)
def test_a_text_without_a_dish_gives_none(text: str) -> None:
    assert dishes(text) == []
