"""Cooklang: the marks of the specification's canonical tests, the extensions, and no other text taken for it."""

import io
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.cooklang_marks import Mark, escaped, pieces, read_metadata, unescaped, without_comments
from shishen.engines.reader.cooklang import Options, build
from shishen.engines.writer.cooklang import Options as WriterOptions
from shishen.engines.writer.cooklang import build as build_writer
from shishen.records import Draft, DraftLine, DraftStep, Recipe, Rejected
from shishen.source_file import SourceFile
from tests.recipes_of import recipes_of

SAMPLE = """---
title: 红烧肉
servings: 4
time: 1h30m
course: 荤菜
tags: [家常, 下饭]
source:
  name: 奶奶的菜谱
  author: 李师傅
---

-- 买肉要挑五花三层
> 肉皮要烧过再刮净。

= 焯水

@五花肉{500%克}(切块)冷水下 #锅{}，加 @?料酒{2%勺}，煮 ~{5%分钟}。

= 烧

小火炒 @冰糖{30-40%克}，放肉，加 @姜 和
@&五花肉{}翻匀[- 不要糊 -]。

加水没过肉，~焖{1%小时}，收汁。
"""


def file_of(path: Path, text: str) -> SourceFile:
    path.write_text(text, encoding="utf-8")
    return SourceFile(path)


def draft_of(path: Path, text: str) -> Draft:
    (draft,) = build(Options()).read(file_of(path, text))
    assert isinstance(draft, Draft)
    return draft


def test_every_mark_has_its_place(tmp_path: Path) -> None:
    draft = draft_of(tmp_path / "x.cook", SAMPLE)
    assert (draft.title, draft.servings, draft.minutes, draft.category) == ("红烧肉", "4", 90, "荤菜")
    assert (draft.keywords, draft.source.author, draft.tips) == (("家常", "下饭"), "李师傅", ("肉皮要烧过再刮净。",))
    assert draft.lines == (
        DraftLine("五花肉 500 克（切块）", "焯水"),
        DraftLine("料酒 2 勺（可选）", "焯水"),
        DraftLine("冰糖 30-40 克", "烧"),
        DraftLine("姜", "烧"),
    )
    assert draft.steps == (
        DraftStep("五花肉冷水下 锅，加 料酒，煮 5 分钟。", "焯水"),
        DraftStep("小火炒 冰糖，放肉，加 姜 和五花肉翻匀。", "烧"),
        DraftStep("加水没过肉，1 小时，收汁。", "烧"),
    )
    assert draft.tools == ("锅",)
    assert draft.extra == {"cooklang": SAMPLE}


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        # From cooklang/spec, tests/canonical.yaml, version 8.
        ("@thyme{2%sprigs} -- testing comments", [("@", "thyme", "2", "sprigs")]),
        ("Add @chilli{3%items} and @milk{1%l}.", [("@", "chilli", "3", "items"), ("@", "milk", "1", "l")]),
        ("Fry in #frying pan{}", [("#", "frying pan", "", "")]),
        ("Fry in #7-inch nonstick frying pan{ }", [("#", "7-inch nonstick frying pan", "", "")]),
        ("Simmer in #pan for some time", [("#", "pan", "", "")]),
        ("#frying pan{two small}", [("#", "frying pan", "two small", "")]),
        ("@milk{1/2%cup}", [("@", "milk", "1/2", "cup")]),
        ("@milk{1 / 2 %cup}", [("@", "milk", "1/2", "cup")]),
        ("Top with @1000 island dressing{ }", [("@", "1000 island dressing", "", "")]),
        ("Add some @🧂", [("@", "🧂", "", "")]),
        ("@chilli{ 3 % items }", [("@", "chilli", "3", "items")]),
        ("@5peppers", [("@", "5peppers", "", "")]),
        ("@tipo 00 flour{250%g}", [("@", "tipo 00 flour", "250", "g")]),
        ("@chilli cut into pieces and @garlic", [("@", "chilli", "", ""), ("@", "garlic", "", "")]),
        ("@thyme{few%sprigs}", [("@", "thyme", "few", "sprigs")]),
        ("@water{7 k }", [("@", "water", "7 k", "")]),
        ("Fry for ~{1.5%minutes}", [("~", "", "1.5", "minutes")]),
        ("Fry for ~potato{42%minutes}", [("~", "potato", "42", "minutes")]),
        ("Let it ~rest, then serve", [("~", "rest", "", "")]),
        ("Let it ~rest⸫ then serve", [("~", "rest", "", "")]),
        ("Add @chilli\u2009then bake", [("@", "chilli", "", "")]),
        ("It is ~ {5}", []), ("It is ~ 5", []), ("Message @ example{}", []), ("Message me @ example", []),
        ("Recipe # 10{}", []), ("Recipe # 5", []), ("Heat oven up to 200°C", []),
        ("Add @??thyme{}", [("@", "?thyme", "", "")]), ("Add @? thyme", []),
        ("Did you add the @salt{}?", [("@", "salt", "", "")]),
        # Extensions of cooklang-rs.
        ("@white wine|wine{1%l}", [("@", "white wine", "1", "l")]),
        ("@@tomato sauce{200%ml}", [("@", "tomato sauce", "200", "ml")]),
        ("Pour @./sauces/Hollandaise{150%g}.", [("@", "Hollandaise", "150", "g")]),
        ("@flour{=200%g}", [("@", "flour", "200", "g")]),
        ("@rice{1|2|3%cups}", [("@", "rice", "1", "cups")]),
        ("a\\@b{} 5\\~10 分钟", []),
    ],
)  # fmt: skip
def test_marks_are_those_of_the_specification(text: str, marks: list[tuple[str, str, str, str]]) -> None:
    found = [piece for piece in pieces(without_comments(text)) if isinstance(piece, Mark)]
    assert [(m.kind, m.name, m.amount, m.unit) for m in found] == marks


