"""The import rule of docs/architecture.md: imports point down, engines and domains never meet."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "shishen"

# Lower layers first; a module may import modules of its own layer or of one below.
LAYERS = [
    {"errors", "records", "chinese", "source_file", "file_lock", "database"},
    {"protocols"},
    {"domains"},
    {"library", "settings", "engines"},
    {"retriever"},
    {"stages"},
    {"kitchen", "doctor"},
    {"server"},
    {"library_cli"},
    {"cli"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
# What an engine may import, whatever its kind.
ENGINES_SEE = {"protocols", "records", "errors", "chinese", "source_file", "file_lock"}


def imports(path: Path) -> set[str]:
    """The dotted names of this package's modules that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "shishen"}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "shishen":
            names = {alias.name for alias in node.names}
            if node.module == "shishen":
                found |= {f"shishen.{name}" for name in names if not name.startswith("__") and name != "Kitchen"}
            else:
                found.add(node.module)
    return found


def faults_of(path: Path, root: Path) -> list[str]:
    """The import faults of one file of a package at `root`."""
    parts = path.relative_to(root).with_suffix("").parts
    top = parts[0]
    faults = []
    for name in imports(path):
        seen = name.split(".")[1]
        if top == "engines" and len(parts) > 2 and seen not in ENGINES_SEE:
            faults.append(f"{path.name}: an engine imports {name}")
        if top == "domains" and seen == "domains" and name.split(".")[2:3] != [parts[1]]:
            faults.append(f"{path.name}: a domain imports another, {name}")
        if top in RANK and RANK.get(seen, -1) > RANK[top]:
            faults.append(f"{'/'.join(parts)} imports {name}, which stands above it")
    return faults


def test_imports_point_down() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE]
    assert len(files) > 20
    assert [fault for path in files for fault in faults_of(path, PACKAGE)] == []


def test_every_module_has_its_layer() -> None:
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert modules - {"__init__", "__main__"} <= set(RANK)


def test_the_rule_can_fail(tmp_path: Path) -> None:
    engine = tmp_path / "engines" / "reader" / "bad.py"
    engine.parent.mkdir(parents=True)
    engine.write_text("from shishen.domains.cooking.quantities import read_line\n")
    record = tmp_path / "records.py"
    record.write_text("def f():\n    from shishen.kitchen import Kitchen\n")
    assert len(faults_of(engine, tmp_path)) == 1
    assert len(faults_of(record, tmp_path)) == 1


def test_files_stay_short() -> None:
    long = {p.name: n for p in PACKAGE.rglob("*.py") if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400}
    assert long == {}
