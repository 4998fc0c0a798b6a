"""`shishen add` is killed at random moments; what it leaves is finished by the next run as if nothing had been."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from shishen.kitchen import Kitchen
from shishen.library import Library
from shishen.settings import DEFAULT_ENGINES, Engine, Settings

ROOT = Path(__file__).parent.parent
LINES = 2500
KILLS = 10
METHODS = ("红烧", "清蒸", "糖醋", "香煎", "白灼", "干锅", "蒜蓉", "酸辣", "孜然", "葱油")
MAINS = ("排骨", "茄子", "鲈鱼", "豆腐", "土豆丝", "鸡翅", "大虾", "牛肉", "白菜", "香菇", "五花肉", "西兰花")


def write_corpus(path: Path, edition: int) -> None:
    """A corpus of a few thousand recipes; each edition has a length, some dishes and broken lines of its own."""
    random_ = random.Random(edition)
    rows = []
    for number in range(LINES - 150 * (edition % 3)):
        # Two lines of three stay as they are from edition to edition.
        own = random.Random(number if number % 3 else number * 1000 + edition)
        dish = own.choice(METHODS) + own.choice(MAINS)
        row = {
            "name": own.choice(("", "家常", "【下饭菜】")) + dish + own.choice(("", "～", "（超简单）")),
            "dish": dish,
            "recipeIngredient": [f"{own.randint(1, 9)}个{dish[2:]}", f"{own.randint(10, 500)}克盐", "适量糖"],
            "recipeInstructions": [f"{dish}洗净切好", f"大火煮{own.randint(1, 40)}分钟", "加盐出锅"],
            "author": f"author_{own.randint(1, 99)}",
        }
        text = json.dumps(row, ensure_ascii=False)
        rows.append(text[: len(text) // 2] if random_.random() < 0.002 else text)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def start_adding(home: Path, path: Path) -> "subprocess.Popen[bytes]":
    """`shishen add` in a process of its own, in batches of a hundred."""
    program = "import sys; from shishen.cli import main; sys.argv = ['shishen', *sys.argv[1:]]; main()"
    command = [sys.executable, "-c", program, "--set", "library.batch_size=100", "add", str(path)]
    environment = {**os.environ, "SHISHEN_HOME": str(home)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def whole(home: Path) -> dict[str, object]:
    """Everything that a library holds, by ids, whatever the order and the generations."""
    connection = sqlite3.connect(home / "library.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    tables = {
        "recipes": "SELECT id, path, line, title_group, completeness, category, digest, body FROM recipes",
        "questions": "SELECT id, kind, text FROM questions JOIN recipes ON recipe = key",
        "ingredients": "SELECT id, name FROM ingredients JOIN recipes ON recipe = key",
        "orphans": "SELECT recipe FROM questions UNION SELECT recipe FROM ingredients EXCEPT SELECT key FROM recipes",
    }
    found = {name: sorted(connection.execute(query).fetchall()) for name, query in tables.items()}
    connection.close()
    return {**found}


def index_of(home: Path) -> set[tuple[str, str, int]]:
    """(dish, question, number of recipes) of every name that the index holds, after it was told to be up to date."""
    kitchen = Kitchen(Settings(home=home, engines={kind: Engine(name) for kind, name in DEFAULT_ENGINES.items()}))
    assert kitchen.index.generation() == kitchen.library.generation()
    names = [method + main for method in METHODS for main in MAINS]
    found = {(f.group, f.text, f.recipe_count) for n in names for f in kitchen.index.search(n, "name", 400)}
    wanted = {e.group: e.recipe_count for e in kitchen.library.entries_since(0)}
    assert {group: count for group, _, count in found} == wanted
    kitchen.library.close()
    return found


def test_killed_anywhere_the_next_run_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")  # pytest shows it where the test fails
    random_ = random.Random(seed)
    path = tmp_path / "corpus.jsonl"
    write_corpus(path, 0)
    begin = time.monotonic()
    start_adding(tmp_path / "first", path).wait(120)
    span = time.monotonic() - begin
    killed = tries = 0
    sizes = []
    while killed < KILLS:
        tries += 1
        assert tries < 5 * KILLS, "the runs end before they are killed"
        # Another edition each time, so that every run has recipes to add, to change and to remove.
        write_corpus(path, tries)
        process = start_adding(tmp_path / "home", path)
        moment = random_.uniform(0.15, 1.0) * span
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        killed += process.wait(60) == -signal.SIGKILL
        if (tmp_path / "home" / "library.sqlite").exists():
            # What a killed run leaves can be opened and is whole.
            library = Library(tmp_path / "home" / "library.sqlite")
            sizes.append(len(library))
            assert sum(1 for _ in library.recipes()) == sizes[-1]
            library.close()
    # The last edition has no broken lines: a broken one would keep what an earlier run stored for its line.
    write_corpus(path, 1000)
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert start_adding(tmp_path / "home", path).wait(120) == 0
    assert start_adding(tmp_path / "undisturbed", path).wait(120) == 0
    home, undisturbed = whole(tmp_path / "home"), whole(tmp_path / "undisturbed")
    assert home["orphans"] == undisturbed["orphans"] == []
    assert home == undisturbed
    assert index_of(tmp_path / "home") == index_of(tmp_path / "undisturbed")
    # The kills did fall into the work.
    assert len(set(sizes)) > 2
