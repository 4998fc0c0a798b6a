"""The library: identity is the source, every batch is all or nothing, and what is no library is named."""

import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shishen.errors import NotFound, ShishenError
from shishen.library import Changes, Library, Shelved, group_of
from shishen.records import Question, Recipe, Source, Step, recipe_id
from shishen.stages.add import shelve


def recipe_of(name: str, path: str = "/corpus.jsonl", line: int | None = 1, **changes: object) -> Recipe:
    source = Source(path=path, line=line)
    recipe = Recipe(id=recipe_id(source), name=name, title=name, source=source, steps=(Step(text="炒熟"),))
    return replace(recipe, **changes)


def shelved_of(name: str, path: str = "/corpus.jsonl", line: int | None = 1, **changes: object) -> Shelved:
    return shelve(recipe_of(name, path, line, **changes))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "library.sqlite")
    yield library
    library.close()


def rows(library: Library, statement: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(library.path) as connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


def is_sound(library: Library) -> bool:
    """SQLite finds no fault, and no question or ingredient is left of a recipe that has gone."""
    orphans = rows(
        library, "SELECT recipe FROM questions UNION SELECT recipe FROM ingredients EXCEPT SELECT key FROM recipes"
    )
    return rows(library, "PRAGMA integrity_check") == [("ok",)] and orphans == []


def test_a_recipe_comes_back_as_it_was(library: Library) -> None:
    shelved = shelved_of("麻婆豆腐", description="麻、辣、烫 🌶️", extra={"a": [1, {"b": None}]})
    assert library.put([shelved]) == Changes(added=1)
    assert library.get(shelved.recipe.id) == shelved.recipe
    assert len(library) == 1
    assert library.generation() > 0


def test_adding_again_changes_nothing(library: Library) -> None:
    batch = [shelved_of("红烧肉", line=n) for n in range(1, 4)]
    assert library.put(batch) == Changes(added=3)
    generation = library.generation()
    assert library.put(batch) == Changes(unchanged=3)
    assert library.generation() == generation
    assert is_sound(library)


def test_identity_is_the_source_never_the_name(library: Library) -> None:
    library.put([shelved_of("红烧肉", "/a.md", None), shelved_of("红烧肉", "/b.md", None)])
    assert len(library) == 2
    assert library.put([shelved_of("东坡肉", "/a.md", None)]) == Changes(changed=1)
    assert sorted(r.name for r in library.recipes()) == ["东坡肉", "红烧肉"]
    assert is_sound(library)


def test_a_changed_recipe_leaves_nothing_of_the_old_one(library: Library) -> None:
    library.put([shelved_of("红烧肉")])
    library.put([shelved_of("清蒸鲈鱼")])
    assert library.find("清蒸鲈鱼").name == "清蒸鲈鱼"
    with pytest.raises(NotFound):
        library.find("红烧肉")
    assert ("红烧肉",) not in rows(library, "SELECT text FROM questions")
    assert is_sound(library)


@pytest.mark.parametrize("what", ["questions", "ingredients", "completeness"])
def test_what_the_domain_knows_counts_as_a_change(library: Library, what: str) -> None:
    shelved = shelved_of("红烧肉")
    library.put([shelved])
    changes: dict[str, object] = {"questions": (Question("x", "name"),), "ingredients": ("x",), "completeness": 99}
    assert library.put([replace(shelved, **{what: changes[what]})]) == Changes(changed=1)


def test_the_last_of_one_place_in_a_batch_wins(library: Library) -> None:
    changes = library.put([shelved_of("红烧肉"), shelved_of("东坡肉"), shelved_of("东坡肉")])
    assert changes == Changes(added=1, changed=1, unchanged=1)
    assert [r.name for r in library.recipes()] == ["东坡肉"]
    assert is_sound(library)


def test_an_empty_batch_is_nothing(library: Library) -> None:
    assert library.put([]) == Changes()
    assert library.remove([]) == Changes()
    assert library.generation() == 0


def test_a_batch_is_all_or_nothing(library: Library) -> None:
    library.put([shelved_of("红烧肉")])
    generation = library.generation()
    unstorable = replace(shelved_of("东坡肉", line=3), questions=(Question("\ud83d", "name"),))
    with pytest.raises(UnicodeEncodeError):
        library.put([shelved_of("清蒸鲈鱼"), shelved_of("拍黄瓜", line=2), unstorable])
    assert [r.name for r in library.recipes()] == ["红烧肉"]
    assert library.generation() == generation
    assert library.put([shelved_of("拍黄瓜", line=2)]) == Changes(added=1)
    assert is_sound(library)


def test_remove_is_all_or_nothing_and_takes_an_id_twice(library: Library) -> None:
    batch = [shelved_of("红烧肉", line=n) for n in (1, 2, 3)]
    library.put(batch)
    ids = [s.recipe.id for s in batch]
    generation = library.generation()
    with pytest.raises(NotFound, match="no-such-id"):
        library.remove([*ids, "no-such-id"])
    assert (len(library), library.generation()) == (3, generation)
    assert library.remove([ids[0], ids[0], ids[1]]) == Changes(removed=2)
    assert [r.id for r in library.recipes()] == [ids[2]]
    assert library.generation() > generation
    assert is_sound(library)


def test_get_and_find_name_what_is_missing(library: Library) -> None:
    with pytest.raises(NotFound, match="shishen library list"):
        library.get("0" * 12)
    with pytest.raises(NotFound, match="佛跳墙"):
        library.find("佛跳墙")


def test_find_takes_an_id_or_a_name_in_any_script_and_prefers_the_complete_one(library: Library) -> None:
    poor, rich = shelved_of("番茄炒蛋", line=1), shelved_of("番茄炒蛋", line=2, description="酸甜", minutes=10.0)
    library.put([poor, rich])
    assert library.find(poor.recipe.id) == poor.recipe
    assert library.find(" 番茄 炒蛋 ") == rich.recipe
    assert group_of(poor.recipe) == group_of(recipe_of("番茄炒蛋"))
    assert [r.id for r in library.of_group("番茄炒蛋", limit=5)] == [rich.recipe.id, poor.recipe.id]


def test_lists_are_narrowed(library: Library) -> None:
    library.put([
        shelved_of("红烧肉", "/a.jsonl", 1, category="荤菜"),
        shelved_of("红烧茄子", "/a.jsonl", 2, category="素菜"),
        replace(shelved_of("拍黄瓜", "/b.md", None, category="素菜"), ingredients=("黄瓜",)),
    ])  # fmt: skip
    assert [r.name for r in library.recipes(name="紅燒")] == ["红烧肉", "红烧茄子"]
    assert [r.name for r in library.recipes(category="素菜")] == ["红烧茄子", "拍黄瓜"]
    assert [r.name for r in library.recipes(ingredient="黄瓜")] == ["拍黄瓜"]
    assert [r.name for r in library.recipes(path="/a.jsonl", limit=1)] == ["红烧肉"]
    assert list(library.recipes(name="%")) == []
    assert list(library.recipes(name="x' OR '1'='1")) == []
    assert library.files() == ["/a.jsonl", "/b.md"]
    assert [line for _, _, line in library.places("/a.jsonl")] == [1, 2]


def test_stats_count(library: Library) -> None:
    library.put([shelved_of("红烧肉", "/a.md", None, category="荤菜"), shelved_of("红烧肉", "/b.md", None)])
    stats = library.stats()
    assert (stats.recipes, stats.dishes, stats.files) == (2, 1, 2)
    assert stats.categories == {"荤菜": 1, "": 1}
    assert stats.size_bytes > 0


def test_an_index_is_told_what_was_touched(library: Library) -> None:
    library.put([shelved_of("红烧肉", line=1), shelved_of("拍黄瓜", line=2)])
    first = library.generation()
    library.put([shelved_of("东坡肉", line=1)])
    library.remove([recipe_of("拍黄瓜", line=2).id])
    assert sorted(entry.group for entry in library.entries_since(0)) == ["东坡肉"]
    assert [entry.group for entry in library.entries_since(first)] == ["东坡肉"]
    assert sorted(library.gone_since(first)) == ["拍黄瓜", "红烧肉"]
    assert list(library.entries_since(library.generation())) == []
    assert library.gone_since(library.generation()) == []


def test_a_dish_of_many_recipes_is_one_entry_of_few_questions(library: Library) -> None:
    library.put([
        replace(shelved_of("红烧肉", line=n), questions=(Question("红烧肉", "name"), Question(f"q{n}", "about")))
        for n in range(100)
    ])  # fmt: skip
    (entry,) = library.entries_since(0)
    assert (entry.recipe_count, len(entry.questions), entry.questions[0].text) == (100, 24, "红烧肉")


def test_another_process_sees_what_was_written(library: Library) -> None:
    other = Library(library.path)
    library.put([shelved_of("红烧肉")])
    assert len(other) == 1
    assert other.put([shelved_of("红烧肉")]) == Changes(unchanged=1)
    other.close()


def test_threads_may_share_a_library(library: Library) -> None:
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for line in range(20):
                library.put([shelved_of(f"菜{number}", f"/{number}.jsonl", line)])
                assert library.get(recipe_of("", f"/{number}.jsonl", line).id).name == f"菜{number}"
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert (len(library), rows(library, "SELECT count(*) FROM batches")) == (80, [(80,)])
    assert is_sound(library)


def test_two_processes_may_make_and_fill_one_library(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.test_library import shelved_of, Library\n"
        "library = Library(Path(sys.argv[1]))\n"
        "for n in range(40): library.put([shelved_of('红烧肉', sys.argv[2], n), shelved_of('同', '/same.jsonl', n)])\n"
    )
    path = tmp_path / "library.sqlite"
    processes = [
        subprocess.Popen([sys.executable, "-c", program, path, f"/{n}.jsonl"], cwd=Path(__file__).parent.parent)
        for n in range(2)
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    library = Library(path)
    assert len(library) == 120
    assert is_sound(library)
    library.close()


def test_a_file_that_is_no_library_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(ShishenError, match=r"library\.sqlite 不是食神的菜谱库.*恢复备份"):
        Library(path)
    assert path.read_bytes() == b"this is no database" * 100


@pytest.mark.parametrize("version", [0, 1])
def test_another_programs_database_is_named_and_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "library.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(f"CREATE TABLE notes (text); PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(ShishenError, match=r"不是食神的菜谱库"):
        Library(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("notes",)]
    connection.close()


def test_a_library_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ShishenError, match="请升级食神"):
        Library(path)


def test_a_home_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(ShishenError, match="请换一个 SHISHEN_HOME"):
        Library(tmp_path / "home" / "library.sqlite")
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(ShishenError, match="请换一个 SHISHEN_HOME"):
        Library(tmp_path / "folder.sqlite")


def test_a_full_disk_is_named_and_nothing_is_half_written(tmp_path: Path) -> None:
    """The kernel itself refuses to let any file grow over the limit, as a full disk would."""
    path = tmp_path / "library.sqlite"
    library = Library(path)
    library.put([shelved_of("红烧肉", line=n) for n in range(50)])
    library.close()
    program = (
        "import sys; from pathlib import Path; from tests.test_library import shelved_of, Library\n"
        "from shishen.errors import ShishenError\n"
        "library = Library(Path(sys.argv[1]))\n"
        "for n in range(100, 2000):\n"
        "    try: library.put([shelved_of('东坡肉' * 200, line=n), shelved_of('东坡肉', line=n + 10_000)])\n"
        "    except ShishenError as error: print(error); break\n"
        "print(len(library))\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program, path],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
    )
    message, count = done.stdout.splitlines()
    assert "写不进菜谱库" in message
    assert "磁盘空间" in message
    library = Library(path)
    assert len(library) == int(count) > 50
    assert (len(library) - 50) % 2 == 0
    assert is_sound(library)
    assert library.put([shelved_of("拍黄瓜", line=3)]) == Changes(changed=1)
    library.close()


def test_places_that_read_alike_are_different_recipes() -> None:
    """A file may be named like a line or a page of another."""
    sources = [
        Source(path="x.jsonl", line=2),
        Source(path="x.jsonl#2"),
        Source(path="x.jsonl", page=2),
        Source(path="x.jsonl#p2"),
        Source(path="x.jsonl", page=1, line=2),
        Source(path="x.jsonl#p1", line=2),
        Source(path="x.jsonl", page=12),
    ]
    assert len({recipe_id(source) for source in sources}) == len(sources)


def test_generations_only_grow_and_no_two_libraries_share_one(tmp_path: Path) -> None:
    generations = []
    for name in "ab":
        library = Library(tmp_path / name)
        for line in range(3):
            library.put([shelved_of("红烧肉", line=line)])
            generations.append(library.generation())
        assert generations[-3:] == sorted(set(generations[-3:]))
        assert [library.has_been(generation) for generation in generations] == [False] * (len(generations) - 3) + [
            True
        ] * 3
        library.close()


def test_a_library_that_may_not_be_written_can_be_read(tmp_path: Path) -> None:
    """In a folder that is closed to this user, with the journal folded in, as a backup or a medium has it."""
    path = tmp_path / "closed" / "library.sqlite"
    library = Library(path)
    library.put([shelved_of("红烧肉")])
    library.close()
    program = (
        "import os, sys; from pathlib import Path; from tests.test_library import shelved_of, Library\n"
        "from shishen.errors import ShishenError\n"
        "shelved = shelved_of('东坡肉')\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "library = Library(Path(sys.argv[1]))\n"
        "print(library.find('红烧肉').name)\n"
        "try: library.put([shelved])\n"
        "except ShishenError as error: print(error)\n"
    )
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program, path],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    path.parent.chmod(0o755)
    assert done.stderr == ""
    name, message = done.stdout.splitlines()
    assert name == "红烧肉"
    assert "是只读的" in message


def test_a_malformed_database_is_named_as_such(library: Library) -> None:
    library.put([shelved_of("红烧肉", line=n, description="x" * 2000) for n in range(50)])
    library.close()
    content = bytearray(library.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    library.path.write_bytes(content)
    with pytest.raises(ShishenError, match=r"坏了.*请恢复备份"):
        Library(library.path)
