"""Dataset: recipes into a folder of dialogues, through the command line and the Python API, on real files."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from shishen.errors import ShishenError
from shishen.examples import SPLITS, Example
from shishen.file_lock import locked
from shishen.kitchen import HOUSE
from shishen.records import Rejected
from shishen.stages import paraphrase
from shishen.training.dataset import reasons
from shishen.training.dataset.folder import examples_of_split, read_manifest
from shishen.training.quality import filters
from tests.command_line import Shishen, is_fault

KINDS = "recipe,ingredients,method,features,tips,fact,follow_up,plain,taste,category,by_ingredient,refusal"


def corpus(path: Path, count: int, *, broken: int | None = None) -> Path:
    """A corpus of many dishes, all different, a line each."""
    foods = ["土豆", "豆腐", "茄子", "鸡蛋", "排骨", "虾仁", "南瓜", "白菜", "牛肉", "木耳"]
    ways = ["清炒", "红烧", "凉拌", "清蒸", "油焖", "酱爆", "干煸"]
    with path.open("w", encoding="utf-8") as stream:
        for n in range(count):
            food, way = foods[n % 10], ways[n // 10 % 7]
            row = {
                "name": f"{way}{food}{n}号",
                "dish": "Unknown",
                "description": "",
                "recipeIngredient": [f"{food}{n + 1}克", f"盐{n % 9 + 1}克", f"{foods[(n * 3 + 1) % 10]}{n % 5 + 1}个"],
                "recipeInstructions": [
                    f"{food}洗净，{way}前先切成第{n}种样子，码放整齐备用{chr(0x4E00 + n * 7 % 20000) * 3}",
                    f"下锅{way}，火候看第{n * 13 % 997}号火，盖上{chr(0x4E00 + n * 11 % 20000) * 4}再焖一会儿",
                ],
                "author": f"作者{n}",
                "keywords": [],
            }
            stream.write("{坏了\n" if n == broken else json.dumps(row, ensure_ascii=False) + "\n")
    return path


def examples(folder: Path, split: str) -> list[Example]:
    found = list(examples_of_split(folder, split))
    assert not [one for one in found if isinstance(one, Rejected)]
    return [one for one in found if isinstance(one, Example)]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".jsonl", ".json")}


def test_the_house_cookbook_becomes_a_dataset(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "数据集"
    done = shishen("dataset", "build", "--output", str(output), "--dev-count", "6", "--test-count", "6", "--json")
    assert done.status == 0, done.err
    manifest = json.loads(done.out)
    assert manifest["documents"] == {"train": 48, "dev": 6, "test": 6, "withheld": 0}
    assert set(manifest["kinds"]) == set(KINDS.split(","))
    by_split = {split: examples(output, split) for split in SPLITS}
    assert {split: len(found) for split, found in by_split.items()} == manifest["examples"]
    for example in (one for found in by_split.values() for one in found):
        assert example.recipes or example.kind == "refusal"
    # No dish, no cluster and no question stands in two splits.
    for of in (lambda e: e.recipes, lambda e: [e.cluster] if e.cluster else [], lambda e: [e.messages[0].content]):
        seen = [{name for example in found for name in of(example)} for found in by_split.values()]
        assert not seen[0] & seen[1]
        assert not seen[0] & seen[2]
        assert not seen[1] & seen[2]
    assert (output / "card.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not (output / ".work").exists()


def test_the_same_recipes_give_the_same_bytes_however_many_work(shishen: Shishen, tmp_path: Path) -> None:
    path = corpus(tmp_path / "corpus.jsonl", 3200, broken=77)
    folders = []
    for workers in ("1", "3"):
        folder = tmp_path / f"by{workers}"
        arguments = ("--kinds", "plain,taste,refusal", "--workers", workers, "--dev-count", "40")
        done = shishen("dataset", "build", str(path), *arguments, "--output", str(folder))
        assert done.status == 0, done.err
        folders.append(contents(folder))
    one, three = folders
    assert one["train.jsonl"] == three["train.jsonl"]
    assert one["dev.jsonl"] == three["dev.jsonl"]
    assert one["rejected.jsonl"] == three["rejected.jsonl"]
    unreadable = [json.loads(line) for line in one["rejected.jsonl"].splitlines()]
    assert [(row["line"], row["key"]) for row in unreadable if row["key"] == "unreadable"] == [(78, "unreadable")]


def test_a_build_that_was_killed_goes_on(tmp_path: Path) -> None:
    path = corpus(tmp_path / "corpus.jsonl", 3500)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    command = [sys.executable, "-m", "shishen", "dataset", "build", str(path), "--kinds", "plain,fact"]
    command += ["--workers", "1", "--dev-count", "30"]
    environment = {"SHISHEN_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    subprocess.run([*command, "--output", str(whole)], env=environment, check=True, capture_output=True)
    process = subprocess.Popen([*command, "--output", str(stopped)], env=environment, stderr=subprocess.PIPE)
    log = stopped / ".work" / "parts.jsonl"
    end = time.monotonic() + 60
    while time.monotonic() < end and not (log.is_file() and log.read_bytes().count(b"\n") >= 2):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = log.read_bytes().count(b"\n")
    assert 2 <= done < 4
    assert not (stopped / "dataset.json").exists()
    # Half a part more, as a kill in the middle of a write leaves it.
    with (stopped / ".work" / "examples.jsonl").open("ab") as stream:
        stream.write(b'[0,{"id":"half')
    subprocess.run([*command, "--output", str(stopped)], env=environment, check=True, capture_output=True)
    names = ("train.jsonl", "dev.jsonl", "test.jsonl", "rejected.jsonl")
    assert [(stopped / name).read_bytes() for name in names] == [(whole / name).read_bytes() for name in names]


def test_near_equal_dishes_stay_together(shishen: Shishen, tmp_path: Path) -> None:
    """The same dish under two names, its amounts changed, never stands on both sides."""
    texts = sorted(HOUSE.glob("*.md"))[:30]
    twins = tmp_path / "书"
    twins.mkdir()
    for path in texts:
        text = path.read_text(encoding="utf-8")
        name = path.stem
        (twins / f"{name}.md").write_text(text, encoding="utf-8")
        # Of another name, it is no near duplicate.
        twin = text.replace(f"# {name}", f"# 阿婆的{name}饭", 1).replace("15 克", "18 克").replace("2 汤匙", "3 汤匙")
        (twins / f"{name}2.md").write_text(twin, encoding="utf-8")
    output = tmp_path / "out"
    done = shishen(
        "dataset", "build", str(twins), "--kinds", "recipe,plain", "--dev-count", "12", "--output", str(output)
    )
    assert done.status == 0, done.err
    dishes = {
        split: {Path(example.source).stem.removesuffix("2") for example in examples(output, split)} for split in SPLITS
    }
    assert len(dishes["dev"]) >= 5
    assert not dishes["train"] & dishes["dev"]
    assert not dishes["train"] & dishes["test"]


def test_questions_of_benchmarks_are_left_out(shishen: Shishen, tmp_path: Path) -> None:
    benchmark = tmp_path / "bench.csv"
    step = "放鸡腿块，转中火翻炒 5 分钟，到表面微黄；鸡块带水会溅油，下锅要轻"
    benchmark.write_text(
        f"id,question,A,B,C,D,answer\n0,{step}，这是哪道菜的做法？,三杯鸡,汤,饭,面,A\n", encoding="utf-8"
    )
    output = tmp_path / "out"
    done = shishen("dataset", "build", "--output", str(output), "--kinds", "method", "--benchmark", str(benchmark))
    assert done.status == 0, done.err
    left_out = [json.loads(line) for line in (output / "rejected.jsonl").read_bytes().splitlines()]
    assert [row["key"] for row in left_out] == ["benchmark"] * len(left_out)
    assert left_out
    assert all("三杯鸡" not in example.answers[0] for split in SPLITS for example in examples(output, split))


def test_shards_formats_and_a_system_message(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "out"
    done = shishen(
        *("dataset", "build", "--output", str(output), "--kinds", "ingredients,method", "--shard", "50"),
        *("--system", "你是食神。", "--format", "sharegpt", "--format", "xtuner"),
    )
    assert done.status == 0, done.err
    manifest = read_manifest(output)
    assert manifest.files["train"] == [f"train-{n:05d}.jsonl" for n in range(len(manifest.files["train"]))]
    assert len(manifest.files["train"]) > 2
    assert all(example.system == "你是食神。" for example in examples(output, "train"))
    rows = json.loads((output / "sharegpt" / "train.json").read_bytes())
    assert len(rows) == manifest.examples["train"]
    assert rows[0]["system"] == "你是食神。"
    assert "file_name" in next(iter(json.loads((output / "sharegpt" / "dataset_info.json").read_bytes()).values()))
    assert len(json.loads((output / "xtuner" / "train.json").read_bytes())) == manifest.examples["train"]


def test_more_phrasings_give_more_questions_and_the_same_answers(shishen: Shishen, tmp_path: Path) -> None:
    found = []
    for count in ("1", "3"):
        output = tmp_path / count
        shishen("dataset", "build", "--output", str(output), "--kinds", "method", "--phrasings", count)
        found.append(examples(output, "train"))
    one, three = found
    assert len(three) == 3 * len(one)
    assert {example.answers for example in three} == {example.answers for example in one}
    assert len({example.messages[0].content for example in three}) == len(three)
    # What was asked with fewer is asked with more.
    assert {example.id for example in one} <= {example.id for example in three}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--kinds", "配菜,method"), "没有「配菜」这种对话"),
        (("--kinds", ""), "没有说要哪几种对话"),
        (("没有.jsonl",), "没有 没有.jsonl"),
        (("--benchmark", "没有.csv"), "没有 没有.csv"),
        (("--dev-ratio", "0.9"), "--dev-ratio"),
        (("--format", "parquet"), "没有名为 parquet 的数据格式"),
        (("--output", "/dev/null"), "/dev/null 是文件，不是文件夹"),
    ],
)
def test_a_wrong_call_is_one_line_and_leaves_nothing(
    shishen: Shishen, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    output = tmp_path / "out"
    done = shishen("dataset", "build", "--output", str(output), *arguments)
    assert is_fault(done)
    assert words in done.err
    assert not output.exists()


def test_all_mistakes_of_a_call_are_named_at_once_before_anything_is_made(shishen: Shishen, tmp_path: Path) -> None:
    wrong = tmp_path / "问法.toml"
    wrong.write_text('[nope]\nquestions = ["x"]\n', encoding="utf-8")
    done = shishen(
        *("dataset", "build", "没有.jsonl", "--kinds", "配菜", "--templates", wrong, "--benchmark", "甲.csv"),
        *("--benchmark", "乙.csv", "--format", "parquet", "--output", tmp_path / "out"),
    )
    assert is_fault(done, "没有.jsonl", "「配菜」", "没有 [nope] 这一类", "没有 甲.csv", "没有 乙.csv", "parquet")
    assert "。；" not in done.err
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_not_written_over(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "out"
    arguments = ("dataset", "build", "--output", str(output), "--kinds", "features")
    assert shishen(*arguments).status == 0
    before = contents(output)
    done = shishen(*arguments)
    assert is_fault(done)
    assert "--force" in done.err
    assert contents(output) == before
    assert shishen(*arguments, "--force", "--seed", "5").status == 0
    assert contents(output) != before
    other = tmp_path / "照片"
    other.mkdir()
    (other / "猫.txt").write_text("猫", encoding="utf-8")
    assert is_fault(shishen("dataset", "build", "--output", str(other), "--kinds", "features"))
    assert [path.name for path in other.iterdir()] == ["猫.txt"]


def test_a_file_without_recipes_is_a_fault(shishen: Shishen, tmp_path: Path) -> None:
    path = tmp_path / "空.jsonl"
    path.write_text('{"name": "x", "recipeIngredient": 3, "recipeInstructions": []}\n', encoding="utf-8")
    done = shishen("dataset", "build", str(path), "--output", str(tmp_path / "out"))
    assert is_fault(done, "没有读到一份菜谱")
    path.write_bytes(b"")
    done = shishen("dataset", "build", str(path), "--output", str(tmp_path / "out"))
    assert is_fault(done, "没有读到一份菜谱")
    # The path stands there once, and no sentence ends within another.
    assert done.err.count(str(path)) == 1
    assert "。）" not in done.err


def test_every_reason_has_one_name() -> None:
    """No table writes over another's words, and the filters name what they may find and nothing else."""
    keys = [reasons.RECIPE_REASONS, paraphrase.REASONS]
    assert len({**keys[0], **keys[1]}) == sum(map(len, keys))
    for table in (reasons.RECIPE_REASONS, reasons.DOCUMENT_REASONS):
        assert all(table[key] == words for key, words in filters.REASONS.items())
    assert not {"duplicate", "near_duplicate", "contaminated", "withheld"} & filters.REASONS.keys()


