"""Add: the same file again changes nothing, a changed one replaces, and nothing that is read loses anything."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shishen.kitchen import Kitchen, open_kitchen
from shishen.library import Changes
from shishen.records import Rejected
from shishen.stages.add import Progress
from shishen.stages.read import find_files
from tests.test_reader_cookbook import SAMPLE as COOKBOOK
from tests.test_reader_jsonld import NODE
from tests.test_reader_xiachufang import line_of
from tests.test_reader_xtuner import row_of, text_of


@pytest.fixture
def kitchen() -> Iterator[Kitchen]:
    kitchen = open_kitchen(["library.batch_size=3"])
    yield kitchen
    kitchen.library.close()


def corpus(path: Path, *lines: str | bytes) -> Path:
    """A corpus of these lines."""
    path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n")
    return path


def lines_in(kitchen: Kitchen) -> list[int | None]:
    """The lines of the recipes that the library holds."""
    return [line for _, _, line in kitchen.library.places()]


def rejections(kitchen: Kitchen) -> list[tuple[str, int | None, str]]:
    """(file name, line, reason) of each line of rejected.jsonl."""
    rows = [json.loads(line) for line in kitchen.rejected_path.read_text(encoding="utf-8").splitlines()]
    assert all(set(row) == {"path", "page", "line", "reason"} for row in rows)
    return [(Path(row["path"]).name, row["line"], row["reason"]) for row in rows]


def test_adding_again_changes_nothing(kitchen: Kitchen, tmp_path: Path) -> None:
    path = corpus(tmp_path / "c.jsonl", *(line_of(name=f"菜{n}") for n in range(10)))
    assert kitchen.add(path) == Changes(added=10)
    bodies = list(kitchen.library.recipes())
    generation = kitchen.library.generation()
    assert kitchen.add(path) == Changes(unchanged=10)
    assert kitchen.add(str(tmp_path)) == Changes(unchanged=10)
    assert list(kitchen.library.recipes()) == bodies
    assert kitchen.library.generation() == generation == kitchen.index.generation()


def test_a_changed_file_replaces_its_recipes_and_a_shorter_one_drops_the_rest(kitchen: Kitchen, tmp_path: Path) -> None:
    path = corpus(tmp_path / "c.jsonl", *(line_of(name=f"菜{n}") for n in range(8)))
    kitchen.add(path)
    corpus(path, line_of(name="菜0"), line_of(name="新菜"), "", line_of(name="菜3"))
    assert kitchen.add(path) == Changes(changed=1, unchanged=2, removed=5)
    assert [r.name for r in kitchen.library.recipes()] == ["菜0", "新菜", "菜3"]
    assert lines_in(kitchen) == [1, 2, 4]


def test_other_files_are_left_alone(kitchen: Kitchen, tmp_path: Path) -> None:
    kitchen.add(corpus(tmp_path / "a.jsonl", line_of(), line_of()), corpus(tmp_path / "b.jsonl", line_of(), line_of()))
    assert kitchen.add(corpus(tmp_path / "a.jsonl", line_of())) == Changes(unchanged=1, removed=1)
    assert len(kitchen.library) == 3


def test_a_broken_line_is_rejected_and_its_old_recipe_stays(kitchen: Kitchen, tmp_path: Path) -> None:
    path = corpus(tmp_path / "c.jsonl", *(line_of(name=f"菜{n}") for n in range(6)))
    kitchen.add(path)
    broken: list[str | bytes] = ['{"name": "x"', b"\xff\xfe", line_of(recipeInstructions=[])]
    corpus(path, line_of(name="菜0"), *broken, line_of(name="菜4"), line_of(name="菜5"))
    assert kitchen.add(path) == Changes(unchanged=3)
    assert [r.name for r in kitchen.library.recipes()] == [f"菜{n}" for n in range(6)]
    assert [(name, line) for name, line, _ in rejections(kitchen)] == [("c.jsonl", n) for n in (2, 3, 4)]


def test_a_corpus_with_every_kind_of_broken_line(kitchen: Kitchen, tmp_path: Path) -> None:
    deep = '{"name": ' + "[" * 10_000
    long = line_of(description="啊" * 3_500_000)
    lines: list[str | bytes] = [
        line_of(),
        '{"name":',
        b'{"name": "\xff"}',
        deep,
        long,
        line_of(recipeInstructions=[]),
        line_of(name="🔥🔥"),
        line_of(),
    ]
    changes = kitchen.add(corpus(tmp_path / "c.jsonl", *lines))
    assert changes.added == 3
    assert [line for _, line, _ in rejections(kitchen)] == [2, 3, 4, 5, 6]
    assert all(reason and "\n" not in reason for _, _, reason in rejections(kitchen))


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_other_encodings_simply_work(kitchen: Kitchen, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "c.jsonl").write_bytes((line_of(name="红烧肉") + "\n" + line_of()).encode(encoding))
    (tmp_path / "d.md").write_bytes(COOKBOOK.replace("–", "-").encode(encoding))
    assert kitchen.add(tmp_path) == Changes(added=3)
    assert kitchen.library.find("红烧肉").title == "红烧肉"
    assert not kitchen.rejected_path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\xff\xd8\xff\xe0",
        b"%PDF-1.7",
        b"\0\1\2",
        "什么也不是".encode(),
        "# 青椒土豆丝\n\n## 材料\n\n## 做法\n".encode(),
    ],
)
def test_a_document_that_becomes_broken_keeps_its_recipe(kitchen: Kitchen, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dish.md"
    path.write_text(COOKBOOK, encoding="utf-8")
    assert kitchen.add(path) == Changes(added=1)
    path.write_bytes(content)
    assert kitchen.add(path) == Changes()
    assert kitchen.library.find("青椒土豆丝").steps
    ((name, line, _),) = rejections(kitchen)
    assert (name, line) == ("dish.md", None)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_an_array_cut_in_the_middle_keeps_what_stood_behind_the_cut(
    kitchen: Kitchen, tmp_path: Path, cut: float
) -> None:
    for name, document in (
        ("x.json", text_of(*[row_of()] * 10)),
        ("l.json", json.dumps([NODE] * 10, ensure_ascii=False)),
    ):
        path = tmp_path / name
        path.write_text(document, encoding="utf-8")
        assert kitchen.add(path) == Changes(added=10)
        path.write_text(document[: int(len(document) * cut)], encoding="utf-8")
        assert kitchen.add(path).removed == 0
        assert len(kitchen.library) == 10
        ((rejected, line, reason),) = rejections(kitchen)
        assert (rejected, line) == (name, None)
        assert "JSON" in reason
        kitchen.library.remove([id_ for id_, _, _ in kitchen.library.places()])


def test_an_array_that_shrinks_drops_the_rest(kitchen: Kitchen, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text_of(*[row_of()] * 5), encoding="utf-8")
    kitchen.add(path)
    path.write_text(text_of(*[row_of()] * 2), encoding="utf-8")
    assert kitchen.add(path) == Changes(unchanged=2, removed=3)


def test_a_file_that_changes_its_format_replaces_its_recipes(kitchen: Kitchen, tmp_path: Path) -> None:
    path = corpus(tmp_path / "file", line_of(), line_of())
    kitchen.add(path)
    path.write_text(COOKBOOK, encoding="utf-8")
    assert kitchen.add(path) == Changes(added=1, removed=2)
    assert lines_in(kitchen) == [None]


def test_a_vanished_file_is_pruned_only_by_hand(kitchen: Kitchen, tmp_path: Path) -> None:
    kitchen.add_house()
    house = len(kitchen.library)
    path = corpus(tmp_path / "c.jsonl", line_of(), line_of())
    kept = corpus(tmp_path / "d.jsonl", line_of())
    kitchen.add(path, kept)
    path.unlink()
    assert kitchen.add(tmp_path) == Changes(unchanged=1)
    assert len(kitchen.library) == house + 3
    assert kitchen.prune() == Changes(removed=2)
    assert len(kitchen.library) == house + 1
    assert kitchen.index.generation() == kitchen.library.generation()


def test_batches_and_progress(kitchen: Kitchen, tmp_path: Path) -> None:
    path = corpus(tmp_path / "c.jsonl", *[line_of()] * 4, "broken", *[line_of()] * 4)
    events = list(kitchen.adding(find_files([path])))
    assert [e.line for e in events if isinstance(e, Rejected)] == [5]
    done = [(e.changes.added, e.rejected) for e in events if isinstance(e, Progress)]
    assert done == [(3, 0), (6, 1), (8, 1)]


def test_rejected_jsonl_is_of_the_last_run(kitchen: Kitchen, tmp_path: Path) -> None:
    good = corpus(tmp_path / "good.jsonl", line_of())
    kitchen.add(good)
    assert not kitchen.rejected_path.exists()
    kitchen.add(corpus(tmp_path / "one.jsonl", line_of(), "broken"))
    assert [name for name, _, _ in rejections(kitchen)] == ["one.jsonl"]
    kitchen.add(good)
    assert not kitchen.rejected_path.exists()
    kitchen.add(corpus(tmp_path / "two.jsonl", line_of(), "broken"))
    assert [name for name, _, _ in rejections(kitchen)] == ["two.jsonl"]


def test_the_house_cookbook_is_added_once_and_only_into_an_empty_library(kitchen: Kitchen, tmp_path: Path) -> None:
    kitchen.add(corpus(tmp_path / "c.jsonl", line_of()))
    kitchen.prepare()
    assert len(kitchen.library) == 1
    added = kitchen.add_house()
    assert added.added >= 60
    assert kitchen.add_house() == Changes(unchanged=added.added)
    assert sum(path.startswith("shishen/cookbook/") for path in kitchen.library.files()) == added.added
