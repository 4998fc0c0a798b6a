"""The command line of the library, the index, the engines and `doctor`."""

from pathlib import Path

import msgspec

from shishen.records import Recipe
from tests.command_line import Done, Shishen, is_fault
from tests.test_reader_cookbook import SAMPLE as COOKBOOK

ROOT = Path(__file__).parent.parent


# --- library ---------------------------------------------------------------------------------------------


def test_library_list(shishen: Shishen, corpus: Path) -> None:
    assert shishen("library", "list", "--json") == Done(0, "[]\n", "")
    assert shishen("library", "list") == Done(0, "", "")
    shishen("add", corpus)
    rows = shishen("library", "list", "--json").json
    assert [row["name"] for row in rows] == ["红烧肉", "拍黄瓜", "酸辣汤"]
    assert set(rows[0]) == {"id", "name", "title", "category", "source"}
    assert [row["name"] for row in shishen("library", "list", "--name", "黃瓜", "--json").json] == ["拍黄瓜"]
    assert len(shishen("library", "list", "--ingredient", "马铃薯", "--limit", "2", "--json").json) == 2
    assert shishen("library", "list", "--category", "荤菜", "--json").json == []
    first = shishen("library", "list", "--limit", "1").out
    assert first == f"{rows[0]['id']}  红烧肉  {corpus.resolve()}#1\n"


def test_library_show(shishen: Shishen, corpus: Path) -> None:
    shishen("add", corpus)
    shown = shishen("library", "show", "红烧肉", "--json").json
    assert msgspec.convert(shown, Recipe).name == "红烧肉"
    assert shishen("library", "show", shown["id"], "--json").json == shown
    assert "红烧肉" in shishen("library", "show", "红烧肉").out
    assert is_fault(shishen("library", "show", "佛跳墙"), "佛跳墙", "shishen library list")


def test_library_remove_is_all_or_nothing(shishen: Shishen, corpus: Path) -> None:
    shishen("add", corpus)
    first, second, _ = [row["id"] for row in shishen("library", "list", "--json").json]
    assert is_fault(shishen("library", "remove", first, "nope"), "nope")
    done = shishen("library", "remove", first, first, second, "--json")
    assert done.json == {"added": 0, "changed": 0, "unchanged": 0, "removed": 2}
    assert "移除了 2 份" in done.err
    assert shishen("ask", "红烧肉怎么做", "--json").json["shishen"]["refused"] is True


def test_library_prune(shishen: Shishen, corpus: Path) -> None:
    shishen("add", corpus)
    assert shishen("library", "prune", "--json").json["removed"] == 0
    corpus.unlink()
    assert shishen("library", "prune", "--json").json["removed"] == 3


def test_library_stats(shishen: Shishen, corpus: Path) -> None:
    shishen("add", corpus)
    stats = shishen("library", "stats", "--json").json
    assert set(stats) == {
        "recipes",
        "dishes",
        "questions",
        "ingredients",
        "files",
        "categories",
        "size_bytes",
    }
    assert (stats["recipes"], stats["dishes"], stats["files"], stats["categories"]) == (3, 3, 1, {"": 3})
    assert "菜谱 3" in shishen("library", "stats").out


def test_library_add_house(shishen: Shishen, tmp_path: Path) -> None:
    path = tmp_path / "dish.md"
    path.write_text(COOKBOOK, encoding="utf-8")
    shishen("add", path)
    added = shishen("library", "add-house", "--json").json["added"]
    assert added >= 60
    assert shishen("library", "add-house", "--json").json["unchanged"] == added
    assert shishen("library", "stats", "--json").json["recipes"] == added + 1


# --- index, engines, doctor ------------------------------------------------------------------------------


def test_index(shishen: Shishen, corpus: Path, own_home: Path) -> None:
    assert shishen("index") == Done(0, "", "索引已经是最新的。\n")
    shishen("add", corpus)
    (own_home / "index" / "generation.json").unlink()
    assert shishen("index") == Done(0, "", "索引已更新。\n")
    assert shishen("index", "--rebuild") == Done(0, "", "索引已更新。\n")
    assert shishen("ask", "红烧肉怎么做", "--json").json["shishen"]["refused"] is False


def test_engines(shishen: Shishen) -> None:
    rows = shishen("engines", "--json").json
    assert all(set(row) == {"kind", "name", "purpose", "extra", "broken", "active"} for row in rows)
    assert {row["name"] for row in rows if row["kind"] == "reader"} >= {
        "cookbook",
        "howtocook",
        "jsonld",
        "xiachufang",
        "xtuner",
    }
    done = shishen("engines")
    assert (done.status, done.err, len(done.out.splitlines())) == (0, "", len(rows))


def test_doctor(shishen: Shishen, own_home: Path, corpus: Path) -> None:
    shishen("add", corpus)
    done = shishen("doctor", "--json")
    assert (done.status, done.err) == (0, "")
    assert all(set(finding) == {"what", "good", "words"} and finding["good"] for finding in done.json)
    (own_home / "index" / "generation.json").unlink()
    behind = shishen("doctor")
    assert behind.status == 2
    assert "✗ 索引：跟不上菜谱库；请运行 shishen index" in behind.out
    assert "server.port" in shishen("--set", "server.port=x", "doctor").out
    for path in own_home.glob("library.sqlite*"):
        path.unlink()
    (own_home / "library.sqlite").write_bytes(b"no database" * 300)
    broken = shishen("doctor", "--json")
    assert broken.status == 2
    assert [f["what"] for f in broken.json if not f["good"]] == ["检查"]
    assert "不是食神的菜谱库" in broken.json[-1]["words"]
