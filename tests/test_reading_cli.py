"""`shishen read` and its report: what an earlier run wrote is not read as a recipe."""

import json
from pathlib import Path

import pytest

from tests.command_line import Shishen, is_fault

DISH = "# 拍黄瓜\n\n## 材料\n\n- 黄瓜 2 根\n- 盐 3 克\n\n## 做法\n\n1. 黄瓜拍碎。\n2. 加盐拌匀。\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "菜谱"
    made.mkdir()
    (made / "拍黄瓜.md").write_text(DISH, encoding="utf-8")
    return made


@pytest.mark.parametrize("name", ["校对.html", "./a/../校对.html", "链接.html"])
def test_a_report_in_the_folder_that_is_read_is_written_again(shishen: Shishen, folder: Path, name: str) -> None:
    (folder / "a").mkdir()
    (folder / "链接.html").symlink_to("校对.html")
    report = f"{folder}/{name}"
    first = shishen("read", folder, "--report", report)
    # What is left of the first run says another thing than the second will.
    (folder / "木耳.md").write_text(DISH.replace("黄瓜", "木耳"), encoding="utf-8")
    second = shishen("read", folder, "--report", report)
    assert (first.status, second.status) == (0, 0), second.err
    assert [json.loads(line)["name"] for line in first.out.splitlines()] == ["拍黄瓜"]
    assert [json.loads(line)["name"] for line in second.out.splitlines()] == ["拍黄瓜", "拍木耳"]
    assert "没读成" not in second.err
    assert "拍木耳" in (folder / "校对.html").read_text(encoding="utf-8")


def test_a_file_that_was_named_is_never_written_over(shishen: Shishen, folder: Path) -> None:
    book = folder / "拍黄瓜.md"
    assert is_fault(shishen("read", book, "--report", book), "会盖掉")
    assert book.read_text(encoding="utf-8") == DISH


def test_the_help_names_the_keys_of_the_report(shishen: Shishen) -> None:
    shown = shishen("read", "--help").out
    assert "按 n 跳到下一处" in shown
    assert "按 p 跳到上一处" in shown
    assert "只看拿不准的" in shown
