"""Tandoor: steps with their ingredients, ZIP files of ZIP files, and nothing of anybody else's."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.engines.reader.tandoor import Options, build
from shishen.engines.writer.tandoor import Options as WriterOptions
from shishen.engines.writer.tandoor import build as build_writer
from shishen.errors import UnreadableFile
from shishen.records import Draft, DraftLine, DraftStep, Recipe, Rejected
from shishen.source_file import Limits, SourceFile
from tests.recipes_of import recipes_of


def ingredient(food: str | None = None, amount: float = 0, unit: str | None = None, **more: object) -> dict[str, Any]:
    """An ingredient as Tandoor writes it, all keys there."""
    return {
        "food": food and {"name": food, "plural_name": None, "ignore_shopping": False, "supermarket_category": None},
        "unit": unit and {"name": unit, "plural_name": None, "description": None},
        "amount": amount, "note": "", "order": 0, "is_header": False, "no_amount": False,
        "always_use_plural_unit": False, "always_use_plural_food": False, **more,
    }  # fmt: skip


def step(instruction: str, *ingredients: dict[str, Any], **more: object) -> dict[str, Any]:
    return {
        "name": "", "instruction": instruction, "ingredients": list(ingredients), "time": 0, "order": 0,
        "show_as_header": False, "show_ingredients_table": True, **more,
    }  # fmt: skip


RECIPE: dict[str, Any] = {
    "name": "担担面",
    "description": "麻辣鲜香 🌶️",
    "keywords": [
        {"name": "川菜", "description": "", "created_at": "2024-01-15T14:30:00.000000+08:00"},
        {"name": "面食", "description": "主食一类", "updated_at": "2024-01-15T14:30:00.000000+08:00"},
    ],
    "steps": [
        step(
            "面煮 3 分钟。",
            ingredient("面条", 200, "克", note="细", order=1),
            ingredient("盐", no_amount=True),
            order=1,
        ),
        step(
            "1. 肉末炒干。\n2. 加芽菜。",
            ingredient(note="臊子", is_header=True, no_amount=True),
            ingredient("猪肉末", 100.5, "克", order=1),
            ingredient("芽菜", 2, order=2),
            name="炒臊子", time=10, order=0,
        ),
        step("## 装碗\n\n浇上臊子。\n\n撒葱花。", order=2),
    ],
    "working_time": 25,
    "waiting_time": 10,
    "internal": True,
    "nutrition": {"carbohydrates": 1, "fats": 2, "proteins": 3, "calories": 600, "source": ""},
    "servings": 2,
    "servings_text": "人份",
    "source_url": "https://example.org/dandan",
}  # fmt: skip
SAMPLE = json.dumps(RECIPE, ensure_ascii=False, indent=2)


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def file_of(path: Path, content: object) -> SourceFile:
    data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    path.write_bytes(data)
    return SourceFile(path)


def draft_of(path: Path, **changes: object) -> Draft:
    (draft,) = build(Options()).read(file_of(path, {**RECIPE, **changes}))
    assert isinstance(draft, Draft)
    return draft


def test_every_field_has_its_place(tmp_path: Path) -> None:
    draft = draft_of(tmp_path / "recipe.json")
    assert (draft.title, draft.description) == ("担担面", "麻辣鲜香 🌶️")
    assert (draft.keywords, draft.category) == (("川菜", "面食"), None)
    assert (draft.minutes, draft.servings, draft.calories) == (35, "2 人份", 600)


def test_steps_stand_in_their_order_with_their_names_as_sections(tmp_path: Path) -> None:
    draft = draft_of(tmp_path / "recipe.json")
    assert draft.steps == (
        DraftStep("肉末炒干。", "炒臊子"),
        DraftStep("加芽菜。", "炒臊子"),
        DraftStep("面煮 3 分钟。"),
        DraftStep("浇上臊子。", "装碗"),
        DraftStep("撒葱花。", "装碗"),
    )
    assert draft.lines == (
        DraftLine("猪肉末 100.5 克", "臊子"),
        DraftLine("芽菜 2", "臊子"),
        DraftLine("盐"),
        DraftLine("面条 200 克（细）"),
    )


@pytest.mark.parametrize(
    ("changes", "servings"),
    [
        ({"servings": 8, "servings_text": "slices"}, "8 slices"),
        ({"servings": 4, "servings_text": ""}, "4"),
        ({"servings": 3, "servings_text": "3-4 人份"}, "3-4 人份"),
        ({"servings": None, "servings_text": None}, None),
    ],
)
def test_servings_are_number_and_words(tmp_path: Path, changes: dict[str, Any], servings: str | None) -> None:
    assert draft_of(tmp_path / "recipe.json", **changes).servings == servings


def test_keywords_and_steps_may_say_what_they_are(tmp_path: Path) -> None:
    keywords = [
        {"name": "荤菜", "description": "分类"},
        {"name": "★★", "description": "难度"},
        {"name": "辣", "description": "口味"},
    ]
    steps = [
        *RECIPE["steps"],
        step("趁热吃。\n\n少放盐。", name="小贴士", order=8),
        step("炒锅、漏勺", name="工具", order=9),
    ]
    draft = draft_of(tmp_path / "recipe.json", keywords=keywords, steps=steps)
    assert (draft.category, draft.difficulty, draft.tastes, draft.keywords) == ("荤菜", 2, ("辣",), ())
    assert (draft.tips, draft.tools) == (("趁热吃。", "少放盐。"), ("炒锅", "漏勺"))
    assert len(draft.steps) == 5


def test_what_was_read_is_written_again(tmp_path: Path) -> None:
    (recipe,) = recipes_of(file_of(tmp_path / "recipe.json", RECIPE), build(Options()))
    assert isinstance(recipe, Recipe)
    out = io.BytesIO()
    assert build_writer(WriterOptions()).write([recipe], out) == 1
    with zipfile.ZipFile(out) as archive, zipfile.ZipFile(io.BytesIO(archive.read("担担面.zip"))) as inner:
        assert json.loads(inner.read("recipe.json")) == RECIPE


def test_an_export_is_zip_files_in_a_zip_file(tmp_path: Path) -> None:
    one = zip_of({"recipe.json": SAMPLE.encode(), "image.jpeg": b"\xff\xd8"})
    members = {
        "1.zip": one,
        "2.zip": b"PK\x03\x04broken",
        "3.zip": zip_of({"other.json": b"{}"}),
        "4.zip": one[:-60],
        "5.zip": one,
    }
    file = file_of(tmp_path / "export.zip", zip_of(members))
    reader = build(Options())
    assert reader.recognises(file)
    results = list(reader.read(file))
    assert [type(result).__name__ for result in results] == ["Draft", "Rejected", "Rejected", "Rejected", "Draft"]
    assert isinstance(results[0], Draft)
    assert (results[0].images, results[0].source.line) == (("1.zip/image.jpeg",), 1)


def test_one_recipe_s_own_zip_file_is_read(tmp_path: Path) -> None:
    file = file_of(tmp_path / "1.zip", zip_of({"recipe.json": SAMPLE.encode(), "image.png": b""}))
    assert build(Options()).recognises(file)
    (draft,) = build(Options()).read(file)
    assert isinstance(draft, Draft)
    assert draft.images == ("image.png",)


@pytest.mark.parametrize(
    "content",
    [
        {"@type": "Recipe", "steps": [], "working_time": 1, "internal": True},
        {"steps": [1], "name": "x"},
        {"steps": "x", "working_time": 1, "internal": True},
        [RECIPE],
        zip_of({"a.zip": zip_of({"b.json": b"{}"})}),
        zip_of({"recipe.json": b'{"@type": "Recipe"}'}),
        zip_of({"recipe.txt": SAMPLE.encode()}),
        b"PK\x03\x04" + b"\0" * 100,
    ],
)
def test_other_files_are_nobody_s_here(tmp_path: Path, content: object) -> None:
    assert not build(Options()).recognises(file_of(tmp_path / "x", content))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""}, {"name": 1.5e400}, {"steps": {}}, {"steps": [1]}, {"steps": [step("炒", order="first")]},
        {"steps": [{"instruction": []}]}, {"steps": [step("炒", {"food": {"name": {}}})]}, {"keywords": [1]},
        {"keywords": [{"name": []}]}, {"working_time": "long"}, {"servings": {}}, {"description": {}},
        {"steps": [step("炒", ingredient("盐", amount="some"))]}, # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_wrong_types_are_one_line(tmp_path: Path, changes: dict[str, Any]) -> None:
    file = file_of(tmp_path / "x", json.dumps({**RECIPE, **changes}).replace("Infinity", "1e400").encode())
    (result,) = build(Options()).read(file)
    assert isinstance(result, Rejected)
    assert "\n" not in result.reason


def test_bombs_are_refused(tmp_path: Path) -> None:
    large = zip_of({"recipe.json": json.dumps({**RECIPE, "description": "0" * 20_000_000}).encode()})
    (result,) = build(Options()).read(file_of(tmp_path / "a.zip", zip_of({"1.zip": large})))
    assert isinstance(result, Rejected)
    assert "超过上限 4 MB" in result.reason
    # ZIP files of ZIP files that say they hold hundreds of thousands of members.
    many = zip_of({str(number): b"" for number in range(2_000)})
    (result,) = build(Options()).read(file_of(tmp_path / "b.zip", zip_of({"1.zip": many})))
    assert isinstance(result, Rejected)
    assert "文件太多" in result.reason
    file = file_of(tmp_path / "c.zip", zip_of({f"{n}.zip": bytes(1_000_000) for n in range(30)}))
    with pytest.raises(UnreadableFile, match="解开后超过 5 MB"):
        list(build(Options()).read(SourceFile(file.path, limits=Limits(unpacked_mb=5))))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*RECIPE, *RECIPE["steps"][1], *ingredient()]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(sorted(RECIPE)), JSON, max_size=4))
def test_any_value_anywhere_gives_a_draft_or_a_reason(tmp_path: Path, changes: dict[str, Any]) -> None:
    for result in recipes_of(file_of(tmp_path / "recipe.json", {**RECIPE, **changes}), build(Options())):
        assert isinstance(result, Recipe | Rejected)
