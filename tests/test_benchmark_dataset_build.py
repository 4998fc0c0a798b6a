"""The measure of a corpus into a dataset: what both parts write, what memory is seen, and when it refuses."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.dataset_build import PHASES, PROC, ROOT, build, count_lines, missing_room, read_all_lines, sampled
from shishen.examples import Example
from shishen.training.dataset.folder import examples_of_split

pytest.importorskip("numpy")

# A process of 120 MB that starts one of 60 MB; both then hold what they have for a while.
HOLDING = """
import subprocess, sys, time
held = b"x" * {megabytes}_000_000
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]]) if len(sys.argv) > 1 else None
time.sleep(1)
if child: child.wait()
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Thirty different dishes, a line each."""
    foods = ["土豆", "豆腐", "茄子", "鸡蛋", "排骨", "虾仁", "南瓜", "白菜", "牛肉", "木耳"]
    ways = {
        "清炒": "大火翻炒三分钟，出锅前淋一点醋。",
        "红烧": "加酱油和糖，小火焖半小时。",
        "清蒸": "上锅蒸十分钟，浇热油。",
    }
    path = tmp_path / "corpus.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for way, step in ways.items():
            for n, food in enumerate(foods):
                row = {
                    "name": f"{way}{food}",
                    "recipeIngredient": [f"{food}{n + 2}00克", f"盐{n + 1}克"],
                    "recipeInstructions": [f"{food}洗净，切成{n + 1}厘米的块。", step],
                }
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def test_both_parts_write_the_same_dialogues(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared is the same work: the questions and answers of the one are those of the other."""
    monkeypatch.setenv("SHISHEN_HOME", str(tmp_path / "home"))
    theirs = read_all_lines(corpus, tmp_path / "all.json")
    ours = build(corpus, tmp_path / "dataset", ("plain",), 1)
    rows = [row["conversation"] for row in json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))]
    written = [found for split in ("train", "dev", "test") for found in examples_of_split(tmp_path / "dataset", split)]
    examples = [found for found in written if isinstance(found, Example)]
    assert theirs.examples == len(rows) == count_lines(corpus) == 30
    assert ours.examples == len(examples) == 30 - sum(ours.left_out.values())
    assert ours.examples > 20
    turns = {(example.system, *example.turns[0]) for example in examples}
    assert turns <= {(turn["system"], turn["input"], turn["output"]) for (turn,) in rows}
    assert list(ours.phases) == list(PHASES.values())


@pytest.mark.skipif(not PROC.is_dir(), reason="what a single process held at most is read from /proc")
def test_memory_is_that_of_the_whole_tree() -> None:
    """The sum of a process and its child, and that of the larger of both."""
    parent, child = HOLDING.format(megabytes=120), HOLDING.format(megabytes=60)
    process = subprocess.Popen([sys.executable, "-c", parent, child], start_new_session=True)
    peak = sampled(process, 0.02)
    assert 120 < peak.main_mb < 170
    assert peak.largest_mb == peak.main_mb
    assert 180 < peak.tree_mb < 260


def test_a_disk_too_small_is_refused(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room that is needed grows with the kinds."""
    free = 10 * corpus.stat().st_size
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert not missing_room(corpus, tmp_path, ("plain",))
    assert "name another --work" in missing_room(corpus, tmp_path, ("plain", "recipe", "fact", "tips", "method"))


def test_it_measures_and_leaves_nothing_behind(corpus: Path, tmp_path: Path) -> None:
    """A line that is no recipe ends the plain script, and is left out by ours; the folder is empty afterwards."""
    with corpus.open("a", encoding="utf-8") as stream:
        stream.write('{"name": "坏\n')
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, "-m", "benchmarks.dataset_build", str(corpus), "--workers", "1", "--work", str(work)]
    done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    ours, theirs = json.loads(done.stdout)
    assert done.returncode == 1
    assert ours["lines"] == 31
    assert ours["done"]["examples"] > 20
    assert ours["done"]["left_out"]["unreadable"] == 1
    assert ours["peak"]["tree_mb"] >= ours["peak"]["largest_mb"] >= ours["peak"]["main_mb"] > 20
    assert theirs["done"] is None
    assert "JSONDecodeError" in theirs["fault"]
    assert not list(work.iterdir())
