"""A dataset made anew: nothing of the one before stays beside it, and near duplicates are left out of it."""

import json
from pathlib import Path

import pytest

from shishen.examples import SPLITS, Example
from shishen.kitchen import HOUSE
from shishen.training.dataset.folder import examples_of_split, read_manifest
from shishen.training.formats import formats
from tests.command_line import Done, Shishen, is_fault

ALL = tuple(part for name in formats() for part in ("--format", name))


def build(shishen: Shishen, output: Path, *arguments: str | Path) -> Done:
    return shishen("dataset", "build", "--output", output, "--kinds", "method", *arguments)


def others(output: Path) -> list[str]:
    """The files in folders of the dataset."""
    return sorted(str(path.relative_to(output)) for path in output.glob("*/*") if path.parent.name != ".work")


def twins(folder: Path, count: int = 12) -> Path:
    """Dishes of the house cookbook, each told twice with other amounts and punctuation, and once under another name."""
    folder.mkdir()
    for path in sorted(HOUSE.glob("*.md"))[:count]:
        text = path.read_text(encoding="utf-8")
        (folder / f"{path.stem}.md").write_text(text, encoding="utf-8")
        (folder / f"{path.stem}2.md").write_text(text.replace("15 克", "18 克").replace("；", "。"), encoding="utf-8")
        other = text.replace(f"# {path.stem}", f"# 阿婆{path.stem}饭", 1)
        (folder / f"{path.stem}3.md").write_text(other, encoding="utf-8")
    return folder


def test_no_format_of_an_earlier_build_stays(shishen: Shishen, tmp_path: Path) -> None:
    """What was tested then is learned now: the old test set beside the new data would be a leak."""
    output = tmp_path / "out"
    assert build(shishen, output, *ALL, "--dev-count", "6", "--test-count", "6").status == 0
    assert {Path(name).parent.name for name in others(output)} == set(formats())
    (output / "sharegpt" / "我的.txt").write_text("留着", encoding="utf-8")
    info = output / "alpaca" / "dataset_info.json"
    info.write_text(json.dumps({**json.loads(info.read_bytes()), "mine": {"file_name": "x.json"}}), encoding="utf-8")
    (output / "xtuner" / ".train.json.abc").write_text("of a conversion that was killed", encoding="utf-8")
    done = build(shishen, output, "--force", "--dev-count", "0", "--test-count", "0", "--format", "swift")
    assert done.status == 0
    assert [name for name in others(output) if not name.startswith("swift")] == [
        "alpaca/dataset_info.json",
        "sharegpt/我的.txt",
    ]
    assert json.loads(info.read_bytes()) == {"mine": {"file_name": "x.json"}}
    swift = formats()["swift"].files
    assert [name for name in others(output) if name.startswith("swift")] == [f"swift/{swift['train']}"]
    assert not (output / "xtuner").exists()


def test_a_rebuild_that_breaks_off_leaves_no_dataset_of_two_halves(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert build(shishen, output, *ALL, "--dev-count", "6", "--test-count", "6").status == 0
    # The card comes after the splits, and cannot be written over a folder.
    (output / "card.html").unlink()
    (output / "card.html").mkdir()
    assert is_fault(build(shishen, output, "--force", "--dev-count", "0"), "数据卡写不进", "那是一个文件夹")
    assert not (output / "dataset.json").exists()
    assert others(output) == []
    (output / "card.html").rmdir()
    # What was begun is gone on with, without being forced.
    assert build(shishen, output, "--dev-count", "0", "--format", "sharegpt").status == 0
    assert json.loads((output / "sharegpt" / "train.json").read_bytes())
    assert not (output / ".work").exists()


def test_a_rebuild_without_anything_to_learn_leaves_what_was_there(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert build(shishen, output, *ALL).status == 0
    before = {name: (output / name).read_bytes() for name in (*others(output), "train.jsonl", "dataset.json")}
    empty = tmp_path / "空.jsonl"
    empty.write_text('{"name": "x", "recipeIngredient": 3, "recipeInstructions": []}\n', encoding="utf-8")
    assert is_fault(build(shishen, output, empty, "--force"), "没有读到一份菜谱")
    assert {name: (output / name).read_bytes() for name in before} == before


def test_near_duplicates_are_left_out_and_counted(shishen: Shishen, tmp_path: Path) -> None:
    source = twins(tmp_path / "书")
    output = tmp_path / "out"
    done = build(shishen, output, source, "--json")
    assert done.status == 0
    assert done.json["left_out"]["near_duplicate"] == 12
    rows = [json.loads(line) for line in (output / "rejected.jsonl").read_bytes().splitlines()]
    near = [row for row in rows if row["key"] == "near_duplicate"]
    assert sorted(Path(row["path"]).stem for row in near) == [f"{p.stem}2" for p in sorted(HOUSE.glob("*.md"))[:12]]
    for row in near:
        kept = Path(row["path"]).with_name(f"{Path(row['path']).stem.removesuffix('2')}.md")
        assert f"《{kept.stem}》（" in row["reason"]
        assert f"，{kept}）几乎一样" in row["reason"]
    found = [one for split in SPLITS for one in examples_of_split(output, split) if isinstance(one, Example)]
    assert {Path(one.source).stem[-1] for one in found} - {"3"}
    assert not any(Path(one.source).stem.endswith("2") for one in found)
    assert sum(read_manifest(output).documents.values()) == 24
    page = (output / "card.html").read_text(encoding="utf-8")
    assert "和前面的同名菜几乎一样" in page
    assert "另有 12 道和前面的同名菜几乎一样" in page
    done = build(shishen, output, source, "--force", "--keep-near-duplicates", "--json")
    assert "near_duplicate" not in done.json["left_out"]
    assert sum(read_manifest(output).documents.values()) == 36


def test_one_dish_a_thousand_times_is_one_dish(shishen: Shishen, tmp_path: Path) -> None:
    """The same bytes on every number of processes, and after other parts."""
    path = tmp_path / "corpus.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for n in range(3500):
            row = {"name": f"菜{n}号红烧", "recipeIngredient": [f"盐{n % 5 + 1}克", "肉500克"]}
            row["recipeInstructions"] = [f"切肉{n % 7}块", f"煮{n % 30 + 5}分钟"]
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    rejected = []
    for workers in ("1", "3"):
        output = tmp_path / workers
        done = shishen("dataset", "build", path, "--output", output, "--kinds", "plain", "--workers", workers)
        assert done.status == 0
        assert len((output / "train.jsonl").read_bytes().splitlines()) == 1
        rejected.append((output / "rejected.jsonl").read_bytes())
    assert rejected[0] == rejected[1]
    assert rejected[0].count(b'"near_duplicate"') == 3499


@pytest.mark.parametrize(
    ("arguments", "said", "unsaid"),
    [
        (("--dev-count", "4"), "验证集要 4 道，改成 3 道", "都用来训练"),
        ((), "验证集、测试集没有说要几道，就不分", "至少留一半"),
        (("--dev-count", "2", "--test-count", "0"), "训练", "道菜"),
    ],
)
def test_notes_on_a_small_library_agree(
    shishen: Shishen, tmp_path: Path, arguments: tuple[str, ...], said: str, unsaid: str
) -> None:
    source = tmp_path / "书"
    source.mkdir()
    for path in sorted(HOUSE.glob("*.md"))[:6]:
        (source / path.name).write_bytes(path.read_bytes())
    done = build(shishen, tmp_path / "out", source, *arguments)
    assert done.status == 0
    assert said in done.err
    assert unsaid not in done.err
