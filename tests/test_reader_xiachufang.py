"""The XiaChuFang corpus: a recipe a line, and what a broken line does to the others: nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.engines.reader.xiachufang import Options, build
from shishen.records import Draft, Recipe, Rejected
from shishen.source_file import Limits, SourceFile
from shishen.stages.read import read_file

ROW: dict[str, Any] = {
    "name": "【下饭菜】青椒土豆丝～",
    "dish": "青椒土豆丝",
    "description": "酸辣脆爽。",
    "recipeIngredient": ["2个土豆", "1个青椒", "适量盐"],
    "recipeInstructions": ["土豆去皮切丝，泡水 10 分钟", "热锅下油，爆香蒜末", "下土豆丝大火炒 2 分钟，加盐出锅"],
    "author": "author_1",
    "keywords": ["青椒土豆丝的做法"],
}


def line_of(**changes: object) -> str:
    """One line of the corpus; a value of None takes the field away."""
    row = {**ROW, **changes}
    return json.dumps({key: value for key, value in row.items() if value is not None}, ensure_ascii=False)


SAMPLE = line_of() + "\n"


def read(path: Path, content: bytes, limits: Limits | None = None) -> list[Recipe | Rejected]:
    path.write_bytes(content)
    return list(read_file(SourceFile(path, limits=limits), build(Options())))


def places(results: list[Recipe | Rejected]) -> list[tuple[str, int | None]]:
    """(what became of it, its line) of each result."""
    return [("rejected", r.line) if isinstance(r, Rejected) else ("recipe", r.source.line) for r in results]


def test_every_field_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text(SAMPLE, encoding="utf-8")
    (draft,) = build(Options()).read(SourceFile(path))
    assert isinstance(draft, Draft)
    assert draft.title == ROW["name"]
    assert draft.aliases == ("青椒土豆丝",)
    assert draft.description == ROW["description"]
    assert [line.text for line in draft.lines] == ROW["recipeIngredient"]
    assert [step.text for step in draft.steps] == ROW["recipeInstructions"]
    assert draft.keywords == tuple(ROW["keywords"])
    assert (draft.source.path, draft.source.line, draft.source.author) == (str(path), 1, "author_1")


def test_the_recipe_is_read(tmp_path: Path) -> None:
    (recipe,) = read(tmp_path / "corpus.jsonl", SAMPLE.encode())
    assert isinstance(recipe, Recipe)
    assert recipe.name == "青椒土豆丝"
    assert recipe.title == ROW["name"]
    assert [(i.name, i.min, i.unit, i.vague) for i in recipe.ingredients] == [
        ("土豆", 2.0, "个", None),
        ("青椒", 1.0, "个", None),
        ("盐", None, None, "适量"),
    ]
    assert len(recipe.steps) == 3
    assert recipe.servings is None


@pytest.mark.parametrize("dish", ["Unknown", "", ROW["name"]])
def test_an_unknown_dish_is_no_alias(tmp_path: Path, dish: str) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text(line_of(dish=dish), encoding="utf-8")
    (draft,) = build(Options()).read(SourceFile(path))
    assert isinstance(draft, Draft)
    assert draft.aliases == ()


def test_lines_count_as_an_editor_counts_them(tmp_path: Path) -> None:
    """Blank lines and characters that some call line ends (U+2028) shift nothing."""
    text = "\n".join([line_of(description="上\u2028下\x85右"), "", "  ", line_of(), ""])
    assert places(read(tmp_path / "corpus.jsonl", text.encode())) == [("recipe", 1), ("recipe", 4)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_usual_encoding_simply_works(tmp_path: Path, encoding: str, end: str) -> None:
    text = line_of() + end + line_of(name="西红柿炒鸡蛋") + end
    results = read(tmp_path / "corpus.jsonl", text.encode(encoding))
    assert [r.name for r in results if isinstance(r, Recipe)] == ["青椒土豆丝", "西红柿炒鸡蛋"]
    assert places(results) == [("recipe", 1), ("recipe", 2)]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b'{"name": "x", "recipeIngredient": [', "JSON"),
        (b"\xff\xfe\xfd", "utf-8"),
        (b"null", "字段"),
        (b"[]", "字段"),
        (b"42", "字段"),
        (b'{"name": "x"}', "recipeIngredient"),
        (line_of(name=7).encode(), "name"),
        (line_of(recipeIngredient="一个土豆").encode(), "recipeIngredient"),
        (line_of(recipeInstructions=[["切"]]).encode(), "recipeInstructions"),
        (b'{"name": "\\ud83d"}', "JSON"),
        (b"[" * 100_000, "字段"),
        (b'{"a":' * 100_000, "JSON"),
        (line_of(recipeInstructions=[]).encode(), "没有步骤"),
        (line_of(recipeInstructions=["", " "]).encode(), "没有步骤"),
        (line_of(name="  ").encode(), "没有菜名"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_broken_line_is_named_and_the_rest_goes_on(tmp_path: Path, broken: bytes, reason: str) -> None:
    good = line_of().encode()
    results = read(tmp_path / "corpus.jsonl", b"\n".join([good, good, broken, good, b""]))
    assert places(results) == [("recipe", 1), ("recipe", 2), ("rejected", 3), ("recipe", 4)]
    rejected = results[2]
    assert isinstance(rejected, Rejected)
    assert reason in rejected.reason
    assert "\n" not in rejected.reason
    assert rejected.path == str(tmp_path / "corpus.jsonl")


def test_a_line_of_ten_megabytes_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    good, long = line_of().encode(), line_of(description="啊" * 3_500_000).encode()
    assert len(long) > 10_000_000
    results = read(tmp_path / "corpus.jsonl", b"\n".join([good, long, good]))
    assert places(results) == [("recipe", 1), ("rejected", 2), ("recipe", 3)]
    assert isinstance(results[1], Rejected)
    assert "4 MB" in results[1].reason


def test_a_title_of_emoji_is_kept_as_it_is(tmp_path: Path) -> None:
    (recipe,) = read(tmp_path / "corpus.jsonl", line_of(name="🔥🍅", dish="Unknown").encode())
    assert isinstance(recipe, Recipe)
    assert recipe.title == "🔥🍅"
    assert recipe.name


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.one_of(
            st.just(SAMPLE.strip().encode()),
            st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), max_size=60).map(str.encode),
            # A NUL is what tells a binary file, in whatever line it stands.
            st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"").replace(b"\0", b"")),
            st.fixed_dictionaries(
                {
                    "name": st.text(max_size=30),
                    "recipeIngredient": st.lists(st.text(max_size=20), max_size=4),
                    "recipeInstructions": st.lists(st.text(max_size=40), max_size=4),
                }
            ).map(lambda row: json.dumps(row).encode()),
        ),
        max_size=8,
    )
)
def test_every_line_gives_one_recipe_or_one_rejection(tmp_path: Path, lines: list[bytes]) -> None:
    # The sample around it makes it a corpus whatever is in between.
    whole = [SAMPLE.strip().encode()] * (len(lines) + 1) + lines
    results = read(tmp_path / "corpus.jsonl", b"\n".join(whole))
    wanted = [number for number, line in enumerate(whole, 1) if line.strip()]
    assert [line for _, line in places(results)] == wanted
