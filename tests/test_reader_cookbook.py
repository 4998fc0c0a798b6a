"""The house form: a Markdown file a dish, as a cook would write it by hand."""

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.engines.reader.cookbook import Options, build
from shishen.errors import UnreadableFile
from shishen.records import Draft, DraftLine, Range, Recipe, Rejected
from shishen.source_file import SourceFile
from shishen.stages.read import read_file

SAMPLE = """# 青椒土豆丝

- 别名：尖椒土豆丝、青椒炒土豆丝
- 份量：2–3 人
- 时间：1 小时 20 分钟
- 难度：★★
- 热量：320 千卡
- 口味：酸、辣
- 分类：素菜
- 菜系：川菜
- 作者：王师傅
- 许可：CC0

土豆丝脆，
青椒香。

## 材料

- 土豆 2 个（约 400 克）
- 青椒 1 个

### 腌料

- 盐 1/2 茶匙

## 调料

- 白醋 1 汤匙

## 工具

- 炒锅、擦丝器

## 做法

### 准备

1. 土豆去皮切丝，泡水 10 分钟。
   水里加几滴白醋，
   1.5 升就够。
2. 青椒切丝。

### 炒

1. 大火热锅，下土豆丝炒 2 分钟。

## 特点

酸辣脆爽。

## 厨师一点通

- 全程大火。
- 土豆丝要沥干。
"""


def draft_of(path: Path, text: str) -> Draft:
    path.write_text(text, encoding="utf-8")
    (draft,) = build(Options()).read(SourceFile(path))
    assert isinstance(draft, Draft)
    return draft


def minutes_of(path: Path, words: str) -> float | None:
    return draft_of(path, SAMPLE.replace("1 小时 20 分钟", words)).minutes


def test_every_part_has_its_place(tmp_path: Path) -> None:
    draft = draft_of(tmp_path / "dish.md", SAMPLE)
    assert draft.title == "青椒土豆丝"
    assert draft.aliases == ("尖椒土豆丝", "青椒炒土豆丝")
    assert (draft.servings, draft.minutes, draft.difficulty, draft.calories) == ("2–3 人", 80, 2, 320)
    assert (draft.tastes, draft.category, draft.cuisine) == (("酸", "辣"), "素菜", "川菜")
    assert (draft.source.author, draft.source.licence, draft.source.line) == ("王师傅", "CC0", None)
    assert draft.description == "土豆丝脆，青椒香。"
    assert draft.lines == (
        DraftLine("土豆 2 个（约 400 克）", "材料"),
        DraftLine("青椒 1 个", "材料"),
        DraftLine("盐 1/2 茶匙", "腌料"),
        DraftLine("白醋 1 汤匙", "调料"),
    )
    assert draft.tools == ("炒锅", "擦丝器")
    assert [step.section for step in draft.steps] == ["准备", "准备", "炒"]
    assert draft.steps[0].text == "土豆去皮切丝，泡水 10 分钟。\n水里加几滴白醋，\n1.5 升就够。"
    assert draft.features == "酸辣脆爽。"
    assert draft.tips == ("全程大火。", "土豆丝要沥干。")


def test_the_recipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "dish.md"
    path.write_text(SAMPLE, encoding="utf-8")
    (recipe,) = read_file(SourceFile(path), build(Options()))
    assert isinstance(recipe, Recipe)
    assert recipe.servings == Range(2, 3)
    assert [(i.name, i.min, i.unit, i.group) for i in recipe.ingredients] == [
        ("土豆", 2.0, "个", "材料"),
        ("青椒", 1.0, "个", "材料"),
        ("盐", 0.5, "茶匙", "腌料"),
        ("白醋", 1.0, "汤匙", "调料"),
    ]
    assert recipe.tools == ("炒锅", "擦丝器")
    assert [step.minutes for step in recipe.steps] == [(Range(10, 10),), (), (Range(2, 2),)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_usual_encoding_simply_works(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "dish.md"
    path.write_bytes(SAMPLE.replace("–", "-").replace("\n", end).encode(encoding))
    assert build(Options()).recognises(SourceFile(path))
    (draft,) = build(Options()).read(SourceFile(path))
    assert isinstance(draft, Draft)
    assert (draft.title, draft.category, len(draft.steps)) == ("青椒土豆丝", "素菜", 3)


def test_little_is_needed(tmp_path: Path) -> None:
    """Unknown is None, never a guess."""
    draft = draft_of(tmp_path / "dish.md", "# 拍黄瓜\n\n## 材料\n\n- 黄瓜\n\n## 做法\n\n1. 拍\n")
    assert (draft.servings, draft.minutes, draft.difficulty, draft.calories) == (None, None, None, None)
    assert (draft.category, draft.cuisine, draft.features, draft.description) == (None, None, None, None)
    assert (draft.aliases, draft.tastes, draft.tools, draft.tips) == ((), (), (), ())


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("30 分钟", 30),
        ("45分", 45),
        ("1 小时", 60),
        ("1.5 小时", 90),
        ("半小时", 30),
        ("半个小时", 30),
        ("1 个半小时", 90),
        ("约 40 分钟", 40),
        ("40 分钟左右", 40),
        ("1 天", 1440),
        ("40 分钟（不算浸泡）", 40),
        ("20-30 分钟", None),
        ("两小时", None),
        ("很快", None),
        ("30", None),
    ],
)
def test_the_time_is_read_or_unknown(tmp_path: Path, words: str, minutes: float | None) -> None:
    assert minutes_of(tmp_path / "dish.md", words) == minutes


