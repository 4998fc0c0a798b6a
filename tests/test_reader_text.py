"""Plain text and free Markdown: lines without their marks, paragraphs whole, other readers' files left alone."""

import json
import random
from pathlib import Path

import pytest

from shishen.engines import engines
from shishen.engines.reader.text import Options, build, columns
from shishen.errors import UnreadableFile
from shishen.pages import Page, PrintedLine
from shishen.records import Draft, Rejected
from shishen.source_file import Limits, SourceFile

TEXT = "番茄炒蛋\n\n用料：番茄2个、鸡蛋3个\n\n做法：\n1、切块。\n2、炒熟。\n"


def read(path: Path, text: str | bytes, **limits: float) -> list[Draft | Page | Rejected]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(build(Options()).read(SourceFile(path, limits=Limits(**limits))))  # type: ignore[arg-type]


def lines_of(path: Path, text: str | bytes) -> list[PrintedLine]:
    return [line for page in read(path, text) if isinstance(page, Page) for line in page.lines]


def texts(path: Path, text: str | bytes) -> list[str]:
    return [line.text for line in lines_of(path, text)]


def recognised(path: Path, text: str | bytes) -> bool:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return build(Options()).recognises(SourceFile(path))


# --- which files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "番茄炒蛋 用料：番茄2个 做法：炒熟。",
        "【材料】\n番茄\n【做法】\n炒",
        "◆ 主料\n番茄\n◆ 制作方法\n炒",
        "## 食材\n- 番茄\n## 步骤\n1. 炒",
        "**所需材料**\n番茄\n**番茄炒蛋的做法**\n炒",
        "一、原料准备\n番茄\n二、烹饪步骤\n炒",
        "配料 番茄2个\n制法 炒熟",
        "Tomato soup\n\nIngredients\n2 tomatoes\n\nDirections:\nBoil.",
        "調料：鹽\r\n\r\n製作步驟：\r\n炒",
        "（材料）番茄\n（做法）炒",
    ],
)
def test_a_text_with_both_sections_is_read(tmp_path: Path, text: str) -> None:
    assert recognised(tmp_path / "a.xyz", text)


@pytest.mark.parametrize(
    "text",
    [
        "今天去买了些材料，做法还没想好。",
        "用料：番茄2个",
        "做法：炒",
        "The ingredients are fresh and the method is simple.",
        '{"材料：": "x",\n"做法：": "y"}',
        '[{"a": "\n材料：\n做法：\n"}]',
        "<?xml version='1.0'?><a>\n材料：\n做法：\n</a>",
        "import x\ningredients = 3\nsteps = 4\n",
        b"PK\x03\x04" + TEXT.encode(),
        bytes(range(256)),
    ],
)
def test_other_files_are_left_to_others(tmp_path: Path, text: str | bytes) -> None:
    assert not recognised(tmp_path / "a.txt", text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# 菜\n\n## 材料\n\n- 盐\n\n## 做法\n\n1. 炒\n", "cookbook"),
        (
            "# 菜的做法\n\n## 必备原料和工具\n\n- 盐\n\n## 计算\n\n- 盐 1 克\n\n## 操作\n\n- 炒\n\n材料：\n做法：\n",
            "howtocook",
        ),
        (f"<html><body><pre>{TEXT}</pre></body></html>", "html"),
        (json.dumps({"@type": "Recipe", "name": TEXT}), "jsonld"),
    ],
)
def test_readers_of_a_form_are_asked_first(tmp_path: Path, text: str, name: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    readers = [info for info in engines("reader") if info.name in ("cookbook", "howtocook", "html", "jsonld", "text")]
    assert next(info.name for info in readers if info.build().recognises(SourceFile(path))) == name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_usual_encoding_simply_works(tmp_path: Path, encoding: str, end: str) -> None:
    data = TEXT.replace("\n", end).encode(encoding)
    assert recognised(tmp_path / "a.txt", data) or end == "\r"
    assert texts(tmp_path / "a.txt", data) == ["番茄炒蛋", "用料：番茄2个、鸡蛋3个", "做法：", "1、切块。", "2、炒熟。"]


# --- marks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("# 菜", PrintedLine(text="菜", level=1)),
        ("### 菜 ###", PrintedLine(text="菜", level=3)),
        ("##菜", PrintedLine(text="菜", level=2)),
        ("#美食# 分享", PrintedLine(text="#美食# 分享")),
        ("- 盐 3克", PrintedLine(text="盐 3克", item=True)),
        ("* [x] 盐", PrintedLine(text="盐", item=True)),
        ("• 盐", PrintedLine(text="盐", item=True)),
        ("1. 炒", PrintedLine(text="1. 炒", item=True)),
        ("1、炒", PrintedLine(text="1、炒")),
        ("1.5 勺盐", PrintedLine(text="1.5 勺盐")),
        ("**材料：**", PrintedLine(text="材料：", bold=True)),
        ("**盐**：3克", PrintedLine(text="盐：3克")),
        ("- **盐** `3克`", PrintedLine(text="盐 3克", item=True)),
        ("> 菜", PrintedLine(text="菜")),
        ("[盐](http://x/y \"z\") ![图](a.jpg)3克", PrintedLine(text="盐 3克")),
        ("| 盐 | 3克 |", PrintedLine(text="盐  3克")),
        ("盐\t3克     糖   5克", PrintedLine(text="盐  3克  糖  5克")),
        ("　　切块。", PrintedLine(text="切块。", indent=2)),
        ("切\\*块 3*5厘米*2片", PrintedLine(text="切*块 3*5厘米*2片")),
        ("★ 菜 ★", PrintedLine(text="★ 菜 ★")),
    ],
)  # fmt: skip
def test_a_line_loses_its_marks(tmp_path: Path, text: str, wanted: PrintedLine) -> None:
    assert lines_of(tmp_path / "a.md", text + "\n") == [wanted]


