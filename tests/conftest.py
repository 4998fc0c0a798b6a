"""What several test files share: kitchens in temporary homes."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything loads torch. Several processes test at once, and small models are no quicker on several cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nothing is fetched in a test, and what would be is refused at once.
os.environ["HF_HUB_OFFLINE"] = "1"

from shishen import cli
from shishen.kitchen import Kitchen, open_kitchen
from tests.command_line import Done, Shishen
from tests.test_reader_xiachufang import line_of

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test writes into a home of its own."""
    home = tmp_path / "home"
    monkeypatch.setenv("SHISHEN_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    """A kitchen with the house cookbook, for reading only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHISHEN_HOME", str(tmp_path_factory.mktemp("house")))
        kitchen = open_kitchen()
    kitchen.prepare()
    yield kitchen
    kitchen.library.close()


@pytest.fixture(scope="session")
def howtocook() -> Path:
    """HowToCook's folder; tests that need it are skipped where the data is not there."""
    folder = SHARED / "howtocook"
    if not folder.is_dir():
        pytest.skip("HowToCook is not beside this project (../shared/data/howtocook)")
    return folder


@pytest.fixture
def shishen(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shishen:
    """`main()` with arguments and standard input, in this process."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["shishen", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int | None)
        out, err = capfd.readouterr()
        return Done(ended.value.code or 0, out, err)

    return run


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three good lines and two broken ones."""
    path = tmp_path / "corpus.jsonl"
    lines = [
        line_of(name="红烧肉"),
        line_of(name="拍黄瓜"),
        "{broken",
        line_of(recipeInstructions=[]),
        line_of(name="酸辣汤"),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
