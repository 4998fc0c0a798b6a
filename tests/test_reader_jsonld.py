"""schema.org/Recipe as JSON-LD: every shape of it, and nothing that it says is lost."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from shishen.engines.reader.jsonld import Options, build
from shishen.records import Draft, DraftStep, Recipe, Rejected
from shishen.source_file import SourceFile
from shishen.stages.read import read_file

NODE: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "Recipe",
    "name": "番茄牛腩",
    "alternateName": ["西红柿炖牛腩"],
    "description": "酸甜软烂。",
    "recipeCategory": "荤菜",
    "recipeCuisine": "家常菜",
    "totalTime": "PT1H20M",
    "recipeYield": 4,
    "recipeIngredient": ["500克牛腩", "3个番茄"],
    "recipeInstructions": [
        {"@type": "HowToStep", "text": "牛腩焯水 3 分钟。"},
        {"@type": "HowToStep", "text": "加番茄炖 1 小时。"},
    ],
    "tool": ["砂锅"],
    "keywords": "牛腩,炖菜",
    "image": "https://example.org/1.jpg",
    "author": {"@type": "Person", "name": "李师傅"},
    "license": "CC0",
}
SAMPLE = json.dumps(NODE, ensure_ascii=False, indent=2)


def node_of(**changes: object) -> dict[str, Any]:
    """The sample with changes; a value of None takes a property away."""
    return {key: value for key, value in {**NODE, **changes}.items() if value is not None}


def read(path: Path, content: object) -> list[Recipe | Rejected]:
    data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    path.write_bytes(data)
    return list(read_file(SourceFile(path), build(Options())))


def draft_of(path: Path, content: object) -> Draft:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    (draft,) = build(Options()).read(SourceFile(path))
    assert isinstance(draft, Draft)
    return draft


def places(results: list[Recipe | Rejected]) -> list[tuple[str, int | None]]:
    """(what became of it, its line) of each result."""
    return [("rejected", r.line) if isinstance(r, Rejected) else ("recipe", r.source.line) for r in results]


def test_every_property_has_its_place(tmp_path: Path) -> None:
    draft = draft_of(tmp_path / "dish.json", NODE)
    assert (draft.title, draft.aliases, draft.description) == ("番茄牛腩", ("西红柿炖牛腩",), "酸甜软烂。")
    assert (draft.category, draft.cuisine, draft.minutes, draft.servings) == ("荤菜", "家常菜", 80, "4")
    assert [line.text for line in draft.lines] == NODE["recipeIngredient"]
    assert draft.steps == (DraftStep("牛腩焯水 3 分钟。"), DraftStep("加番茄炖 1 小时。"))
    assert (draft.tools, draft.keywords) == (("砂锅",), ("牛腩", "炖菜"))
    assert draft.images == ("https://example.org/1.jpg",)
    assert (draft.source.author, draft.source.licence, draft.source.line) == ("李师傅", "CC0", None)
    assert draft.extra is UNSET


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_every_usual_encoding_simply_works(tmp_path: Path, encoding: str) -> None:
    (recipe,) = read(tmp_path / "dish.json", SAMPLE.encode(encoding))
    assert isinstance(recipe, Recipe)
    assert recipe.name == "番茄牛腩"


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        (NODE, [None]),
        ([NODE], [None]),
        ([NODE, NODE], [1, 2]),
        ({"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, NODE, {"@type": "Person"}, NODE]}, [1, 2]),
        ({"@type": "WebPage", "mainEntity": NODE}, [None]),
        ({"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": NODE}]}, [None]),
        ({**NODE, "@type": ["NewsArticle", "Recipe"]}, [None]),
        ({**NODE, "@type": "https://schema.org/Recipe"}, [None]),
        ({**NODE, "@type": "http://schema.org/Recipe"}, [None]),
    ],
)
def test_every_shape_is_recognised_and_read(tmp_path: Path, document: object, lines: list[int | None]) -> None:
    path = tmp_path / "dish.json"
    assert places(read(path, document)) == [("recipe", line) for line in lines]
    assert build(Options()).recognises(SourceFile(path))


def test_an_array_with_an_object_a_line_is_an_array(tmp_path: Path) -> None:
    text = "[\n" + ",\n".join([json.dumps(NODE)] * 3) + "\n]\n"
    assert places(read(tmp_path / "dish.json", text.encode())) == [("recipe", 1), ("recipe", 2), ("recipe", 3)]
    graph = '{"@graph": [\n' + json.dumps(NODE) + "\n]}\n"
    assert places(read(tmp_path / "dish.json", graph.encode())) == [("recipe", None)]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_corpus_is_read_line_by_line_whichever_is_broken(tmp_path: Path, place: int) -> None:
    lines = [json.dumps(node_of(description="上\u2028下"), ensure_ascii=False).encode()] * 3
    lines.insert(place, b'{"@type": "Recipe", "name": "\xff')
    wanted = [("rejected" if number == place else "recipe", number + 1) for number in range(4)]
    assert places(read(tmp_path / "corpus.jsonl", b"\n".join(lines))) == wanted


def test_a_line_must_hold_one_recipe(tmp_path: Path) -> None:
    lines = [json.dumps(x) for x in (NODE, {"@graph": [NODE, NODE]}, {"a": 1}, NODE)]
    results = read(tmp_path / "corpus.jsonl", "\n".join(lines).encode())
    assert places(results) == [("recipe", 1), ("rejected", 2), ("rejected", 3), ("recipe", 4)]


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ("1. 切\n2. 炒", ["切", "炒"]),
        ("<p>切</p><p>炒</p>", ["切", "炒"]),
        ("切<br/>炒", ["切", "炒"]),
        (["切", "炒"], ["切", "炒"]),
        ([{"@type": "HowToStep", "name": "切"}, {"text": "炒"}], ["切", "炒"]),
        ({"@type": "ItemList", "itemListElement": [{"@type": "HowToStep", "text": "切"}]}, ["切"]),
        ([{"@type": "ListItem", "item": {"text": "切"}}], ["切"]),
        ([["切", ["炒"]]], ["切", "炒"]),
    ],
)
def test_every_form_of_instructions_is_read(tmp_path: Path, steps: object, wanted: list[str]) -> None:
    draft = draft_of(tmp_path / "dish.json", node_of(recipeInstructions=steps))
    assert [step.text for step in draft.steps] == wanted


def test_sections_name_their_steps(tmp_path: Path) -> None:
    section = {"@type": "HowToSection", "name": "腌制", "itemListElement": [{"@type": "HowToStep", "text": "抹盐"}]}
    draft = draft_of(tmp_path / "dish.json", node_of(recipeInstructions=[section, "炒"]))
    assert draft.steps == (DraftStep("抹盐", "腌制"), DraftStep("炒"))


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [
        ("PT30M", 30),
        ("pt1h", 60),
        ("P1DT2H", 1560),
        ("PT90S", 1.5),
        ("PT1.5H", 90),
        ("PT0M", None),
        ("半小时", None),
        (30, None),
    ],
)
def test_durations_are_minutes_or_kept_as_they_are(tmp_path: Path, duration: object, minutes: float | None) -> None:
    draft = draft_of(tmp_path / "dish.json", node_of(totalTime=duration))
    assert draft.minutes == minutes
    assert draft.extra == (UNSET if minutes else {"totalTime": duration})


@pytest.mark.parametrize(
    ("nutrition", "calories"),
    [
        ({"@type": "NutritionInformation", "calories": "240 calories"}, 240),
        ({"calories": 240.5}, 240.5),
        ({"calories": "很高"}, None),
        ("240", None),
        ([], None),
    ],
)
def test_calories_are_a_number_or_unknown(tmp_path: Path, nutrition: object, calories: float | None) -> None:
    draft = draft_of(tmp_path / "dish.json", node_of(nutrition=nutrition))
    assert draft.calories == calories
    assert draft.extra == {"nutrition": nutrition}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("prepTime", "PT10M"),
        ("suitableForDiet", "https://schema.org/GlutenFreeDiet"),
        ("aggregateRating", {"ratingValue": 5}),
        ("recipeYield", "1 个 6 寸蛋糕"),
        ("author", [{"@type": "Person", "name": "甲"}, {"@type": "Person", "name": "乙"}]),
        ("author", {"@type": "Person", "name": "甲", "url": "https://example.org/a"}),
        ("image", {"@type": "ImageObject", "url": "https://example.org/1.jpg", "width": 640}),
        (
            "recipeInstructions",
            [{"@type": "HowToStep", "name": "切", "text": "切成丝", "image": "https://example.org/2.jpg"}],
        ),
        ("@type", ["Recipe", "NewsArticle"]),
        ("recipeCategory", ["荤菜", "炖菜"]),
    ],
)
def test_what_no_field_can_hold_is_kept_as_it_is(tmp_path: Path, key: str, value: object) -> None:
    (recipe,) = read(tmp_path / "dish.json", node_of(**{key: value}))
    assert isinstance(recipe, Recipe)
    assert recipe.extra == {key: value}
    assert msgspec.json.decode(msgspec.json.encode(recipe), type=Recipe) == recipe


@pytest.mark.parametrize("name", [None, "", "  ", [], True, {}, {"@type": "x"}])
def test_a_recipe_without_a_name_is_rejected(tmp_path: Path, name: object) -> None:
    nameless = node_of(name=name)
    assert places(read(tmp_path / "dish.json", [NODE, nameless, NODE])) == [
        ("recipe", 1),
        ("rejected", 2),
        ("recipe", 3),
    ]


@pytest.mark.parametrize("steps", [None, [], "", [{"@type": "HowToStep"}], "<p></p>"])
def test_a_recipe_without_steps_is_rejected(tmp_path: Path, steps: object) -> None:
    (rejected,) = read(tmp_path / "dish.json", node_of(recipeInstructions=steps))
    assert isinstance(rejected, Rejected)
    assert "没有步骤" in rejected.reason


def test_large_numbers_are_no_fault(tmp_path: Path) -> None:
    node = node_of(recipeYield=10**19, nutrition={"calories": 10**19}, recipeIngredient=[1e300, 2.5, 12345678])
    draft = draft_of(tmp_path / "dish.json", node)
    assert [line.text for line in draft.lines][1:] == ["2.5", "12345678"]


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [100, 400, 900])
@pytest.mark.parametrize("key", ["name", "recipeInstructions", "video", "nutrition"])
def test_deep_nesting_is_named(tmp_path: Path, key: str, depth: int) -> None:
    (rejected,) = read(tmp_path / "dish.json", node_of(**{key: nested(depth)}))
    assert isinstance(rejected, Rejected)
    assert "嵌套太深" in rejected.reason or "JSON" in rejected.reason


@pytest.mark.parametrize(
    "content",
    [
        SAMPLE[: len(SAMPLE) // 2].encode(),
        ("[" + SAMPLE + "," + SAMPLE).encode(),
        b'{"@type": "Recipe", "x": ' + b"[" * 200_000,
        SAMPLE.encode() + b"x",
        b'{"@type": "Recipe", "name": "\\ud83d"}',
        json.dumps({"note": {"@type": "Recipe"}}).encode(),
    ],
    ids=["cut", "array cut", "deep", "more behind", "half a character", "no recipe where one may be"],
)
def test_a_broken_document_is_a_fault_of_the_file(tmp_path: Path, content: bytes) -> None:
    (rejected,) = read(tmp_path / "dish.json", content)
    assert isinstance(rejected, Rejected)
    assert rejected.line is None
    assert "dish.json" in rejected.reason
    assert "\n" not in rejected.reason


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*NODE, "text", "item", "itemListElement", "url"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(sorted({*NODE, "nutrition", "yield", "ingredients"} - {"@type"})), json_values
    )
)
def test_any_value_of_any_property_is_read_or_rejected(tmp_path: Path, changes: dict[str, object]) -> None:
    node = {**NODE, **changes}
    results = read(tmp_path / "dish.json", json.dumps([NODE, node, NODE]).encode())
    assert [line for _, line in places(results)] == [1, 2, 3]
    for result in results:
        assert msgspec.json.decode(msgspec.json.encode(result), type=type(result)) == result


simple = st.text(st.sampled_from("番茄牛腩炖切炒ab1"), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=simple,
    description=simple,
    ingredients=st.lists(simple, max_size=4),
    steps=st.lists(simple, min_size=1, max_size=4),
    minutes=st.integers(1, 6000),
    images=st.lists(simple, max_size=2),
    cuisine=simple,
    other=st.dictionaries(st.sampled_from(["prepTime", "video", "url"]), json_values),
)
def test_what_is_said_is_still_there(
    tmp_path: Path, name: str, description: str, ingredients: list[str], steps: list[str], minutes: int,
    images: list[str], cuisine: str, other: dict[str, object],
) -> None:  # fmt: skip
    """The way in of the round trip; the way out does not exist yet."""
    node = {
        "@type": "Recipe", "name": name, "description": description, "recipeIngredient": ingredients,
        "recipeInstructions": steps, "totalTime": f"PT{minutes}M", "image": images, "recipeCuisine": cuisine, **other,
    }  # fmt: skip
    draft = draft_of(tmp_path / "dish.json", node)
    assert (draft.title, draft.description, draft.minutes, draft.cuisine) == (name, description, minutes, cuisine)
    assert [line.text for line in draft.lines] == ingredients
    assert [step.text for step in draft.steps] == steps
    assert list(draft.images) == images
    assert draft.extra == (other or UNSET)