def test_convert_and_the_lists(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shishen("dataset", "build", "--output", str(output), "--kinds", "features,follow_up")
    done = shishen("dataset", "convert", str(output), str(tmp_path / "alpaca"), "--to", "alpaca", "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["written"] == sum(read_manifest(output).examples.values())
    assert is_fault(shishen("dataset", "convert", str(output), str(tmp_path / "x"), "--to", "nope"))
    names = {row["name"] for row in json.loads(shishen("dataset", "kinds", "--json").out)}
    assert names == set(KINDS.split(","))
    formats = {row["name"] for row in json.loads(shishen("dataset", "formats", "--json").out)}
    assert {
        "messages",
        "prompt-completion",
        "alpaca",
        "sharegpt",
        "xtuner",
        "chatglm3",
        "paddlenlp",
        "swift",
    } <= formats


def test_sharded_datasets_are_converted_whole(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shishen("dataset", "build", "--output", str(output), "--kinds", "features,tips", "--shard", "20")
    done = shishen("dataset", "convert", str(output), str(tmp_path / "m"), "--to", "messages", "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["written"] == sum(read_manifest(output).examples.values())


def test_your_own_questions(shishen: Shishen, tmp_path: Path) -> None:
    templates = tmp_path / "问法.toml"
    templates.write_text('[method]\nreplace = true\nquestions = ["阿神，{dish}咋整"]\n', encoding="utf-8")
    output = tmp_path / "out"
    arguments = ("dataset", "build", "--output", str(output), "--kinds", "method")
    assert shishen(*arguments, "--templates", str(templates)).status == 0
    asked = Counter(example.messages[0].content[:3] for example in examples(output, "train"))
    assert set(asked) == {"阿神，"}
    templates.write_text('[method]\nquestions = ["怎么做{菜}"]\n[nope]\nquestions = ["x"]\n', encoding="utf-8")
    done = shishen(*arguments, "--templates", str(templates), "--force")
    assert is_fault(done)
    assert "nope" in done.err
    assert "{菜}" in done.err


def test_the_manifest_can_be_read_again_and_a_broken_one_is_named(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shishen("dataset", "build", "--output", str(output), "--kinds", "features")
    manifest = read_manifest(output)
    assert msgspec.json.decode(manifest.options)["part"]["kinds"] == ["features"]
    (output / "dataset.json").write_text("{", encoding="utf-8")
    with pytest.raises(ShishenError, match="坏了"):
        read_manifest(output)
    shutil.rmtree(output)
    with pytest.raises(ShishenError, match="不是数据集"):
        read_manifest(output)


def test_two_builds_do_not_write_into_one_folder(shishen: Shishen, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    with locked(output / ".lock", "taken"):
        done = shishen("dataset", "build", "--output", str(output), "--kinds", "features")
        assert is_fault(done, "另一个进程")
    assert shishen("dataset", "build", "--output", str(output), "--kinds", "features").status == 0
