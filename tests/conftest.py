"""What several test files share: kitchens in temporary homes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shishen.kitchen import Kitchen, open_kitchen

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
