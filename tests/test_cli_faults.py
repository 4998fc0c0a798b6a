"""Faults of the machine: closed folders, full disks, closed streams, Ctrl+C; one line each, never a traceback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.test_cli_process import ROOT, process
from tests.test_reader_xiachufang import line_of

PROGRAM = "import sys; from shishen.cli import main; sys.argv[0] = 'shishen'; main()"
# Root may write anywhere, unless it gives that right away.
AS_A_USER = [] if os.getuid() else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def as_user(*arguments: str | Path, home: Path) -> "subprocess.CompletedProcess[str]":
    """A command by somebody who may not write where the folder's mode forbids it."""
    command = [*AS_A_USER, sys.executable, "-X", "utf8", "-c", PROGRAM, *map(str, arguments)]
    environment = {**os.environ, "SHISHEN_HOME": str(home)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=60)


@pytest.fixture
def closed(tmp_path: Path) -> Any:
    """A home that nobody may write in, with the house cookbook and its index."""
    if AS_A_USER and not shutil.which(AS_A_USER[0]):
        pytest.skip("root without setpriv can write anywhere")
    home = tmp_path / "home"
    assert process("ask", "红烧肉", home=home).returncode == 0
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield home
    for folder in folders:
        folder.chmod(0o755)


def test_a_closed_home_still_answers(closed: Path) -> None:
    done = as_user("ask", "可乐鸡翅怎么做", home=closed)
    assert (done.returncode, done.stderr) == (0, "")
    assert "## 可乐鸡翅" in done.stdout


@pytest.mark.parametrize("arguments", [("index", "--rebuild"), ("add", "CORPUS"), ("library", "remove", "ID")])
def test_writing_to_a_closed_home_is_one_line(closed: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    corpus = tmp_path / "c.jsonl"
    corpus.write_text(line_of(name="佛跳墙") + "\n", encoding="utf-8")
    listed = json.loads(as_user("library", "list", "--json", home=closed).stdout)
    given = {"CORPUS": str(corpus), "ID": listed[0]["id"]}
    done = as_user(*(given.get(argument, argument) for argument in arguments), home=closed)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert "只读" in line or "没有权限" in line


def test_rejections_that_cannot_be_noted_are_said(closed: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "c.jsonl"
    corpus.write_text(line_of(name="佛跳墙") + "\n{broken\n", encoding="utf-8")
    done = as_user("read", corpus, home=closed)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert done.stderr.splitlines()[0].startswith(f"{closed / 'rejected.jsonl'} 写不进去")
    assert done.stderr.splitlines()[1:] == ["读到 1 份菜谱；1 处没读成。"]


@pytest.mark.parametrize("verb", ["ask 红烧肉", "library list", "library list --json", "engines", "parse", "--help"])
def test_an_output_that_is_full_or_closed_is_no_traceback(tmp_path: Path, verb: str) -> None:
    statuses = []
    process("ask", "红烧肉", home=tmp_path / "home")
    for redirection in (">/dev/full", ">&-", "2>&-", "2>/dev/full", ">&- 2>&- <&-"):
        shell = f'echo 盐5g | "$PYTHON" -X utf8 -c "$PROGRAM" {verb} >/dev/null {redirection}'
        names = {"SHISHEN_HOME": str(tmp_path / "home"), "PYTHON": sys.executable, "PROGRAM": PROGRAM}
        environment = {**os.environ, **names}
        done = subprocess.run(["bash", "-c", shell], cwd=ROOT, env=environment, capture_output=True, check=False)
        words = done.stderr.decode()
        assert len(words.splitlines()) == (redirection == ">/dev/full"), words
        statuses.append(done.returncode)
    assert statuses == [2, 0, 0, 0, 0]


def test_ctrl_c_while_adding_keeps_what_was_added(tmp_path: Path) -> None:
    path, home = tmp_path / "c.jsonl", tmp_path / "home"
    path.write_text("\n".join(line_of(name=f"{n}号菜") for n in range(20_000)) + "\n", encoding="utf-8")
    command = [sys.executable, "-X", "utf8", "-c", PROGRAM, "--set", "library.batch_size=20", "add", str(path)]
    environment = {**os.environ, "SHISHEN_HOME": str(home)}
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, encoding="utf-8")
    while not (home / "library.sqlite-wal").exists() or (home / "library.sqlite-wal").stat().st_size < 300_000:
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, words = child.communicate(timeout=60)
    assert (child.returncode, words) == (130, "停下了；已经加入的都在，再运行一次就接着加。\n")
    assert 0 < json.loads(process("library", "stats", "--json", home=home).stdout)["recipes"] < 20_000


def test_a_library_that_breaks_later_is_one_line(tmp_path: Path) -> None:
    """The first page is whole, so that it opens; what is behind it is not."""
    home = tmp_path / "home"
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(line_of(name=f"{n}号菜") for n in range(2000)) + "\n", encoding="utf-8")
    process("add", path, home=home)
    library = home / "library.sqlite"
    content = bytearray(library.read_bytes())
    content[len(content) // 4 :] = b"\xff" * (len(content) - len(content) // 4)
    library.write_bytes(content)
    for verb in ("library stats", "library list", "ask 1号菜", "index --rebuild"):
        done = process(*verb.split(), home=home)
        assert done.returncode == 2
        (line,) = done.stderr.decode().splitlines()
        assert "malformed" in line
