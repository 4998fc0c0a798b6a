"""The import rule of docs/architecture.md: imports point down, engines and domains never meet."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "shishen"

# Lower layers first; a module may import modules of its own layer or of one below. Whatever is not named here is of
# the base, below all of them: what is new belongs there, or must be given its place.
LAYERS = [
    {"protocols"},
    {"domains"},
    {"library", "settings", "engines"},
    {"retriever", "selection", "training", "evaluation"},
    {"conversation"},
    {"stages"},
    {"kitchen", "doctor"},
    {"server"},
    {"library_cli", "reading_cli", "dataset_cli", "training_cli", "model_cli"},
    {"cli"},
    {"__main__"},
]
BASE = 0
RANK = {name: rank for rank, names in enumerate(LAYERS, BASE + 1) for name in names}
# Of the base an engine sees everything but the library's own file.
HIDDEN_FROM_ENGINES = {"database"}


def rank(module: str) -> int:
    return RANK.get(module, BASE)


def engines_see(module: str) -> bool:
    """Whether an engine may import a module, whatever its kind."""
    return module == "protocols" or (rank(module) == BASE and module not in HIDDEN_FROM_ENGINES)


def imports(path: Path, root: Path) -> set[str]:
    """The dotted names of this package's modules that a file imports, wherever in the file and in whatever way."""
    # The package that a relative import starts from: the file's folder.
    package = ["shishen", *path.relative_to(root).parent.parts]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = {alias.name for alias in node.names if not alias.name.startswith("__")}
            # `from shishen import …` gives modules, and the kitchen's class.
            found |= {f"shishen.{n.lower()}" for n in names} if module == "shishen" else {module}
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            # importlib.import_module("shishen.…"), __import__("shishen.…"), by whatever name they are called.
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                name = str(node.args[0].value)
                level = len(name) - len(name.lstrip("."))
                found.add(".".join([*package[: len(package) - level + 1], name.lstrip(".")]) if level else name)
    return {name for name in found if name.startswith("shishen.")}


def faults_of(path: Path, root: Path) -> list[str]:
    """The import faults of one file of a package at `root`."""
    parts = path.relative_to(root).with_suffix("").parts
    top = parts[0]
    faults = []
    for name in imports(path, root):
        seen = name.split(".")[1]
        if top == "engines" and len(parts) > 2 and not engines_see(seen):
            faults.append(f"{path.name}: an engine imports {name}")
        if top == "domains" and seen == "domains" and name.split(".")[2:3] != [parts[1]]:
            faults.append(f"{path.name}: a domain imports another, {name}")
        if rank(seen) > rank(top):
            faults.append(f"{'/'.join(parts)} imports {name}, which stands above it")
    return faults


def test_imports_point_down() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE]
    assert len(files) > 20
    assert [fault for path in files for fault in faults_of(path, PACKAGE)] == []


def test_the_architecture_names_every_module_in_its_layer() -> None:
    """The table of layers in docs/architecture.md, top first, is the one that is held here."""
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("| layer, top first |")[2].partition("\n\n")[0]
    rows = [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in table.splitlines()[2:]]
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    modules -= {"__init__", "__main__"}
    base = {name for name in modules if rank(name) == BASE}
    assert rows == [*reversed([names for names in LAYERS if names != {"__main__"}]), base]


@pytest.mark.parametrize(
    "statement",
    [
        "from shishen.domains.cooking.quantities import read_line",
        "import shishen.domains.cooking.quantities as q",
        "from shishen import domains",
        "from ...domains.cooking import quantities",
        "from ... import domains",
        "import importlib; importlib.import_module('shishen.domains.cooking')",
        "from importlib import import_module; import_module('...domains', __package__)",
        "__import__('shishen.domains')",
        "from shishen import Kitchen",
        "def f():\n    from shishen.kitchen import Kitchen",
    ],
)
def test_the_rule_can_fail(tmp_path: Path, statement: str) -> None:
    """However an engine imports what it may not see; and a record the same from its own folder."""
    engine = tmp_path / "engines" / "reader" / "bad.py"
    engine.parent.mkdir(parents=True)
    engine.write_text(statement + "\n")
    record = tmp_path / "records.py"
    record.write_text(statement.replace("...", ".") + "\n")
    assert faults_of(engine, tmp_path)
    assert faults_of(record, tmp_path)


def test_files_stay_short() -> None:
    long = {p.name: n for p in PACKAGE.rglob("*.py") if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400}
    assert long == {}