def test_optional_hidden_and_referring_marks() -> None:
    text = "@?thyme{2%sprigs} @-salt{} @&flour{} @&flour{100%g} @&(~1)dough{} @salt(fine) @wine|red{}(dry)"
    found = [piece for piece in pieces(text) if isinstance(piece, Mark)]
    assert [(m.name, m.optional, m.hidden) for m in found] == [
        ("thyme", True, False), ("salt", False, True), ("flour", False, True), ("flour", False, False),
        ("dough", False, True), ("salt", False, False), ("wine", False, False),
    ]  # fmt: skip
    assert [m.note for m in found[-2:]] == ["fine", "dry"]
    assert found[-1].shown == "red"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\nsourced: babooshka\n---\n", {"sourced": "babooshka"}),
        ("---\ncooking time    :30 mins\n---", {}),
        ("---\nPrep Time: 15 minutes\n---\n", {"prep time": "15 minutes"}),
        ("hello ---\nsourced: babooshka\n---", {}),
        (">> servings: 2\n>> Source: 网上: 某处\n\n炒", {"servings": "2", "source": "网上: 某处"}),
        ("---\ntags:\n  - 家常\n- 快手 # 十分钟\n---\n", {"tags": ["家常", "快手"]}),
        ("---\ntags: [ '家常' , \"快 手\" ]\nnote: \"a: b\"\n---\n", {"tags": ["家常", "快 手"], "note": "a: b"}),
        ("---\ndescription: |\n  一行\n  两行\n---\n", {"description": "一行\n两行"}),
        ("---\ntime:\n  prep: 5 min\n  cook: 1 h\n---\n", {"time.prep": "5 min", "time.cook": "1 h"}),
        ("---\nbroken: [1, {a: }\n: x\n- y\n---\n", {"broken": ["1", "{a: }"]}),
    ],
)  # fmt: skip
def test_metadata_is_read_in_both_forms(text: str, said: dict[str, object]) -> None:
    # YAML wants a space behind the colon; the canonical test of a key without one is a reader's own leniency.
    assert read_metadata(text)[0] == said


def test_a_paragraph_is_a_step(tmp_path: Path) -> None:
    draft = draft_of(
        tmp_path / "汤.cook", "A step,\nthe same step with @salt{}.\n\n\n第二步，\n接着说。\n-- 注\n还是第二步\n"
    )
    assert (draft.title, draft.source.line) == ("汤", None)
    assert [s.text for s in draft.steps] == ["A step, the same step with salt.", "第二步，接着说。还是第二步"]


