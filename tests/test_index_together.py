"""One index, many processes: the first run, a rebuild under questions, a library from a backup, damage."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shishen.errors import Busy, ShishenError
from shishen.file_lock import locked
from shishen.kitchen import Kitchen, open_kitchen
from tests.test_index import NAMES, held, is_right
from tests.test_library import shelved_of
from tests.test_reader_xiachufang import line_of

ROOT = Path(__file__).parent.parent
PROGRAM = "import sys; from shishen.cli import main; sys.argv[0] = 'shishen'; main()"


@pytest.fixture
def kitchen() -> Iterator[Kitchen]:
    """A kitchen with one recipe a name and its index."""
    kitchen = open_kitchen()
    kitchen.library.put([shelved_of(name, line=n) for n, name in enumerate(NAMES)])
    kitchen.catch_up()
    yield kitchen
    kitchen.library.close()


def at_once(home: Path, *commands: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Run commands side by side: status, standard output, standard error of each."""
    environment = {**os.environ, "SHISHEN_HOME": str(home), "PYTHONIOENCODING": "utf-8"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *command],
            cwd=ROOT,
            env=environment,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for command in commands
    ]
    ended = [(child.communicate(timeout=90), child.returncode) for child in running]
    return [(status, out, err) for (out, err), status in ended]


def test_many_first_questions_at_once_are_all_answered(tmp_path: Path) -> None:
    """Nobody finds half a house cookbook, half an index, or a folder pulled away."""
    for attempt in range(2):
        for status, out, err in at_once(tmp_path / f"{attempt}", *[("ask", "可乐鸡翅怎么做")] * 6):
            assert (status, err) == (0, "")
            assert "## 可乐鸡翅" in out


def test_many_first_adds_at_once_all_succeed(tmp_path: Path) -> None:
    commands = []
    for number in range(4):
        path = tmp_path / f"{number}.jsonl"
        path.write_text("\n".join(line_of(name=f"{number}{n}号菜") for n in range(50)) + "\n", encoding="utf-8")
        commands.append(("add", str(path), "--json"))
    for status, _, err in at_once(tmp_path / "home", *commands):
        assert (status, "Traceback" in err) == (0, False), err
    ((_, _, words),) = at_once(tmp_path / "home", ("index",))
    assert words == "索引已经是最新的。\n"


