"""`shishen` as a process: pipes that close, terminals, encodings, two at once, a disk that is full."""

import json
import os
import pty
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.test_reader_xiachufang import line_of

ROOT = Path(__file__).parent.parent


def process(
    *arguments: str | bytes | Path, home: Path, stdin: bytes = b"", **more: Any
) -> "subprocess.CompletedProcess[bytes]":
    """A command in a process of its own."""
    program = "import sys; from shishen.cli import main; sys.argv[0] = 'shishen'; main()"
    environment = {**os.environ, "SHISHEN_HOME": str(home), **more.pop("env", {})}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, input=stdin, capture_output=True, timeout=60, check=False, **more
    )


def test_parse_answers_line_by_line(tmp_path: Path) -> None:
    """A program may hold it open and ask: each answer comes before the next line is sent."""
    command = [
        sys.executable,
        "-c",
        "from shishen.cli import main; import sys; sys.argv = ['shishen', 'parse']; main()",
    ]
    environment = {**os.environ, "SHISHEN_HOME": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        for raw in ("盐 5g", "", "2个鸡蛋"):
            child.stdin.write(f"{raw}\n".encode())
            child.stdin.flush()
            assert json.loads(child.stdout.readline())["raw"] == raw
        child.stdin.close()
        assert child.wait(10) == 0
    assert list(tmp_path.iterdir()) == []


def test_two_adds_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program = "import sys; from shishen.cli import main; sys.argv[0] = 'shishen'; main()"
    running = []
    for name in "ab":
        path = tmp_path / f"{name}.jsonl"
        path.write_text("\n".join(line_of(name=f"{name}{n}号菜") for n in range(300)) + "\n", encoding="utf-8")
        command = [sys.executable, "-c", program, "--set", "library.batch_size=20", "add", str(path), "--json"]
        environment = {**os.environ, "SHISHEN_HOME": str(home)}
        running.append(
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
    for child in running:
        out, err = child.communicate(timeout=60)
        assert child.returncode == 0, err.decode()
        assert json.loads(out)["added"] == 300
    stats = json.loads(process("library", "stats", "--json", home=home).stdout)
    assert (stats["recipes"], stats["files"]) == (600, 2)
    assert process("index", home=home).stderr.decode() == "索引已经是最新的。\n"


def test_a_full_disk_is_one_line_and_the_next_run_ends_the_work(tmp_path: Path) -> None:

    path, home = tmp_path / "c.jsonl", tmp_path / "home"
    path.write_text("\n".join(line_of(name=f"{n}号菜") for n in range(1500)) + "\n", encoding="utf-8")
    arguments = ("--set", "library.batch_size=50", "add", path)
    limit = (700_000, 700_000)
    done = process(*arguments, home=home, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    (line,) = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert "磁盘空间" in line
    assert 0 < json.loads(process("library", "stats", "--json", home=home).stdout)["recipes"] < 1500
    again = process(*arguments, "--json", home=home)
    assert (again.returncode, json.loads(again.stdout)["recipes"]) == (0, 1500)


def test_words_in_another_encoding_are_no_traceback(tmp_path: Path) -> None:
    for verb in ("ask", "library show", "library list --name"):
        done = process(*verb.split(), b"\xff\xfe", home=tmp_path)
        assert b"Traceback" not in done.stderr
        assert done.returncode in (0, 2)


@pytest.mark.parametrize(
    "verb", ["read", "library list", "library list --json", "engines", "parse", "ask 可乐鸡翅怎么做"]
)
def test_a_reader_that_leaves_early_is_no_fault(tmp_path: Path, verb: str) -> None:
    """`shishen read … | head -1`: status 0 and not a word on standard error."""
    path = tmp_path / "c.jsonl"
    path.write_text(
        "\n".join(line_of(name=f"{n}号菜", description="x" * 500) for n in range(300)) + "\n", encoding="utf-8"
    )
    if "library" in verb:
        process("add", path, home=tmp_path / "home")
    source = f"{verb} '{path}'" if verb == "read" else verb
    program = "from shishen.cli import main; main()"
    shell = f"set -o pipefail; \"$PYTHON\" -c '{program}' {source} < '{path}' | head -c 1 > /dev/null"
    environment = {**os.environ, "SHISHEN_HOME": str(tmp_path / "home"), "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", "-c", shell], cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, b"Traceback" in done.stderr, b"BrokenPipe" in done.stderr) == (0, False, False)


def test_a_terminal_in_another_encoding_is_no_traceback(tmp_path: Path) -> None:
    done = process("ask", "可乐鸡翅怎么做", home=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_progress_line_is_for_terminals_only(tmp_path: Path) -> None:
    """On a terminal standard error shows the work; the results stay clean."""
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text(line_of(name="红烧肉") + "\n" + line_of(name="拍黄瓜") + "\n", encoding="utf-8")
    leader, follower = pty.openpty()
    program = "import sys; from shishen.cli import main; sys.argv[0] = 'shishen'; main()"
    command = [sys.executable, "-c", program, "read", str(corpus)]
    environment = {**os.environ, "SHISHEN_HOME": str(tmp_path / "home"), "TERM": "xterm"}
    child = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=follower, timeout=60, check=False
    )
    os.close(follower)
    shown = os.read(leader, 100_000).decode(errors="replace")
    os.close(leader)
    assert child.returncode == 0
    assert [json.loads(line)["name"] for line in child.stdout.splitlines()] == ["红烧肉", "拍黄瓜"]
    assert "读取" in shown
    assert "读到 2 份菜谱" in shown
