"""Mealie: every field has its place, what no field holds comes back, and nothing of anybody else's is taken."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.engines.reader.mealie import Options, build
from shishen.engines.writer.mealie import Options as WriterOptions
from shishen.engines.writer.mealie import build as build_writer
from shishen.errors import UnreadableFile
from shishen.records import Draft, DraftLine, DraftStep, Recipe, Rejected
from shishen.source_file import Limits, SourceFile
from tests.recipes_of import recipes_of


def named(name: str, **more: object) -> dict[str, Any]:
    return {"id": "0f0e8f0c-6c1d-4f3e-9d5f-1b5f2b9f4c11", "name": name, "slug": name, **more}


def ingredient(**said: object) -> dict[str, Any]:
    """An ingredient as Mealie writes it, all keys there."""
    return {
        "quantity": 0.0, "unit": None, "food": None, "note": "", "isFood": True, "disableAmount": False,
        "display": "", "title": None, "originalText": None,
        "referenceId": "7e6f3a04-1111-4222-8333-444455556666", **said,
    }  # fmt: skip


RECIPE: dict[str, Any] = {
    "id": "5f7a4a6e-3c5b-4f54-8d25-0d3a7c9d8e10",
    "userId": "11111111-2222-4333-8444-555555555555",
    "groupId": "99999999-2222-4333-8444-555555555555",
    "name": "番茄炖牛腩",
    "slug": "fan-qie-dun-niu-nan",
    "image": "x7Gq",
    "recipeServings": 4.0,
    "recipeYieldQuantity": 0.0,
    "recipeYield": "",
    "totalTime": "1 小时 50 分钟",
    "prepTime": "20 分钟",
    "performTime": "PT1H30M",
    "description": "酸甜软烂，café 也卖。🍅",
    "recipeCategory": [named("荤菜"), named("炖菜")],
    "tags": [named("牛肉"), named("宴客")],
    "tools": [named("砂锅", householdsWithTool=["家"])],
    "rating": 4.5,
    "orgURL": "https://example.org/niunan",
    "dateAdded": "2024-03-01",
    "recipeIngredient": [
        ingredient(quantity=500.0, unit=named("克", abbreviation="g"), food=named("牛腩"), note="切块", title="主料"),
        ingredient(quantity=3.0, unit=named("个"), food=named("番茄"), originalText="番茄 3 个"),
        ingredient(quantity=1.0, note="盐适量", isFood=False, disableAmount=True, title="调料"),
        ingredient(quantity=2.0, unit=named("勺"), food=named("生抽"), originalText="生抽 1 勺"),
    ],
    "recipeInstructions": [
        {"id": "a", "title": "准备", "summary": "", "text": "牛腩**焯水** 3 分钟。", "ingredientReferences": [
            {"referenceId": "7e6f3a04-1111-4222-8333-444455556666"}]},
        {"id": "b", "title": "", "text": "番茄去皮切块。", "ingredientReferences": []},
        {"id": "c", "title": "炖", "text": "小火炖 90 分钟。", "ingredientReferences": []},
    ],
    "nutrition": {"calories": "420 kcal", "proteinContent": "31", "fatContent": None},
    "notes": [{"title": "窍门", "text": "番茄要熟透。"}, {"title": "", "text": "隔夜更香。"}],
    "settings": {"public": True, "disableAmount": False},
    "assets": [{"name": "笔记", "icon": "mdi-file", "fileName": "note.pdf"}],
    "extras": {"来自": "奶奶"},
    "comments": [],
}  # fmt: skip
SAMPLE = json.dumps(RECIPE, ensure_ascii=False, indent=2)


def snake(value: Any) -> Any:
    """The same with keys as Mealie's export of several recipes has them."""
    if isinstance(value, list):
        return [snake(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        "org_url" if key == "orgURL" else "".join(f"_{c.lower()}" if c.isupper() else c for c in key): snake(part)
        for key, part in value.items()
    }


def file_of(path: Path, document: object) -> SourceFile:
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return SourceFile(path)


def draft_of(path: Path, **changes: object) -> Draft:
    (draft,) = build(Options()).read(file_of(path, {**RECIPE, **changes}))
    assert isinstance(draft, Draft)
    return draft


def zipped(path: Path, members: dict[str, bytes]) -> SourceFile:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return SourceFile(path)


def test_every_field_has_its_place(tmp_path: Path) -> None:
    draft = draft_of(tmp_path / "dish.json")
    assert (draft.title, draft.description) == ("番茄炖牛腩", "酸甜软烂，café 也卖。🍅")
    assert (draft.category, draft.keywords, draft.tools) == ("荤菜", ("炖菜", "牛肉", "宴客"), ("砂锅",))
    assert (draft.minutes, draft.servings, draft.calories) == (110, "4", 420)
    assert draft.steps == (
        DraftStep("牛腩**焯水** 3 分钟。", "准备"),
        DraftStep("番茄去皮切块。", "准备"),
        DraftStep("小火炖 90 分钟。", "炖"),
    )
    assert draft.tips == ("窍门：番茄要熟透。", "隔夜更香。")


def test_an_ingredient_is_said_as_exactly_as_its_parts_say_it(tmp_path: Path) -> None:
    # The last one's amount was changed in Mealie after it had been read from its text.
    assert draft_of(tmp_path / "dish.json").lines == (
        DraftLine("牛腩 500 克（切块）", "主料"),
        DraftLine("番茄 3 个", "主料"),
        DraftLine("盐适量", "调料"),
        DraftLine("生抽 2 勺", "调料"),
    )
    (recipe,) = recipes_of(SourceFile(tmp_path / "dish.json"), build(Options()))
    assert isinstance(recipe, Recipe)
    assert [(i.name, i.min, i.unit, i.vague) for i in recipe.ingredients] == [
        ("牛腩", 500, "克", None), ("番茄", 3, "个", None), ("盐", None, None, "适量"), ("生抽", 2, "勺", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"quantity": 0.333, "unit": named("cup"), "food": named("milk")}, "0.333 cup milk"),
        ({"quantity": 2.0, "food": named("eggs"), "note": "large", "originalText": "2 large eggs"}, "2 large eggs"),
        ({"quantity": 1.5, "food": named("eggs"), "originalText": "11.5 eggs"}, "1.5 eggs"),
        ({"quantity": 20.0, "unit": named("克"), "food": named("盐"), "originalText": "盐 20-30 克"}, "盐 20 克"),
        ({"quantity": 2.0, "note": "large eggs"}, "2 large eggs"),
        ({"quantity": None, "food": named("盐"), "originalText": "盐"}, "盐"),
        ({"quantity": 1.0, "referencedRecipe": named("红油"), "unit": named("勺")}, "红油 1 勺"),
        ({"display": "半头蒜"}, "半头蒜"),
        ({"food": "盐", "unit": "克", "quantity": 3}, "盐 3 克"),
    ],
)
def test_every_kind_of_ingredient_becomes_its_line(tmp_path: Path, said: dict[str, Any], line: str) -> None:
    assert draft_of(tmp_path / "dish.json", recipeIngredient=[ingredient(**said)]).lines == (DraftLine(line),)


