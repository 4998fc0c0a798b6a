"""The command line: results on standard output, words on standard error, exit status 0 or 2, faults in one line."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen import __version__
from shishen.records import Line, Recipe
from tests.command_line import Done, Shishen, is_fault

ROOT = Path(__file__).parent.parent


# --- shishen ---------------------------------------------------------------------------------------------


def test_help_and_version(shishen: Shishen) -> None:
    done = shishen("--help")
    assert (done.status, done.err) == (0, "")
    for verb in ("parse", "read", "add", "ask", "chat", "serve", "library", "index", "engines", "doctor"):
        assert verb in done.out
        assert shishen(verb, "-h").status == 0
    assert shishen("--version") == Done(0, f"shishen {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], ["frobnicate", "shishen --help"]),
        (["library", "frobnicate"], ["frobnicate", "shishen library --help"]),
        (["add"], ["PATH", "shishen add --help"]),
        (["ask"], ["TEXT", "shishen ask --help"]),
        (["ask", "x", "--frob"], ["--frob", "shishen ask --help"]),
        (["serve", "--port", "99999"], ["--port", "65535", "shishen serve --help"]),
        (["library", "list", "--limit", "x"], ["--limit", "shishen library list --help"]),
        (["--set"], ["--set", "shishen --help"]),
    ],
)
def test_a_wrong_command_line_is_one_line(shishen: Shishen, arguments: list[str], words: list[str]) -> None:
    assert is_fault(shishen(*arguments), *words)


def test_no_command_at_all_prints_the_help(shishen: Shishen) -> None:
    done = shishen()
    assert done.status == 2
    assert "doctor" in done.out + done.err


def test_all_faults_of_the_settings_stand_in_one_line(shishen: Shishen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHISHEN_SERVER__PORT", "0")
    monkeypatch.setenv("SHISHEN_NO_SUCH", "1")
    faults = ["--set", "reader.line_mb=nan", "--set", "library.batch_size=many", "--set", "nonsense=1", "--set", "x"]
    wanted = ["server.port", "65535", "no_such", "reader.line_mb", "library.batch_size", "nonsense", "key=value"]
    assert is_fault(shishen(*faults, "library", "stats"), *wanted)


@pytest.mark.parametrize(
    "key",
    ["server.port=65536", "reader.line_mb=inf", "reader.document_mb=0", "reader.document_mb=-1", "library.batch_size=0",
     "retriever.threshold=1.5", "retriever.threshold=nan", "server.body_mb=x", "server.longest_question=0",
     "index.engine=nobody", "chat.composer.colour=red", "index.tantivy.memory_mb=x",
     "library.=1", "=1", "reader.x.y=1"],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused(shishen: Shishen, key: str) -> None:
    assert is_fault(shishen("--set", key, "engines"), "设置有误")


def test_a_configuration_file(shishen: Shishen, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf[library]\nbatch_size = 7\n")
    assert shishen("--config", path, "engines").status == 0
    path.write_text("[library]\nbatch_size = 'x'\nspeed = 1\n")
    assert is_fault(shishen("--config", path, "engines"), "library.batch_size", "library.speed")
    path.write_bytes("[library]\n# 批".encode("gbk"))
    assert is_fault(shishen("--config", path, "engines"), "mine.toml")
    assert is_fault(shishen("--config", tmp_path / "none.toml", "engines"), "none.toml")
    assert is_fault(shishen("--config", tmp_path, "engines"), str(tmp_path))


def test_a_home_that_is_a_file_is_named(shishen: Shishen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "file"
    home.write_text("x")
    monkeypatch.setenv("SHISHEN_HOME", str(home))
    for verb in (["library", "stats"], ["ask", "红烧肉怎么做"], ["index"], ["library", "add-house"]):
        assert is_fault(shishen(*verb), "SHISHEN_HOME")


def test_a_library_that_is_no_database_is_named_and_left_alone(shishen: Shishen, own_home: Path) -> None:
    own_home.mkdir()
    path = own_home / "library.sqlite"
    path.write_bytes(b"not a database, " * 300)
    for verb in (["library", "list"], ["library", "stats", "--json"], ["ask", "红烧肉怎么做"], ["index"]):
        assert is_fault(shishen(*verb), "library.sqlite", "不是食神的菜谱库")
    assert path.read_bytes() == b"not a database, " * 300


# --- parse -----------------------------------------------------------------------------------------------


def parsed(done: Done) -> list[Line]:
    """The objects that `parse` printed, one a line."""
    assert (done.status, done.err) == (0, "")
    return [msgspec.json.decode(line, type=Line, strict=True) for line in done.out.split("\n")[:-1]]


def test_parse_prints_one_object_a_line_in_order(shishen: Shishen) -> None:
    raws = ["2-3段大葱", "", "   ", "【油皮】", "便当盒", "盐 5g", "\t", "🔥", "见详细做法", ""]
    lines = parsed(shishen("parse", stdin="\n".join(raws).encode() + b"\n"))
    assert [line.raw for line in lines] == raws
    assert (lines[0].kind, lines[0].items[0].name, lines[0].items[0].min, lines[0].items[0].max) == (
        "ingredient",
        "大葱",
        2,
        3,
    )
    assert [lines[n].kind for n in (1, 2, 3, 4, 6)] == ["noise", "noise", "header", "tool", "noise"]


def test_parse_prints_the_fields_of_the_contract(shishen: Shishen) -> None:
    done = shishen("parse", stdin="盐 5g\n".encode())
    assert done.json == {
        "raw": "盐 5g",
        "kind": "ingredient",
        "items": [{"name": "盐", "min": 5.0, "max": 5.0, "unit": "g", "vague": None, "optional": False, "alt": []}],
    }


@pytest.mark.parametrize(
    ("stdin", "count"),
    [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"a\n\nb", 3), (b"a\r\n\r\nb\r\n", 3), (b"\xff\xfe\n\0\n", 2),
     ("盐\u2028糖\x85醋\x0b油\r酱\n".encode(), 1), (b"9" * 5000 + b"g\n", 1), ("盐".encode() * 20_000, 1)],
)  # fmt: skip
def test_parse_prints_exactly_one_object_for_every_line_read(shishen: Shishen, stdin: bytes, count: int) -> None:
    assert len(parsed(shishen("parse", stdin=stdin))) == count


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.text(max_size=30).map(lambda t: t.encode("utf-8", "replace")) | st.binary(max_size=20), max_size=8
    )
)
def test_parse_prints_exactly_one_object_for_any_line(shishen: Shishen, lines: list[bytes]) -> None:
    stdin = b"\n".join(line.replace(b"\n", b"") for line in lines) + b"\n"
    assert len(parsed(shishen("parse", stdin=stdin))) == stdin.count(b"\n")


# --- read and add ----------------------------------------------------------------------------------------


def test_read_prints_recipes_and_stores_nothing(shishen: Shishen, corpus: Path, own_home: Path) -> None:
    done = shishen("read", corpus)
    recipes = [msgspec.json.decode(line, type=Recipe) for line in done.out.splitlines()]
    assert done.status == 0
    assert [(r.name, r.source.line) for r in recipes] == [("红烧肉", 1), ("拍黄瓜", 2), ("酸辣汤", 5)]
    assert set(json.loads(done.out.splitlines()[0])) >= {
        "id", "name", "title", "aliases", "category", "cuisine", "tastes", "difficulty", "minutes", "calories",
        "servings", "ingredients", "tools", "steps", "tips", "images", "source",
    }  # fmt: skip
    (words,) = done.err.splitlines()
    assert "读到 3 份菜谱；2 处没读成" in words
    assert [path.name for path in own_home.iterdir()] == ["rejected.jsonl"]
    rejected = [json.loads(line) for line in (own_home / "rejected.jsonl").read_text().splitlines()]
    assert [(r["path"], r["line"]) for r in rejected] == [(str(corpus.resolve()), 3), (str(corpus.resolve()), 4)]


def test_add_stores_once_and_says_what_it_did(shishen: Shishen, corpus: Path) -> None:
    first = shishen("add", corpus, "--json")
    assert first.status == 0
    assert first.json == {"added": 3, "changed": 0, "unchanged": 0, "removed": 0, "rejected": 2, "recipes": 3}
    again = shishen("add", corpus)
    assert (again.status, again.out) == (0, "")
    assert again.err.splitlines()[-1].startswith("新增 0，更新 0，未变 3，移除 0；菜谱库现有 3 份菜谱；2 处没读成，见 ")
    assert shishen("index").err == "索引已经是最新的。\n"


@pytest.mark.parametrize("verb", ["read", "add"])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.md", b"", "空文件"),
        ("photo.md", b"\xff\xd8\xff\xe0\0", "JPEG"),
        ("book.md", b"%PDF-1.4", "不完整"),
        ("note.md", "今天吃什么".encode(), "认不出"),
        ("cut.json", b'[{"conversation": [{"input": "x", "output": "y', "JSON"),
        ("no_steps.md", "# 菜\n\n## 材料\n\n- 盐\n\n## 做法\n".encode(), "没有步骤"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    shishen: Shishen, tmp_path: Path, verb: str, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = shishen(verb, tmp_path / name)
    assert (done.status, done.out) == (2, "")
    first, *rest = done.err.splitlines()
    assert name in first
    assert words in first
    assert first.count(str(tmp_path)) == 1
    assert len(rest) == 1
    assert "1 处没读成" in rest[0]


@pytest.mark.parametrize("verb", ["read", "add"])
def test_a_missing_path_is_named_and_nothing_else_is_touched(
    shishen: Shishen, corpus: Path, verb: str, own_home: Path
) -> None:
    assert is_fault(shishen(verb, corpus, corpus.parent / "none.md"), "none.md", "没有")
    assert not (own_home / "library.sqlite").exists() or shishen("library", "stats", "--json").json["recipes"] == 0


@pytest.mark.parametrize("verb", ["read", "add"])
def test_a_folder_without_recipes_is_said_to_be_one(shishen: Shishen, tmp_path: Path, verb: str) -> None:
    (tmp_path / "empty").mkdir()
    done = shishen(verb, tmp_path / "empty")
    assert (done.status, done.out) == (2, "")
    assert "没有读到菜谱" in done.err


def test_what_was_read_stands_beside_a_file_that_cannot_be(shishen: Shishen, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.md").touch()
    done = shishen("add", corpus, tmp_path / "empty.md", "--json")
    assert (done.status, done.json["added"], done.json["rejected"]) == (2, 3, 3)
    # Not named but found in a folder, it is passed over.
    assert shishen("add", tmp_path, "--json").status == 0


# --- ask and chat ----------------------------------------------------------------------------------------


def test_ask_on_an_empty_library_gets_the_house_cookbook(shishen: Shishen) -> None:
    done = shishen("ask", "可乐鸡翅怎么做")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("## 可乐鸡翅\n")
    assert "来源" in done.out
    assert shishen("library", "stats", "--json").json["recipes"] >= 60


def test_ask_json_has_the_shape_of_the_contract(shishen: Shishen) -> None:
    answer = shishen("ask", "可乐鸡翅怎么做", "--json").json
    assert set(answer) == {"answer", "shishen"}
    extension = answer["shishen"]
    assert set(extension) == {"intent", "refused", "recipes", "state", "verified"}
    assert (extension["refused"], extension["verified"]) == (False, True)
    assert extension["recipes"][0]["name"] == "可乐鸡翅"
    assert set(extension["recipes"][0]) == {"id", "name", "score", "source"}
    assert answer["answer"].startswith("## 可乐鸡翅")


def test_a_library_that_holds_anything_is_left_as_it_is(shishen: Shishen, corpus: Path) -> None:
    shishen("add", corpus)
    answer = shishen("ask", "可乐鸡翅怎么做", "--json").json
    assert answer["shishen"]["refused"] is True
    assert shishen("library", "stats", "--json").json["recipes"] == 3


@pytest.mark.parametrize("question", ["", "   "])
def test_an_empty_question_is_named(shishen: Shishen, question: str) -> None:
    assert is_fault(shishen("ask", question), "问题是空的")


def test_a_question_that_is_too_long_is_named(shishen: Shishen) -> None:
    assert is_fault(shishen("ask", "红烧肉" * 7000), "21000", "8000")


@pytest.mark.parametrize(
    "question", ["🔥", "?", "\ufeff", "a" * 300, "红烧肉" * 2000, "<script>", "'; DROP TABLE recipes"]
)
def test_any_question_is_answered(shishen: Shishen, question: str) -> None:
    done = shishen("ask", question, "--json")
    assert (done.status, done.err) == (0, "")
    assert done.json["answer"]


def test_chat_answers_until_a_blank_line(shishen: Shishen) -> None:
    done = shishen("chat", stdin="可乐鸡翅怎么做\n你好\n\n红烧肉怎么做\n".encode())
    assert done.status == 0
    assert "## 可乐鸡翅" in done.out
    assert "## 红烧肉" not in done.out
    assert done.err == "想吃什么？（空行结束）\n"
    assert shishen("chat", stdin=b"").status == 0
    assert shishen("chat", stdin=b"\xff\xfe\n").status == 0


def test_a_fault_of_ours_keeps_its_traceback(shishen: Shishen, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr("shishen.kitchen.open_kitchen", broken)
    with pytest.raises(RuntimeError, match="ours"):
        shishen("library", "stats")
