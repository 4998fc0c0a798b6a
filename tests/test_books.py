"""Test cookbooks: small ones are set here with several tools, read, and scored against what was printed in them."""

import shutil
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from benchmarks.books import make as making
from benchmarks.books.fonts import true_type_fonts
from benchmarks.books.layout import dishes_for, layout, layout_names
from benchmarks.books.make import BadBook, lost_characters, make, pdf_of
from benchmarks.books.records import GoldDish
from benchmarks.books.score import Score, distance, faults, score
from benchmarks.howtocook import DATA
from shishen.kitchen import open_kitchen
from shishen.records import Recipe, Rejected

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
BOOKS = (
    "big-titles",
    "boxes",
    "cards",
    "magazine",
)


def made(name: str, folder: Path) -> tuple[Path, list[GoldDish]]:
    """A book with its gold; skipped where its tool or a font is not here."""
    tool = layout(name).tool
    pytest.importorskip({"chromium": "playwright"}.get(tool, tool))
    if not true_type_fonts():
        pytest.skip("no Chinese TrueType font is installed (Debian: fonts-wqy-zenhei)")
    if tool == "chromium" and not any(map(shutil.which, CHROMIUM)):
        pytest.skip("Chromium is not installed")
    if layout(name).source == "howtocook" and not DATA.is_dir():
        pytest.skip("HowToCook is not beside this project (../shared/data/howtocook)")
    path = make(name, folder)
    gold = path.with_suffix("").with_suffix(".gold.jsonl").read_bytes().splitlines()
    return path, [msgspec.json.decode(line, type=GoldDish) for line in gold]


def read(path: Path) -> tuple[list[Recipe], list[Rejected]]:
    results = list(open_kitchen().read(path))
    recipes = [result for result in results if isinstance(result, Recipe)]
    return recipes, [result for result in results if isinstance(result, Rejected)]


def shown(result: Score) -> str:
    return "\n".join(f"{c.gold.name}: {fault}" for c in result.dishes for fault in faults(c))


@pytest.mark.parametrize("name", BOOKS)
def test_a_book_is_read_as_it_was_printed(tmp_path: Path, name: str) -> None:
    path, gold = made(name, tmp_path)
    recipes, rejected = read(path)
    result = score(gold, recipes)
    assert len(gold) == layout(name).count
    assert rejected == []
    assert result.extra == ()
    assert result.share("name") == 1, shown(result)
    assert (result.share("right") or 0) >= 0.9, shown(result)
    assert result.character_accuracy > 0.98
    assert (result.share("page") or 0) >= 0.9, shown(result)


def test_what_was_read_is_sure(tmp_path: Path) -> None:
    recipes, _ = read(made("big-titles", tmp_path)[0])
    assert recipes
    assert all(recipe.confidence and min(recipe.confidence.values()) > 0.7 for recipe in recipes)


# --- the measuring itself ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def house_book() -> tuple[list[GoldDish], list[Recipe]]:
    """The gold of a book, and recipes that are as good as it."""
    from benchmarks.books.make import gold_of
    from benchmarks.books.records import Book, read_as_printed

    chosen = layout("big-titles")
    dishes = dishes_for(chosen)
    pages = tuple(range(1, len(dishes) + 1))
    recipes = [read_as_printed(dish) for dish in dishes]
    recipes = [replace(r, source=replace(r.source, page=p)) for r, p in zip(recipes, pages, strict=True)]
    return gold_of("big-titles", chosen, Book(b"", pages), dishes), recipes


def test_a_faultless_reading_scores_all(house_book: tuple[list[GoldDish], list[Recipe]]) -> None:
    result = score(*house_book)
    assert [result.share(field) for field in ("name", "ingredients", "steps", "page", "right")] == [1] * 5
    assert (result.character_accuracy, result.ingredient_share, result.extra) == (1, 1, ())


@pytest.mark.parametrize("fault", ["amount", "step", "name", "missing", "page"])
def test_every_fault_counts(house_book: tuple[list[GoldDish], list[Recipe]], fault: str) -> None:
    gold, recipes = house_book
    first, *rest = recipes
    if fault == "amount":
        ingredients = tuple(replace(i, min=99.0, max=99.0) for i in first.ingredients)
        changed = [replace(first, ingredients=ingredients), *rest]
    elif fault == "step":
        changed = [replace(first, steps=first.steps[:-1]), *rest]
    elif fault == "name":
        changed = [replace(first, name=first.name + "一"), *rest]
    elif fault == "page":
        changed = [replace(first, source=replace(first.source, page=9)), *rest]
    else:
        changed = rest
    result = score(gold, changed)
    assert (result.share("right") == 1) is (fault == "page")
    assert faults(result.dishes[0])
    assert not any(faults(compared) for compared in result.dishes[1:])


def test_a_dish_too_many_is_extra(house_book: tuple[list[GoldDish], list[Recipe]]) -> None:
    gold, recipes = house_book
    result = score(gold, [*recipes[:3], replace(recipes[0], name="别的菜"), *recipes[3:]])
    assert [recipe.name for recipe in result.extra] == ["别的菜"]
    assert result.share("right") == 1


@pytest.mark.parametrize(
    ("a", "b", "edits"), [("", "", 0), ("炒", "", 1), ("", "炒", 1), ("红烧肉", "红烧鱼", 1), ("abcd", "bcda", 2)]
)
def test_distance(a: str, b: str, edits: int) -> None:
    assert distance(a, b) == distance(b, a) == edits


def test_every_layout_is_whole() -> None:
    """Each can be read, names a tool, and has its style sheet where it needs one."""
    names = layout_names()
    assert len(names) >= 10
    assert {layout(name).tool for name in names} == {"reportlab", "weasyprint", "chromium"}
    folder = Path(making.__file__).parent / "layouts"
    styled = {name for name in names if layout(name).tool != "reportlab"}
    assert styled <= {path.stem for path in folder.glob("*.css")}


def test_a_tool_that_loses_words_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.books.records import Book
    from tests.samples import LINES, pdf

    dishes = dishes_for(layout("big-titles"))
    lost = lost_characters(pdf(LINES), dishes)
    assert sum(lost.values()) > 500
    empty = Book(pdf(LINES), tuple(1 for _ in dishes))
    monkeypatch.setitem(making._TOOLS, "reportlab", lambda *_: empty)
    with pytest.raises(BadBook, match="big-titles"):
        pdf_of("big-titles")
