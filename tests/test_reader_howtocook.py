"""The HowToCook reader: its sections into drafts, in the forms that its files really have."""

from pathlib import Path

import pytest

from shishen.engines.reader.howtocook import HowToCookReader
from shishen.errors import UnreadableFile
from shishen.records import Draft
from shishen.source_file import SourceFile

DISH = """# 某菜的做法

一道家常菜。从备料到出锅大约需要 30 分钟。

预估烹饪难度：★★★

预估卡路里：320 大卡

## 必备原料和工具

- 工具
  - 平底锅
- 原料
  - 豆腐
  - [糖浆](../糖浆.md)
  - ![图](./a.jpg)

### 可选原料

- 香菜

## 计算

每份：

- 豆腐 250 g
- 酒（任选其一）：
  - 白酒 50ml
  - 啤酒 200ml
- 调一个料汁
  - 生抽 5g
  - 老抽 2g

## 操作

### 准备

1. 豆腐**切块**
2.不要忘了盐
   - 一点就好

说一句题外话。

### 下锅

1. ![图](./b.jpg)
1. 煎 3 分钟
> 别糊了

```
1. 不是步骤
```

## 附加内容

- 参考资料

如果您遵循本指南的制作流程而发现有问题或可以改进的流程，请提出 Issue 或 Pull request 。
"""


def read(tmp_path: Path, text: str, name: str = "dishes/meat_dish/某菜.md") -> Draft:
    path = tmp_path / "dish.md"
    path.write_text(text, encoding="utf-8")
    file = SourceFile(path, name)
    reader = HowToCookReader()
    assert reader.recognises(file)
    (draft,) = reader.read(file)
    assert isinstance(draft, Draft)
    return draft


def test_head(tmp_path: Path) -> None:
    draft = read(tmp_path, DISH)
    assert draft.title == "某菜的做法"
    assert (draft.difficulty, draft.calories, draft.category) == (3, 320, "荤菜")
    assert draft.description == "一道家常菜。从备料到出锅大约需要 30 分钟。"
    assert draft.tips == ("参考资料",)


def test_needed(tmp_path: Path) -> None:
    draft = read(tmp_path, DISH)
    assert draft.tools == ("平底锅",)
    assert [(line.text, line.group) for line in draft.named] == [
        ("豆腐", "原料"),
        ("[糖浆](../糖浆.md)", "原料"),
        ("香菜", "可选原料"),
    ]


def test_amounts(tmp_path: Path) -> None:
    draft = read(tmp_path, DISH)
    assert [(line.text, line.group) for line in draft.lines] == [
        ("豆腐 250 g", None),
        ("白酒 50ml（或 啤酒 200ml）", None),
        ("生抽 5g", "调一个料汁"),
        ("老抽 2g", "调一个料汁"),
    ]
    assert draft.servings is not None
    assert "每份" in draft.servings


def test_steps(tmp_path: Path) -> None:
    steps = read(tmp_path, DISH).steps
    assert [(step.text.splitlines()[0], step.section) for step in steps] == [
        ("豆腐**切块**", "准备"),
        ("不要忘了盐", "准备"),
        ("![图](./b.jpg)", "下锅"),
        ("煎 3 分钟", "下锅"),
    ]
    assert steps[1].text.endswith("一点就好")


def test_tables(tmp_path: Path) -> None:
    table = "| 原料 | 1 份 | 8 寸 |\n| :--- | :--- | :--- |\n| **鸡蛋** | 1 个 | 5 个 |\n| 白糖 | 16g | 80g |"
    draft = read(tmp_path, f"# A\n\n## 必备原料和工具\n\n- 鸡蛋\n\n## 计算\n\n{table}\n\n## 操作\n\n1. 打蛋\n")
    assert [line.text for line in draft.lines] == ["**鸡蛋** 1 个", "白糖 16g"]


def test_tables_with_a_column_of_units(tmp_path: Path) -> None:
    table = "|原料|数量|单位|\n|:---:|:---:|:---:|\n|猪前肘|1|个|\n|香叶|3|片|"
    draft = read(
        tmp_path, f"# A\n\n## 必备原料和工具\n\n- 肘\n\n## 计算\n\n- 1 茶匙 = 5ml\n\n{table}\n\n## 操作\n\n1. 煮\n"
    )
    assert [line.text for line in draft.lines] == ["1 茶匙 = 5ml", "猪前肘 1 个", "香叶 3 片"]


def test_paragraphs_name_groups_but_are_no_lines(tmp_path: Path) -> None:
    text = "# A\n\n## 必备原料和工具\n\n工具\n\n- 锅\n\n原料\n\n- 酒\n\n## 计算\n\n1 人份。\n\n## 操作\n\n1. 倒\n"
    draft = read(tmp_path, text)
    assert draft.tools == ("锅",)
    assert [(line.text, line.group) for line in draft.named] == [("酒", "原料")]
    assert draft.lines == ()


def test_a_number_with_a_fraction_is_no_step(tmp_path: Path) -> None:
    draft = read(
        tmp_path, "# A\n\n## 必备原料和工具\n\n- 水\n\n## 计算\n\n- 水 1L\n\n## 操作\n\n1. 烧水\n\n1.5 小时就好。\n"
    )
    assert [step.text for step in draft.steps] == ["烧水"]


def test_where_nothing_is_numbered_every_bullet_is_a_step(tmp_path: Path) -> None:
    head = "# A\n\n## 必备原料和工具\n\n- 水\n\n## 计算\n\n- 水 1L\n\n## 操作\n\n"
    draft = read(tmp_path, head + "先备料。\n\n- 烧水\n  - 用大锅\n* 下面\n\n### 装盘\n\n- 盛出\n")
    assert [(step.text, step.section) for step in draft.steps] == [
        ("烧水\n- 用大锅", None),
        ("下面", None),
        ("盛出", "装盘"),
    ]


def test_no_title(tmp_path: Path) -> None:
    path = tmp_path / "dish.md"
    path.write_text("## 必备原料和工具\n\n- 水\n\n## 操作\n\n1. 烧\n", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="菜名"):
        list(HowToCookReader().read(SourceFile(path)))


def test_a_group_is_named_by_its_first_clause(tmp_path: Path) -> None:
    text = DISH.replace("## 操作", "- 菜类材料：荤素搭配，例如：\n  - 生菜 50g\n\n## 操作", 1)
    line = next(line for line in read(tmp_path, text).lines if line.text == "生菜 50g")
    assert line.group == "菜类材料"


def test_the_stars_are_read_where_the_description_speaks_of_the_difficulty(tmp_path: Path) -> None:
    draft = read(tmp_path, DISH.replace("一道家常菜。", "烹饪难度不高，卡路里低，每份 2 个。", 1))
    assert (draft.difficulty, draft.calories) == (3, 320)
