"""The index is derived: it follows the library, catches up after a crash, and can be thrown away."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shishen.errors import ShishenError
from shishen.kitchen import Kitchen, open_kitchen
from tests.test_library import shelved_of

ROOT = Path(__file__).parent.parent
NAMES = ["红烧肉", "拍黄瓜", "清蒸鲈鱼", "麻婆豆腐", "番茄炒蛋", "蒜蓉西兰花"]


@pytest.fixture
def kitchen() -> Iterator[Kitchen]:
    kitchen = open_kitchen()
    yield kitchen
    kitchen.library.close()


@pytest.fixture
def full(kitchen: Kitchen) -> Kitchen:
    """A kitchen with one recipe a name and its index."""
    kitchen.library.put([shelved_of(name, line=n) for n, name in enumerate(NAMES)])
    kitchen.catch_up()
    return kitchen


def held(kitchen: Kitchen) -> dict[str, int]:
    """Every dish that the index holds by its name, with its number of recipes."""
    found = [f for name in (*NAMES, "东坡肉", "酸辣汤") for f in kitchen.index.search(name, "name", 40)]
    return {f.group: f.recipe_count for f in found}


def wanted(kitchen: Kitchen) -> dict[str, int]:
    """What the index must hold, from the library."""
    return {entry.group: entry.recipe_count for entry in kitchen.library.entries_since(0)}


def is_right(kitchen: Kitchen) -> bool:
    return held(kitchen) == wanted(kitchen) and kitchen.index.generation() == kitchen.library.generation()


def test_it_holds_what_the_library_holds(full: Kitchen) -> None:
    assert set(held(full)) == set(NAMES)
    assert is_right(full)
    assert full.catch_up() is False


def test_a_library_ahead_of_its_index_is_caught_up(full: Kitchen) -> None:
    """Killed after a batch and before the index."""
    full.library.put([shelved_of("东坡肉", line=0), shelved_of("酸辣汤", line=50), shelved_of("拍黄瓜", line=51)])
    full.library.remove([shelved_of("", line=2).recipe.id])
    assert not is_right(full)
    assert full.catch_up() is True
    assert is_right(full)
    assert held(full)["拍黄瓜"] == 2
    assert "红烧肉" not in held(full)
    assert "清蒸鲈鱼" not in held(full)
    assert full.ask("东坡肉怎么做").recipes[0].name == "东坡肉"


def test_a_dish_whose_last_recipe_goes_is_found_no_more(full: Kitchen) -> None:
    full.library.put([shelved_of("红烧肉", line=60)])
    full.catch_up()
    full.library.remove([shelved_of("", line=60).recipe.id])
    full.catch_up()
    assert held(full)["红烧肉"] == 1
    full.library.remove([shelved_of("", line=0).recipe.id])
    full.catch_up()
    assert "红烧肉" not in held(full)
    assert is_right(full)
    assert full.ask("红烧肉怎么做").refused


def test_a_crash_between_commit_and_manifest_is_mended(full: Kitchen) -> None:
    """The index holds the newest recipes, its manifest says the generation before."""
    manifest = full.settings.home / "index" / "generation.json"
    before = manifest.read_text()
    full.library.put([shelved_of("东坡肉", line=0)])
    full.catch_up()
    manifest.write_text(before)
    assert full.catch_up() is True
    assert is_right(full)
    manifest.unlink()
    assert full.catch_up() is True
    assert is_right(full)


def test_an_index_ahead_of_its_library_is_made_anew(full: Kitchen) -> None:
    """A library from a backup beside an index that is newer."""
    full.library.put([shelved_of("东坡肉", line=70)])
    full.library.put([shelved_of("酸辣汤", line=71)])
    full.catch_up()
    full.library.close()
    other = open_kitchen()
    for path in full.settings.home.glob("library.sqlite*"):
        path.unlink()
    other.library.put([shelved_of("麻婆豆腐")])
    assert other.index.generation() > other.library.generation()
    assert other.catch_up() is True
    assert held(other) == {"麻婆豆腐": 1}
    other.library.close()


def test_a_rebuild_gives_the_same(full: Kitchen) -> None:
    full.library.put([shelved_of("拍黄瓜", line=80)])
    full.catch_up()
    before = held(full)
    assert full.retriever.rebuild() is True
    assert held(full) == before
    assert is_right(full)


@pytest.mark.parametrize("damage", ["gone", "manifest", "layout"])
def test_a_thrown_away_index_comes_back(full: Kitchen, damage: str) -> None:
    folder = full.settings.home / "index"
    if damage == "gone":
        shutil.rmtree(folder)
    elif damage == "manifest":
        (folder / "generation.json").write_text("{")
    else:
        (folder / "generation.json").write_text(json.dumps({"layout": -1, "generation": full.library.generation()}))
    again = open_kitchen()
    assert again.ask("红烧肉怎么做").recipes[0].name == "红烧肉"
    assert is_right(again)
    again.library.close()


def test_an_emptied_library_empties_its_index(full: Kitchen) -> None:
    full.library.remove([id_ for id_, _, _ in full.library.places()])
    full.catch_up()
    assert held(full) == {}
    assert full.index.generation() == full.library.generation()


def test_a_reader_sees_what_another_kitchen_wrote(full: Kitchen) -> None:
    other = open_kitchen()
    assert "东坡肉" not in held(other)
    full.library.put([shelved_of("东坡肉", line=90)])
    full.catch_up()
    assert held(other)["东坡肉"] == 1
    assert other.catch_up() is False
    other.library.close()


HOLD = """
import sys
from shishen.file_lock import locked
from shishen.kitchen import Kitchen
with locked(Kitchen().settings.home / "index" / "lock", "held"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(full: Kitchen) -> Iterator["subprocess.Popen[str]"]:
    """Another process that is at the index until it is killed."""
    assert full.index.generation()
    command = [sys.executable, "-c", HOLD]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_while_another_process_is_at_it_the_old_index_answers(full: Kitchen, holder: "subprocess.Popen[str]") -> None:
    full.library.put([shelved_of("东坡肉", line=91)])
    with pytest.raises(ShishenError, match="另一个进程正在更新索引"):
        full.catch_up(patience=0.2)
    assert full.ask("红烧肉怎么做").recipes[0].name == "红烧肉"
    holder.kill()
    holder.wait()
    assert full.catch_up(patience=5) is True
    assert is_right(full)


def test_catching_up_waits_for_another_process(full: Kitchen, holder: "subprocess.Popen[str]") -> None:
    full.library.put([shelved_of("东坡肉", line=92)])
    timer = threading.Timer(0.4, holder.kill)
    timer.start()
    assert full.catch_up() is True
    assert holder.wait(5)
    assert is_right(full)


def test_a_rebuild_pulls_nothing_from_under_another_process(full: Kitchen, holder: "subprocess.Popen[str]") -> None:
    assert holder.poll() is None
    with pytest.raises(ShishenError, match="另一个进程正在更新索引"):
        full.retriever.rebuild()
    assert is_right(full)


@pytest.mark.parametrize("fresh", [True, False])
def test_two_processes_add_into_one_kitchen(kitchen: Kitchen, fresh: bool) -> None:
    if not fresh:
        kitchen.library.put([shelved_of(name, line=n) for n, name in enumerate(NAMES)])
        kitchen.catch_up()
    program = (
        "import sys; from shishen.kitchen import Kitchen; from tests.test_library import shelved_of\n"
        "kitchen = Kitchen()\n"
        "for n in range(4):\n"
        "    kitchen.library.put([shelved_of('东坡肉', f'/{sys.argv[1]}.jsonl', n)])\n"
        "    kitchen.catch_up()\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, name], cwd=ROOT) for name in "ab"]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert kitchen.catch_up() is False
    assert is_right(kitchen)
    assert held(kitchen)["东坡肉"] == 8