@pytest.mark.parametrize(
    ("words", "stars"), [("★", 1), ("★★★★★", 5), ("3", 3), ("★★★★★★", None), ("0", None), ("难", None)]
)
def test_the_difficulty_is_one_to_five_or_unknown(tmp_path: Path, words: str, stars: int | None) -> None:
    assert draft_of(tmp_path / "dish.md", SAMPLE.replace("★★", words)).difficulty == stars


def test_a_second_title_is_refused_and_nothing_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "dish.md"
    path.write_text(SAMPLE + "\n# 红烧肉\n", encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"dish\.md 第 \d+ 行又有一个菜名"):
        list(build(Options()).read(SourceFile(path)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SAMPLE.replace("# 青椒土豆丝\n", "", 1), "缺少菜名"),
        ("# 拍黄瓜\n\n## 材料\n\n- 黄瓜\n\n## 做法\n", "没有步骤"),
    ],
)
def test_a_dish_without_title_or_steps_is_a_fault_of_the_file(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "dish.md"
    path.write_text(text, encoding="utf-8")
    (rejected,) = read_file(SourceFile(path), build(Options()))
    assert isinstance(rejected, Rejected)
    assert reason in rejected.reason
    assert (rejected.path, rejected.line) == (str(path), None)


@pytest.mark.parametrize(
    "text",
    [
        "# 拍黄瓜\n\n## 做法\n\n1. 拍\n",
        "# 拍黄瓜\n\n## 材料\n\n- 黄瓜\n",
        "## 材料\n\n## 做法\n\n1. 拍\n".replace("## 材料", "材料"),
        "前言\n\n" + SAMPLE,
        "# 读书笔记\n\n## 第一章\n\n1. 开头\n",
    ],
)
def test_other_markdown_is_not_recognised(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dish.md"
    path.write_text(text, encoding="utf-8")
    assert not build(Options()).recognises(SourceFile(path))


@pytest.mark.parametrize(
    "line", ["# x" + " " * 60_000 + "x", "#" * 60_000 + "x", "- 份量：" + " " * 60_000, "- " * 30_000]
)
def test_a_line_of_one_character_costs_no_minutes(tmp_path: Path, line: str) -> None:
    """Markdown is matched in one pass: what looks for the end of a heading must not go back for every blank."""
    path = tmp_path / "dish.md"
    path.write_text(f"# 菜\n{line}\n## 材料\n## 做法\n1. 拍\n", encoding="utf-8")
    begin = time.process_time()
    build(Options()).recognises(SourceFile(path))
    assert list(read_file(SourceFile(path), build(Options())))
    assert time.process_time() - begin < 2


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.one_of(
            st.sampled_from(SAMPLE.splitlines()),
            st.text(max_size=40),
            st.sampled_from(["#", "##", "### ", "- ", "1.", "２）", "时间：", "- 难度：★" * 3, "```", "| a | b |"]),
        ),
        max_size=30,
    )
)
def test_any_text_gives_one_recipe_or_one_rejection(tmp_path: Path, parts: list[str]) -> None:
    path = tmp_path / "dish.md"
    path.write_bytes(("# 菜\n" + "\n".join(parts)).encode("utf-8", "replace").replace(b"\0", b""))
    file = SourceFile(path)
    build(Options()).recognises(file)
    assert len(list(read_file(file, build(Options())))) == 1


def test_a_colon_after_a_heading_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "菜.md"
    path.write_text("# 菜\n\n## 材料：\n\n- 盐 1 克\n\n## 做法：\n\n1. 炒。\n", encoding="utf-8")
    assert build(Options()).recognises(SourceFile(path))
    (draft,) = build(Options()).read(SourceFile(path))
    assert isinstance(draft, Draft)
    assert [line.text for line in draft.lines] == ["盐 1 克"]
