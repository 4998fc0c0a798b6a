"""The documentation is true: examples run and print what is shown, help is the program's, links and names resolve."""

import importlib.util
import re
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest
import typer

from shishen import engines, settings
from shishen.cli import app
from shishen.kitchen import HOUSE

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MARKDOWN = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
TREE = re.compile(r"^```text tree\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def load_script() -> Any:
    """`scripts/update-docs` as a module."""
    loader = SourceFileLoader("update_docs", str(ROOT / "scripts" / "update-docs"))
    spec = importlib.util.spec_from_loader("update_docs", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


UPDATE_DOCS = load_script()
PAGES: list[Path] = UPDATE_DOCS.pages()


def name_of(page: Path) -> str:
    """A page as a test's name shows it."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_and_help_are_what_the_program_prints(page: Path, tmp_path: Path) -> None:
    changes = UPDATE_DOCS.difference(page, UPDATE_DOCS.updated(page, tmp_path))
    assert not changes, f"run .venv/bin/python scripts/update-docs and read what it changed:\n{changes}"


def test_an_example_that_fails_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nshishen add nowhere\n```\n", encoding="utf-8")
    with pytest.raises(UPDATE_DOCS.BrokenExample, match="没有 nowhere"):
        UPDATE_DOCS.updated(page, tmp_path / "run")


def test_output_that_is_out_of_date_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\necho 盐; echo 糖\n```\n\n```text output head=1\n油\n```\n", encoding="utf-8")
    assert "```text output head=1\n盐\n…\n```" in UPDATE_DOCS.updated(page, tmp_path / "run")


def test_every_verb_has_a_page_with_its_help() -> None:
    command = typer.main.get_command(app)
    verbs: dict[str, Any] = getattr(command, "commands")  # noqa: B009  (click's Group, through typer's own type)
    for verb, sub in verbs.items():
        text = (DOCS / f"{verb}.md").read_text(encoding="utf-8")
        names = [f"shishen {verb}", *(f"shishen {verb} {name}" for name in getattr(sub, "commands", {}))]
        missing = [name for name in names if f"<!-- help: {name} -->" not in text]
        assert not missing, f"docs/{verb}.md lacks the help of {missing}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", MARKDOWN, ids=name_of)
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for link in LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link["target"].partition("#")
        if "://" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link["target"])
    assert not broken


def test_every_setting_is_documented_with_its_default() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    rows = [
        (f"{name}.{field}", value) for name, type_ in settings._SECTIONS.items() for field, value in fields(type_())
    ]
    rows += [(f"{kind}.engine", name) for kind, name in settings.DEFAULT_ENGINES.items()]
    for kind in settings.DEFAULT_ENGINES:
        for info in engines.engines(kind):
            rows += [(f"{kind}.{info.name}.{field}", value) for field, value in fields(info.options())]
    shown = [
        f"| `{key}` | " + (f"`{'null' if value is None else value}` " if value != "" else "") for key, value in rows
    ]
    assert [row for row in shown if f"{row}|" not in text] == []
    assert len(re.findall(r"^\| `[a-z_]+\.[a-z_.]+` \|", text, re.MULTILINE)) == len(rows)


def fields(options: Any) -> list[tuple[str, Any]]:
    """The fields of a struct with their values."""
    return [(name, getattr(options, name)) for name in options.__struct_fields__]


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.en.md"], ids=name_of)
def test_the_readme_shows_the_house_as_it_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    tree = TREE.search(text)
    assert tree
    for line in tree[1].splitlines():
        # A file of the package and what it is, or the names of what stands at the top.
        nested = line.startswith("  ")
        for path in line.split()[:1] if nested else line.split():
            assert (HOUSE.parent if nested else ROOT).joinpath(path).exists(), path
    dishes = len(list(HOUSE.glob("*.md")))
    assert re.search(rf"\b{dishes} (?:道家常菜|home dishes)", text)


@pytest.mark.parametrize("page", MARKDOWN, ids=name_of)
def test_no_page_shows_a_folder_of_a_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert str(ROOT) not in text
    assert not re.search(r"/(?:tmp|root|work|Users)/", text)