@pytest.mark.parametrize(
    "text", ["---", "* * *", "======", "| --- | :-: |", "```", "```text", "<!-- x -->", "![](a.jpg)"]
)
def test_what_says_nothing_sets_apart(tmp_path: Path, text: str) -> None:
    first, second = lines_of(tmp_path / "a.md", f"盐\n\n{text}\n糖\n")
    assert (first.text, second.text, second.gap) == ("盐", "糖", 2)


def test_underlined_headings_and_front_matter(tmp_path: Path) -> None:
    lines = lines_of(
        tmp_path / "a.md", "---\ntitle: '炒蛋'\ntags: [蛋]\n---\n家常菜\n===\n炒蛋\n----\n\n盐\n\n---\n糖\n"
    )
    assert [(line.text, line.level) for line in lines] == [
        ("炒蛋", 1),
        ("家常菜", 1),
        ("炒蛋", 2),
        ("盐", None),
        ("糖", None),
    ]
    # A rule at the top is no front matter if nothing ends it.
    assert texts(tmp_path / "b.md", "---\n盐\n" + "糖\n" * 200)[:2] == ["盐", "糖"]


def test_gaps_are_blank_lines(tmp_path: Path) -> None:
    assert [line.gap for line in lines_of(tmp_path / "a.txt", "\n甲\n乙\n\n丙\n\n\n\n丁\n")] == [1, 0, 1, 3]


# --- paragraphs over several lines -----------------------------------------------------------------------

STEPS = [
    "将五花肉洗净切成三厘米见方的块，冷水下锅，加入葱姜和料酒，大火烧开后撇去浮沫，煮五分钟捞出，用温水冲洗干净，沥干水分备用。",
    "锅中放少许油，小火将冰糖慢慢炒至枣红色，倒入肉块快速翻炒，让每一块肉都均匀地裹上糖色，再放入八角、桂皮、香叶和干辣椒一起炒出香味来。",
    "沿锅边淋入料酒，加入生抽、老抽和没过肉的开水，大火烧开后转小火，盖上锅盖慢慢炖煮一个小时左右，中间翻动两三次，不要让它粘在锅底上。",
    "最后打开锅盖，转大火收汁，看到汤汁变得浓稠、肉块油亮的时候，撒上葱花，就可以盛出来了。",
]


def wrapped(text: str, width: int) -> str:
    """As a program for letters did it: so many columns a line, no punctuation at the beginning of one."""
    lines = [""]
    for character in text:
        if columns(lines[-1] + character) > width and character not in "，。、":
            lines.append("")
        lines[-1] += character
    return "\n".join(lines)


