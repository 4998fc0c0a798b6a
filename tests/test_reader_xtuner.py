"""XTuner conversations: a recipe a conversation, from an array or from lines, and arrays that break off."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.engines.reader.xtuner import Options, build
from shishen.errors import UnreadableFile
from shishen.records import Recipe, Rejected
from shishen.source_file import Limits, SourceFile
from shishen.stages.read import read_file

INGREDIENTS = ["2个土豆", "1个青椒", "适量盐"]
STEPS = ["土豆去皮切丝", "大火炒2分钟\n加盐出锅"]


def output_of(ingredients: object = INGREDIENTS, steps: object = STEPS) -> str:
    """An answer as the training data has it: Python lists as text."""
    return f"您需要准备以下食材:\n{ingredients}\n按以下方法制作:\n{steps}"


def row_of(title: str = "青椒土豆丝的做法", output: str | None = None) -> dict[str, object]:
    turn = {"system": "你是一个专业的厨师", "input": title, "output": output_of() if output is None else output}
    return {"conversation": [turn]}


def text_of(*rows: object) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=2)


SAMPLE = text_of(row_of())


def read(path: Path, content: bytes, limits: Limits | None = None) -> list[Recipe | Rejected]:
    path.write_bytes(content)
    return list(read_file(SourceFile(path, limits=limits), build(Options())))


def places(results: list[Recipe | Rejected]) -> list[tuple[str, int | None]]:
    """(what became of it, its line) of each result."""
    return [("rejected", r.line) if isinstance(r, Rejected) else ("recipe", r.source.line) for r in results]


def test_an_array_is_read(tmp_path: Path) -> None:
    first, second = read(tmp_path / "train.json", text_of(row_of(), row_of("红烧肉的做法")).encode())
    assert isinstance(first, Recipe)
    assert isinstance(second, Recipe)
    assert (first.title, first.name, first.source.line) == ("青椒土豆丝的做法", "青椒土豆丝", 1)
    assert [i.name for i in first.ingredients] == ["土豆", "青椒", "盐"]
    assert len(first.steps) == 2
    assert (second.name, second.source.line) == ("红烧肉", 2)


def test_lines_are_read(tmp_path: Path) -> None:
    rows = [row_of(), {"conversation": 1}, row_of()]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + '\n{"conversation": [\n'
    results = read(tmp_path / "train.jsonl", text.encode())
    assert places(results) == [("recipe", 1), ("rejected", 2), ("recipe", 3), ("rejected", 4)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_every_usual_encoding_simply_works(tmp_path: Path, encoding: str) -> None:
    (recipe,) = read(tmp_path / "train.json", SAMPLE.encode(encoding))
    assert isinstance(recipe, Recipe)
    assert recipe.name == "青椒土豆丝"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("你好", "以下食材"),
        ("", "以下食材"),
        (output_of(steps=[]), "没有步骤"),
        (output_of(ingredients="['盐', 5]"), "不是文字"),
        (output_of(ingredients="['盐'"), "写坏了"),
        (output_of(steps="['切', __import__('os').system('true')]"), "写坏了"),
        (output_of(steps="'切'"), "不是文字"),
        (output_of(steps=r"['\ud83d切']"), "半个字符"),
        (output_of(steps="[" * 5000 + "]" * 5000), "写坏了"),
        (output_of(ingredients="[" + "-" * 5000 + "1]"), "写坏了"),
        (output_of(steps="['切\0']"), "写坏了"),
    ],
    ids=lambda value: repr(value)[-24:],
)
def test_a_broken_conversation_is_named_and_the_rest_goes_on(tmp_path: Path, output: str, reason: str) -> None:
    results = read(tmp_path / "train.json", text_of(row_of(), row_of(output=output), row_of()).encode())
    assert places(results) == [("recipe", 1), ("rejected", 2), ("recipe", 3)]
    assert isinstance(results[1], Rejected)
    assert reason in results[1].reason


@pytest.mark.parametrize("row", [{}, [], None, 7, {"conversation": []}, {"conversation": [{"input": "x"}]}])
def test_what_is_no_conversation_is_named(tmp_path: Path, row: object) -> None:
    results = read(tmp_path / "train.json", text_of(row_of(), row, row_of()).encode())
    assert places(results) == [("recipe", 1), ("rejected", 2), ("recipe", 3)]


def test_a_lone_backslash_is_no_fault(tmp_path: Path) -> None:
    (recipe,) = read(
        tmp_path / "train.json", text_of(row_of(output=output_of(steps=r"['好吃\(^o^)/切丝炒熟']"))).encode()
    )
    assert isinstance(recipe, Recipe)


@pytest.mark.parametrize("cut", [30, 120, 300, 500, 900, -1, -3])
def test_an_array_cut_in_the_middle_is_a_fault_of_the_file(tmp_path: Path, cut: int) -> None:
    """What came before the break stands; the fault has no line, so that nothing behind it counts as gone."""
    whole = text_of(*[row_of()] * 5).encode()
    results = read(tmp_path / "train.json", whole[:cut])
    *before, last = results
    assert isinstance(last, Rejected)
    assert last.line is None
    assert "train.json" in last.reason
    assert "JSON" in last.reason
    assert "\n" not in last.reason
    assert places(before) == [("recipe", number) for number in range(1, len(before) + 1)]


def test_a_broken_byte_in_an_array_is_a_fault_of_the_file(tmp_path: Path) -> None:
    whole = text_of(*[row_of()] * 3).encode()
    half = len(whole) // 2
    results = read(tmp_path / "train.json", whole[:half] + b"\xff" + whole[half:])
    assert places(results) == [("recipe", 1), ("rejected", None)]


@pytest.mark.parametrize("deep", ["[" * 200_000, '[{"conversation": ' * 30_000])
def test_deep_nesting_costs_no_memory(tmp_path: Path, deep: str) -> None:
    """ijson.items keeps the path to where it stands: 100 KB of brackets would take gigabytes."""
    results = read(tmp_path / "train.json", (text_of(row_of())[:-2] + "," + deep).encode())
    assert places(results) == [("recipe", 1), ("rejected", None)]
    assert isinstance(results[1], Rejected)
    assert "嵌套太深" in results[1].reason


def test_an_array_over_the_limit_streams_and_in_another_encoding_is_refused(tmp_path: Path) -> None:
    limits = Limits(document_mb=0.001)
    text = text_of(*[row_of()] * 10)
    assert len(read(tmp_path / "train.json", text.encode(), limits)) == 10
    path = tmp_path / "gbk.json"
    path.write_bytes(text.encode("gbk"))
    with pytest.raises(UnreadableFile, match="document_mb"):
        list(build(Options()).read(SourceFile(path, limits=limits)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.one_of(
            st.just(row_of()),
            st.builds(row_of, title=st.text(max_size=20), output=st.text(max_size=60)),
            st.builds(
                row_of,
                title=st.text(max_size=20),
                output=st.builds(output_of, st.lists(st.text(max_size=20)), st.lists(st.text(max_size=40))),
            ),
            st.recursive(st.none() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=5),
        ),
        max_size=6,
    )
)
def test_every_item_gives_one_recipe_or_one_rejection(tmp_path: Path, rows: list[object]) -> None:
    items = [row_of(), *rows]
    results = read(tmp_path / "train.json", json.dumps(items).encode())
    assert [line for _, line in places(results)] == list(range(1, len(items) + 1))


def test_a_break_in_bytes_that_are_no_text_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text_of([row_of()]).encode()[:-1] + b",\xf5\xb1e\n\x1b]")
    with pytest.raises(UnreadableFile, match=r"第 2 项起不是完整的 JSON：lexical error: [a-zA-Z ]+。$"):
        list(build(Options()).read(SourceFile(path)))