@pytest.mark.parametrize(
    ("changes", "servings"),
    [
        ({"recipeServings": 4, "recipeYieldQuantity": 8, "recipeYield": "slices"}, "4"),
        ({"recipeServings": 0, "recipeYieldQuantity": 8, "recipeYield": "slices"}, "8 slices"),
        ({"recipeServings": 0, "recipeYieldQuantity": 0, "recipeYield": "3-4 人份"}, "3-4 人份"),
        ({"recipeServings": 3, "recipeYieldQuantity": 0, "recipeYield": "3-4 人份"}, "3-4 人份"),
        ({"recipeServings": None, "recipeYieldQuantity": None, "recipeYield": None}, None),
    ],
)
def test_people_come_before_what_is_yielded(tmp_path: Path, changes: dict[str, Any], servings: str | None) -> None:
    assert draft_of(tmp_path / "dish.json", **changes).servings == servings


def test_the_first_versions_form_is_read_too(tmp_path: Path) -> None:
    draft = draft_of(
        tmp_path / "dish.json",
        recipeIngredient=["番茄 3 个", "盐"],
        recipeInstructions=["切", {"text": "炒"}],
        tags=["快手"],
        recipeCategory=["素菜"],
    )
    assert [line.text for line in draft.lines] == ["番茄 3 个", "盐"]
    assert [step.text for step in draft.steps] == ["切", "炒"]
    assert (draft.category, draft.keywords) == ("素菜", ("快手",))


@pytest.mark.parametrize("document", [RECIPE, snake(RECIPE)], ids=["camel", "snake"])
def test_what_was_read_is_written_again(tmp_path: Path, document: dict[str, Any]) -> None:
    file = file_of(tmp_path / "dish.json", document)
    assert build(Options()).recognises(file)
    (recipe,) = recipes_of(file, build(Options()))
    assert isinstance(recipe, Recipe)
    out = tmp_path / "out.zip"
    with out.open("wb") as stream:
        assert build_writer(WriterOptions()).write([recipe], stream) == 1
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == ["recipes/番茄炖牛腩/番茄炖牛腩.json"]
        assert json.loads(archive.read(archive.namelist()[0])) == document


