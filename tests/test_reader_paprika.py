"""Paprika: gzipped JSON alone or in a ZIP file; texts read into lines, pictures kept within a limit."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.engines.reader.paprika import Options, build
from shishen.engines.writer.paprika import Options as WriterOptions
from shishen.engines.writer.paprika import build as build_writer
from shishen.errors import UnreadableFile
from shishen.records import Draft, DraftLine, DraftStep, Recipe, Rejected
from shishen.source_file import Limits, SourceFile
from tests.recipes_of import recipes_of

RECIPE: dict[str, Any] = {
    "uid": "0C3F7A52-7B6E-4B7E-9F37-3C2B7E0B9D11",
    "created": "2023-05-06 10:20:30",
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "name": "麻婆豆腐",
    "description": "麻辣烫，下饭 🌶️",
    "ingredients": "主料：\n豆腐 400 克\n牛肉末 80 克\n\n调料:\n豆瓣酱 2 勺\n花椒粉 适量",
    "directions": "准备：\n1. 豆腐切块，焯水 2 分钟。\n\n炒：\n\n炒豆瓣酱出红油。\n下豆腐，烧 5 分钟。",
    "notes": "口味：麻辣、鲜香\n豆腐要嫩。\n勾芡三次。",
    "nutritional_info": "Calories: 320\n脂肪 20 克",
    "prep_time": "15 min",
    "cook_time": "20 mins",
    "total_time": "",
    "difficulty": "Medium",
    "servings": "Serves 3",
    "rating": 5,
    "source": "奶奶的菜谱",
    "source_url": "https://example.org/mapo",
    "image_url": "https://example.org/mapo.jpg",
    "photo": "abc.jpg",
    "photo_hash": "ff",
    "photo_large": None,
    "photo_data": "/9j/4AAQSkZJRg==",
    "photos": [{"name": "1", "filename": "1.jpg", "data": "AAAA"}],
    "categories": ["荤菜", "川菜", "下饭"],
    "scale": "1/1",
}
SAMPLE = json.dumps(RECIPE, ensure_ascii=False, indent=2)


def packed(document: object) -> bytes:
    return gzip.compress(json.dumps(document, ensure_ascii=False).encode(), mtime=0)


def file_of(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    return SourceFile(path)


def draft_of(path: Path, **changes: object) -> Draft:
    (draft,) = build(Options()).read(file_of(path, packed({**RECIPE, **changes})))
    assert isinstance(draft, Draft)
    return draft


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_every_field_has_its_place(tmp_path: Path) -> None:
    draft = draft_of(tmp_path / "x.paprikarecipe")
    assert (draft.title, draft.description) == ("麻婆豆腐", "麻辣烫，下饭 🌶️")
    assert draft.lines == (
        DraftLine("豆腐 400 克", "主料"),
        DraftLine("牛肉末 80 克", "主料"),
        DraftLine("豆瓣酱 2 勺", "调料"),
        DraftLine("花椒粉 适量", "调料"),
    )
    assert draft.steps == (
        DraftStep("豆腐切块，焯水 2 分钟。", "准备"),
        DraftStep("炒豆瓣酱出红油。", "炒"),
        DraftStep("下豆腐，烧 5 分钟。", "炒"),
    )
    assert (draft.category, draft.keywords) == ("荤菜", ("川菜", "下饭"))
    assert (draft.minutes, draft.servings, draft.calories, draft.difficulty) == (35, "Serves 3", 320, None)
    assert (draft.tips, draft.tastes) == (("豆腐要嫩。", "勾芡三次。"), ("麻辣", "鲜香"))
    assert (draft.source.author, draft.images) == ("奶奶的菜谱", ("https://example.org/mapo.jpg",))


@pytest.mark.parametrize(
    ("times", "minutes"),
    [
        (("15 min", "20 min", "1 hr"), 60), (("", "20 min", ""), 20), (("overnight", "20 min", ""), None),
        (("15 min", "20 min", "some time"), None), (("", "", ""), None),
    ],
)  # fmt: skip
def test_the_whole_time_is_said_or_known_from_both_parts(
    tmp_path: Path, times: tuple[str, str, str], minutes: float | None
) -> None:
    keys = ("prep_time", "cook_time", "total_time")
    assert draft_of(tmp_path / "x", **dict(zip(keys, times, strict=True))).minutes == minutes


@pytest.mark.parametrize("form", ["gzip", "zip", "json"])
def test_what_was_read_is_written_again(tmp_path: Path, form: str) -> None:
    content = {
        "gzip": packed(RECIPE),
        "zip": zip_of({"麻婆豆腐.paprikarecipe": packed(RECIPE)}),
        "json": SAMPLE.encode(),
    }
    file = file_of(tmp_path / "x", content[form])
    assert build(Options()).recognises(file)
    (recipe,) = recipes_of(file, build(Options()))
    assert isinstance(recipe, Recipe)
    out = io.BytesIO()
    assert build_writer(WriterOptions()).write([recipe], out) == 1
    with zipfile.ZipFile(out) as archive:
        assert json.loads(gzip.decompress(archive.read("麻婆豆腐.paprikarecipe"))) == RECIPE


def test_large_pictures_are_left_out_and_small_ones_kept(tmp_path: Path) -> None:
    photos = [
        {"name": "1", "data": "A" * 1_000_000},
        {"name": "2", "data": "B" * 2_000_000},
        {"name": "3", "data": "C" * 100},
    ]
    extra = draft_of(tmp_path / "x", photo_data="D" * 3_000_000, photos=photos).extra
    assert isinstance(extra, dict)
    assert extra["paprika"]["photo_data"] is None
    assert [p["data"] and p["data"][0] for p in extra["paprika"]["photos"]] == ["A", None, "C"]
    assert isinstance(draft_of(tmp_path / "x", photo_data="D" * 2_600_000).extra, dict)


def test_one_broken_recipe_does_not_spoil_the_rest(tmp_path: Path) -> None:
    members = {
        "a.paprikarecipe": packed(RECIPE),
        "b.paprikarecipe": packed(RECIPE)[:-40],
        "c.paprikarecipe": b"no gzip",
    }
    members |= {
        "d.paprikarecipe": packed([1]),
        "e.paprikarecipe": packed({**RECIPE, "name": ""}),
        "f.paprikarecipe": packed(RECIPE),
    }
    file = file_of(tmp_path / "x.paprikarecipes", zip_of(members))
    results = list(build(Options()).read(file))
    assert [type(r).__name__ for r in results] == ["Draft", *["Rejected"] * 4, "Draft"]
    assert [r.source.line for r in results if isinstance(r, Draft)] == [1, 6]
    assert all("\n" not in r.reason for r in results if isinstance(r, Rejected))


@pytest.mark.parametrize("cut", [1, 8, 20, 200])
def test_a_truncated_file_is_unreadable(tmp_path: Path, cut: int) -> None:
    with pytest.raises(UnreadableFile, match="gzip 数据"):
        list(build(Options()).read(file_of(tmp_path / "x.paprikarecipe", packed(RECIPE)[:-cut])))


def test_bombs_are_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(80_000_000))
    with pytest.raises(UnreadableFile, match="超过单个文档的上限 64 MB"):
        list(build(Options()).read(file_of(tmp_path / "x.paprikarecipe", bomb)))
    large = packed({**RECIPE, "notes": "0" * 3_000_000})
    file = file_of(tmp_path / "x.paprikarecipes", zip_of({f"{n}.paprikarecipe": large for n in range(9)}))
    with pytest.raises(UnreadableFile, match="解开后超过 10 MB"):
        list(build(Options()).read(SourceFile(file.path, limits=Limits(unpacked_mb=10))))
    (result,) = build(Options()).read(file_of(tmp_path / "y", packed({**RECIPE, "notes": "0" * 10_000_000})))
    assert isinstance(result, Rejected)
    assert "超过上限 4 MB" in result.reason


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress("只是文字".encode(), mtime=0), packed({"name": "x"}), packed([RECIPE]), b"\x1f\x8bbroken",
        json.dumps({"@type": "Recipe", **RECIPE}).encode(), json.dumps({"name": "x", "ingredients": []}).encode(),
        zip_of({"a.gz": packed(RECIPE)}), zip_of({}),
    ],
)  # fmt: skip
def test_other_files_are_nobody_s_here(tmp_path: Path, content: bytes) -> None:
    assert not build(Options()).recognises(file_of(tmp_path / "x", content))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": {}}, {"name": None}, {"ingredients": ["a"]}, {"directions": {}}, {"categories": "x"},
        {"categories": [["x"]]}, {"notes": []}, {"servings": [4]}, {"source": {}},
    ],
)  # fmt: skip
def test_wrong_types_are_one_line(tmp_path: Path, changes: dict[str, Any]) -> None:
    (result,) = build(Options()).read(file_of(tmp_path / "x", packed({**RECIPE, **changes})))
    assert isinstance(result, Rejected)
    assert "\n" not in result.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "name"]), inner, max_size=2),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(sorted(RECIPE)), JSON, max_size=4))
def test_any_value_anywhere_gives_a_draft_or_a_reason(tmp_path: Path, changes: dict[str, Any]) -> None:
    for result in recipes_of(file_of(tmp_path / "x", packed({**RECIPE, **changes})), build(Options())):
        assert isinstance(result, Recipe | Rejected)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), data=st.binary(max_size=6))
def test_any_damage_gives_a_draft_or_a_reason(tmp_path: Path, place: int, data: bytes) -> None:
    whole = zip_of({"a.paprikarecipe": packed(RECIPE)})
    place %= len(whole)
    file = file_of(tmp_path / "x", whole[:place] + data + whole[place + len(data) :] or b"x")
    if build(Options()).recognises(file):
        for result in recipes_of(file, build(Options())):
            assert isinstance(result, Recipe | Rejected)