@pytest.mark.parametrize("width", [46, 60, 68, 76, 79])
@pytest.mark.parametrize("mark", ["{}. ", "{}、", "　　", ""])
def test_paragraphs_that_were_broken_at_a_width_are_whole_again(tmp_path: Path, width: int, mark: str) -> None:
    head = "红烧肉\n\n材料：\n五花肉 500克\n冰糖 30克\n生抽 2勺\n老抽 1勺\n\n做法：\n"
    steps = [mark.format(number) + step for number, step in enumerate(STEPS, 1)]
    dish = head + "\n".join(wrapped(step, width) for step in steps) + "\n\n"
    wanted = [
        "红烧肉",
        "材料：",
        "五花肉 500克",
        "冰糖 30克",
        "生抽 2勺",
        "老抽 1勺",
        "做法：",
        *(s.strip() for s in steps),
    ]
    assert texts(tmp_path / "a.txt", dish * 3) == wanted * 3


def test_english_paragraphs_are_joined_at_words(tmp_path: Path) -> None:
    step = (
        "Peel the tomatoes and cut them into quarters, then fry the onions gently in the oil until they are soft and "
        "golden, add the tomatoes and the stock, bring everything to the boil and let it simmer for half an hour "
    )
    words, lines, line = (step * 3).split(), [], ""
    for word in words:
        if len(line) + len(word) > 71:
            lines.append(line.strip())
            line = ""
        line += word + " "
    text = "Soup\n\nIngredients\n2 tomatoes\n\nMethod\n\n" + "\n".join([*lines, line.strip()]) + "\n"
    assert texts(tmp_path / "a.txt", text) == ["Soup", "Ingredients", "2 tomatoes", "Method", " ".join(words)]


def test_what_was_not_broken_is_not_joined(tmp_path: Path) -> None:
    rows = ["番茄 2个", "鸡蛋 3个", "盐 3克"] * 20
    assert texts(tmp_path / "a.txt", "\n".join(rows)) == rows
    # Long lines of every width, as paragraphs have, one a line.
    chance = random.Random(1)
    steps = ["炒" * chance.randrange(10, 60) for _ in range(60)]
    assert texts(tmp_path / "b.txt", "\n".join(steps)) == steps


# --- large and broken ------------------------------------------------------------------------------------


def test_a_book_comes_in_pages_that_end_between_paragraphs(tmp_path: Path) -> None:
    pages = [page for page in read(tmp_path / "a.txt", TEXT * 1200) if isinstance(page, Page)]
    assert sum(len(page.lines) for page in pages) == 6000
    assert [len(page.lines) for page in pages][:-1] == [2001, 2000]
    assert all(page.lines[0].gap for page in pages[1:])
    pages = [page for page in read(tmp_path / "b.txt", "盐\n" * 9000) if isinstance(page, Page)]
    assert [len(page.lines) for page in pages] == [4000, 4000, 1000]


def test_a_line_that_is_broken_or_too_long_costs_no_other(tmp_path: Path) -> None:
    data = TEXT.encode() + b"\xff\xfe\xfd\n" + b"x" * 3000 + "\n盐\n".encode()
    results = read(tmp_path / "a.txt", data, line_mb=0.002)
    assert [result.line for result in results if isinstance(result, Rejected)] == [8, 9]
    (page,) = [result for result in results if isinstance(result, Page)]
    assert page.lines[-1].text == "盐"


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="document_mb"):
        read(tmp_path / "a.txt", TEXT * 20, document_mb=0.001)


@pytest.mark.parametrize("text", ["---\n---\n", "```\n", "![](a.jpg)\n\n***\n"])
def test_a_text_that_says_nothing_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableFile, match=r"a\.md 里没有文字"):
        read(tmp_path / "a.md", text)


@pytest.mark.parametrize(
    "piece", ["<!--", "**", "[a](", "![", "`", "~~x", "|", "- ", "#", "> ", "\u2002", " ", "【", "1. "]
)
def test_marks_without_end_take_no_time(tmp_path: Path, piece: str) -> None:
    text = TEXT + piece * 300_000 + "\n" + (piece * 900 + "\n") * 20
    assert recognised(tmp_path / "a.txt", text)
    assert texts(tmp_path / "a.txt", text)[0] == "番茄炒蛋"