def test_a_paragraph_of_marks_only_is_a_list(tmp_path: Path) -> None:
    draft = draft_of(tmp_path / "x.cook", "= 主料\n@盐{3%克}, @糖{}\n\n#锅{}\n==\n炒 ~{3%分钟}。\n")
    assert draft.lines == (DraftLine("盐 3 克", "主料"), DraftLine("糖", "主料"))
    assert (draft.tools, draft.steps) == (("锅",), (DraftStep("炒 3 分钟。"),))


def test_what_was_read_is_written_again(tmp_path: Path) -> None:
    (recipe,) = recipes_of(file_of(tmp_path / "x.cook", SAMPLE), build(Options()))
    assert isinstance(recipe, Recipe)
    out = io.BytesIO()
    assert build_writer(WriterOptions()).write([recipe], out) == 1
    assert out.getvalue().decode() == SAMPLE


def test_a_zip_file_of_texts_is_read(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("荤/红烧肉.cook", SAMPLE)
        archive.writestr("汤.cook", "煮 @水{1%升}。".encode("gbk"))
        archive.writestr("bad.cook", b"\0\xff\0")
        archive.writestr("readme.txt", "x")
    file = SourceFile(path)
    assert build(Options()).recognises(file)
    results = list(build(Options()).read(file))
    assert [r.title for r in results if isinstance(r, Draft)] == ["红烧肉", "汤"]
    assert [r.line for r in results if isinstance(r, Rejected)] == [3]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("x.txt", "炒 @盐{3%克}。", True),
        ("x", ">> servings: 2\n\nMix @flour and water.", True),
        ("x.cook", "Add a bit of chilli", True),
        ("x.txt", "[- 注 -]\n煮 ~{3%分钟}", True),
        ("x.txt", "Add a bit of chilli", False),
        ("x.txt", "写信给 me@example.org 或 @某人", False),
        ("x.md", "# 红烧肉\n\n炒 @盐{3%克}。", False),
        ("x.cook", "# 红烧肉\n\n## 材料\n- 盐", False),
        ("x.json", '{"a": "@盐{3%克}"}', False),
        ("x.css", "@media print{ a:hover{} }\n@font-face{font-family:x}", False),
        ("x.bib", "@article{knuth84,\n title={x}}", False),
        ("x.html", "<p>@盐{3%克}</p>", False),
        ("x.py", "@dataclass\nclass A: pass", False),
        ("x.txt", ">> 引用：他说\n没有别的", False),
    ],
)
def test_only_cooklang_is_recognised(tmp_path: Path, name: str, text: str, wanted: bool) -> None:
    assert build(Options()).recognises(file_of(tmp_path / name, text)) is wanted


@pytest.mark.parametrize(
    "text",
    [
        "@" * 200_000, "@a{" * 100_000, "@a " * 100_000 + "{", "[-" * 100_000, "~" + "{" * 200_000, "--" * 200_000,
        ">" * 200_000, "\\" * 200_001, "(" * 200_000, "@a{}(" * 50_000, "=" * 200_000, "---\n" + "a:\n - b\n" * 30_000,
    ],
)  # fmt: skip
def test_time_grows_with_the_text_only(tmp_path: Path, text: str) -> None:
    file = file_of(tmp_path / "x.cook", text + "\n")
    start = time.monotonic()
    build(Options()).recognises(file)
    list(build(Options()).read(file))
    assert time.monotonic() - start < 5


def test_what_is_too_large_is_rejected(tmp_path: Path) -> None:
    (result,) = build(Options()).read(file_of(tmp_path / "x.cook", "炒 @盐{}。" * 1_000_000))
    assert isinstance(result, Rejected)
    assert "超过上限 4 MB" in result.reason


@given(st.text(alphabet=st.sampled_from("盐a 1@#~{}%()\\->=[]?/|.\n：")))
def test_an_escaped_text_has_no_marks_and_comes_back(text: str) -> None:
    assert all(isinstance(piece, str) for piece in pieces(escaped(text)))
    assert unescaped(escaped(text)) == text
    assert without_comments("x" + escaped(text)).count("\\") == ("x" + escaped(text)).count("\\")


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from("盐a1 @#~{}%()\\->=[]?&|.:'\"\n,"), max_size=300))
def test_any_text_gives_a_draft_or_a_reason(tmp_path: Path, text: str) -> None:
    for result in recipes_of(file_of(tmp_path / "x.cook", f"x{text}"), build(Options())):
        assert isinstance(result, Recipe | Rejected)
