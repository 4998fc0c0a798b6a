"""Engines of third parties, by entry points: used like ours, and broken ones stop only who chooses them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GOOD = '''"""Says only that it is here."""
from msgspec import Struct
EXTRA = None
class Options(Struct, frozen=True): ...
class Here:
    def phrase(self, messages, answer, recipes): yield "here"
def build(options): return Here()
'''
BROKEN = {
    "chat.syntax": "def (",
    "chat.import": "import a_package_that_nobody_has",
    "chat.exit": "1 / 0",
    "chat.empty": "",
    "reader.broken": "raise RuntimeError('two\\nlines')",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH with a package that offers one good engine and many broken ones."""
    (tmp_path / "party-1.0.dist-info").mkdir()
    names = {"chat.here": GOOD, **BROKEN}
    lines = ["[shishen.engines]"]
    for name, content in names.items():
        module = name.replace(".", "_") + "_module"
        (tmp_path / f"{module}.py").write_text(content)
        lines.append(f"{name} = {module}")
    lines.append("index.nowhere = no_such_module")
    (tmp_path / "party-1.0.dist-info" / "entry_points.txt").write_text("\n".join(lines))
    (tmp_path / "party-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: party\nVersion: 1.0\n")
    return tmp_path


def shishen(path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    program = "import sys; from shishen.cli import main; sys.argv[0] = 'shishen'; main()"
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [sys.executable, "-X", "utf8", "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=60)


def test_broken_engines_are_listed_as_such(path: Path) -> None:
    done = shishen(path, "engines")
    assert (done.returncode, done.stderr) == (0, "")
    broken = [line.split()[1:3] for line in done.stdout.splitlines() if line.startswith("!")]
    assert sorted(broken) == sorted([name.split(".") for name in [*BROKEN, "index.nowhere"]])


def test_they_stop_nobody_else(path: Path) -> None:
    done = shishen(path, "ask", "红烧肉怎么做")
    assert (done.returncode, done.stderr) == (0, "")
    assert "## 红烧肉" in done.stdout
    chosen = shishen(path, "--set", "chat.engine=here", "ask", "红烧肉怎么做")
    assert (chosen.stdout, chosen.stderr) == ("here\n", "")


@pytest.mark.parametrize("name", [name for name in BROKEN if name.startswith("chat")])
def test_who_chooses_one_is_told(path: Path, name: str) -> None:
    done = shishen(path, "--set", f"chat.engine={name.removeprefix('chat.')}", "ask", "红烧肉怎么做")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert f"引擎 {name.replace('.', '/')} 坏了" in line