def test_questions_during_rebuilds_are_always_answered(kitchen: Kitchen) -> None:
    program = (
        "from shishen.kitchen import Kitchen\n"
        "print('ready', flush=True)\n"
        "for n in range(40):\n"
        "    kitchen = Kitchen()\n"
        "    for m in range(5): assert not kitchen.ask('红烧肉怎么做').refused\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    assert child.stdout
    assert child.stdout.readline() == b"ready\n"
    rebuilds = 0
    while child.poll() is None:
        kitchen.retriever.rebuild()
        assert not kitchen.ask("拍黄瓜怎么做").refused
        rebuilds += 1
    child.stdout.close()
    assert (child.returncode, rebuilds > 3) == (0, True)
    # What was made anew takes the place of the old.
    assert len(list((kitchen.settings.home / "index").glob("build-*"))) == 1


def test_a_question_while_a_rebuild_is_half_done_finds_the_old(kitchen: Kitchen) -> None:
    halfway, goes_on = threading.Event(), threading.Event()
    entries = list(kitchen.library.entries_since(0))

    def slowly() -> Iterator[object]:
        yield from entries[:1]
        halfway.set()
        assert goes_on.wait(20)
        yield from entries[1:]

    update = kitchen.index.update
    generation = kitchen.library.generation()
    thread = threading.Thread(target=update, args=(slowly(), (), generation), kwargs={"anew": True})
    thread.start()
    assert halfway.wait(20)
    other = open_kitchen()
    assert is_right(kitchen)
    assert is_right(other)
    with pytest.raises(Busy, match="另一个进程正在更新索引"):
        update((), (), generation)
    goes_on.set()
    thread.join()
    assert is_right(kitchen)
    assert is_right(other)
    other.library.close()


def test_an_update_that_another_process_was_quicker_at_does_nothing(kitchen: Kitchen) -> None:
    assert kitchen.index.update((), (), 1, anew=True, expected=kitchen.index.generation() + 1) is False
    assert is_right(kitchen)


def test_without_an_index_a_question_is_no_refusal(kitchen: Kitchen) -> None:
    shutil.rmtree(kitchen.settings.home / "index")
    with pytest.raises(ShishenError, match="检索索引还没做好"):
        kitchen.retriever.resolve("红烧肉怎么做")
    kitchen.library.remove([id_ for id_, _, _ in kitchen.library.places()])
    assert kitchen.retriever.resolve("红烧肉怎么做").hits == ()


def test_the_first_index_is_waited_for(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    index = kitchen.settings.home / "index"
    (index / "generation.json").unlink()
    again = open_kitchen()
    monkeypatch.setattr("shishen.kitchen.FIRST_INDEX_PATIENCE", 0.2)
    with locked(index / "lock", ""), pytest.raises(ShishenError, match="另一个进程正在更新索引"):
        again.ask("红烧肉怎么做")
    assert not again.ask("红烧肉怎么做").refused
    again.library.close()


def copied(source: Path, target: Path) -> None:
    """A library as a backup has it; its kitchen must be closed, so that the journal is empty."""
    for path in source.parent.glob(f"{source.name}*"):
        shutil.copy(path, target.parent / path.name.replace(source.name, target.name))


def test_a_restored_backup_with_as_many_batches_is_another_library(kitchen: Kitchen, tmp_path: Path) -> None:
    library, backup = kitchen.settings.home / "library.sqlite", tmp_path / "backup.sqlite"
    kitchen.library.close()
    copied(library, backup)
    after = open_kitchen()
    after.library.put([shelved_of("东坡肉", line=70)])
    after.catch_up()
    after.library.close()
    for path in library.parent.glob(f"{library.name}*"):
        path.unlink()
    copied(backup, library)
    restored = open_kitchen()
    restored.library.put([shelved_of("酸辣汤", line=71)])
    restored.catch_up()
    assert is_right(restored)
    assert "东坡肉" not in held(restored)
    assert held(restored)["酸辣汤"] == 1
    restored.library.close()


def garbage(index: Path) -> None:
    next(index.glob("build-*/meta.json")).write_text("garbage")


def no_segment(index: Path) -> None:
    next(index.glob("build-*/*.store")).unlink()


def empty_segment(index: Path) -> None:
    next(index.glob("build-*/*.term")).write_bytes(b"")


def no_build(index: Path) -> None:
    shutil.rmtree(next(index.glob("build-*")))


def elsewhere(index: Path) -> None:
    manifest = index / "generation.json"
    manifest.write_text(manifest.read_text().replace("build-", "../../build-"))


@pytest.mark.parametrize("damage", [garbage, no_segment, empty_segment, no_build, elsewhere])
def test_a_damaged_index_is_made_anew(kitchen: Kitchen, damage: object) -> None:
    assert callable(damage)
    damage(kitchen.settings.home / "index")
    again = open_kitchen()
    assert again.index.generation() == 0
    assert again.ask("红烧肉怎么做").recipes[0].name == "红烧肉"
    assert is_right(again)
    again.library.close()


def test_what_tantivy_complains_of_is_named_and_is_no_lock(kitchen: Kitchen) -> None:
    kitchen.library.put([shelved_of("东坡肉", line=70)])
    index = kitchen.settings.home / "index"
    shutil.rmtree(index)
    index.write_text("a file where the folder should be")
    with pytest.raises(ShishenError, match=r"索引 .* 出错") as caught:
        kitchen.catch_up(patience=5)
    assert "另一个进程" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["15", "4097", "-1"])
def test_the_writer_s_memory_has_bounds(value: str) -> None:
    with pytest.raises(ShishenError, match="应为 16 至 4096 的整数"):
        open_kitchen([f"index.tantivy.memory_mb={value}"])