def test_an_export_of_several_is_read_with_its_pictures_named(tmp_path: Path) -> None:
    data = json.dumps(snake(RECIPE)).encode()
    file = zipped(
        tmp_path / "export.zip",
        {
            "recipes/a/a.json": data,
            "recipes/a/images/original.webp": b"RIFF",
            "recipes/b/b.json": b'{"name": "\xff',
            "recipes/c/c.json": json.dumps({**snake(RECIPE), "name": " "}).encode(),
            "recipes/d/d.json": data,
        },
    )
    reader = build(Options())
    assert reader.recognises(file)
    results = list(reader.read(file))
    assert [r.line for r in results if isinstance(r, Rejected)] == [2, 3]
    assert [r.source.line for r in results if isinstance(r, Draft)] == [1, 4]
    assert isinstance(results[0], Draft)
    assert isinstance(results[3], Draft)
    assert (results[0].images, results[3].images) == (("recipes/a/images/original.webp",), ())


def test_an_export_of_one_is_read(tmp_path: Path) -> None:
    file = zipped(tmp_path / "one.zip", {"niunan.json": SAMPLE.encode(), "original.webp": b"RIFF"})
    assert build(Options()).recognises(file)
    (draft,) = build(Options()).read(file)
    assert isinstance(draft, Draft)
    assert draft.images == ("original.webp",)


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "https://schema.org", "@type": "Recipe", "slug": "x", "recipeIngredient": [], "orgURL": ""},
        {"name": "菜", "recipeIngredient": ["盐"], "recipeInstructions": ["炒"], "author": "a", "keywords": []},
        {"name": "菜", "slug": "x", "recipeIngredient": []},
        {"slug": "x", "orgURL": "y"},
        [RECIPE],
    ],
)
def test_other_json_is_nobody_s_here(tmp_path: Path, document: object) -> None:
    assert not build(Options()).recognises(file_of(tmp_path / "x.json", document))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": None}, {"name": {"a": 1}}, {"name": []}, {"description": ["x"]}, {"recipeIngredient": "盐"},
        {"recipeIngredient": [1]}, {"recipeIngredient": [{"quantity": "many"}]},
        {"recipeIngredient": [{"food": 3.5, "unit": []}]},
        {"recipeInstructions": {"text": "炒"}}, {"recipeInstructions": [[]]}, {"tags": {"a": 1}}, {"tags": [["x"]]},
        {"notes": "x"}, {"notes": [{"text": {}}]}, {"totalTime": {}}, {"recipeServings": "four"},
        {"recipeServings": 1e300}, {"recipeIngredient": [{"quantity": float("1e400")}]} ,
    ],
)  # fmt: skip
def test_wrong_types_are_one_line(tmp_path: Path, changes: dict[str, Any]) -> None:
    document = json.dumps({**RECIPE, **changes}).replace("Infinity", "1e400")
    path = tmp_path / "dish.json"
    path.write_text(document, encoding="utf-8")
    (result,) = build(Options()).read(SourceFile(path))
    assert isinstance(result, Rejected)
    assert "\n" not in result.reason
    assert len(result.reason) < 200


def test_what_is_too_large_or_too_deep_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "dish.json"
    for text, reason in (
        (json.dumps({**RECIPE, "description": "x" * 5_000_000}), "超过上限 4 MB"),
        (SAMPLE.replace('"comments": []', '"comments": ' + "[" * 100_000 + "]" * 100_000), "JSON"),
        (SAMPLE.replace('"comments": []', '"comments": ' + "[" * 90 + "]" * 90), "嵌套太深"),
        (SAMPLE[: len(SAMPLE) // 2], "不是完整的 JSON"),
    ):
        path.write_text(text, encoding="utf-8")
        (result,) = build(Options()).read(SourceFile(path))
        assert isinstance(result, Rejected)
        assert reason in result.reason


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    bomb = json.dumps({**RECIPE, "description": "0" * 3_000_000}).encode()
    file = zipped(tmp_path / "bomb.zip", {f"recipes/{n}/{n}.json": bomb for n in range(20)})
    small = SourceFile(file.path, limits=Limits(unpacked_mb=10))
    with pytest.raises(UnreadableFile, match="解开后超过 10 MB"):
        list(build(Options()).read(small))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*RECIPE, *ingredient()]), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(sorted(RECIPE)), JSON, max_size=4))
def test_any_value_anywhere_gives_a_draft_or_a_reason(tmp_path: Path, changes: dict[str, Any]) -> None:
    for result in recipes_of(file_of(tmp_path / "dish.json", {**RECIPE, **changes}), build(Options())):
        assert isinstance(result, Recipe | Rejected)
