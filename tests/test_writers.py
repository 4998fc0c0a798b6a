"""Writers: a record that goes out in any format comes back the same, as far as the format can say it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from shishen import engines
from shishen.domains.cooking.recipes import read_recipe
from shishen.engines import EngineInfo
from shishen.interchange import minutes_text, read_minutes, servings_text
from shishen.kitchen import Kitchen
from shishen.records import Draft, DraftLine, DraftStep, Range, Recipe, Source
from shishen.source_file import SourceFile
from tests.command_line import Shishen, is_fault
from tests.recipes_of import recipes_of

WRITERS = list(engines.engines("writer"))
FORMATS = [info.name for info in WRITERS if info.name != "jsonl"]
every_writer = pytest.mark.parametrize("info", WRITERS, ids=lambda info: info.name)
every_format = pytest.mark.parametrize("format_", FORMATS)
# What is no content: where a recipe was read, and what its reader kept for the way back.
PLACE = ("id", "source", "extra")
# What a format cannot say of the records below, as docs/library.md has it.
LOST = {
    "jsonld": set[str](),
    "mealie": set[str](),
    "tandoor": {"raw", "images", "author", "minutes"},
    "paprika": {"images", "newlines"},
    "cooklang": {"raw", "newlines"},
}


def recipe_of(**said: Any) -> Recipe:
    """A recipe as the domain reads it."""
    plain: dict[str, Any] = {"title": "菜", "source": Source(path="a"), "steps": (DraftStep("炒熟。"),)}
    return read_recipe(Draft(**{**plain, **said}))


FULL = recipe_of(
    title="番茄炖牛腩",
    source=Source(path="x", author="李师傅", licence="CC0"),
    aliases=("西红柿牛腩",),
    description="酸甜软烂：café 也卖，5~10 分钟就饿 🍅",
    category="荤菜",
    cuisine="家常菜",
    tastes=("酸甜", "鲜"),
    difficulty=3,
    minutes=110.0,
    calories=420.0,
    servings="3-4 人份",
    lines=(
        DraftLine("黄酒 1 勺"),
        DraftLine("牛腩 500 克（切块）", "主料"),
        DraftLine("番茄 3 个", "主料"),
        DraftLine("葱、姜各 10 克", "主料"),
        DraftLine("盐 适量", "调料"),
        DraftLine("冰糖 10-15 克（可选）", "调料"),
        DraftLine("香醋 2 勺（或米醋）", "调料"),
        DraftLine("面粉 0.3333 杯", "调料"),
    ),
    tools=("砂锅", "漏勺"),
    steps=(
        DraftStep("牛腩焯水 3 分钟，@ 不要盖 #锅盖{}。"),
        DraftStep("番茄去皮 -- 切块。", "准备"),
        DraftStep("小火炖 1.5 小时，或 5~10 分钟一翻。", "炖"),
        DraftStep("= 收汁：20–30 分钟。", "炖"),
    ),
    tips=("番茄要熟透。", "> 隔夜更香 [- 真的 -]。"),
    features="酸甜。",
    images=("https://example.org/1.jpg", "2.jpg"),
    keywords=("牛肉", "宴客"),
)
ODD = [
    recipe_of(),
    recipe_of(title="菜", servings="2.5 人份", keywords=("汤",)),
    recipe_of(title="a/b: c", minutes=37.5, servings="3 人以上食用", lines=(DraftLine("eggs 2"),)),
    recipe_of(title="'长'" * 60, description="- x", tips=("一\n二",), steps=(DraftStep("一\n二 3 分钟"),)),
    recipe_of(title="true", category="null", aliases=('"引"号', "a, b"), keywords=("甲，乙", "丙")),
]


def written(format_: str, recipes: list[Recipe]) -> bytes:
    out = io.BytesIO()
    assert engines.engine("writer", format_).build().write(recipes, out) == len(recipes)
    return out.getvalue()


def back(format_: str, recipes: list[Recipe], folder: Path) -> list[Recipe]:
    """The recipes written and read again."""
    path = folder / "out"
    path.write_bytes(written(format_, recipes))
    file = SourceFile(path)
    reader = engines.engine("reader", format_).build()
    assert reader.recognises(file)
    found = list(recipes_of(file, reader))
    assert all(isinstance(recipe, Recipe) for recipe in found), found
    return [recipe for recipe in found if isinstance(recipe, Recipe)]


def content(recipe: Recipe, lost: set[str]) -> dict[str, Any]:
    """All that a recipe says, without what a format cannot say."""
    said: dict[str, Any] = {
        name: getattr(recipe, name) for name in Recipe.__struct_fields__ if name not in PLACE and name not in lost
    }
    said["ingredients"] = [
        {name: getattr(i, name) for name in i.__struct_fields__ if name not in lost} for i in recipe.ingredients
    ]
    if "newlines" in lost:
        said["steps"] = [replace(step, text=step.text.replace("\n", " ")) for step in recipe.steps]
        said["tips"] = [tip.replace("\n", " ") for tip in recipe.tips]
    if "author" not in lost:
        said["author"] = (recipe.source.author, recipe.source.licence)
    return said


# --- the house cookbook ----------------------------------------------------------------------------------


@every_format
def test_the_house_cookbook_comes_back_the_same(format_: str, house: Kitchen, tmp_path: Path) -> None:
    recipes = list(house.library.recipes())
    assert len(recipes) == 60
    for before, after in zip(recipes, back(format_, recipes, tmp_path), strict=True):
        assert content(after, set()) == content(before, set())


def test_json_ld_comes_back_an_equal_record(house: Kitchen, tmp_path: Path) -> None:
    recipes = [*house.library.recipes(), FULL, *ODD]
    for before, after in zip(recipes, back("jsonld", recipes, tmp_path), strict=True):
        same_place = replace(after, id=before.id, source=replace(before.source, path=before.source.path))
        assert same_place == before
        assert after.source.author == before.source.author


# --- every field -----------------------------------------------------------------------------------------


@every_format
def test_every_field_that_a_format_can_say_survives(format_: str, tmp_path: Path) -> None:
    lost = LOST[format_]
    (after,) = back(format_, [FULL], tmp_path)
    assert content(after, lost) == content(FULL, lost)


@every_format
def test_odd_records_survive(format_: str, tmp_path: Path) -> None:
    # A comma in a keyword is one to Paprika, too, and Tandoor has names of 128 characters.
    more = {"tandoor": {"title", "name"}, "paprika": {"keywords", "aliases"}}.get(format_, set())
    lost = LOST[format_] | more
    for before, after in zip(ODD, back(format_, ODD, tmp_path), strict=True):
        assert content(after, lost) == content(before, lost)


@pytest.mark.parametrize("format_", ["mealie", "paprika", "tandoor"])
def test_what_follows_a_group_without_one_joins_it(format_: str, tmp_path: Path) -> None:
    """The one thing that these formats cannot say: that a group has ended and no other has begun."""
    lines = (DraftLine("牛腩 500 克", "主料"), DraftLine("盐 3 克"))
    (after,) = back(format_, [recipe_of(lines=lines)], tmp_path)
    assert [(i.name, i.group) for i in after.ingredients] == [("牛腩", "主料"), ("盐", "主料")]


@every_format
def test_one_recipe_alone_is_the_same_as_among_others(format_: str, tmp_path: Path) -> None:
    ((alone,), (among, _)) = back(format_, [FULL], tmp_path), back(format_, [FULL, ODD[0]], tmp_path)
    assert content(alone, set()) == content(among, set())


@every_writer
def test_the_same_recipes_give_the_same_bytes(info: EngineInfo) -> None:
    assert written(info.name, [FULL, *ODD]) == written(info.name, [FULL, *ODD])
    assert isinstance(written(info.name, []), bytes)


@every_format
def test_what_another_format_kept_does_no_harm(format_: str, tmp_path: Path) -> None:
    foreign = replace(FULL, extra={name: {"a": [1]} for name in FORMATS if name not in (format_, "jsonld")})
    (after,) = back(format_, [foreign], tmp_path)
    assert content(after, LOST[format_]) == content(FULL, LOST[format_])
    if format_ == "jsonld":
        assert after.extra == foreign.extra


def test_records_are_written_as_they_are() -> None:
    lines = written("jsonl", [FULL, *ODD]).splitlines()
    assert [msgspec.json.decode(line, type=Recipe) for line in lines] == [FULL, *ODD]


# --- schema.org ------------------------------------------------------------------------------------------


def test_json_ld_is_a_schema_org_recipe() -> None:
    node = json.loads(written("jsonld", [FULL]))
    assert (node["@context"], node["@type"]) == ("https://schema.org", "Recipe")
    # https://schema.org/Recipe: a duration, a Person, steps in sections; nothing unknown outside our own names.
    assert (node["totalTime"], node["author"]) == ("PT110M", {"@type": "Person", "name": "李师傅"})
    assert [part["@type"] for part in node["recipeInstructions"]] == ["HowToStep", "HowToSection", "HowToSection"]
    assert node["nutrition"] == {"@type": "NutritionInformation", "calories": "420 kcal"}
    assert {key for key in node if ":" not in key and not key.startswith("@")} == {
        "name", "alternateName", "description", "recipeCategory", "recipeCuisine", "keywords", "image", "author",
        "license", "totalTime", "recipeYield", "nutrition", "tool", "recipeIngredient", "recipeInstructions",
    }  # fmt: skip
    assert all(key.startswith("urn:shishen:") for key in node if ":" in key)


def test_what_json_ld_said_and_no_field_holds_is_said_again(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    node = {
        "@context": "https://schema.org", "@type": "Recipe", "name": "汤", "recipeInstructions": [{"text": "煮。"}],
        "recipeYield": "4 servings", "nutrition": {"calories": "1700 kJ"},
        "video": {"@type": "VideoObject", "name": "v"},
        "totalTime": "about an hour", "recipeCategory": ["汤", "素"],
    }  # fmt: skip
    path.write_text(json.dumps(node), encoding="utf-8")
    (first,) = recipes_of(SourceFile(path), engines.engine("reader", "jsonld").build())
    assert isinstance(first, Recipe)
    again = json.loads(written("jsonld", [first]))
    for key in ("recipeYield", "nutrition", "video", "totalTime", "recipeCategory"):
        assert again[key] == node[key]
    (second,) = back("jsonld", [first], tmp_path)
    assert (second.extra, second.servings, second.category) == (first.extra, first.servings, first.category)
    assert second.extra is not UNSET


# --- ZIP files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["mealie", "tandoor", "paprika", "cooklang"])
def test_names_in_a_zip_file_are_safe_and_each_is_there_once(format_: str) -> None:
    recipes = [recipe_of(title=title) for title in ("../../etc/passwd", "A", "a", "A", "con|<>?*", "🍅", "菜" * 200)]
    recipes = [replace(recipe, id=f"{number:012x}") for number, recipe in enumerate(recipes)]
    names = zipfile.ZipFile(io.BytesIO(written(format_, recipes))).namelist()
    assert len({name.lower() for name in names}) == len(recipes)
    for name in names:
        assert not name.startswith("/")
        assert ".." not in name
        assert not set(name) & set('\\|<>?*:"')
        assert all(len(part.encode()) < 256 for part in name.split("/"))


# --- words for numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [0.5, 1, 35, 37.5, 60, 80, 90.25, 1440, 10_000])
def test_a_time_in_words_is_read_back(minutes: float) -> None:
    assert read_minutes(minutes_text(minutes)) == minutes


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1h20m", 80), ("PT1H20M", 80), ("1 hour 30 minutes", 90), ("2 hours and 5 mins", 125), ("1 1/2 hours", 90),
        ("1 Stunde 10 Minuten", 70), ("半小时", 30), ("1 个半小时", 90), ("约 1 小时", 60), ("90 min.", 90),
        ("30", None), ("20-30 分钟", None), ("1 month", None), ("30 minutes plus chilling", None), ("", None),
        ("9" * 5000 + " min", None),
    ],
)  # fmt: skip
def test_a_time_is_read_only_where_it_says_nothing_else(text: str, minutes: float | None) -> None:
    assert read_minutes(text) == minutes


@pytest.mark.parametrize("servings", [Range(3, 3), Range(3, 4), Range(2.5, 2.5), Range(3, None)])
def test_servings_in_words_are_read_back(servings: Range) -> None:
    assert recipe_of(servings=servings_text(servings)).servings == servings


# --- the verb --------------------------------------------------------------------------------------------


def test_export_writes_what_is_asked_for(shishen: Shishen, tmp_path: Path) -> None:
    shishen("library", "add-house")
    out = tmp_path / "out.jsonl"
    done = shishen("library", "export", "--format", "jsonl", "--output", out, "--json")
    assert done.json == {"format": "jsonl", "output": str(out), "recipes": 60}
    assert "60 份" in done.err
    shishen("library", "export", "--format", "jsonl", "--output", out, "--force", "--category", "汤羹")
    recipes = [msgspec.json.decode(line, type=Recipe) for line in out.read_bytes().splitlines()]
    assert {recipe.category for recipe in recipes} == {"汤羹"}
    shishen("library", "export", "--format", "jsonl", "--output", out, "--force", "红烧肉", "红烧肉", recipes[0].id)
    names = [msgspec.json.decode(line, type=Recipe).name for line in out.read_bytes().splitlines()]
    assert names == ["红烧肉", recipes[0].name]


def test_an_export_is_added_again(shishen: Shishen, tmp_path: Path) -> None:
    shishen("library", "add-house")
    exports = [tmp_path / format_ for format_ in FORMATS]
    for out in exports:
        assert shishen("library", "export", "--format", out.name, "--output", out).status == 0
    for out in exports:
        assert "新增 60" in shishen("add", out).err
    assert shishen("library", "stats", "--json").json["dishes"] == 60


def test_what_cannot_be_exported_is_one_line_and_changes_nothing(shishen: Shishen, tmp_path: Path) -> None:
    shishen("library", "add-house")
    out = tmp_path / "out"
    out.write_text("mine")

    def export(*more: str | Path, format_: str = "jsonl", output: Path = out) -> Any:
        return shishen("library", "export", "--format", format_, "--output", output, *more)

    assert is_fault(export(), "已经在了", "--force")
    assert is_fault(export("--force", format_="docx"), "没有名为 docx 的 writer 引擎", "jsonld")
    assert is_fault(export("--force", "佛跳墙"), "佛跳墙")
    assert is_fault(export("--force", "--category", "没有这类"), "没有可以导出的菜谱")
    assert is_fault(export(output=tmp_path / "no" / "x"), "写不了")
    assert is_fault(export("--force", output=tmp_path), "写不了")
    assert out.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".partial"] == []
